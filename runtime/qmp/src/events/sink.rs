//! The place events are emitted to, from any thread, to reach every negotiated session.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::mailbox::Mailbox;
use crate::{Encoder, Event};

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
    sessions: Arc<Mutex<Vec<Arc<Mailbox>>>>,
}

impl EventSink {
    /// A sink without listeners; hand it to [`Server::events`](crate::Server::events).
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends `event` to every negotiated session.
    pub fn emit<E: Event>(&self, event: &E) {
        let sessions = self.lock();
        if sessions.is_empty() {
            return;
        }
        // Encoded under the lock: two threads' events reach every client in one order, that of their stamps.
        let text = encode(event, SystemTime::now());
        for session in sessions.iter() {
            session.push(&text);
        }
    }

    /// Number of sessions an event would reach now.
    pub fn listeners(&self) -> usize {
        self.lock().len()
    }

    /// Sends events to `mailbox` from now on, until the returned value is dropped.
    pub(crate) fn subscribe(&self, mailbox: &Arc<Mailbox>) -> Subscription {
        self.lock().push(Arc::clone(mailbox));
        Subscription { sink: self.clone(), mailbox: Arc::clone(mailbox) }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Mailbox>>> {
        // The list is whole at every point where a holder can panic.
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The line that goes out for an event. Data without members is left away, as for events that are declared without data.
fn encode<E: Event>(event: &E, at: SystemTime) -> Arc<[u8]> {
    // A clock before 1970 is a clock that was never set.
    let at = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut line = Encoder::new();
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
        self.sink.lock().retain(|other| !Arc::ptr_eq(other, &self.mailbox));
    }
}
