//! What can go wrong while a machine is built, run or loaded.

use devices::BusError;
use kvm::{KvmError, OpenError};
use memory::MemoryError;
use vmstate::VmStateError;

/// A machine that could not be built, or an operation on it that failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MachineError {
    /// KVM cannot be used; another accelerator may.
    #[error(transparent)]
    NoKvm(OpenError),
    /// KVM refused an operation.
    #[error(transparent)]
    Kvm(KvmError),
    /// Guest memory.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// Two devices want the same ports.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// A device's state could not be saved or loaded.
    #[error(transparent)]
    State(#[from] VmStateError),
    /// The configuration asks for what the board cannot have.
    #[error("machine '{machine}': {problem}")]
    Config {
        /// Board.
        machine: &'static str,
        /// What is wrong and what is possible.
        problem: String,
    },
    /// A stream has a device that this machine lacks.
    #[error("unknown section '{name}' instance {instance}: machine '{machine}' has no such device")]
    UnknownDevice {
        /// Section name.
        name: String,
        /// Instance in the stream.
        instance: u32,
        /// Board.
        machine: &'static str,
    },
    /// There is no such CPU.
    #[error("Invalid CPU index: there are {count} CPUs")]
    NoCpu {
        /// CPUs there are.
        count: usize,
    },
}

impl From<KvmError> for MachineError {
    fn from(error: KvmError) -> Self {
        match error {
            KvmError::Open(error) => Self::NoKvm(error),
            other => Self::Kvm(other),
        }
    }
}
