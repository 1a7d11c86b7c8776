//! The far end of the guest's serial port: a character device of the command line.
//!
//! Output goes out on the processor's thread, so it never waits for long: a client that does not
//! read loses what does not fit into its socket. Input is read by a thread of its own.

mod input;
mod socket;
mod terminal;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write as _};

use machine::{SerialPort, SerialSink};

use crate::config::{Backend, Chardev};
use crate::errno::plain;

pub(crate) use input::Room;
pub(crate) use terminal::Terminal;

use socket::{Clients, Door, SocketFile};

/// An opened character device, not yet joined to a machine.
pub(crate) struct Serial {
    /// What the serial port writes to.
    pub(crate) sink: Box<dyn SerialSink>,
    /// Where its input comes from.
    pub(crate) source: Source,
    /// To be kept as long as the machine.
    pub(crate) file: Option<SocketFile>,
}

/// Where the serial port's input comes from.
pub(crate) enum Source {
    /// Nowhere.
    None,
    /// Standard input.
    Stdin(Room),
    /// The clients of a socket.
    Socket(Door, Clients, Room),
}

impl Serial {
    /// Opens `device`; a serial port without device drops its output.
    pub(crate) fn open(device: Option<&Chardev>) -> Result<Self, String> {
        let Some(device) = device else {
            return Ok(Self::silent(Output::Nothing));
        };
        match &device.backend {
            Backend::Null => Ok(Self::silent(Output::Nothing)),
            Backend::Stdio => {
                let room = Room::default();
                let sink = Box::new(WithRoom(Output::Stdout(io::stdout()), room.clone()));
                Ok(Self { sink, source: Source::Stdin(room), file: None })
            }
            Backend::File { path, append } => {
                let mut options = OpenOptions::new();
                let file = options.write(true).create(true).append(*append).truncate(!append).open(path);
                let file = file.map_err(|error| {
                    let (option, path) = (&device.option, path.display());
                    format!("{option}: Could not open '{path}': {}", plain(&error))
                })?;
                Ok(Self::silent(Output::File(file)))
            }
            Backend::Socket(socket) => {
                let (room, clients) = (Room::default(), Clients::default());
                let (door, file) = Door::open(&device.option, socket)?;
                if socket.wait {
                    door.wait(&device.option, &clients)?;
                }
                let sink = Box::new(WithRoom(Output::Socket(clients.clone()), room.clone()));
                Ok(Self { sink, source: Source::Socket(door, clients, room), file })
            }
        }
    }

    /// A device that has no input.
    fn silent(output: Output) -> Self {
        Self { sink: Box::new(output), source: Source::None, file: None }
    }
}

impl Source {
    /// Starts to feed the guest.
    pub(crate) fn start(self, port: &SerialPort) -> Result<(), String> {
        match self {
            Self::None => Ok(()),
            Self::Stdin(room) => input::spawn(io::stdin(), port.clone(), room),
            Self::Socket(door, clients, room) => clients.serve(door, port.clone(), room),
        }
    }
}

/// Where output goes.
enum Output {
    Nothing,
    Stdout(io::Stdout),
    File(File),
    Socket(Clients),
}

impl Output {
    /// Output that cannot be written is lost: a guest does not stop because a disk is full.
    fn put(&mut self, bytes: &[u8]) {
        match self {
            Self::Nothing => {}
            Self::Stdout(stdout) => {
                let _ = stdout.write_all(bytes).and_then(|()| stdout.flush());
            }
            Self::File(file) => {
                let _ = file.write_all(bytes);
            }
            Self::Socket(clients) => clients.put(bytes),
        }
    }
}

impl SerialSink for Output {
    fn write(&mut self, bytes: &[u8]) -> usize {
        self.put(bytes);
        bytes.len()
    }
}

/// Output of a device that has input, too.
struct WithRoom(Output, Room);

impl SerialSink for WithRoom {
    fn write(&mut self, bytes: &[u8]) -> usize {
        self.0.write(bytes)
    }

    fn room(&mut self) {
        self.1.made();
    }
}

/// Reads from `source` until it ends, and gives what it reads to the serial port.
fn feed(mut source: impl Read, port: &SerialPort, room: &Room) {
    let mut buffer = [0; 256];
    loop {
        match source.read(&mut buffer) {
            Ok(0) => return,
            Ok(length) => {
                let bytes = buffer.get(..length).unwrap_or_default();
                input::deliver(bytes, port, room);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
