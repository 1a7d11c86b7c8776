//! The device contract: what a machine asks of every device, and when.

use vmstate::{Source, VmState};

/// A device of a machine.
///
/// Order of calls: a device is made in its reset state. `start` comes once, before the first vCPU runs. After that `pause` and
/// `resume` alternate, `pause` first. `reset`, `save` and `load` come only while no vCPU runs: before `start`, or between `pause` and
/// `resume`. Register accesses come from vCPU threads while the machine runs, and from the owner's thread at any time (a test that
/// drives ports). All calls are made with the device locked by its caller, so a device needs no lock of its own.
pub trait Device: Send {
    /// Name of the device's section in a migration stream, also used in messages.
    fn name(&self) -> &'static str;

    /// vCPUs are about to run for the first time.
    fn start(&mut self) {}

    /// vCPUs have stopped: nothing may change any more that `save` would save.
    fn pause(&mut self) {}

    /// vCPUs are about to run again.
    fn resume(&mut self) {}

    /// Back to the power-on state; interrupt lines are released. What the outside holds (a sink, a callback) stays attached.
    fn reset(&mut self);

    /// A copy of the state that must travel with the machine, or `None` when there is nothing to save. Does not change the device.
    fn save(&self) -> Option<Box<dyn VmState>>;

    /// Replaces the state by one in the format of `version`, read from `source` up to its end, and drives interrupt lines to match.
    ///
    /// # Errors
    /// A stream that ends early, a version that is not understood, or values that no device can have. The device then keeps its state.
    fn load(&mut self, version: u32, source: &mut dyn Source) -> vmstate::Result;
}
