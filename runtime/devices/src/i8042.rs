//! The keyboard controller, reduced to the line by which a guest resets the machine.

use vmstate::{Source, VmState, VmStateError};

use crate::{Device, Flow, PortDevice};

/// First port of the controller: data; status and command lie four ports above.
pub const FIRST_PORT: u16 = 0x60;
/// Last port of the controller.
pub const LAST_PORT: u16 = 0x64;

/// Offset of the status and command register.
const COMMAND: u16 = 4;
/// Command: pulse output lines. The low four bits name the lines, 0 = pulse; line 0 resets the machine.
const PULSE: u8 = 0xf0;
/// Bit of the reset line in a pulse command.
const RESET_LINE: u8 = 0x01;
/// Status: nothing to read, ready for a command, keyboard not locked.
const STATUS_IDLE: u8 = 0x10;

/// Port 0x64's reset command, with no keyboard behind it.
pub struct I8042 {
    request_reset: Box<dyn Fn() + Send>,
}

impl I8042 {
    /// `request_reset` is called on the vCPU's thread each time the guest pulses the reset line.
    pub fn new(request_reset: impl Fn() + Send + 'static) -> Self {
        Self { request_reset: Box::new(request_reset) }
    }
}

impl Device for I8042 {
    fn name(&self) -> &'static str {
        "i8042"
    }

    fn reset(&mut self) {}

    fn save(&self) -> Option<Box<dyn VmState>> {
        None
    }

    fn load(&mut self, _version: u32, _source: &mut dyn Source) -> vmstate::Result {
        Err(VmStateError::invalid(
            self.name(),
            "section",
            "this controller has no state; the sender's machine differs from ours",
        ))
    }
}

impl PortDevice for I8042 {
    fn read(&mut self, offset: u16) -> u8 {
        if offset == COMMAND { STATUS_IDLE } else { 0 }
    }

    fn write(&mut self, offset: u16, value: u8) -> Flow {
        if offset == COMMAND && value & PULSE == PULSE && value & RESET_LINE == 0 {
            (self.request_reset)();
            return Flow::Park;
        }
        Flow::Continue
    }
}

#[cfg(test)]
mod tests;
