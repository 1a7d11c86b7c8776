//! The one task that owns the machine's state.
//!
//! Handlers, signals, processor threads and migration threads send it messages; it changes the run
//! state, has the machine's thread do the work, emits events and answers. It never waits for
//! anything but its next message, and nobody else changes what it holds.

mod events;
pub(crate) mod lifecycle;
mod messages;

use qapi_runtime::fds::FdSets;
use qapi_runtime::{Error, EventSink};
use qapi_schema::{RunState, ShutdownCause, StatusInfo};
use tokio::sync::mpsc;

pub(crate) use messages::{Handle, Report, Reports, Request, Ticket};

use crate::complain;
use crate::hardware::Hardware;
use crate::migrate::{Ended, Guest, Migration};
use lifecycle::{Effect, Job, Lifecycle, Operation, Policy};
use messages::Outcome;

/// Requests that may wait before their senders have to.
const INBOX: usize = 64;

/// The owner's ends of its channels, and the other ends for everyone else.
pub(crate) struct Channels {
    requests: mpsc::Receiver<Request>,
    reports: mpsc::UnboundedReceiver<Report>,
    /// For handlers.
    pub(crate) handle: Handle,
    /// For threads.
    pub(crate) sender: Reports,
}

impl Channels {
    /// New channels.
    pub(crate) fn new() -> Self {
        let (to_requests, requests) = mpsc::channel(INBOX);
        let (to_reports, reports) = mpsc::unbounded_channel();
        Self { requests, reports, handle: Handle::new(to_requests), sender: Reports::new(to_reports) }
    }
}

/// How the process is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// As it was told to.
    Orderly,
    /// Without the guest that was to come.
    Failed,
}

/// The task that owns the machine's state.
pub(crate) struct Owner {
    lifecycle: Lifecycle<Ticket>,
    migration: Migration,
    hardware: Hardware,
    events: EventSink,
    fd_sets: FdSets,
    /// Whether the descriptor sets were told to keep what they have.
    frozen_fds: bool,
    requests: mpsc::Receiver<Request>,
    reports: mpsc::UnboundedReceiver<Report>,
    sender: Reports,
    ending: Option<Ending>,
}

impl Owner {
    /// An owner of a machine that was not started yet.
    pub(crate) fn new(
        policy: Policy,
        migration: Migration,
        hardware: Hardware,
        events: EventSink,
        fd_sets: FdSets,
        channels: Channels,
    ) -> Self {
        fd_sets.freeze(true);
        Self {
            lifecycle: Lifecycle::new(policy),
            migration,
            hardware,
            events,
            fd_sets,
            frozen_fds: true,
            requests: channels.requests,
            reports: channels.reports,
            sender: channels.sender,
            ending: None,
        }
    }

    /// Serves until the process is to end. The guest starts when [`Report::Start`] comes.
    pub(crate) async fn run(mut self) -> Ending {
        if self.migration.awaits_guest() {
            self.perform(Operation::AwaitMigration, Ticket::Nobody("-incoming"));
            self.let_guest_in();
        }
        loop {
            self.progress();
            if let Some(ending) = self.ending {
                self.migration.end();
                return ending;
            }
            tokio::select! {
                biased;
                Some(report) = self.reports.recv() => self.report(report),
                Some(request) = self.requests.recv() => self.request(request),
            }
        }
    }

    fn perform(&mut self, operation: Operation, ticket: Ticket) {
        self.lifecycle.submit(operation, ticket);
    }

    /// Carries out what waits.
    fn progress(&mut self) {
        while self.ending.is_none()
            && let Some(effect) = self.lifecycle.next()
        {
            self.keep_fds();
            match effect {
                Effect::Run(job) => self.have_done(job),
                Effect::Emit(notice) => events::emit(&self.events, notice),
                Effect::Answer(ticket, outcome) => self.answer(ticket, outcome),
                Effect::Exit => self.ending = Some(Ending::Orderly),
            }
        }
    }

    /// Has the machine's thread do a job and report.
    fn have_done(&self, job: Job) {
        let sender = self.sender.clone();
        self.hardware.submit(move |machine| {
            let outcome = match job {
                Job::Pause => machine.pause(),
                Job::Resume => machine.resume(),
                Job::Reset => machine.reset(),
            };
            sender.send(Report::JobDone(outcome.map_err(|error| error.to_string())));
        });
    }

