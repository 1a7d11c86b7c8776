//! The serial port: a 16550A.
//!
//! [`registers`] is the register file, [`state`] what travels in a migration stream; this file joins them to an interrupt line and a
//! byte sink.

pub mod registers;
pub mod state;

use vmstate::{Source, VmState, VmStateError};

use crate::{Device, Flow, IrqLine, PortDevice};
use registers::Registers;
use state::SerialSection;

/// Ports of one serial port.
pub const PORTS: u16 = 8;

/// The far end of a serial port's wires, as the device sees it. Called with the device locked; must not block.
pub trait Sink: Send {
    /// Takes bytes that the guest sent, in order, and says how many it took. What was not taken stays in the transmitter, and is
    /// offered again with the guest's next byte and at [`Serial::flush`].
    fn write(&mut self, bytes: &[u8]) -> usize;

    /// The guest has made room for input after [`Serial::receive`] had taken less than all of it. Called on the vCPU's thread.
    fn room(&mut self) {}
}

/// A serial port: registers, interrupt line, sink.
pub struct Serial {
    registers: Registers,
    irq: Box<dyn IrqLine>,
    /// Level the line was last driven to.
    level: bool,
    sink: Box<dyn Sink>,
    /// Input was refused and the far end has not been told of room since.
    starved: bool,
    /// Whether bytes move. While the machine stands still they do not: what was saved must stay what it was.
    running: bool,
}

impl Serial {
    /// A port in its reset state.
    pub fn new(irq: Box<dyn IrqLine>, sink: Box<dyn Sink>) -> Self {
        Self { registers: Registers::default(), irq, level: false, sink, starved: false, running: false }
    }

    /// Input from the far end: as much of it as the receiver has room for, none while the machine stands still. Says how many bytes
    /// were taken; after less than all of them, [`Sink::room`] tells when to try again.
    pub fn receive(&mut self, bytes: &[u8]) -> usize {
        let taken = if self.running { self.registers.receive(bytes) } else { 0 };
        self.starved |= taken < bytes.len();
        self.drive();
        taken
    }

    /// Offers the sink what it did not take before. For the far end to call when it can take bytes again. Nothing happens while the
    /// machine stands still.
    pub fn flush(&mut self) {
        if self.running {
            self.pump();
            self.drive();
        }
    }

    /// Bytes move from now on.
    fn run(&mut self) {
        self.running = true;
        self.flush();
        self.tell_room();
    }

    /// Tells a far end that was refused before that there is room.
    fn tell_room(&mut self) {
        if self.starved && self.registers.room() > 0 {
            self.starved = false;
            self.sink.room();
        }
    }

    /// Moves bytes from the transmitter to the sink until one of them is done.
    fn pump(&mut self) {
        loop {
            let bytes = self.registers.transmitting();
            if bytes.is_empty() {
                return;
            }
            let taken = self.sink.write(bytes).min(bytes.len());
            if taken == 0 {
                return;
            }
            self.registers.transmitted(taken);
        }
    }

    /// Brings the interrupt line to the level that the registers ask for.
    fn drive(&mut self) {
        let level = self.registers.interrupt();
        if level != self.level {
            self.level = level;
            self.irq.set(level);
        }
    }
}

impl Device for Serial {
    fn name(&self) -> &'static str {
        "serial"
    }

    fn start(&mut self) {
        self.run();
    }

    fn pause(&mut self) {
        self.running = false;
    }

    fn resume(&mut self) {
        self.run();
    }

    fn reset(&mut self) {
        self.registers = Registers::default();
        self.drive();
    }

    fn save(&self) -> Option<Box<dyn VmState>> {
        Some(Box::new(SerialSection { state: self.registers.save() }))
    }

    fn load(&mut self, version: u32, source: &mut dyn Source) -> vmstate::Result {
        let mut section = SerialSection::default();
        vmstate::load(&mut section, version, source)?;
        self.registers = Registers::load(section.state)
            .map_err(|problem| VmStateError::invalid("serial", problem.field, problem.text))?;
        // The line is driven even when the level seems unchanged: the interrupt controller was loaded by itself.
        self.level = self.registers.interrupt();
        self.irq.set(self.level);
        Ok(())
    }
}

impl PortDevice for Serial {
    fn read(&mut self, offset: u16) -> u8 {
        let value = self.registers.read(offset);
        self.tell_room();
        self.drive();
        value
    }

    fn write(&mut self, offset: u16, value: u8) -> Flow {
        self.registers.write(offset, value);
        self.pump();
        self.tell_room();
        self.drive();
        Flow::Continue
    }
}

#[cfg(test)]
mod tests;
