//! What an accelerator offers to find pages that the guest wrote.

use crate::Result;

/// An accelerator's log of the guest's writes.
pub trait DirtyLog: Send {
    /// Starts logging; writes before this call are not reported.
    ///
    /// # Errors
    /// The accelerator's, after which nothing is logged.
    fn start(&mut self) -> Result;
    /// Adds the pages written since the last call to every [`RamBlock::dirty`](crate::RamBlock::dirty).
    ///
    /// # Errors
    /// The accelerator's; pages may then be missing and the migration must fail.
    fn sync(&mut self) -> Result;
    /// Stops logging. Harmless when it is not running.
    ///
    /// # Errors
    /// The accelerator's.
    fn stop(&mut self) -> Result;
}

/// The log of a machine without an accelerator: nobody writes but this process, and its writes mark the bitmap themselves.
#[derive(Debug, Default, Clone, Copy)]
pub struct NoDirtyLog;

impl DirtyLog for NoDirtyLog {
    fn start(&mut self) -> Result {
        Ok(())
    }

    fn sync(&mut self) -> Result {
        Ok(())
    }

    fn stop(&mut self) -> Result {
        Ok(())
    }
}
