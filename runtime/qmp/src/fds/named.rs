//! Descriptors under names, a table per monitor: `getfd`, `closefd`, and commands that are told a name.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{bounded, none_supplied};
use crate::context::Context;
use crate::{Error, ErrorClass};

/// Descriptors that clients gave names to. Each monitor has names of its own, which outlast its clients. Cheap to clone,
/// usable from any thread.
#[derive(Debug, Clone, Default)]
pub struct NamedFds {
    /// By the monitor's label, then by name.
    monitors: Arc<Mutex<HashMap<String, HashMap<String, OwnedFd>>>>,
}

impl NamedFds {
    /// Command `getfd`: keeps the descriptor that came with the request as `name`, in the place of an earlier one.
    ///
    /// # Errors
    /// No descriptor came, or the name begins with a digit, as a descriptor's number would, or is longer than 64 KiB; what came
    /// is closed then.
    pub fn getfd(&self, context: &Context, name: &str) -> Result<(), Error> {
        let fd = context.take_fd().ok_or_else(none_supplied)?;
        if name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(Error::expects("fdname", "a name not starting with a digit"));
        }
        bounded("fdname", name)?;
        let mut monitors = self.lock();
        if !monitors.contains_key(context.monitor()) {
            monitors.insert(context.monitor().to_owned(), HashMap::new());
        }
        if let Some(names) = monitors.get_mut(context.monitor()) {
            names.insert(name.to_owned(), fd);
        }
        Ok(())
    }

    /// Command `closefd`: closes the descriptor kept as `name`.
    ///
    /// # Errors
    /// The monitor has no such name.
    pub fn closefd(&self, context: &Context, name: &str) -> Result<(), Error> {
        let found = self.remove(context, name).map(drop);
        found.ok_or_else(|| not_found(&format!("File descriptor named '{name}' not found")))
    }

    /// Takes the descriptor kept as `name`, for a command that is told to use it; the name is free again.
    ///
    /// # Errors
    /// The monitor has no such name.
    pub fn take(&self, context: &Context, name: &str) -> Result<OwnedFd, Error> {
        let found = self.remove(context, name);
        found.ok_or_else(|| not_found(&format!("File descriptor named '{name}' has not been found")))
    }

    fn remove(&self, context: &Context, name: &str) -> Option<OwnedFd> {
        self.lock().get_mut(context.monitor())?.remove(name)
    }

    /// Entries change in single steps, so a poisoned table is still whole.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, HashMap<String, OwnedFd>>> {
        self.monitors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_found(text: &str) -> Error {
    Error::new(ErrorClass::GenericError, text)
}
