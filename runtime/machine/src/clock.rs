//! Board section: KVM's paravirtual clock, QEMU's section `kvmclock`.

use kvm::Vm;
use vmstate::{Fields, Source, VmState};

use crate::Result;

/// Section name.
pub(crate) const NAME: &str = "kvmclock";

/// The guest's clock.
pub(crate) struct Clock {
    vm: Vm,
}

impl Clock {
    pub(crate) fn new(vm: &Vm) -> Self {
        Self { vm: vm.clone() }
    }

    /// The state to send. No CPU may run, or the clock would go on without it.
    pub(crate) fn save(&self) -> Result<ClockState> {
        Ok(ClockState { nanoseconds: self.vm.clock()?, reliable: true })
    }

    pub(crate) fn load(&self, version: u32, source: &mut dyn Source) -> Result {
        let mut state = ClockState { nanoseconds: 0, reliable: false };
        vmstate::load(&mut state, version, source)?;
        Ok(self.vm.set_clock(state.nanoseconds)?)
    }
}

/// The saved clock.
pub(crate) struct ClockState {
    nanoseconds: u64,
    /// The time comes from a host whose clock does not step.
    reliable: bool,
}

impl VmState for ClockState {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> u32 {
        1
    }

    fn fields(&mut self, v: &mut dyn Fields) -> vmstate::Result {
        let Self { nanoseconds, reliable } = self;
        v.u64("clock", nanoseconds)?;
        let mut subsection = Reliable { value: *reliable };
        if v.subsection(*reliable, &mut subsection)? {
            *reliable = subsection.value;
        }
        Ok(())
    }
}

struct Reliable {
    value: bool,
}

impl VmState for Reliable {
    fn name(&self) -> &'static str {
        "kvmclock/clock_is_reliable"
    }

    fn version(&self) -> u32 {
        1
    }

    fn fields(&mut self, v: &mut dyn Fields) -> vmstate::Result {
        v.bool("clock_is_reliable", &mut self.value)
    }
}
