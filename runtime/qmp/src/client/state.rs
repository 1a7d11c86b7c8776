//! What the clients and the task that carries the connection know together.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::error::ClientError;
use super::greeting::Greeting;
use super::subscribers::Subscribers;

/// Shared by all clones of a client and their task.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) subscribers: Subscribers,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    greeting: Arc<Greeting>,
    passes_fds: bool,
    /// How often a connection was made.
    epoch: u64,
    connected: bool,
    /// What broke the last connection; nothing if the server closed it.
    broken: Option<String>,
}

impl Core {
    pub(super) fn new(greeting: Greeting, passes_fds: bool) -> Self {
        let state = State { greeting: Arc::new(greeting), passes_fds, epoch: 1, connected: true, broken: None };
        Self { subscribers: Subscribers::default(), state: Mutex::new(state) }
    }

    pub(super) fn greeting(&self) -> Arc<Greeting> {
        Arc::clone(&self.lock().greeting)
    }

    pub(super) fn passes_fds(&self) -> bool {
        self.lock().passes_fds
    }

    pub(super) fn epoch(&self) -> u64 {
        self.lock().epoch
    }

    pub(super) fn is_connected(&self) -> bool {
        self.lock().connected
    }

    /// Notes that the connection has ended.
    pub(super) fn lost(&self, broken: Option<String>) {
        let mut state = self.lock();
        state.connected = false;
        state.broken = broken;
    }

    /// Notes a new connection.
    pub(super) fn back(&self, greeting: Greeting, passes_fds: bool) {
        let mut state = self.lock();
        *state =
            State { greeting: Arc::new(greeting), passes_fds, epoch: state.epoch + 1, connected: true, broken: None };
    }

    /// Why a call got no answer: how the last connection ended.
    pub(super) fn ending(&self) -> ClientError {
        match &self.lock().broken {
            Some(broken) => ClientError::Broken(broken.clone()),
            None => ClientError::Closed,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Changed in single steps, so whole even if a holder panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
