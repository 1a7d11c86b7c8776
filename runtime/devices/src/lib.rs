//! Device models: registers apart from wiring.
//!
//! A device is a plain register file, which unit tests drive without a virtual machine, and a thin wiring that joins it to what lies
//! outside: an interrupt line, a byte sink, a callback. [`Device`] says when a machine may call what; [`PortBus`] takes port accesses
//! of a vCPU to the device that owns the port. Saved state is a type of its own per device ([`vmstate::VmState`]).
//!
//! What this crate does not do: it knows no accelerator, no runtime and no board; which device sits at which port and line is the
//! machine's business.

mod bus;
mod device;
pub mod i8042;
mod irq;
pub mod serial;

pub use bus::{BusError, Flow, PortBus, PortDevice};
pub use device::Device;
pub use irq::IrqLine;
