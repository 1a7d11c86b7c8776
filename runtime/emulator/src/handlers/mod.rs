//! Commands, one file per schema module. Each asks the owner, the machine or the configuration;
//! none holds state of its own.

mod char;
mod control;
mod machine;
mod migration;
mod misc;
mod run_state;

use std::sync::Arc;

use memory::GuestMemory;
use qapi_runtime::Preconfig;
use qapi_runtime::fds::{FdSets, NamedFds};

use crate::config::Config;
use crate::hardware::Hardware;
use crate::owner::Handle;
use crate::serial::Clients;

/// What the handlers answer from.
pub(crate) struct Handlers {
    /// The command line.
    pub(crate) config: Arc<Config>,
    /// Whether KVM runs the guest.
    pub(crate) kvm: bool,
    /// Guest memory, by physical address.
    pub(crate) memory: Arc<GuestMemory>,
    /// The task that owns the run state.
    pub(crate) owner: Handle,
    /// The machine's thread.
    pub(crate) hardware: Hardware,
    /// The clients of the serial port, when it is on a socket.
    pub(crate) console: Option<Clients>,
    /// Descriptors that clients gave names to.
    pub(crate) named_fds: NamedFds,
    /// Descriptors behind `/dev/fdset/N`.
    pub(crate) fd_sets: FdSets,
    /// Whether the machine still waits for `x-exit-preconfig`.
    pub(crate) preconfig: Preconfig,
}
