//! The time before the machine is built, in which few commands are let through: QEMU's `--preconfig`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::Error;

/// A switch between a program that builds its machine late and the monitors that configure it until then. Cheap to clone,
/// usable from any thread.
///
/// While it is on, a server ([`Server::preconfig`](crate::Server::preconfig)) refuses commands that the schema does not
/// mark with `'allow-preconfig': true`.
#[derive(Debug, Clone)]
pub struct Preconfig(Arc<AtomicBool>);

impl Preconfig {
    /// A switch that is on.
    pub fn new() -> Self {
        Self(Arc::new(true.into()))
    }

    /// A switch that is off already.
    pub fn ended() -> Self {
        Self(Arc::new(false.into()))
    }

    /// Turns it off, for good.
    ///
    /// # Errors
    /// It was off already. The text is that of QEMU's `x-exit-preconfig`.
    pub fn end(&self) -> Result<(), Error> {
        match self.0.swap(false, Ordering::AcqRel) {
            true => Ok(()),
            false => Err(Error::generic("The command is permitted only before machine initialization")),
        }
    }

    /// Whether it is on.
    pub fn is_active(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// Whether a command may pass now; `allowed` is what the schema says.
    pub(super) fn check(&self, allowed: bool, command: &str) -> Result<(), Error> {
        match allowed || !self.is_active() {
            true => Ok(()),
            false => Err(Error::generic(format!(
                "The command '{command}' is permitted only after machine initialization has completed"
            ))),
        }
    }
}

impl Default for Preconfig {
    fn default() -> Self {
        Self::new()
    }
}
