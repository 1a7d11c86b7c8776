//! Getting a CPU out of the guest.
//!
//! The kicker sets `immediate_exit` and then sends a signal whose handler does nothing. A CPU in the guest is interrupted by the
//! signal; one that is about to enter finds the byte set. The CPU's thread takes the byte back *before* it looks for requests, so
//! a request that it misses has its own kick still to come.

use std::os::unix::thread::JoinHandleExt as _;
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use vmm_sys_util::errno;
use vmm_sys_util::signal::{SIGRTMIN, register_signal_handler, unblock_signal};

use super::run_page::RunPage;
use crate::{KvmError, Result};

extern "C" fn nothing(_: libc::c_int, _: *mut libc::siginfo_t, _: *mut libc::c_void) {}

/// Installs the handler, once for the process.
pub(super) fn install() -> Result {
    static INSTALLED: OnceLock<Result<(), errno::Error>> = OnceLock::new();
    INSTALLED
        .get_or_init(|| register_signal_handler(SIGRTMIN(), nothing))
        .map_err(KvmError::ioctl("install the signal that stops CPUs"))
}

/// Lets the signal reach the calling thread, whatever the thread inherited.
pub(super) fn admit() -> Result {
    unblock_signal(SIGRTMIN())
        .map_err(|error| KvmError::State(format!("cannot unblock the signal that stops CPUs: {error}")))
}

/// The means to kick one CPU.
pub(super) struct Kicker {
    thread: libc::pthread_t,
    page: Arc<RunPage>,
}

impl Kicker {
    /// For the CPU that runs in `thread` and shares `page`.
    pub(super) fn new(thread: &JoinHandle<()>, page: Arc<RunPage>) -> Self {
        Self { thread: thread.as_pthread_t(), page }
    }

    /// Makes the CPU leave the guest, or not enter it. The thread must not have been joined.
    pub(super) fn kick(&self) {
        self.page.set_immediate_exit(true);
        // SAFETY: the handle is valid until the thread is joined, which only `Vcpu::drop` does, after its last kick.
        unsafe { libc::pthread_kill(self.thread, SIGRTMIN()) };
    }
}
