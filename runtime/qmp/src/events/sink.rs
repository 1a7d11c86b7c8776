//! The place events are emitted to, from any thread, to reach every negotiated session.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::mailbox::Mailbox;
use crate::{Encoder, Event, Policy};

/// Sends events to all clients that have finished negotiation.
///
/// A sink is cheap to clone and belongs to no thread: vCPUs, block jobs and command handlers emit through their own clone.
/// An event is encoded once, whatever the number of clients, and stamped with the host's time. One that a command handler
/// emits is sent before the command's reply.
///
/// Nothing waits for a client: each has a queue of 1 MiB, and when a client that does not read has filled it, its oldest
/// events are dropped (and the loss logged), so that what it reads at last tells how things stand. Events are not kept for
/// clients that connect later.
#[derive(Debug, Clone, Default)]
pub struct EventSink {
    listeners: Arc<Mutex<Listeners>>,
}

#[derive(Debug, Default)]
struct Listeners {
    sessions: Vec<Arc<Mailbox>>,
    policy: Policy,
}

impl EventSink {
    /// A sink without listeners; hand it to [`Server::events`](crate::Server::events).
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends `event` to every negotiated session.
    pub fn emit<E: Event>(&self, event: &E) {
        let listeners = self.lock();
        if listeners.sessions.is_empty() || listeners.policy.hides(E::SPECIAL) {
            return;
        }
        // Encoded under the lock: two threads' events reach every client in one order, that of their stamps.
        let text = encode(event, SystemTime::now(), listeners.policy);
        for session in &listeners.sessions {
            session.push(&text);
        }
    }

    /// Number of sessions an event would reach now.
    pub fn listeners(&self) -> usize {
        self.lock().sessions.len()
    }

    /// Hides from now on what the policy hides: whole events, and members of their data.
    pub(crate) fn set_policy(&self, policy: Policy) {
        self.lock().policy = policy;
    }

    /// Sends events to `mailbox` from now on, until the returned value is dropped.
    pub(crate) fn subscribe(&self, mailbox: &Arc<Mailbox>) -> Subscription {
        self.lock().sessions.push(Arc::clone(mailbox));
        Subscription { sink: self.clone(), mailbox: Arc::clone(mailbox) }
    }

    fn lock(&self) -> MutexGuard<'_, Listeners> {
        // The list is whole at every point where a holder can panic.
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The line that goes out for an event. Data without members is left away, as for events that are declared without data.
fn encode<E: Event>(event: &E, at: SystemTime, policy: Policy) -> Arc<[u8]> {
    // A clock before 1970 is a clock that was never set.
    let at = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut line = Encoder::under(policy);
    line.raw(b"{\"timestamp\": {\"seconds\": ");
    line.u64(at.as_secs());
    line.raw(b", \"microseconds\": ");
    line.u64(at.subsec_micros().into());
    line.raw(b"}, \"event\": ");
    line.str(E::NAME);
    let named = line.len();
    line.key("data");
    let data = line.len();
    event.put(&mut line);
    if line.as_bytes().get(data..) == Some(b"{}") {
        line.truncate(named);
    }
    line.raw(b"}\r\n");
    line.as_bytes().into()
}

/// A session's place among the listeners.
#[derive(Debug)]
pub(crate) struct Subscription {
    sink: EventSink,
    mailbox: Arc<Mailbox>,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.sink.lock().sessions.retain(|other| !Arc::ptr_eq(other, &self.mailbox));
    }
}
