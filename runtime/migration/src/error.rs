//! Why a migration did not complete.

use std::io;

use memory::MemoryError;
use vmstate::VmStateError;

use crate::{Status, codec::DecodeError};

/// Errors of the machine's side, in its own words.
pub type VmError = Box<dyn std::error::Error + Send + Sync>;

/// Why a migration did not complete. The texts are shown to people as they are.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrationError {
    /// The user asked for it.
    #[error("the migration was cancelled")]
    Cancelled,
    /// Only one migration runs at a time.
    #[error("There's a migration process in progress")]
    Busy,
    /// A URI whose scheme nobody knows.
    #[error("unknown migration protocol: {0}")]
    Protocol(String),
    /// An address that its transport does not understand.
    #[error("{0}")]
    Address(String),
    /// A connection that could not be made.
    #[error("Failed to {action}: {source}")]
    Connect {
        /// What was tried, with the address.
        action: String,
        /// What the system said.
        source: io::Error,
    },
    /// A host or port whose name nobody knows.
    #[error("address resolution failed for {address}: {reason}")]
    Resolve {
        /// Host and port as they were given.
        address: String,
        /// What the resolver said.
        reason: String,
    },
    /// A connection that broke while it was written to.
    #[error("cannot write the migration stream after byte {position}: {source}")]
    Write {
        /// Bytes that had been written.
        position: u64,
        /// What the system said.
        source: io::Error,
    },
    /// A connection that broke while it was read, at a place between records.
    #[error("cannot read the migration stream at byte {position}: {source}")]
    Read {
        /// Bytes that had been read.
        position: u64,
        /// What the system said.
        source: io::Error,
    },
    /// Bytes that are no migration stream.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A well-formed stream that does not fit this machine.
    #[error("byte {position} of the migration stream: {problem}")]
    Mismatch {
        /// Position of the culprit.
        position: u64,
        /// What does not fit.
        problem: String,
    },
    /// The state of a device.
    #[error("error while loading state for instance {instance:#x} of device '{device}': {source}")]
    Device {
        /// Name of the device's section.
        device: String,
        /// Its instance.
        instance: u32,
        /// What the device said.
        source: VmError,
    },
    /// A state of the engine's own.
    #[error(transparent)]
    State(#[from] VmStateError),
    /// Guest memory.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The machine did not do what it was asked to.
    #[error("cannot {action}: {source}")]
    Vm {
        /// What was asked.
        action: &'static str,
        /// What the machine said.
        source: VmError,
    },
    /// A name that does not fit into the stream.
    #[error(transparent)]
    Name(#[from] crate::codec::NameTooLong),
    /// A step that the table of states does not allow: a mistake of the engine.
    #[error("migration cannot go from '{from}' to '{to}'")]
    Transition {
        /// Status it is in.
        from: Status,
        /// Status it was to go to.
        to: Status,
    },
}
