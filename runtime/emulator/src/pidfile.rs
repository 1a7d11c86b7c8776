//! The file that tells other programs our process identifier, locked as long as we live.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

use crate::errno::plain;

/// A written and locked pidfile; dropping it removes the file.
#[derive(Debug)]
pub(crate) struct Pidfile {
    path: PathBuf,
    /// Keeps the lock.
    _file: File,
}

impl Pidfile {
    /// Writes our process identifier to `path`. A file left behind by a process that is gone is
    /// replaced; one whose process lives is an error.
    pub(crate) fn create(path: &Path) -> Result<Self, String> {
        let fail = |what: &str, error: &io::Error| {
            format!("cannot create PID file: Could not {what} '{}': {}", path.display(), plain(error))
        };
        // Not truncated before the lock is held: the content may be another process's.
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(|error| fail("create", &error))?;
        rustix::fs::fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive)
            .map_err(|error| fail("lock", &error.into()))?;
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(|error| fail("write", &error))?;
        // The working directory may change before the file is removed.
        let path = std::path::absolute(path).map_err(|error| fail("find", &error))?;
        Ok(Self { path, _file: file })
    }
}

impl Drop for Pidfile {
    fn drop(&mut self) {
        // Somebody who removed it before us wanted the same.
        let _ = std::fs::remove_file(&self.path);
    }
}
