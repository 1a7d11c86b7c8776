//! The page that a vCPU shares with the kernel, mapped a second time.
//!
//! The owner's thread needs one byte of it to kick the CPU, for as long as the owner wants; a mapping of its own makes that
//! independent of how long the CPU's descriptor lives.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU8, Ordering};

use kvm_bindings::{KVM_EXIT_IO, KVM_EXIT_MMIO, kvm_run};
use kvm_ioctls::VcpuFd;
use rustix::mm::{MapFlags, ProtFlags};

use crate::{KvmError, Result};

/// Bytes that are mapped: the first page holds all of `kvm_run`.
const SIZE: usize = 4096;
const _: () = assert!(size_of::<kvm_run>() <= SIZE);

/// A mapping of a vCPU's `kvm_run`.
pub(super) struct RunPage {
    start: NonNull<kvm_run>,
}

// SAFETY: the only access that is allowed from another thread than the CPU's is to the atomic `immediate_exit`.
unsafe impl Send for RunPage {}
// SAFETY: as above; every other accessor says that it is for the CPU's thread, which reads what the kernel wrote in its own KVM_RUN.
unsafe impl Sync for RunPage {}

impl RunPage {
    pub(super) fn new(fd: &VcpuFd) -> Result<Self> {
        // SAFETY: the descriptor is open while `fd` is borrowed, which is longer than this call.
        let fd = unsafe { BorrowedFd::borrow_raw(fd.as_raw_fd()) };
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a fresh mapping at an address of the kernel's choice replaces nothing.
        let start = unsafe { rustix::mm::mmap(std::ptr::null_mut(), SIZE, access, MapFlags::SHARED, fd, 0) };
        let start = start.map_err(|error| KvmError::Ioctl { action: "map a CPU's run page", source: error.into() })?;
        match NonNull::new(start.cast()) {
            Some(start) => Ok(Self { start }),
            None => Err(KvmError::State("the CPU's run page lies at address 0".into())),
        }
    }

    /// Asks the next KVM_RUN, or the one under way once a signal reaches it, to return at once; or takes that back.
    pub(super) fn set_immediate_exit(&self, on: bool) {
        // SAFETY: the field lies inside of the mapping, and everybody here accesses it atomically; the kernel reads a byte.
        let byte = unsafe { AtomicU8::from_ptr(&raw mut (*self.start.as_ptr()).immediate_exit) };
        byte.store(u8::from(on), Ordering::SeqCst);
    }

    /// Width in bytes of the port access that the last KVM_RUN ended with. For the CPU's thread, between runs.
    pub(super) fn io_width(&self) -> usize {
        // SAFETY: inside of the mapping; the kernel does not write while the CPU is out of KVM_RUN.
        let size = unsafe { (&raw const (*self.start.as_ptr()).__bindgen_anon_1.io.size).read_volatile() };
        usize::from(size).max(1)
    }

    /// Whether the last KVM_RUN ended in the middle of an instruction, which the next one finishes. For the CPU's thread.
    pub(super) fn unfinished(&self) -> bool {
        // SAFETY: as in `io_width`.
        let reason = unsafe { (&raw const (*self.start.as_ptr()).exit_reason).read_volatile() };
        reason == KVM_EXIT_IO || reason == KVM_EXIT_MMIO
    }

    /// The kernel's reason for an internal error. For the CPU's thread, after KVM_EXIT_INTERNAL_ERROR.
    pub(super) fn suberror(&self) -> u32 {
        // SAFETY: as in `io_width`.
        unsafe { (&raw const (*self.start.as_ptr()).__bindgen_anon_1.internal.suberror).read_volatile() }
    }
}

impl Drop for RunPage {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and no reference into it outlives this struct.
        let result = unsafe { rustix::mm::munmap(self.start.as_ptr().cast(), SIZE) };
        if let Err(error) = result {
            tracing::error!(%error, "cannot unmap a CPU's run page");
        }
    }
}
