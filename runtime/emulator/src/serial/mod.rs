//! The far end of the guest's serial port: a character device of the command line.
//!
//! The processor's thread never waits for whoever reads its output: a client that does not read
//! loses what does not fit into its socket, a terminal or pipe holds the guest back by way of its
//! transmitter. Input is read by a thread of its own.

mod input;
mod outlet;
mod socket;
mod terminal;

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};

use machine::{SerialPort, SerialSink};
use qapi_runtime::fds::{FdSets, Lease, Open, Opened};

use crate::config::{Backend, Chardev};
use crate::errno::plain;

pub(crate) use input::Room;
pub(crate) use socket::Clients;
pub(crate) use terminal::Terminal;

use outlet::{Drain, Outlet};
use socket::{Door, SocketFile};

/// An opened character device, not yet joined to a machine.
pub(crate) struct Serial {
    /// What the serial port writes to.
    pub(crate) sink: Box<dyn SerialSink>,
    /// Where its input comes from.
    pub(crate) source: Source,
    /// To be kept until the machine has gone.
    pub(crate) kept: Kept,
    /// The clients of a socket, for telling whether there is one.
    pub(crate) clients: Option<Clients>,
}

/// What ends only after the machine.
#[derive(Default)]
pub(crate) struct Kept {
    _lease: Option<Lease>,
    _file: Option<SocketFile>,
    _drain: Option<Drain>,
}

/// Where the serial port's input comes from.
pub(crate) enum Source {
    /// Nowhere.
    None,
    /// Standard input, with standard output as a writer of its own.
    Stdin(Room, Writer),
    /// Nowhere, but output has a writer of its own.
    Output(Writer),
    /// The clients of a socket.
    Socket(Door, Clients, Room),
}

/// What a writer's thread is made of.
pub(crate) struct Writer {
    outlet: Outlet,
    target: OwnedFd,
}

impl Writer {
    fn new(target: OwnedFd) -> Self {
        Self { outlet: Outlet::default(), target }
    }
}

impl Serial {
    /// Opens `device`; a serial port without device drops its output. Files may be in `fd_sets`.
    pub(crate) fn open(device: Option<&Chardev>, fd_sets: &FdSets) -> Result<Self, String> {
        let Some(device) = device else {
            return Ok(Self::silent(Output::Nothing));
        };
        match &device.backend {
            Backend::Null => Ok(Self::silent(Output::Nothing)),
            Backend::Stdio => {
                let target = io::stdout().as_fd().try_clone_to_owned();
                let target = target.map_err(|error| format!("{}: {}", device.option, plain(&error)))?;
                let (room, writer) = (Room::default(), Writer::new(target));
                let sink = Box::new(WithRoom(Output::Outlet(writer.outlet.clone()), room.clone()));
                let kept = Kept { _drain: Some(writer.outlet.drain()), ..Kept::default() };
                Ok(Self { sink, source: Source::Stdin(room, writer), kept, clients: None })
            }
            Backend::File { path, append } => {
                let how = Open { write: true, create: true, append: *append, truncate: !append, ..Open::default() };
                let opened = fd_sets.open(path, how).map_err(|error| {
                    let (option, path) = (&device.option, path.display());
                    format!("{option}: Could not open '{path}': {}", plain(&error))
                })?;
                let Opened { file, lease } = opened;
                let kept = Kept { _lease: lease, ..Kept::default() };
                // A terminal or a pipe makes writers wait.
                if file.metadata().is_ok_and(|data| data.is_file()) {
                    return Ok(Self { kept, ..Self::silent(Output::File(file)) });
                }
                let writer = Writer::new(file.into());
                let kept = Kept { _drain: Some(writer.outlet.drain()), ..kept };
                let sink = Box::new(Output::Outlet(writer.outlet.clone()));
                Ok(Self { sink, source: Source::Output(writer), kept, clients: None })
            }
            Backend::Socket(socket) => {
                let room = Room::default();
                let (door, file) = Door::open(&device.option, socket)?;
                let clients = Clients::of(&door);
                if socket.wait {
                    door.wait(&device.option, &clients)?;
                }
                let sink = Box::new(WithRoom(Output::Socket(clients.clone()), room.clone()));
                let kept = Kept { _file: file, ..Kept::default() };
                let present = Some(clients.clone());
                Ok(Self { sink, source: Source::Socket(door, clients, room), kept, clients: present })
            }
        }
    }

    /// A device that has no input.
    fn silent(output: Output) -> Self {
        Self { sink: Box::new(output), source: Source::None, kept: Kept::default(), clients: None }
    }
}

impl Source {
    /// Starts to feed the guest.
    pub(crate) fn start(self, port: &SerialPort) -> Result<(), String> {
        match self {
            Self::None => Ok(()),
            Self::Stdin(room, Writer { outlet, target }) => {
                outlet.serve(target, port.clone())?;
                input::spawn(io::stdin(), port.clone(), room)
            }
            Self::Output(Writer { outlet, target }) => outlet.serve(target, port.clone()),
            Self::Socket(door, clients, room) => clients.serve(door, port.clone(), room),
        }
    }
}

/// Where output goes.
enum Output {
    Nothing,
    Outlet(Outlet),
    File(File),
    Socket(Clients),
}

impl Output {
    /// Says how many bytes were taken. Output that cannot be written is lost: a guest does not stop because a disk is full.
    fn put(&mut self, bytes: &[u8]) -> usize {
        match self {
            Self::Nothing => {}
            Self::Outlet(outlet) => return outlet.put(bytes),
            Self::File(file) => {
                let _ = file.write_all(bytes);
            }
            Self::Socket(clients) => clients.put(bytes),
        }
        bytes.len()
    }
}

impl SerialSink for Output {
    fn write(&mut self, bytes: &[u8]) -> usize {
        self.put(bytes)
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

/// Reads from `source` until it ends, and gives what it reads to the serial port. What the guest does not read is dropped when
/// `abandoned` says so.
fn feed(mut source: impl Read, port: &SerialPort, room: &Room, abandoned: impl Fn() -> bool) {
    let mut buffer = [0; 256];
    loop {
        match source.read(&mut buffer) {
            Ok(0) => return,
            Ok(length) => {
                let bytes = buffer.get(..length).unwrap_or_default();
                if !input::deliver(bytes, port, room, &abandoned) {
                    return;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
