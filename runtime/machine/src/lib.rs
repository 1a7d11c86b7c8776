//! Boards: configuration becomes an assembled machine.
//!
//! [`MachineConfig`] says what is wanted, [`Machine`] is the result: memory, CPUs, a port bus and devices, put together by one file
//! per section of the board. A machine belongs to one owner thread, which starts, stops, resets and saves it; what the guest does that
//! concerns the owner comes back through the callback of the configuration.
//!
//! With no kernel to boot, a `microvm` runs the built-in [`guest`].
//!
//! What this crate does not do: no command line, no monitor, no run states (the emulator's), and no ioctl (the `kvm` crate's).

mod clock;
mod config;
mod cpus;
mod error;
pub mod guest;
mod i8042;
mod irqchip;
mod machine;
mod ram;
mod saved;
mod serial;

pub use config::{Accelerator, EventSink, GuestConfig, MachineConfig, MachineEvent, MachineKind};
pub use cpus::CpuInfo;
pub use devices::serial::Sink as SerialSink;
pub use error::MachineError;
pub use kvm::{CpuState, OpenError};
pub use machine::Machine;
pub use saved::SavedDevice;
pub use serial::SerialPort;

/// Shorthand for results of this crate.
pub type Result<T = (), E = MachineError> = std::result::Result<T, E>;
