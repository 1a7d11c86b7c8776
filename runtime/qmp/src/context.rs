//! What a command handler may know about the request it answers.

use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};

use crate::events::{EventSink, Mailbox};
use crate::monitors::{MonitorInfo, Monitors};
use crate::policy::Policy;

/// The circumstances of one request: whose it is, and where events go.
#[derive(Debug, Clone)]
pub struct Context {
    monitor: Arc<str>,
    session: u64,
    events: EventSink,
    monitors: Monitors,
    policy: Policy,
    /// What goes to the client besides replies.
    mailbox: Option<Arc<Mailbox>>,
    /// Descriptors that the client passed and no command took.
    fds: Arc<Mutex<Vec<OwnedFd>>>,
}

impl Context {
    /// A context outside any session, for handlers that a program or a test calls itself.
    pub fn detached(events: &EventSink) -> Self {
        Self::for_session(Arc::from(""), 0, events.clone(), Monitors::default(), Policy::default())
    }

    pub(crate) fn for_session(
        monitor: Arc<str>,
        session: u64,
        events: EventSink,
        monitors: Monitors,
        policy: Policy,
    ) -> Self {
        Self { monitor, session, events, monitors, policy, mailbox: None, fds: Arc::default() }
    }

    /// The same for a session whose mailbox this is.
    pub(crate) fn with_mailbox(self, mailbox: &Arc<Mailbox>) -> Self {
        Self { mailbox: Some(Arc::clone(mailbox)), ..self }
    }

    /// The session's mailbox: what is put there is sent before the reply. None outside a session.
    pub(crate) fn mailbox(&self) -> Option<&Arc<Mailbox>> {
        self.mailbox.as_ref()
    }

    /// The same with descriptors to take, as if they had come with a request.
    #[must_use]
    pub fn with_fds(self, fds: Vec<OwnedFd>) -> Self {
        Self { fds: Arc::new(Mutex::new(fds)), ..self }
    }

    /// Takes the first descriptor that the client passed with the request; others that came along are closed. See
    /// [`fds`](crate::fds) for what becomes of those that nobody takes.
    pub fn take_fd(&self) -> Option<OwnedFd> {
        self.take_fds().into_iter().next()
    }

    /// Takes all descriptors that the client passed with the request, in its order; 16 at most.
    pub fn take_fds(&self) -> Vec<OwnedFd> {
        self.exchange_fds(Vec::new())
    }

    /// Puts descriptors in the place of those that wait to be taken.
    pub(crate) fn exchange_fds(&self, fds: Vec<OwnedFd>) -> Vec<OwnedFd> {
        std::mem::replace(&mut *self.fds.lock().unwrap_or_else(PoisonError::into_inner), fds)
    }

    /// The label of the monitor the request came over; empty outside a session.
    pub fn monitor(&self) -> &str {
        &self.monitor
    }

    /// A number for the client's connection, never used twice by a server; 0 outside a session.
    pub fn session(&self) -> u64 {
        self.session
    }

    /// The server's policy towards deprecated and unstable interface. It is kept without the handler's doing; what the
    /// schema leaves to the handler, with `'gen': false`, is not.
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// Where to emit events. Those emitted by a handler reach the client before the handler's reply.
    pub fn events(&self) -> &EventSink {
        &self.events
    }

    /// All monitors of the server, in the order they were added, as they are now.
    pub fn monitors(&self) -> Vec<MonitorInfo> {
        self.monitors.list()
    }
}
