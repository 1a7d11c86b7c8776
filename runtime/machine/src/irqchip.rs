//! Board section: interrupt controllers and the interval timer, which live in the kernel; QEMU's sections `ioapic`, `i8259` (two of
//! them) and `i8254`.

use kvm::{Chips, Vm};
use vmstate::Source;

use crate::{Result, SavedDevice};

/// The controllers with their power-on state.
pub(crate) struct IrqChip {
    vm: Vm,
    power_on: Chips,
}

impl IrqChip {
    /// Creates them. Comes after memory and before CPUs.
    pub(crate) fn new(vm: &Vm) -> Result<Self> {
        vm.create_irqchip()?;
        Ok(Self { vm: vm.clone(), power_on: vm.chips()? })
    }

    /// Back to power-on. No CPU may run.
    pub(crate) fn reset(&self) -> Result {
        Ok(self.vm.set_chips(&self.power_on)?)
    }

    /// Their sections. No CPU may run.
    pub(crate) fn save(&self) -> Result<Vec<SavedDevice>> {
        let mut chips = self.vm.chips()?;
        chips.sections().into_iter().map(|(instance, state)| SavedDevice::new(instance, state)).collect()
    }

    /// Loads one of their sections; false, with nothing read, when it is not one of theirs. No CPU may run.
    pub(crate) fn load(&self, name: &str, instance: u32, version: u32, source: &mut dyn Source) -> Result<bool> {
        let mut chips = self.vm.chips()?;
        let mut known = false;
        for (number, state) in chips.sections() {
            if (state.name(), number) == (name, instance) {
                vmstate::load(state, version, source)?;
                known = true;
            }
        }
        if !known {
            return Ok(false);
        }
        self.vm.set_chips(&chips)?;
        Ok(true)
    }
}

/// A line of the controllers, as a device drives it.
pub(crate) fn line(vm: &Vm, number: u32) -> impl Fn(bool) + Send + use<> {
    let vm = vm.clone();
    move |level| {
        if let Err(error) = vm.set_irq_line(number, level) {
            tracing::error!(line = number, level, %error, "an interrupt is lost");
        }
    }
}
