//! What is said to the owner, by handlers on its own thread and by other threads.

use migration::{Listener, MigrationError};
use qapi_runtime::Error;
use qapi_schema::{Migrate, MigrationCapabilityStatus, MigrationInfo, StatusInfo};
use tokio::sync::{mpsc, oneshot};

use super::ending;
use super::lifecycle::Operation;
use crate::migrate::{Ended, Names};

/// The answer to a command without a result.
pub(crate) type Outcome = Result<(), Error>;

/// What handlers ask.
pub(crate) enum Request {
    /// Carry out an operation.
    Operate(Operation, Ticket),
    /// Tell the run state.
    Status(oneshot::Sender<StatusInfo>),
    /// Start to migrate.
    Migrate(Migrate, Names, oneshot::Sender<Outcome>),
    /// Name the place from which the guest comes.
    Incoming(String, Names, oneshot::Sender<Outcome>),
    /// Give up the migration.
    CancelMigration(oneshot::Sender<Outcome>),
    /// Tell how the migration stands.
    MigrationInfo(oneshot::Sender<MigrationInfo>),
    /// List capabilities.
    Capabilities(oneshot::Sender<Vec<MigrationCapabilityStatus>>),
    /// Change capabilities.
    SetCapabilities(Vec<MigrationCapabilityStatus>, oneshot::Sender<Outcome>),
}

/// What other threads report.
pub(crate) enum Report {
    /// Everyone who was waited for is there: the guest may start.
    Start,
    /// The machine has done its job, or failed to.
    JobDone(Result<(), String>),
    /// The guest asks for something, or cannot go on.
    Guest(Operation),
    /// A signal asks the process to end.
    Signal(&'static str),
    /// A migration's thread needs the guest to stand still.
    Freeze(Ticket),
    /// Where `migrate-incoming` listens is open, or cannot be.
    Listening(Result<Listener, MigrationError>),
    /// A migration's thread has ended.
    Migration(Ended),
}

/// Who waits for the end of an operation.
pub(crate) enum Ticket {
    /// A command.
    Command(oneshot::Sender<Outcome>),
    /// A migration's thread, which wants to know in what state the guest was.
    Freeze(std::sync::mpsc::Sender<Result<String, Error>>),
    /// Clients, who are told then that a migration is over.
    MigrationOver,
    /// Nobody; a failure is reported under this name.
    Nobody(&'static str),
}

/// How handlers reach the owner.
#[derive(Clone)]
pub(crate) struct Handle {
    requests: mpsc::Sender<Request>,
}

impl Handle {
    pub(super) fn new(requests: mpsc::Sender<Request>) -> Self {
        Self { requests }
    }

    /// Has an operation carried out.
    pub(crate) async fn operate(&self, operation: Operation) -> Outcome {
        self.ask(|reply| Request::Operate(operation, Ticket::Command(reply))).await?
    }

    /// Sends a request and waits for its answer.
    pub(crate) async fn ask<R>(&self, request: impl FnOnce(oneshot::Sender<R>) -> Request) -> Result<R, Error> {
        let (reply, answer) = oneshot::channel();
        let sent = self.requests.send(request(reply)).await;
        sent.map_err(|_| ending())?;
        answer.await.map_err(|_| ending())
    }
}

/// How other threads reach the owner.
#[derive(Clone)]
pub(crate) struct Reports {
    reports: mpsc::UnboundedSender<Report>,
}

impl Reports {
    pub(super) fn new(reports: mpsc::UnboundedSender<Report>) -> Self {
        Self { reports }
    }

    /// Sends a report. Once the owner has ended, and the process with it, nothing happens.
    pub(crate) fn send(&self, report: Report) {
        let _ = self.reports.send(report);
    }

    /// From a thread that may wait: has the guest stopped for the last part of a migration, and
    /// tells in what run state it was.
    pub(crate) fn freeze(&self) -> Result<String, Error> {
        let (reply, answer) = std::sync::mpsc::channel();
        self.send(Report::Freeze(Ticket::Freeze(reply)));
        answer.recv().map_err(|_| ending())?
    }
}
