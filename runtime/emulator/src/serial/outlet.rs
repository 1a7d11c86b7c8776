//! Output to a descriptor that may make a writer wait: a terminal, a pipe.
//!
//! The processor's thread only puts bytes into a queue; a thread of its own writes them. When the queue is full the bytes
//! stay in the serial port, where the guest sees a transmitter that is busy, and nothing is lost however slow the reader is.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use machine::SerialPort;
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;

/// Bytes that may wait.
const CAPACITY: usize = 64 << 10;
/// Bytes given to the descriptor at once: all that a pipe takes as one.
const PIECE: usize = 4096;
/// What a reader is given at the end to take what waits.
const GRACE: Duration = Duration::from_millis(500);

#[derive(Default)]
struct Queue {
    bytes: VecDeque<u8>,
    /// Bytes that are being written.
    writing: bool,
    /// Somebody has bytes for which there was no room.
    refused: bool,
    /// The descriptor takes no more bytes, ever.
    broken: bool,
}

/// The end at which bytes come in. Clones are the same end.
#[derive(Clone, Default)]
pub(crate) struct Outlet {
    inner: Arc<(Mutex<Queue>, Condvar)>,
}

/// Waits, when dropped, until the reader has taken what waits; not for long.
pub(crate) struct Drain(Outlet);

impl Outlet {
    /// Takes as many bytes as there is room for.
    pub(super) fn put(&self, bytes: &[u8]) -> usize {
        let mut queue = self.lock();
        if queue.broken {
            return bytes.len();
        }
        let taken = bytes.len().min(CAPACITY - queue.bytes.len().min(CAPACITY));
        queue.bytes.extend(bytes.iter().take(taken));
        queue.refused |= taken < bytes.len();
        self.inner.1.notify_all();
        taken
    }

    /// Starts the thread that writes to `target`.
    pub(super) fn serve(self, target: OwnedFd, port: SerialPort) -> Result<(), String> {
        thread::Builder::new()
            .name("serial-output".into())
            .spawn(move || {
                loop {
                    let (piece, refused) = self.next();
                    if refused {
                        port.flush();
                    }
                    let written = write_all(&target, &piece);
                    self.written(written.is_err());
                }
            })
            .map(drop)
            .map_err(|error| format!("cannot start the thread that writes serial output: {error}"))
    }

    /// What to keep so that nothing is lost at the end.
    pub(super) fn drain(&self) -> Drain {
        Drain(self.clone())
    }

    /// Waits for bytes; also says whether somebody waits for the room that they leave.
    fn next(&self) -> (Vec<u8>, bool) {
        let waited = self.inner.1.wait_while(self.lock(), |queue| queue.bytes.is_empty());
        let mut queue = waited.unwrap_or_else(PoisonError::into_inner);
        let length = queue.bytes.len().min(PIECE);
        queue.writing = true;
        (queue.bytes.drain(..length).collect(), std::mem::take(&mut queue.refused))
    }

    fn written(&self, broken: bool) {
        let mut queue = self.lock();
        queue.writing = false;
        if broken {
            // Output that cannot be written is lost: a guest does not stop because its reader has gone.
            queue.broken = true;
            queue.bytes.clear();
        }
        self.inner.1.notify_all();
    }

    /// The queue is whole at every point where a holder can panic.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.inner.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        let Self(outlet) = self;
        let more = |queue: &mut Queue| queue.writing || !queue.bytes.is_empty();
        drop(outlet.inner.1.wait_timeout_while(outlet.lock(), GRACE, more));
    }
}

/// Writes all bytes, also to a descriptor that does not wait by itself.
fn write_all(target: &OwnedFd, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match rustix::io::write(target, bytes) {
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                let ready = rustix::event::poll(&mut [PollFd::new(target, PollFlags::OUT)], None);
                if let Err(error) = ready
                    && error != Errno::INTR
                {
                    return Err(error);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use machine::{Accelerator, Machine, MachineConfig, MachineKind, SerialSink};
    use memory::RamBlock;

    use super::*;

    struct Sink(Outlet);

    impl SerialSink for Sink {
        fn write(&mut self, bytes: &[u8]) -> usize {
            self.0.put(bytes)
        }
    }

    #[test]
    fn a_guest_is_held_back_by_its_reader_and_loses_nothing() {
        const DATA: u16 = 0x3f8;
        const STATUS: u16 = DATA + 5;
        const READY: u8 = 0x20;
        let outlet = Outlet::default();
        let ram = RamBlock::anonymous("microvm.ram", 16 << 20).unwrap();
        let mut config = MachineConfig::new(MachineKind::Microvm, Accelerator::Qtest, ram);
        config.serial = Some(Box::new(Sink(outlet.clone())));
        let mut machine = Machine::new(config).unwrap();
        let (mut reader, writer) = std::io::pipe().unwrap();
        outlet.clone().serve(writer.into(), machine.serial().unwrap().clone()).unwrap();
        machine.resume().unwrap();

        let ready = || {
            let mut status = [0];
            machine.port_read(STATUS, &mut status);
            status[0] & READY != 0
        };
        let mut sent = Vec::new();
        // The queue, the pipe and what the port holds; the writer needs a moment to move bytes from one to the other.
        let mut idle = 0;
        while idle < 50 {
            if ready() {
                let byte = (sent.len() % 251) as u8;
                machine.port_write(DATA, &[byte]);
                sent.push(byte);
                idle = 0;
                assert!(sent.len() < 1 << 20, "nobody holds the guest back");
            } else {
                idle += 1;
                thread::sleep(Duration::from_millis(2));
            }
        }
        assert!(sent.len() > CAPACITY);
        let mut received = vec![0; sent.len()];
        reader.read_exact(&mut received).unwrap();
        assert!(received == sent, "bytes are lost or out of order");
        assert!(ready());
        drop(reader);
        // Nobody reads any more: the guest goes on, its output is lost.
        for _ in 0..CAPACITY * 3 {
            while !ready() {
                thread::sleep(Duration::from_millis(1));
            }
            machine.port_write(DATA, &[0]);
        }
        drop(outlet.drain());
    }
}
