//! What was heard of a job.

use super::{Heard, JobError};
use crate::client::AnyEvent;
use crate::value::Value;

/// How QEMU words the error of a job that was cancelled.
const CANCELLED: &str = "Operation canceled";

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobProgress {
    /// The job.
    pub id: String,
    /// What kind of job it is, such as `backup`.
    pub kind: String,
    /// Where it is in its life, such as `running` or `ready`.
    pub status: String,
    /// How much is done, in a unit of the job's own; bytes for most.
    pub current: u64,
    /// How much there is to do, as far as is known. May grow.
    pub total: u64,
    /// Why it fails, once that is known.
    pub error: Option<String>,
}

impl JobProgress {
    /// What is done, from 0 to 1; `None` while nobody knows how much there is to do.
    pub fn fraction(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "a fraction for people")]
        (self.total > 0).then(|| (self.current as f64 / self.total as f64).min(1.0))
    }

    /// Finds a job in the answer to `query-jobs`.
    pub(super) fn find(jobs: &Value, id: &str) -> Option<Self> {
        let job = jobs.as_list()?.iter().find(|job| job.get("id").and_then(Value::as_str) == Some(id))?;
        let text = |name| job.get(name).and_then(Value::as_str).map(str::to_owned);
        // Both are signed in the schema.
        let number = |name| job.get(name).and_then(Value::as_u64).unwrap_or_default();
        Some(Self {
            id: id.to_owned(),
            kind: text("type").unwrap_or_default(),
            status: text("status").unwrap_or_default(),
            current: number("current-progress"),
            total: number("total-progress"),
            error: text("error"),
        })
        .filter(|job| job.status != "null")
    }
}

/// Whether an event is about a job: newer ones have its `id`, those of block jobs a `device`.
pub(super) fn is_of(event: &AnyEvent, id: &str) -> bool {
    let name = event.data.get("id").or_else(|| event.data.get("device"));
    name.and_then(Value::as_str) == Some(id)
}

/// What was heard of a job so far.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// It has ended, one way or the other.
    ended: bool,
    aborting: bool,
    cancelled: bool,
    error: Option<String>,
    /// Something may have happened that was not heard.
    pub(super) missed: bool,
    /// What it was told to do last.
    pub(super) told: Option<&'static str>,
    /// What the caller was told last.
    pub(super) last: Option<JobProgress>,
}

impl Record {
    pub(super) fn note(&mut self, heard: Heard) {
        let Ok(event) = heard else {
            self.missed = true;
            return;
        };
        let text = |name| event.event.data.get(name).and_then(Value::as_str);
        match event.event.name.as_str() {
            "BLOCK_JOB_CANCELLED" => self.cancelled = true,
            "BLOCK_JOB_COMPLETED" => {
                self.ended = true;
                self.error = text("error").map(str::to_owned);
            }
            _ => match text("status") {
                Some("aborting") => self.aborting = true,
                Some("concluded" | "null") => self.ended = true,
                _ => {}
            },
        }
    }

    /// Whether this error is somebody's wish.
    pub(super) fn was_cancelled(&self, error: &str) -> bool {
        self.cancelled || error == CANCELLED
    }

    /// How a job ended that is gone.
    pub(super) fn verdict(self, id: String) -> Result<(), JobError> {
        match self.error {
            Some(error) if error == CANCELLED => Err(JobError::Cancelled(id)),
            Some(error) => Err(JobError::Failed { id, error }),
            None if self.cancelled => Err(JobError::Cancelled(id)),
            None if self.aborting => Err(JobError::Failed { id, error: "the server does not say why".to_owned() }),
            None if self.ended => Ok(()),
            None if self.missed => Err(JobError::Lost(id)),
            None => Err(JobError::Unknown(id)),
        }
    }
}
