//! Running a job to its end: a command that starts one returns at once, and what becomes of the job is told elsewhere.
//!
//! QEMU tells it in three places, none of which is enough. Events come while the job lives, but say of a failure at most that
//! there was one; `query-jobs` has the progress and the error text, but no longer knows a job that was dismissed, which many
//! are by themselves at their end; `BLOCK_JOB_COMPLETED` has the error text of those, but only block jobs send it. So events
//! are listened to from before the start, and `query-jobs` is asked at each of them and in between.

mod record;

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::timeout;

use super::call::Call;
use super::error::ClientError;
use super::events::{AnyEvent, Events};
use super::{Client, Received};
use crate::command::Command;
use crate::value::{Dict, Value};
pub use record::JobProgress;
use record::{Record, is_of};

/// How often progress is asked for while nothing happens, unless given.
const EVERY: Duration = Duration::from_millis(500);

/// A job did not do what it was started for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// The command that was to start it failed, or nobody knows whether it did.
    #[error("job '{id}' was not started: {error}")]
    Start {
        /// The job.
        id: String,
        /// What is wrong with the command, or the connection.
        error: ClientError,
    },
    /// It ended with an error.
    #[error("job '{id}' failed: {error}")]
    Failed {
        /// The job.
        id: String,
        /// The server's sentence.
        error: String,
    },
    /// Somebody cancelled it.
    #[error("job '{0}' was cancelled")]
    Cancelled(String),
    /// There is no such job, and nothing was heard of one.
    #[error("there is no job '{0}'; does the command start one of that name?")]
    Unknown(String),
    /// It is gone, and how it ended was told while there was no connection or events were lost.
    #[error("job '{0}' is gone, and how it ended was not heard")]
    Lost(String),
    /// It can no longer be followed. It may go on.
    #[error("job '{id}' cannot be followed: {error}")]
    Client {
        /// The job.
        id: String,
        /// What is wrong.
        error: ClientError,
    },
}

/// Whom to tell of progress.
type Tell<'a> = Box<dyn FnMut(&JobProgress) + Send + 'a>;

/// A job to be run to its end, from [`Client::run_job`]. Nothing happens before it is awaited.
///
/// Dropping the future leaves the job to itself: it goes on, and stays to be dismissed unless it does that itself.
#[must_use = "a job is not started unless it is awaited"]
pub struct Job<'a> {
    client: Client,
    id: String,
    /// The command that starts it, unless it runs already.
    start: Option<Call<()>>,
    progress: Option<Tell<'a>>,
    every: Duration,
    complete: bool,
    finalize: bool,
}

impl Client {
    /// Starts a job and follows it to its end, whatever its options are: it is completed when it is ready, finalized when it
    /// waits for that, and dismissed when it is concluded, unless it does all that by itself. `id` is the job's name as the
    /// command gives it, in `job-id` for most.
    ///
    /// ```no_run
    /// # use qapi_runtime::{Client, Command};
    /// # async fn f<C: Command>(vm: Client, backup: C) -> Result<(), qapi_runtime::client::JobError> {
    /// vm.run_job(backup, "backup0").progress(|at| println!("{} of {}", at.current, at.total)).await?;
    /// # Ok(()) }
    /// ```
    pub fn run_job<C: Command>(&self, command: C, id: impl Into<String>) -> Job<'static> {
        self.job(Some(self.execute(command).ignoring_reply()), id.into())
    }

    /// The same for a command by its name, without a type.
    pub fn call_job(&self, name: &str, arguments: &Dict, id: impl Into<String>) -> Job<'static> {
        self.job(Some(self.call(name, arguments).ignoring_reply()), id.into())
    }

    /// Follows a job that runs already.
    pub fn follow_job(&self, id: impl Into<String>) -> Job<'static> {
        self.job(None, id.into())
    }

    fn job(&self, start: Option<Call<()>>, id: String) -> Job<'static> {
        Job { client: self.clone(), id, start, progress: None, every: EVERY, complete: true, finalize: true }
    }
}

