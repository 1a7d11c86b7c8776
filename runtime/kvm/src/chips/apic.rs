//! Saved state of a CPU's local APIC: QEMU's section `apic`, version 3.
//!
//! Register offsets are those of the processor manuals (volume 3, "Advanced programmable interrupt controller").

use kvm_bindings::kvm_lapic_state;
use vmstate::{Fields, Result, VmState};

const ID: usize = 0x20;
const TPR: usize = 0x80;
const LOGICAL_DESTINATION: usize = 0xd0;
const DESTINATION_FORMAT: usize = 0xe0;
const SPURIOUS: usize = 0xf0;
const ISR: usize = 0x100;
const TMR: usize = 0x180;
const IRR: usize = 0x200;
const ESR: usize = 0x280;
const ICR: usize = 0x300;
/// Timer, thermal, performance, LINT0, LINT1, error.
const LVT: usize = 0x320;
const INITIAL_COUNT: usize = 0x380;
const DIVIDE: usize = 0x3e0;
/// Between registers.
const STEP: usize = 0x10;

/// One local APIC. Arrays of eight words are bitmaps of the 256 vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApicState {
    /// Base address register: address, enabled, boot CPU.
    pub base: u32,
    /// Identification.
    pub id: u8,
    /// Task priority.
    pub tpr: u8,
    /// Spurious vector, software enable.
    pub spurious: u32,
    /// Logical destination.
    pub logical_destination: u8,
    /// Destination format: 15 flat, 0 cluster.
    pub destination_format: u8,
    /// In service.
    pub isr: [u32; 8],
    /// Level-triggered.
    pub tmr: [u32; 8],
    /// Requested.
    pub irr: [u32; 8],
    /// Local vectors: timer, thermal, performance, LINT0, LINT1, error.
    pub lvt: [u32; 6],
    /// Errors.
    pub esr: u32,
    /// Interrupt command, low and high.
    pub icr: [u32; 2],
    /// Timer's divider.
    pub divide: u32,
    /// Timer's reload value. A timer that runs begins anew when loaded: the format has no place for the rest of its time that a
    /// kernel takes.
    pub initial_count: u32,
}

impl Default for ApicState {
    /// Power-on of a boot CPU.
    fn default() -> Self {
        Self {
            base: 0xfee0_0900,
            id: 0,
            tpr: 0,
            spurious: 0xff,
            logical_destination: 0,
            destination_format: 15,
            isr: [0; 8],
            tmr: [0; 8],
            irr: [0; 8],
            lvt: [1 << 16; 6],
            esr: 0,
            icr: [0; 2],
            divide: 0,
            initial_count: 0,
        }
    }
}

fn get(page: &kvm_lapic_state, at: usize) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|i| page.regs[at + i].cast_unsigned()))
}

fn put(page: &mut kvm_lapic_state, at: usize, value: u32) {
    for (place, byte) in page.regs[at..].iter_mut().zip(value.to_le_bytes()) {
        *place = byte.cast_signed();
    }
}

fn get_all<const N: usize>(page: &kvm_lapic_state, at: usize) -> [u32; N] {
    std::array::from_fn(|i| get(page, at + i * STEP))
}

fn put_all(page: &mut kvm_lapic_state, at: usize, values: &[u32]) {
    for (i, value) in values.iter().enumerate() {
        put(page, at + i * STEP, *value);
    }
}

impl ApicState {
    /// From the kernel's register page and the base address register.
    pub(crate) fn gather(page: &kvm_lapic_state, base: u64) -> Self {
        Self {
            // The register page lies below 4 GiB on every board here.
            base: base as u32,
            id: (get(page, ID) >> 24) as u8,
            tpr: get(page, TPR) as u8,
            spurious: get(page, SPURIOUS),
            logical_destination: (get(page, LOGICAL_DESTINATION) >> 24) as u8,
            destination_format: (get(page, DESTINATION_FORMAT) >> 28) as u8,
            isr: get_all(page, ISR),
            tmr: get_all(page, TMR),
            irr: get_all(page, IRR),
            lvt: get_all(page, LVT),
            esr: get(page, ESR),
            icr: get_all(page, ICR),
            divide: get(page, DIVIDE),
            initial_count: get(page, INITIAL_COUNT),
        }
    }

    /// Into the kernel's register page, whose other registers stay.
    pub(crate) fn scatter(&self, page: &mut kvm_lapic_state) {
        let Self {
            base: _,
            id,
            tpr,
            spurious,
            logical_destination,
            destination_format,
            isr,
            tmr,
            irr,
            lvt,
            esr,
            icr,
            divide,
            initial_count,
        } = self;
        put(page, ID, u32::from(*id) << 24);
        put(page, TPR, (*tpr).into());
        put(page, SPURIOUS, *spurious);
        put(page, LOGICAL_DESTINATION, u32::from(*logical_destination) << 24);
        put(page, DESTINATION_FORMAT, u32::from(*destination_format) << 28 | 0x0fff_ffff);
        put_all(page, ISR, isr);
        put_all(page, TMR, tmr);
        put_all(page, IRR, irr);
        put_all(page, LVT, lvt);
        put(page, ESR, *esr);
        put_all(page, ICR, icr);
        put(page, DIVIDE, *divide);
        put(page, INITIAL_COUNT, *initial_count);
    }

    /// Shift by which the divider divides.
    fn count_shift(&self) -> i32 {
        let value = self.divide & 3 | self.divide >> 1 & 4;
        ((value + 1) & 7).cast_signed()
    }
}

impl VmState for ApicState {
    fn name(&self) -> &'static str {
        "apic"
    }

    fn version(&self) -> u32 {
        3
    }

    fn fields(&mut self, v: &mut dyn Fields) -> Result {
        let mut count_shift = self.count_shift();
        v.u32("apicbase", &mut self.base)?;
        v.u8("id", &mut self.id)?;
        // Arbitration does not exist on one bus inside of a processor.
        v.u8("arb_id", &mut 0)?;
        v.u8("tpr", &mut self.tpr)?;
        v.u32("spurious_vec", &mut self.spurious)?;
        v.u8("log_dest", &mut self.logical_destination)?;
        v.u8("dest_mode", &mut self.destination_format)?;
        v.u32s("isr", &mut self.isr)?;
        v.u32s("tmr", &mut self.tmr)?;
        v.u32s("irr", &mut self.irr)?;
        v.u32s("lvt", &mut self.lvt)?;
        v.u32("esr", &mut self.esr)?;
        v.u32s("icr", &mut self.icr)?;
        v.u32("divide_conf", &mut self.divide)?;
        v.i32("count_shift", &mut count_shift)?;
        v.u32("initial_count", &mut self.initial_count)?;
        // Times of an emulated timer, which the kernel's does not have.
        v.i64("initial_count_load_time", &mut 0)?;
        v.i64("next_time", &mut 0)?;
        v.i64("timer_expiry", &mut -1)
    }
}
