//! What a machine is made from, and what it tells its owner.

use std::fmt;
use std::sync::Arc;

use kvm::{OpenError, Vm};
use memory::RamBlock;

use crate::SerialSink;

/// A board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MachineKind {
    /// RAM at address 0 and nothing else: no CPU, no device.
    None,
    /// RAM, one CPU, interrupt controllers in the kernel, a serial port, a reset line.
    Microvm,
}

impl MachineKind {
    /// QEMU's name of the board, which the migration stream begins with.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Microvm => "microvm",
        }
    }

    /// The name of the RAM block when it is not made by a memory backend of the user's.
    pub fn ram_name(self) -> &'static str {
        match self {
            Self::None => "ram",
            Self::Microvm => "microvm.ram",
        }
    }
}

/// Who runs the guest's instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accelerator {
    /// The kernel's KVM.
    Kvm,
    /// Nobody: CPUs have state but never run, a test drives memory and ports.
    Qtest,
}

impl Accelerator {
    /// QEMU's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Qtest => "qtest",
        }
    }

    /// Whether this process can use it.
    ///
    /// # Errors
    /// Why not.
    pub fn probe(self) -> Result<(), OpenError> {
        match self {
            Self::Kvm => Vm::probe(),
            Self::Qtest => Ok(()),
        }
    }
}

/// What the built-in guest begins with; see [`crate::guest`]. Both words can be changed in its memory while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuestConfig {
    /// Pages to dirty per second; 0 = none.
    pub rate: u64,
    /// Pages that it dirties in turn; as many as there is memory for when that is less.
    pub pages: u64,
}

impl Default for GuestConfig {
    /// 1 MiB a second in a set of 4 MiB.
    fn default() -> Self {
        Self { rate: 256, pages: 1024 }
    }
}

/// What happened in the machine that its owner must deal with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MachineEvent {
    /// The guest asks for a reset, by the reset line or by a triple fault. Its CPU is paused.
    ResetRequested,
    /// A CPU cannot go on and is paused; the others are not.
    CpuFailed {
        /// Index of the CPU.
        index: u32,
        /// Why.
        reason: String,
    },
}

/// Takes a machine's events. Called on vCPU threads; must not block and must not call the machine.
pub type EventSink = Arc<dyn Fn(MachineEvent) + Send + Sync>;

/// A machine to be built.
pub struct MachineConfig {
    /// Board.
    pub kind: MachineKind,
    /// Who runs it.
    pub accelerator: Accelerator,
    /// All of its RAM, as one block with the name it has in a migration stream. Only `none` can be without.
    pub ram: Option<Arc<RamBlock>>,
    /// CPUs; a `microvm` has exactly one today, `none` has none whatever this says.
    pub cpus: u32,
    /// Far end of the first serial port. `None`: no serial port, and no section `serial` when the machine is saved. A machine of
    /// kind `none` has none whatever this says.
    pub serial: Option<Box<dyn SerialSink>>,
    /// Where the built-in guest begins.
    pub guest: GuestConfig,
    /// Takes the machine's events.
    pub events: EventSink,
}

impl MachineConfig {
    /// A machine with one CPU, no serial port, the guest's defaults, and events that nobody hears.
    pub fn new(kind: MachineKind, accelerator: Accelerator, ram: impl Into<Option<Arc<RamBlock>>>) -> Self {
        let ram = ram.into();
        let events = Arc::new(|event| tracing::debug!(?event, "nobody listens to the machine"));
        Self { kind, accelerator, ram, cpus: 1, serial: None, guest: GuestConfig::default(), events }
    }
}

impl fmt::Debug for MachineConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, accelerator, ram, cpus, serial, guest, events: _ } = self;
        f.debug_struct("MachineConfig")
            .field("kind", kind)
            .field("accelerator", accelerator)
            .field("ram", &ram.as_ref().map(|ram| ram.name()))
            .field("cpus", cpus)
            .field("serial", &serial.is_some())
            .field("guest", guest)
            .finish_non_exhaustive()
    }
}
