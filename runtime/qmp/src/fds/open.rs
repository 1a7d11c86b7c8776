//! Opening files by paths of which `/dev/fdset/N` means a descriptor of a set.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl, ftruncate};
use rustix::io::{Errno, fcntl_dupfd_cloexec};

use super::sets::FdSets;

/// What paths of descriptor sets begin with.
const PREFIX: &str = "/dev/fdset/";

/// The flags of a duplicate that its opener decides, as far as they can be changed after opening.
const CHANGEABLE: OFlags = OFlags::APPEND.union(OFlags::NONBLOCK).union(OFlags::DIRECT).union(OFlags::NOATIME);

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Open {
    /// For reading.
    pub read: bool,
    /// For writing.
    pub write: bool,
    /// Writes go to the end.
    pub append: bool,
    /// What the file holds is dropped first.
    pub truncate: bool,
    /// The file is made if there is none. A descriptor of a set is there in any case.
    pub create: bool,
}

/// An open file.
#[derive(Debug)]
pub struct Opened {
    /// The file.
    pub file: File,
    /// To be dropped after the file, when it came from a set.
    pub lease: Option<Lease>,
}

/// The use of a file that came from a set: while it lasts, the set and its other descriptors stay.
#[derive(Debug)]
pub struct Lease {
    sets: FdSets,
    id: i64,
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut state = self.sets.lock();
        if let Some(set) = state.sets.get_mut(&self.id) {
            set.leases = set.leases.saturating_sub(1);
            if set.leases == 0 {
                state.sweep(self.id);
            }
        }
    }
}

impl FdSets {
    /// Opens a file. For `/dev/fdset/N` that is a duplicate of the first descriptor of set `N` with the access mode asked
    /// for: reading, writing or both. The duplicate shares its position and flags with the original.
    ///
    /// # Errors
    /// Those of opening a file; for a set `EINVAL` when `N` is no number from 0, `ENOENT` when there is no such set, `EACCES`
    /// when no descriptor of it has that access mode.
    pub fn open(&self, path: &Path, how: Open) -> io::Result<Opened> {
        match path.as_os_str().to_str().and_then(|path| path.strip_prefix(PREFIX)) {
            Some(number) => self.open_set(number, how),
            None => open_file(path.as_os_str(), how).map(|file| Opened { file, lease: None }),
        }
    }

    fn open_set(&self, number: &str, how: Open) -> io::Result<Opened> {
        let number = number.trim_start().parse::<i64>().ok().filter(|number| *number >= 0);
        let id = number.ok_or(Errno::INVAL)?;
        let mut state = self.lock();
        let set = state.sets.get_mut(&id).ok_or(Errno::NOENT)?;
        let mut file = Err(Errno::ACCESS);
        for entry in &set.entries {
            if fcntl_getfl(&entry.fd)? & OFlags::RWMODE == how.access() {
                file = duplicate(&entry.fd, how);
                break;
            }
        }
        let file = file?.into();
        set.leases += 1;
        Ok(Opened { file, lease: Some(Lease { sets: self.clone(), id }) })
    }
}

impl Open {
    fn access(self) -> OFlags {
        match (self.read, self.write || self.append) {
            (true, true) => OFlags::RDWR,
            (false, true) => OFlags::WRONLY,
            (_, false) => OFlags::RDONLY,
        }
    }
}

fn open_file(path: &OsStr, how: Open) -> io::Result<File> {
    let Open { read, write, append, truncate, create } = how;
    OpenOptions::new().read(read).write(write).append(append).truncate(truncate).create(create).open(path)
}

/// A duplicate as if it had been opened: flags as asked for, emptied if asked for.
fn duplicate(fd: &OwnedFd, how: Open) -> Result<OwnedFd, Errno> {
    let duplicate = fcntl_dupfd_cloexec(fd, 3)?;
    let append = if how.append { OFlags::APPEND } else { OFlags::empty() };
    let kept = fcntl_getfl(&duplicate)? - CHANGEABLE;
    fcntl_setfl(&duplicate, kept | append)?;
    if how.truncate {
        ftruncate(&duplicate, 0)?;
    }
    Ok(duplicate)
}
