//! Interrupt controllers and timer in the kernel: their state in and out.

mod apic;
mod state;
#[cfg(test)]
mod tests;

use kvm_bindings::{KVM_IRQCHIP_IOAPIC, KVM_IRQCHIP_PIC_MASTER, KVM_IRQCHIP_PIC_SLAVE, kvm_irqchip};
use vmstate::VmState;

pub use apic::ApicState;
pub use state::{IoApicState, PicState, PitChannel, PitState};

use crate::{KvmError, Result, Vm};

/// State of the interrupt controllers and the timer of one machine; the local APICs belong to the CPUs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chips {
    /// The two 8259, the one that the CPU sees first.
    pub pics: [PicState; 2],
    /// The I/O APIC.
    pub ioapic: IoApicState,
    /// The 8254.
    pub pit: PitState,
}

impl Chips {
    /// The sections of a migration stream that hold this, in their order, with their instances.
    pub fn sections(&mut self) -> [(u32, &mut dyn VmState); 4] {
        let Self { pics: [first, second], ioapic, pit } = self;
        [(0, ioapic), (0, first), (1, second), (0, pit)]
    }
}

impl Vm {
    /// The state of the interrupt controllers and the timer.
    ///
    /// # Errors
    /// The kernel's.
    pub fn chips(&self) -> Result<Chips> {
        let first = self.controller(KVM_IRQCHIP_PIC_MASTER)?;
        let second = self.controller(KVM_IRQCHIP_PIC_SLAVE)?;
        let ioapic = self.controller(KVM_IRQCHIP_IOAPIC)?;
        let timer = self.inner.fd.get_pit2().map_err(KvmError::ioctl("read the interval timer"))?;
        // SAFETY: every field of the union is plain integers, and the kernel filled the one that belongs to the number asked for.
        let (first, second, ioapic) = unsafe { (first.chip.pic, second.chip.pic, ioapic.chip.ioapic) };
        Ok(Chips {
            pics: [PicState::gather(&first), PicState::gather(&second)],
            ioapic: IoApicState::gather(&ioapic),
            pit: PitState::gather(&timer),
        })
    }

    /// Puts the interrupt controllers and the timer into a state. No vCPU may run. The timer's channels begin to count anew: the
    /// kernel takes no phase.
    ///
    /// # Errors
    /// The kernel's.
    pub fn set_chips(&self, chips: &Chips) -> Result {
        let Chips { pics, ioapic, pit } = chips;
        for (number, state) in [KVM_IRQCHIP_PIC_MASTER, KVM_IRQCHIP_PIC_SLAVE].into_iter().zip(pics) {
            let mut chip = self.controller(number)?;
            // SAFETY: as in `chips`.
            unsafe { state.scatter(&mut chip.chip.pic) };
            self.set_controller(&chip)?;
        }
        let mut chip = self.controller(KVM_IRQCHIP_IOAPIC)?;
        // SAFETY: as in `chips`.
        unsafe { ioapic.scatter(&mut chip.chip.ioapic) };
        self.set_controller(&chip)?;
        let mut timer = self.inner.fd.get_pit2().map_err(KvmError::ioctl("read the interval timer"))?;
        pit.scatter(&mut timer);
        self.inner.fd.set_pit2(&timer).map_err(KvmError::ioctl("set the interval timer"))
    }

    fn controller(&self, chip_id: u32) -> Result<kvm_irqchip> {
        let mut chip = kvm_irqchip { chip_id, ..Default::default() };
        self.inner.fd.get_irqchip(&mut chip).map_err(KvmError::ioctl("read an interrupt controller"))?;
        Ok(chip)
    }

    fn set_controller(&self, chip: &kvm_irqchip) -> Result {
        self.inner.fd.set_irqchip(chip).map_err(KvmError::ioctl("set an interrupt controller"))
    }
}
