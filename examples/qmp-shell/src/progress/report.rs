//! What the server says of work that is going on.

use qapi_runtime::{Dict, Value};

/// Something that goes on after its command has returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Work {
    /// The job of that id.
    Job(String),
    /// This machine's migration to another place.
    Migration,
    /// A dump of the guest's memory.
    Dump,
}

/// How far work is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Report {
    /// What kind of work, and what it does at the moment.
    pub(super) detail: String,
    pub(super) done: u64,
    /// 0: not known yet.
    pub(super) total: u64,
    /// What was moved so far, from which the rate is. More than `done` when some of it was moved again.
    pub(super) moved: u64,
    /// Whether these are bytes.
    pub(super) bytes: bool,
    pub(super) state: State,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    Running,
    /// It will not go on by itself: what to do.
    Held(String),
    /// How it went, if there is something to say.
    Finished(String),
    /// Why it failed.
    Failed(String),
}

impl Work {
    /// What a command sets going by itself. Jobs announce themselves.
    pub(crate) fn begun_by(command: &str, arguments: &Dict) -> Option<Self> {
        match command {
            "migrate" | "migrate-continue" | "migrate-recover" => Some(Self::Migration),
            "dump-guest-memory" if arguments.get("detach") == Some(&Value::Bool(true)) => Some(Self::Dump),
            _ => None,
        }
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Job(id) => id,
            Self::Migration => "migration",
            Self::Dump => "dump",
        }
    }

    /// The command that tells about it.
    pub(super) fn query(&self) -> &'static str {
        match self {
            Self::Job(_) => "query-jobs",
            Self::Migration => "query-migrate",
            Self::Dump => "query-dump",
        }
    }

    /// Reads what that command returned; `None` when the work is not there any more.
    pub(super) fn report(&self, reply: &Value) -> Option<Report> {
        match self {
            Self::Job(id) => {
                let named = |job: &&Value| text(job, "id") == *id;
                reply.as_list()?.iter().find(named).map(|value| job(id, value))
            }
            Self::Migration => (!text(reply, "status").is_empty()).then(|| migration(reply)),
            Self::Dump => Some(dump(reply)),
        }
    }
}

fn job(id: &str, job: &Value) -> Report {
    let (kind, status) = (text(job, "type"), text(job, "status"));
    let error = text(job, "error");
    let (done, total) = (number(job, "current-progress"), number(job, "total-progress"));
    // Those of blockdev-create and of snapshots count steps.
    let bytes = matches!(kind, "backup" | "mirror" | "commit" | "stream" | "amend");
    let amount = if bytes { super::bar::amount(total) } else { String::new() };
    let state = match status {
        "concluded" | "null" | "aborting" if !error.is_empty() => {
            State::Failed(format!("{error}{}", dismiss(id, status)))
        }
        "concluded" | "null" => State::Finished(format!("{amount}{}", dismiss(id, status))),
        "ready" => State::Held(format!("job-complete id={id} finishes it, job-cancel id={id} gives it up")),
        "paused" | "standby" => State::Held(format!("job-resume id={id} goes on")),
        "pending" => State::Held(format!("job-finalize id={id} finishes it")),
        _ => State::Running,
    };
    Report { detail: format!("{kind} {status}").trim().to_owned(), done, total, moved: done, bytes, state }
}

fn dismiss(id: &str, status: &str) -> String {
    if status == "concluded" { format!(" (listed until job-dismiss id={id})") } else { String::new() }
}

fn migration(reply: &Value) -> Report {
    let status = text(reply, "status");
    let error = text(reply, "error-desc");
    let state = match status {
        "completed" => State::Finished(completed(reply)),
        "failed" if error.is_empty() => State::Failed("the server does not say why".to_owned()),
        "failed" => State::Failed(error.to_owned()),
        "cancelled" => State::Failed("it was cancelled".to_owned()),
        "pre-switchover" => State::Held("migrate-continue state=pre-switchover goes on".to_owned()),
        "postcopy-paused" => State::Held("migrate-recover goes on".to_owned()),
        _ => State::Running,
    };
    let ram = reply.get("ram").cloned().unwrap_or_default();
    let (total, remaining, moved) = (number(&ram, "total"), number(&ram, "remaining"), number(&ram, "transferred"));
    let pass = number(&ram, "dirty-sync-count");
    let detail = if pass > 1 { format!("{status}, pass {pass}") } else { status.to_owned() };
    Report { detail, done: total.saturating_sub(remaining), total, moved, bytes: true, state }
}

/// What a completed migration took.
fn completed(reply: &Value) -> String {
    let sent = reply.get("ram").map_or(0, |ram| number(ram, "transferred"));
    let mut parts = Vec::new();
    if sent > 0 {
        parts.push(format!("{} sent", super::bar::bytes(sent as f64)));
    }
    if let Some(downtime) = reply.get("downtime").and_then(Value::as_u64) {
        parts.push(format!("guest halted for {downtime} ms"));
    }
    if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) }
}

fn dump(reply: &Value) -> Report {
    let status = text(reply, "status");
    let state = match status {
        "active" => State::Running,
        "failed" => State::Failed("the server does not say why; the event DUMP_COMPLETED does".to_owned()),
        _ => State::Finished(String::new()),
    };
    let (done, total) = (number(reply, "completed"), number(reply, "total"));
    Report { detail: status.to_owned(), done, total, moved: done, bytes: true, state }
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or_default()
}
