//! Pages that the guest wrote, from the kernel's dirty log.

use std::sync::Arc;

use memory::{DirtyLog, MemoryError};
use vmm_sys_util::errno;

use crate::vm::Inner;

/// KVM's dirty log over all memory of one virtual machine. Dropping it stops the logging.
pub struct KvmDirtyLog {
    vm: Arc<Inner>,
    running: bool,
}

impl KvmDirtyLog {
    pub(crate) fn new(vm: Arc<Inner>) -> Self {
        Self { vm, running: false }
    }

    /// Turns logging on or off in every slot; a failure leaves it off in as many as possible.
    fn switch(&self, on: bool) -> Result<(), errno::Error> {
        self.vm.slots(|slots| {
            let result = slots.iter().try_for_each(|slot| self.vm.set_slot(slot, on));
            if on && result.is_err() {
                for slot in slots.iter() {
                    // The first error is the one to report.
                    let _ = self.vm.set_slot(slot, false);
                }
            }
            result
        })
    }
}

fn failed(action: &'static str) -> impl Fn(errno::Error) -> MemoryError {
    move |error| MemoryError::DirtyLog { action, source: error.into() }
}

impl DirtyLog for KvmDirtyLog {
    fn start(&mut self) -> memory::Result {
        self.switch(true).map_err(failed("start"))?;
        self.running = true;
        Ok(())
    }

    fn sync(&mut self) -> memory::Result {
        self.vm.slots(|slots| {
            for slot in slots.iter() {
                // A block is at most 16 TiB, which fits the host's own width.
                let size = slot.block.size() as usize;
                let log = self.vm.fd.get_dirty_log(slot.number, size).map_err(failed("read"))?;
                slot.block.dirty().merge(0, &log);
            }
            Ok(())
        })
    }

    fn stop(&mut self) -> memory::Result {
        if !self.running {
            return Ok(());
        }
        self.running = false;
        self.switch(false).map_err(failed("stop"))
    }
}

impl Drop for KvmDirtyLog {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            tracing::warn!(%error, "the dirty log stays on");
        }
    }
}
