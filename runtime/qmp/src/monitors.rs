//! The monitors of a server and who is connected to them, for anyone who asks: `query-chardev` answers from here.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::Notify;

use crate::fds::FdSets;

/// A view of a server's monitors that stays up to date. Cheap to clone, usable from any thread.
#[derive(Debug, Clone, Default)]
pub struct Monitors {
    entries: Arc<Mutex<Vec<Entry>>>,
    /// A client has come.
    came: Arc<Notify>,
    /// To be told when the last client leaves and when the first comes.
    fd_sets: Arc<OnceLock<FdSets>>,
}

#[derive(Debug)]
struct Entry {
    label: Arc<str>,
    /// What the monitor is bound to: `unix:/run/lamp.sock`, `stdio`.
    address: String,
    listening: bool,
    /// One element per connected client: its own address, if it has one.
    clients: Vec<(u64, Option<String>)>,
    /// Its first client is waited for, and has not come yet.
    awaited: bool,
}

/// One monitor as it is at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonitorInfo {
    /// The monitor's name.
    pub label: String,
    /// What it is bound to, in the form QEMU's `query-chardev` shows: `unix:/run/lamp.sock,server=on`,
    /// `tcp:127.0.0.1:4444,server=on <-> 127.0.0.1:38040`, with `disconnected:` before it while no client is connected.
    pub filename: String,
    /// Whether a client is connected.
    pub connected: bool,
}

impl Monitors {
    /// All monitors, in the order they were added.
    pub fn list(&self) -> Vec<MonitorInfo> {
        self.lock().iter().map(Entry::info).collect()
    }

    /// The monitor of that name.
    pub fn find(&self, label: &str) -> Option<MonitorInfo> {
        self.lock().iter().find(|entry| &*entry.label == label).map(Entry::info)
    }

    /// Waits until every monitor has had a client whose first one is to be waited for: `wait=on` in its address, or
    /// [`Server::wait_for`](crate::Server::wait_for).
    pub async fn attended(&self) {
        loop {
            let mut came = pin!(self.came.notified());
            // Hears of whoever comes from here on, after the look too.
            came.as_mut().enable();
            if self.lock().iter().all(|entry| !entry.awaited) {
                return;
            }
            came.await;
        }
    }

    /// Waits for the first client of the monitor of that name from now on; `false` if there is none.
    pub(crate) fn wait_for(&self, label: &str) -> bool {
        let mut entries = self.lock();
        let entry = entries.iter_mut().find(|entry| &*entry.label == label);
        entry.map(|entry| entry.awaited = true).is_some()
    }

    /// Whether the name is taken.
    pub(crate) fn has(&self, label: &str) -> bool {
        self.lock().iter().any(|entry| &*entry.label == label)
    }

    pub(crate) fn add(&self, label: &Arc<str>, address: String, listening: bool) {
        self.lock().push(Entry { label: Arc::clone(label), address, listening, clients: Vec::new(), awaited: false });
    }

    /// Notes that a client came; dropping the returned value notes that it left.
    pub(crate) fn connected(&self, label: &Arc<str>, session: u64, peer: Option<String>) -> Presence {
        if let Some(entry) = self.lock().iter_mut().find(|entry| entry.label == *label) {
            entry.clients.push((session, peer));
            entry.awaited = false;
        }
        self.came.notify_waiters();
        if let Some(sets) = self.fd_sets.get() {
            sets.client_came();
        }
        Presence { monitors: self.clone(), label: Arc::clone(label), session }
    }

    /// Whom to tell whether any client is connected. Only the first one named is told.
    pub(crate) fn tell(&self, sets: &FdSets) {
        sets.await_clients();
        // The value given is dropped when there is one.
        let _ = self.fd_sets.set(sets.clone());
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        // Entries change in single steps, so a poisoned list is still whole.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn info(&self) -> MonitorInfo {
        let prefix = if self.clients.is_empty() { "disconnected:" } else { "" };
        let server = if self.listening { ",server=on" } else { "" };
        let peer = match self.clients.last() {
            Some((_, Some(peer))) => format!(" <-> {}", peer.trim_start_matches("tcp:")),
            _ => String::new(),
        };
        MonitorInfo {
            label: self.label.to_string(),
            filename: format!("{prefix}{}{server}{peer}", self.address),
            connected: !self.clients.is_empty(),
        }
    }
}

/// A client's being connected.
#[derive(Debug)]
pub(crate) struct Presence {
    monitors: Monitors,
    label: Arc<str>,
    session: u64,
}

impl Drop for Presence {
    fn drop(&mut self) {
        let mut entries = self.monitors.lock();
        for entry in entries.iter_mut().filter(|entry| entry.label == self.label) {
            entry.clients.retain(|(session, _)| *session != self.session);
        }
        let deserted = entries.iter().all(|entry| entry.clients.is_empty());
        drop(entries);
        if let Some(sets) = self.monitors.fd_sets.get().filter(|_| deserted) {
            sets.last_client_left();
        }
    }
}
