//! Board section: the first serial port.

use std::sync::{Arc, Mutex, PoisonError};

use devices::serial::{PORTS, Serial};
use devices::{IrqLine, PortBus};

use crate::{Result, SerialSink};

/// First port of COM1.
const COM1: u16 = 0x3f8;
/// Section name.
pub(crate) const NAME: &str = "serial";
/// COM1's interrupt line.
pub(crate) const IRQ: u32 = 4;

/// The far end's handle to a serial port; clones are handles to the same port.
#[derive(Clone)]
pub struct SerialPort(Arc<Mutex<Serial>>);

impl SerialPort {
    /// Makes the port and puts it on the bus.
    pub(crate) fn new(bus: &mut PortBus, irq: Box<dyn IrqLine>, sink: Box<dyn SerialSink>) -> Result<Self> {
        let device = Arc::new(Mutex::new(Serial::new(irq, sink)));
        bus.insert(COM1..=COM1 + (PORTS - 1), device.clone())?;
        Ok(Self(device))
    }

    pub(crate) fn with<T>(&self, action: impl FnOnce(&mut Serial) -> T) -> T {
        action(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Input for the guest: takes as many bytes as the port has room for and says how many. After less than all of them,
    /// [`SerialSink::room`] tells when to offer the rest.
    pub fn receive(&self, bytes: &[u8]) -> usize {
        self.with(|port| port.receive(bytes))
    }

    /// Offers the sink again what it did not take; for when it can take bytes again.
    pub fn flush(&self) {
        self.with(Serial::flush);
    }
}
