//! KVM: virtual machines, vCPU threads, the only ioctls.
//!
//! [`Vm`] owns the kernel's virtual machine with its memory slots and interrupt controllers; add memory before [`Vm::create_irqchip`],
//! afterwards the first region waits for milliseconds. [`Vcpu`] is one virtual CPU on its own thread, driven by requests and answers;
//! what the guest does to ports and unmapped memory goes to a [`Bus`]. [`CpuState`] is a virtual CPU's saved state in QEMU's `cpu`
//! layout. [`KvmDirtyLog`] finds the pages that a guest wrote.
//!
//! What this crate does not do: it knows no device and no board, and it never touches guest memory.

#![expect(
    unsafe_code,
    reason = "memory slots and the shared run page are raw addresses, and kvm-ioctls marks both unsafe"
)]

mod bus;
mod chips;
mod dirty;
mod error;
mod state;
mod vcpu;
mod vm;

pub use bus::{Bus, Flow};
pub use chips::{ApicState, Chips, IoApicState, PicState, PitChannel, PitState};
pub use dirty::KvmDirtyLog;
pub use error::{KvmError, OpenError, Result};
pub use state::{CpuState, FpRegister, MtrrPair, Segment, Vector};
pub use vcpu::{Vcpu, VcpuConfig, VcpuEvent, pause_all};
pub use vm::Vm;
