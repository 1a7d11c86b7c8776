//! Board section: interrupt controllers and the interval timer, which live in the kernel.

use kvm::{Chips, Vm};

use crate::Result;

/// The controllers with their power-on state.
pub(crate) struct IrqChip {
    vm: Vm,
    power_on: Chips,
}

impl IrqChip {
    /// Creates them. Comes after memory and before CPUs.
    pub(crate) fn new(vm: &Vm) -> Result<Self> {
        vm.create_irqchip()?;
        Ok(Self {
            vm: vm.clone(),
            power_on: vm.chips()?,
        })
    }

    /// Back to power-on. No CPU may run.
    pub(crate) fn reset(&self) -> Result {
        Ok(self.vm.set_chips(&self.power_on)?)
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
