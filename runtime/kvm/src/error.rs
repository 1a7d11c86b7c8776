//! What can go wrong with KVM, in words for the person who started it.

use std::io;

use vmm_sys_util::errno;

/// Shorthand for results of this crate.
pub type Result<T = (), E = KvmError> = std::result::Result<T, E>;

/// KVM cannot be used on this machine, or not by this user.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no device.
    #[error("/dev/kvm does not exist: load the kernel's kvm module, or turn virtualization on in the firmware")]
    Absent,
    /// The device is there, but not for us.
    #[error("no permission to open /dev/kvm: join the group that owns it (often 'kvm')")]
    Denied,
    /// Opening failed for another reason.
    #[error("cannot open /dev/kvm: {0}")]
    Failed(io::Error),
    /// The kernel speaks another KVM.
    #[error("/dev/kvm has API version {0}, 12 is needed: the kernel is too old or not Linux's")]
    Version(i32),
    /// The kernel's KVM lacks something.
    #[error("/dev/kvm lacks {0}, which this program needs: use a newer kernel")]
    Lacks(&'static str),
}

impl OpenError {
    pub(crate) fn new(error: errno::Error) -> Self {
        let error = io::Error::from(error);
        match error.kind() {
            io::ErrorKind::NotFound => Self::Absent,
            io::ErrorKind::PermissionDenied => Self::Denied,
            // The node is there, its driver is not.
            _ if matches!(error.raw_os_error(), Some(libc::ENODEV | libc::ENXIO)) => Self::Absent,
            _ => Self::Failed(error),
        }
    }
}

/// An operation on a virtual machine or a vCPU that failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KvmError {
    /// KVM itself cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The kernel refused an operation.
    #[error("KVM: cannot {action}: {source}")]
    Ioctl {
        /// What was tried.
        action: &'static str,
        /// What the kernel said.
        source: io::Error,
    },
    /// A model-specific register does not take a saved value: the host, or the CPU model, differs from the sender's.
    #[error("CPU {cpu}: register {msr:#x} cannot be set to {value:#x} on this host")]
    Msr {
        /// Index of the vCPU.
        cpu: u32,
        /// Number of the register.
        msr: u32,
        /// Value that was refused.
        value: u64,
    },
    /// A saved state that no CPU can have, or that this host cannot hold.
    #[error("CPU state: {0}")]
    State(String),
    /// A vCPU's thread could not be started.
    #[error("cannot start the thread of CPU {cpu}: {source}")]
    Thread {
        /// Index of the vCPU.
        cpu: u32,
        /// What the system said.
        source: io::Error,
    },
    /// A vCPU's thread has ended, by a failure that was reported before.
    #[error("the thread of CPU {0} has ended")]
    Gone(u32),
    /// The vCPU must be paused for this.
    #[error("CPU {0} is running: pause it first")]
    Running(u32),
}

impl KvmError {
    /// For `map_err` on a kernel call.
    pub(crate) fn ioctl(action: &'static str) -> impl Fn(errno::Error) -> Self {
        move |error| Self::Ioctl { action, source: error.into() }
    }
}

#[cfg(test)]
mod tests;
