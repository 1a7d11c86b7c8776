//! Numbered sets of descriptors, one table per server: `add-fd`, `remove-fd`, `query-fdsets`.

use std::collections::BTreeMap;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{bounded, none_supplied};
use crate::context::Context;
use crate::{Error, Str};

/// Sets of descriptors that stand for files: whoever opens `/dev/fdset/N` by [`open`](Self::open) gets a duplicate of the
/// one in set `N` whose access mode fits. Cheap to clone, usable from any thread.
///
/// A descriptor goes when it is removed, or when no client is connected to any monitor and nothing is open that came from its
/// set; for the latter the server has to know the sets, see [`Server::fd_sets`](crate::Server::fd_sets). A set goes with
/// its last descriptor, unless something is open that came from it. See [`freeze`](Self::freeze) for an exception.
#[derive(Debug, Clone, Default)]
pub struct FdSets {
    state: Arc<Mutex<State>>,
}

/// Where [`FdSets`] put a descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Added {
    /// The set's number.
    pub fdset_id: i64,
    /// The descriptor's number in this process.
    pub fd: i64,
}

/// A set as it is at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FdSet {
    /// The set's number.
    pub fdset_id: i64,
    /// Its descriptors, in the order they were added.
    pub fds: Vec<Member>,
}

/// A descriptor of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its number in this process.
    pub fd: i64,
    /// What the client noted with it.
    pub opaque: Option<Str>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) sets: BTreeMap<i64, Set>,
    /// No client is connected to any monitor of a server that knows the sets.
    deserted: bool,
    frozen: bool,
}

#[derive(Debug, Default)]
pub(super) struct Set {
    pub(super) entries: Vec<Entry>,
    /// What is open that came from here.
    pub(super) leases: usize,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) fd: OwnedFd,
    opaque: Option<Str>,
    removed: bool,
}

impl FdSets {
    /// Command `add-fd`: adds the descriptor that came with the request, to the set `fdset_id` or to a new one with the
    /// lowest free number.
    ///
    /// # Errors
    /// No descriptor came, the number is negative, or `opaque` is longer than 64 KiB; what came is closed then.
    pub fn add_fd(&self, context: &Context, fdset_id: Option<i64>, opaque: Option<Str>) -> Result<Added, Error> {
        let fd = context.take_fd().ok_or_else(none_supplied)?;
        self.add(fd, fdset_id, opaque)
    }

    /// As [`add_fd`](Self::add_fd), with a descriptor that came otherwise, such as from a parent process.
    ///
    /// # Errors
    /// The number is negative, or `opaque` longer than 64 KiB; the descriptor is closed then.
    pub fn add(&self, fd: OwnedFd, fdset_id: Option<i64>, opaque: Option<Str>) -> Result<Added, Error> {
        bounded("opaque", opaque.as_deref().unwrap_or_default())?;
        let mut state = self.lock();
        let fdset_id = match fdset_id {
            Some(id) if id < 0 => return Err(Error::expects("fdset-id", "a non-negative value")),
            Some(id) => id,
            None => state.free_id(),
        };
        let number = fd.as_raw_fd().into();
        state.sets.entry(fdset_id).or_default().entries.push(Entry { fd, opaque, removed: false });
        Ok(Added { fdset_id, fd: number })
    }

    /// Command `remove-fd`: removes a descriptor from a set, or all of them. What is open already stays open.
    ///
    /// # Errors
    /// No such set, or no such descriptor in it.
    pub fn remove_fd(&self, fdset_id: i64, fd: Option<i64>) -> Result<(), Error> {
        let mut state = self.lock();
        let found = state.sets.get_mut(&fdset_id).is_some_and(|set| {
            let mut found = fd.is_none();
            for entry in &mut set.entries {
                if fd.is_none_or(|fd| fd == entry.number()) {
                    entry.removed = true;
                    found = true;
                }
            }
            found
        });
        if found {
            state.sweep(fdset_id);
            return Ok(());
        }
        let fd = fd.map(|fd| format!(", fd:{fd}")).unwrap_or_default();
        Err(Error::generic(format!("File descriptor named 'fdset-id:{fdset_id}{fd}' not found")))
    }

    /// Command `query-fdsets`: all sets, the highest number first.
    pub fn query_fdsets(&self) -> Vec<FdSet> {
        let member = |entry: &Entry| Member { fd: entry.number(), opaque: entry.opaque.clone() };
        let list = |(id, set): (&i64, &Set)| FdSet { fdset_id: *id, fds: set.entries.iter().map(member).collect() };
        self.lock().sets.iter().rev().map(list).collect()
    }

    /// While frozen, no descriptor goes. QEMU's guests freeze the sets while they do not run, so that a migration finds the
    /// descriptors still there. What would have gone meanwhile goes at the next occasion after the end.
    pub fn freeze(&self, frozen: bool) {
        self.lock().frozen = frozen;
    }

    /// Nobody is connected yet. What is there already waits for the first client.
    pub(crate) fn await_clients(&self) {
        self.lock().deserted = true;
    }

    /// A client is connected.
    pub(crate) fn client_came(&self) {
        self.lock().deserted = false;
    }

    /// No client is connected any more.
    pub(crate) fn last_client_left(&self) {
        let mut state = self.lock();
        state.deserted = true;
        let ids: Vec<i64> = state.sets.keys().copied().collect();
        ids.into_iter().for_each(|id| state.sweep(id));
    }

    /// Sets change in steps that leave them whole, so a poisoned table is still right.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Closes what has to go from a set, and lets the set go when nothing is left of it.
    pub(super) fn sweep(&mut self, id: i64) {
        let Some(set) = self.sets.get_mut(&id) else { return };
        if !self.frozen {
            let abandoned = self.deserted && set.leases == 0;
            set.entries.retain(|entry| !entry.removed && !abandoned);
        }
        if set.entries.is_empty() && set.leases == 0 {
            self.sets.remove(&id);
        }
    }

    fn free_id(&self) -> i64 {
        let numbers = self.sets.range(0..).map(|(id, _)| *id);
        // Numbers are listed in order, so the first that is not its own position leaves a gap before it.
        let taken = numbers.zip(0..).take_while(|(id, position)| id == position).count();
        i64::try_from(taken).unwrap_or(i64::MAX)
    }
}

impl Entry {
    fn number(&self) -> i64 {
        self.fd.as_raw_fd().into()
    }
}
