//! The port bus: which device answers which I/O port.

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Device;

/// What the vCPU that made an access does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Goes on with its next instruction.
    Continue,
    /// Stops after this instruction until the machine's owner has dealt with what the access asked for (a reset, a power-off).
    Park,
}

/// A device with byte registers in I/O port space.
pub trait PortDevice: Device {
    /// Reads the register at `offset` from the device's first port.
    fn read(&mut self, offset: u16) -> u8;
    /// Writes the register at `offset` from the device's first port.
    fn write(&mut self, offset: u16, value: u8) -> Flow;
}

/// A range of ports that cannot be given to a device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("ports {first:#x}-{last:#x} for '{device}' overlap those of '{other}'; give it other ports")]
pub struct BusError {
    /// First port asked for.
    pub first: u16,
    /// Last port asked for.
    pub last: u16,
    /// Device that asked.
    pub device: &'static str,
    /// Device that has them.
    pub other: &'static str,
}

struct Entry {
    ports: RangeInclusive<u16>,
    name: &'static str,
    device: Arc<Mutex<dyn PortDevice>>,
}

/// The devices in port space, ordered by port. Filled while the machine is built, then only read.
#[derive(Default)]
pub struct PortBus {
    entries: Vec<Entry>,
}

impl PortBus {
    /// A bus where no port answers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives `ports` to `device`.
    ///
    /// # Errors
    /// One of the ports is taken.
    pub fn insert(&mut self, ports: RangeInclusive<u16>, device: Arc<Mutex<dyn PortDevice>>) -> Result<(), BusError> {
        let name = lock(&device).name();
        let place = self.entries.partition_point(|e| e.ports.end() < ports.start());
        if let Some(next) = self.entries.get(place)
            && next.ports.start() <= ports.end()
        {
            let (first, last) = ports.into_inner();
            return Err(BusError { first, last, device: name, other: next.name });
        }
        self.entries.insert(place, Entry { ports, name, device });
        Ok(())
    }

    /// Reads `data.len()` consecutive ports; a port without a device reads as all ones.
    pub fn read(&self, port: u16, data: &mut [u8]) {
        for (index, byte) in (0u16..).zip(data) {
            let port = port.wrapping_add(index);
            *byte = self.find(port).map_or(0xff, |e| lock(&e.device).read(port - e.ports.start()));
        }
    }

    /// Writes `data.len()` consecutive ports; a port without a device ignores it.
    pub fn write(&self, port: u16, data: &[u8]) -> Flow {
        let mut flow = Flow::Continue;
        for (index, byte) in (0u16..).zip(data) {
            let port = port.wrapping_add(index);
            if let Some(e) = self.find(port)
                && lock(&e.device).write(port - e.ports.start(), *byte) == Flow::Park
            {
                flow = Flow::Park;
            }
        }
        flow
    }

    fn find(&self, port: u16) -> Option<&Entry> {
        let place = self.entries.partition_point(|e| *e.ports.end() < port);
        self.entries.get(place).filter(|e| e.ports.contains(&port))
    }
}

/// Locks a device; one whose holder panicked is used as it is, since its registers are plain values.
fn lock<D: ?Sized>(device: &Mutex<D>) -> MutexGuard<'_, D> {
    device.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