impl<'a> Job<'a> {
    /// Calls back whenever there is progress, and when the job's status has changed.
    pub fn progress<'b>(self, tell: impl FnMut(&JobProgress) + Send + 'b) -> Job<'b>
    where
        'a: 'b,
    {
        Job { progress: Some(Box::new(tell)), ..self }
    }

    /// How often progress is asked for while no event comes: every 500 ms unless given.
    pub fn every(self, pause: Duration) -> Self {
        Self { every: pause.max(Duration::from_millis(1)), ..self }
    }

    /// Whether a job that is ready, such as a mirror that has caught up, is told to complete. Otherwise somebody else has to.
    pub fn complete(self, complete: bool) -> Self {
        Self { complete, ..self }
    }

    /// Whether a job that waits to be finalized is told to. Otherwise somebody else has to.
    pub fn finalize(self, finalize: bool) -> Self {
        Self { finalize, ..self }
    }

    /// The job's name.
    pub fn id(&self) -> &str {
        &self.id
    }

    async fn run(mut self) -> Result<(), JobError> {
        let id = self.id.clone();
        let names = ["JOB_STATUS_CHANGE", "BLOCK_JOB_COMPLETED", "BLOCK_JOB_CANCELLED"];
        let mut events = self.client.events_named(names).filter(move |event| is_of(&event.event, &id));
        if let Some(start) = self.start.take() {
            start.await.map_err(|error| JobError::Start { id: self.id.clone(), error })?;
        }
        let mut record = Record::default();
        loop {
            let looked = self.look(&mut events, &mut record).await;
            match looked {
                Ok(None) => return record.verdict(self.id),
                Ok(Some(job)) if job.status == "concluded" => return self.conclude(&record, job).await,
                Ok(Some(job)) => self.advance(&job, &mut events, &mut record).await.map_err(|e| self.stuck(e))?,
                // A client that connects again will be able to look again.
                Err(error) if error.is_disconnect() && self.client.shared.options.reconnect => record.missed = true,
                Err(error) => return Err(self.stuck(error)),
            }
            match timeout(self.every, events.next()).await {
                Ok(Some(event)) => record.note(event),
                Ok(None) => return Err(self.stuck(self.client.shared.core.ending())),
                Err(_) => {}
            }
        }
    }

    /// What `query-jobs` says of the job; `None` if it is gone. Takes note of all events up to that answer.
    async fn look(
        &mut self,
        events: &mut Events<AnyEvent>,
        record: &mut Record,
    ) -> Result<Option<JobProgress>, ClientError> {
        let jobs = self.client.call("query-jobs", &Dict::new()).await?;
        while let Some(event) = events.try_next() {
            record.note(event);
        }
        let found = JobProgress::find(&jobs, &self.id);
        if let (Some(job), Some(tell)) = (&found, &mut self.progress)
            && record.last.as_ref() != Some(job)
        {
            tell(job);
            record.last = Some(job.clone());
        }
        Ok(found)
    }

    /// Tells the job to go on if it waits for that.
    async fn advance(
        &mut self,
        job: &JobProgress,
        events: &mut Events<AnyEvent>,
        record: &mut Record,
    ) -> Result<(), ClientError> {
        let command = match job.status.as_str() {
            "ready" if self.complete => "job-complete",
            "pending" if self.finalize => "job-finalize",
            _ => return Ok(()),
        };
        if record.told == Some(command) {
            return Ok(());
        }
        record.told = Some(command);
        match self.client.call(command, &named(&self.id)).await {
            // Somebody else was first, or the job went on by itself: not if it is where it was.
            Err(error) if error.server_error().is_some() => match self.look(events, record).await? {
                Some(now) if now.status == job.status => Err(error),
                _ => Ok(()),
            },
            other => other.map(drop),
        }
    }

    /// Dismisses the job, and says how it ended.
    async fn conclude(self, record: &Record, job: JobProgress) -> Result<(), JobError> {
        // Somebody else may have dismissed it meanwhile; and how it ended is known even if nobody can be told to dismiss it.
        let _ = self.client.call("job-dismiss", &named(&self.id)).await;
        match job.error {
            None => Ok(()),
            Some(error) if record.was_cancelled(&error) => Err(JobError::Cancelled(self.id)),
            Some(error) => Err(JobError::Failed { id: self.id, error }),
        }
    }

    fn stuck(&self, error: ClientError) -> JobError {
        JobError::Client { id: self.id.clone(), error }
    }
}

impl<'a> IntoFuture for Job<'a> {
    type Output = Result<(), JobError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Job<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("id", &self.id).field("start", &self.start).finish_non_exhaustive()
    }
}

/// What the commands on jobs take.
fn named(id: &str) -> Dict {
    Dict::from_iter([("id", Value::from(id))])
}

/// One item of the stream of a job's events.
type Heard = Result<Received<AnyEvent>, ClientError>;
