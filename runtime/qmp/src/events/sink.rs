//! The place events are emitted to, from any thread, to reach every negotiated session.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::limit::{Admission, Limit, Limits};
use super::mailbox::Mailbox;
use crate::{Dict, Encoder, Event, Policy, Visit};

/// Sends events to all clients that have finished negotiation.
///
/// A sink is cheap to clone and belongs to no thread: vCPUs, block jobs and command handlers emit through their own clone.
/// An event is encoded once, whatever the number of clients, and stamped with the host's time. One that a command handler
/// emits is sent before the command's reply.
///
/// Nothing waits for a client: each has a queue of 1 MiB, and when a client that does not read has filled it, its oldest
/// events are dropped (and the loss logged), so that what it reads at last tells how things stand. Events are not kept for
/// clients that connect later.
///
/// Events that a guest can bring about at will are [limited](Self::limit) in their rate. The time is kept by the server that
/// the sink belongs to, on its own thread, so limits hold while one runs; events that are still held when it ends are not
/// sent. Without a server there are no clients, and an event goes nowhere.
#[derive(Debug, Clone, Default)]
pub struct EventSink {
    hub: Arc<Hub>,
}

#[derive(Debug, Default)]
struct Hub {
    state: Mutex<State>,
    /// A window has opened, or whoever kept the time has gone.
    look: Notify,
}

#[derive(Debug, Default)]
struct State {
    sessions: Vec<Arc<Mailbox>>,
    policy: Policy,
    limits: Limits,
    /// Servers that keep the time.
    keepers: usize,
}

impl EventSink {
    /// A sink without listeners; hand it to [`Server::events`](crate::Server::events).
    pub fn new() -> Self {
        Self::default()
    }

    /// Limits how often event `E` is sent.
    pub fn limit<E: Event>(&self, limit: Limit) {
        self.lock().limits.set(E::NAME, limit);
    }

    /// Limits how often the events of these names are sent: [`Limit::QEMU`].
    pub fn limits(&self, table: &[(&'static str, Limit)]) {
        let mut state = self.lock();
        for (event, limit) in table {
            state.limits.set(event, *limit);
        }
    }

    /// Sends `event` to every negotiated session, or holds it back as its [`Limit`] says.
    pub fn emit<E: Event>(&self, event: &E) {
        let mut state = self.lock();
        // Time begins to run whether or not somebody listens already.
        let limited = state.keepers > 0 && state.limits.concern(E::NAME);
        if (state.sessions.is_empty() && !limited) || state.policy.hides(E::SPECIAL) {
            return;
        }
        // Encoded under the lock: two threads' events reach every client in one order, that of their stamps.
        let Encoded { line, data } = encode(E::NAME, event, SystemTime::now(), state.policy);
        let admission = match limited {
            true => state.limits.admit(E::NAME, line.get(data..).unwrap_or_default(), &line, Instant::now()),
            false => Admission::Send,
        };
        if admission != Admission::Hold {
            state.send(&line);
        }
        drop(state);
        if admission == Admission::Open {
            self.hub.look.notify_one();
        }
    }

    /// Sends an event that has no type, whatever the limits and the policy say of its name.
    pub(crate) fn emit_named(&self, name: &str, data: &Dict) {
        let state = self.lock();
        state.send(&encode(name, data, SystemTime::now(), Policy::default()).line);
    }

    /// Closes the connections of all clients that have finished negotiation.
    pub(crate) fn disconnect_all(&self) {
        self.lock().sessions.iter().for_each(|session| session.close());
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

    /// Keeps the time for limited events, until the future is dropped: sends what was held when its time comes.
    pub(crate) async fn keep_time(self) {
        self.lock().keepers += 1;
        let keeper = Keeper { sink: self };
        loop {
            let next = keeper.sink.release(Instant::now());
            let look = keeper.sink.hub.look.notified();
            match next {
                Some(at) => drop(tokio::time::timeout_at(at, look).await),
                None => look.await,
            }
        }
    }

    /// Sends what was held long enough. Says when to look again.
    fn release(&self, now: Instant) -> Option<Instant> {
        let mut state = self.lock();
        let (due, next) = state.limits.release(now);
        due.iter().for_each(|line| state.send(line));
        next
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole at every point where a holder can panic.
        self.hub.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn send(&self, line: &Arc<[u8]>) {
        self.sessions.iter().for_each(|session| session.push(line));
    }
}

/// A server's keeping the time for a sink.
struct Keeper {
    sink: EventSink,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let mut state = self.sink.lock();
        state.keepers -= 1;
        if state.keepers == 0 {
            state.limits.clear();
        }
        drop(state);
        // Another server of the same sink must look now.
        self.sink.hub.look.notify_one();
    }
}

/// An event as it goes out, and where in it the data is.
struct Encoded {
    line: Arc<[u8]>,
    data: usize,
}

/// Writes the line that goes out for an event. Data without members is left away, as for events that are declared without
/// data.
fn encode(name: &str, event: &dyn Visit, at: SystemTime, policy: Policy) -> Encoded {
    // A clock before 1970 is a clock that was never set.
    let at = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut line = Encoder::under(policy);
    line.raw(b"{\"timestamp\": {\"seconds\": ");
    line.u64(at.as_secs());
    line.raw(b", \"microseconds\": ");
    line.u64(at.subsec_micros().into());
    line.raw(b"}, \"event\": ");
    line.str(name);
    let named = line.len();
    line.key("data");
    let data = line.len();
    event.put(&mut line);
    if line.as_bytes().get(data..) == Some(b"{}") {
        line.truncate(named);
    }
    line.raw(b"}\r\n");
    Encoded { line: line.as_bytes().into(), data }
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
