//! The machine as a migration sees it.

use std::sync::Arc;

use memory::{DirtyLog, RamBlock};
use vmstate::{Fields, Source, VmState, VmStateError};

use crate::{VmError, codec::SectionHeader};

/// A machine that can be sent or filled. The migration's thread owns this view; the machine's own thread may stand behind it.
pub trait Vm: Send {
    /// All RAM, in the order in which it is announced.
    fn ram(&self) -> Vec<Arc<RamBlock>>;
    /// The accelerator's log of the guest's writes.
    fn dirty_log(&mut self) -> &mut dyn DirtyLog;
    /// Canonical name of the machine type.
    fn machine_name(&self) -> String;
    /// Stops the guest for the switchover: when this returns, it writes no more memory. Gives the name of the run state that it was in
    /// (`running`, `paused` ...), with which the destination goes on.
    ///
    /// # Errors
    /// When it could not be stopped; the migration then fails.
    fn stop(&mut self) -> Result<String, VmError>;
    /// Virtual time, for machines whose clock goes on at the destination; called after [`stop`](Self::stop).
    fn timer(&mut self) -> Option<TimerState> {
        None
    }
    /// State of every device, in the order in which they are to be loaded; called after [`stop`](Self::stop).
    ///
    /// # Errors
    /// When a device cannot be saved; the migration then fails.
    fn save_devices(&mut self) -> Result<Vec<DeviceSection>, VmError>;
    /// Whether the machine can go on in the run state that the stream tells, under which name [`stop`](Self::stop) gave it at the source.
    ///
    /// # Errors
    /// When it cannot, or when it does not know that state; the migration then fails.
    fn accept_run_state(&mut self, _run_state: &str) -> Result<(), VmError> {
        Ok(())
    }
    /// Loads one device, consuming exactly its payload. `Ok(false)` when the machine has no such device.
    ///
    /// # Errors
    /// When the state cannot be loaded; the migration then fails.
    fn load_device(&mut self, section: &SectionHeader, source: &mut dyn Source) -> Result<bool, VmError>;
}

/// A device's saved state.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviceSection {
    /// Name of the section, such as `serial` or a path with the bus in front.
    pub name: String,
    /// Which one of several devices of that name.
    pub instance: u32,
    /// Version of the format.
    pub version: u32,
    /// The state itself.
    pub payload: Vec<u8>,
    /// What it consists of, from [`vmstate::describe`].
    pub description: serde_json::Value,
}

impl DeviceSection {
    /// The section of a saved state.
    ///
    /// # Errors
    /// What the state refuses to save.
    pub fn of(name: &str, instance: u32, state: &mut dyn VmState) -> Result<Self, VmStateError> {
        Ok(Self {
            name: name.to_owned(),
            instance,
            version: state.version(),
            payload: vmstate::save(state)?,
            description: vmstate::describe(state)?,
        })
    }
}

/// Virtual time: QEMU's `timer` section.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TimerState {
    /// Cycles of the guest's counter minus the host's.
    pub cpu_ticks_offset: i64,
    /// Nanoseconds of the guest's clock minus the host's.
    pub cpu_clock_offset: i64,
}

impl VmState for TimerState {
    fn name(&self) -> &'static str {
        "timer"
    }

    fn version(&self) -> u32 {
        2
    }

    fn fields(&mut self, v: &mut dyn Fields) -> vmstate::Result {
        v.i64("cpu_ticks_offset", &mut self.cpu_ticks_offset)?;
        v.unused(8)?;
        v.i64("cpu_clock_offset", &mut self.cpu_clock_offset)
    }
}

/// The run state that the destination goes on with: QEMU's `globalstate` section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GlobalState {
    /// Length of the text with its final NUL.
    size: u32,
    /// The text, padded with NULs.
    text: [u8; 100],
}

impl GlobalState {
    pub(crate) fn new(run_state: &str) -> Result<Self, VmStateError> {
        let mut text = [0; 100];
        match text.get_mut(..run_state.len()) {
            // The last byte must stay NUL.
            Some(start) if run_state.len() < 100 => start.copy_from_slice(run_state.as_bytes()),
            _ => {
                return Err(VmStateError::invalid("globalstate", "runstate", format!("'{run_state}' is too long")));
            }
        }
        Ok(Self { size: run_state.len() as u32 + 1, text })
    }

    pub(crate) fn empty() -> Self {
        Self { size: 0, text: [0; 100] }
    }

    /// The run state's name.
    pub(crate) fn run_state(&self) -> Result<String, VmStateError> {
        let invalid = || VmStateError::invalid("globalstate", "runstate", format!("not a name: {:02x?}", self.text));
        let end = self.text.iter().position(|byte| *byte == 0).ok_or_else(invalid)?;
        std::str::from_utf8(&self.text[..end]).map(str::to_owned).map_err(|_| invalid())
    }
}

impl VmState for GlobalState {
    fn name(&self) -> &'static str {
        "globalstate"
    }

    fn version(&self) -> u32 {
        1
    }

    fn fields(&mut self, v: &mut dyn Fields) -> vmstate::Result {
        v.u32("size", &mut self.size)?;
        v.bytes("runstate", &mut self.text)
    }
}