    /// Tells whoever waits that an operation is over. Who no longer listens has gone.
    fn answer(&mut self, ticket: Ticket, outcome: Outcome) {
        match ticket {
            Ticket::Command(reply) => drop(reply.send(outcome)),
            Ticket::Freeze(reply) => {
                let state = outcome.map(|()| self.lifecycle.state_to_send().to_string());
                drop(reply.send(state));
            }
            Ticket::MigrationOver => {
                report_failure("migration", outcome);
                self.migration.settle(&self.events);
            }
            Ticket::Nobody(name) => report_failure(name, outcome),
        }
    }

    fn report(&mut self, report: Report) {
        match report {
            Report::Start => self.perform(Operation::Start, Ticket::Nobody("start")),
            Report::JobDone(outcome) => {
                if let Some((ticket, outcome)) = self.lifecycle.job_done(outcome) {
                    self.answer(ticket, outcome);
                }
            }
            // A guest that asks again before it was served gets what it asked for once.
            Report::Guest(operation) if self.lifecycle.awaits(&operation) => {}
            Report::Guest(operation) => self.perform(operation, Ticket::Nobody("guest")),
            Report::Signal(name) => {
                complain::say(format_args!("terminating on signal {name}"));
                let operation = Operation::Shutdown(ShutdownCause::HostSignal);
                self.perform(operation, Ticket::Nobody("signal"));
            }
            Report::Freeze(ticket) => self.perform(Operation::Freeze, ticket),
            Report::Listening(bound) => {
                let guest = self.guest();
                self.migration.listening(bound, guest, &self.sender);
            }
            Report::Migration(ended) => self.migration_ended(ended),
        }
    }

    /// Descriptor sets keep what they have while the guest does not run.
    fn keep_fds(&mut self) {
        let frozen = *self.lifecycle.state() != RunState::Running;
        if frozen != self.frozen_fds {
            self.frozen_fds = frozen;
            self.fd_sets.freeze(frozen);
        }
    }

    fn migration_ended(&mut self, ended: Ended) {
        match ended {
            Ended::Outgoing { moved, stopped } if stopped => {
                self.perform(Operation::Thaw { moved }, Ticket::MigrationOver);
            }
            Ended::Outgoing { .. } => self.migration.settle(&self.events),
            Ended::Arrived(state) => self.perform(Operation::Arrived(state), Ticket::MigrationOver),
            Ended::Lost(error) => {
                self.migration.settle(&self.events);
                complain::say(format_args!("load of migration failed: {error}"));
                self.ending = Some(Ending::Failed);
            }
        }
    }

    fn request(&mut self, request: Request) {
        // A client that has gone needs no answer.
        match request {
            Request::Operate(operation, ticket) => self.perform(operation, ticket),
            Request::Status(reply) => drop(reply.send(self.status())),
            Request::Migrate(arguments, names, reply) => {
                let run_state = self.lifecycle.state();
                let guest = self.guest();
                let outcome = self.migration.start(&arguments, &names, run_state, guest, &self.sender, &self.events);
                drop(reply.send(outcome));
            }
            Request::Incoming(uri, names, reply) => {
                self.migration.listen(&uri, &names, reply, &self.sender, &self.events);
            }
            Request::CancelMigration(reply) => {
                self.migration.cancel();
                drop(reply.send(Ok(())));
            }
            Request::MigrationInfo(reply) => drop(reply.send(self.migration.info())),
            Request::Capabilities(reply) => drop(reply.send(self.migration.capabilities())),
            Request::SetCapabilities(changes, reply) => {
                drop(reply.send(self.migration.set_capabilities(&changes)));
            }
        }
    }

    /// What makes a migration's view of the machine, on the migration's thread.
    fn guest(&self) -> impl FnOnce() -> Guest + Send + 'static {
        let (hardware, reports) = (self.hardware.clone(), self.sender.clone());
        move || Guest::new(hardware, reports)
    }

    /// Lets the source of `-incoming` in, where the command line named it.
    fn let_guest_in(&mut self) {
        let guest = self.guest();
        let opened = self.migration.open(guest, &self.sender);
        report_failure("-incoming", opened.map_err(|error| Error::generic(error.to_string())));
    }

    fn status(&self) -> StatusInfo {
        let status = self.lifecycle.state().clone();
        StatusInfo { running: status == RunState::Running, singlestep: false, status }
    }
}

/// For failures that no client asked about.
fn report_failure(name: &str, outcome: Outcome) {
    if let Err(error) = outcome {
        complain::say(format_args!("{name}: {error}"));
    }
}

/// What a request gets when the owner has ended, which it does only with the process.
pub(crate) fn ending() -> Error {
    Error::generic("the emulator is ending")
}
