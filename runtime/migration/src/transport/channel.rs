//! A connection, whatever it is made of.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    net::{SocketAddr, TcpStream, ToSocketAddrs},
    os::{
        fd::OwnedFd,
        unix::{fs::OpenOptionsExt, net::UnixStream},
    },
    path::Path,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec},
    fs::OFlags,
    io::Errno,
    net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, addr::SocketAddrArg},
};

use super::Address;
use crate::{MigrationError, MigrationState};

/// How long one address of a host may take to answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest time for which cancelling a connection that nobody answers goes unnoticed.
const NAP: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// One open connection. Writes are expected to be large; nothing is buffered here.
#[derive(Debug)]
pub enum Channel {
    /// A stream socket of this host.
    Unix(UnixStream),
    /// A network connection.
    Tcp(TcpStream),
    /// A file, at the stream's place.
    File(File),
    /// A pipe or device of somebody else.
    Pipe(Pipe),
}

impl Channel {
    /// Another handle of the same connection: for the way back, or for waking a thread that waits on it.
    ///
    /// # Errors
    /// When the process has no descriptors left.
    pub fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Unix(socket) => socket.try_clone().map(Self::Unix),
            Self::Tcp(socket) => socket.try_clone().map(Self::Tcp),
            Self::File(file) => file.try_clone().map(Self::File),
            Self::Pipe(pipe) => pipe.try_clone().map(Self::Pipe),
        }
    }

    /// What somebody else has opened: a connected socket, a file at the stream's place, or a pipe. Cancelling `state` wakes the threads that
    /// wait on it, unless it is a file.
    ///
    /// # Errors
    /// [`MigrationError::Connect`] with the system's reason, or [`MigrationError::Cancelled`].
    pub fn opened(fd: OwnedFd, state: &MigrationState) -> Result<Self, MigrationError> {
        let failed = |source| MigrationError::Connect { action: "use the descriptor".to_owned(), source };
        match rustix::net::sockopt::socket_domain(&fd) {
            Ok(family) => {
                rustix::io::ioctl_fionbio(&fd, false).map_err(|error| failed(error.into()))?;
                let channel = if family == AddressFamily::UNIX { Self::Unix(fd.into()) } else { Self::Tcp(fd.into()) };
                channel.woken_by(state)
            }
            Err(_) => {
                let file = File::from(fd);
                if file.metadata().map_err(failed)?.is_file() {
                    return Self::File(file).woken_by(state);
                }
                let (wake, woken) = UnixStream::pair().map_err(failed)?;
                state.wake_by(Some(wake.into()))?;
                Ok(Self::Pipe(Pipe { file, woken }))
            }
        }
    }

    /// Whether the peer can answer.
    pub fn is_duplex(&self) -> bool {
        matches!(self, Self::Unix(_) | Self::Tcp(_))
    }

    /// Makes cancelling wake whoever waits on this connection.
    pub(super) fn woken_by(self, state: &MigrationState) -> Result<Self, MigrationError> {
        let wake: Option<OwnedFd> = match self.try_clone() {
            Ok(Self::Unix(socket)) => Some(socket.into()),
            Ok(Self::Tcp(socket)) => Some(socket.into()),
            Ok(Self::File(_) | Self::Pipe(_)) => None,
            Err(source) => {
                return Err(MigrationError::Read { position: 0, source });
            }
        };
        state.wake_by(wake)?;
        Ok(self)
    }
}

impl Read for Channel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Unix(socket) => socket.read(buffer),
            Self::Tcp(socket) => socket.read(buffer),
            Self::File(file) => file.read(buffer),
            Self::Pipe(pipe) => pipe.when(PollFlags::IN, |mut file| file.read(buffer)),
        }
    }
}

impl Write for Channel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Unix(socket) => socket.write(bytes),
            Self::Tcp(socket) => socket.write(bytes),
            Self::File(file) => file.write(bytes),
            // No more than a pipe takes at once when it takes anything (POSIX `PIPE_BUF`).
            Self::Pipe(pipe) => pipe.when(PollFlags::OUT, |mut file| file.write(bytes.get(..4096).unwrap_or(bytes))),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A pipe, left in the mode it is in, since others may have it too: it is read and written when it is ready for that.
#[derive(Debug)]
pub struct Pipe {
    file: File,
    /// Readable when the wait is to end.
    woken: UnixStream,
}

impl Pipe {
    fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { file: self.file.try_clone()?, woken: self.woken.try_clone()? })
    }

    fn when(&mut self, ready: PollFlags, mut act: impl FnMut(&File) -> io::Result<usize>) -> io::Result<usize> {
        loop {
            let mut events = [PollFd::new(&self.file, ready), PollFd::new(&self.woken, PollFlags::IN)];
            match rustix::event::poll(&mut events, None) {
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let [file, woken] = events.map(|event| !event.revents().is_empty());
            if woken {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            if file {
                match act(&self.file) {
                    // Somebody else was quicker, or the pipe is in the other mode.
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    done => return done,
                }
            }
        }
    }
}

/// Connects to where an incoming migration waits, or opens the file to write. Cancelling `state` ends the wait for an answer, and later
/// wakes the threads that wait on the connection. Only the resolver of names cannot be interrupted.
///
/// # Errors
/// [`MigrationError::Connect`] or [`MigrationError::Resolve`] with the system's reason, or [`MigrationError::Cancelled`].
pub fn connect(address: &Address, state: &MigrationState) -> Result<Channel, MigrationError> {
    let opened = match address {
        Address::Unix(path) => {
            dial(&AddressFamily::UNIX, &unix_address(path)?, state).map(|fd| Channel::Unix(fd.into()))
        }
        Address::Tcp { host, port } => connect_tcp(host, &resolve(host, *port)?, state).map(Channel::Tcp),
        Address::File { path, offset } => create(path).and_then(|file| at(file, *offset)),
    };
    state.check()?;
    let action = if matches!(address, Address::File { .. }) { "create" } else { "connect to" };
    let failed = |source| MigrationError::Connect { action: format!("{action} '{}'", address.place()), source };
    opened.map_err(failed)?.woken_by(state)
}

/// A new or emptied file. A named pipe, which has no place to begin at, is refused rather than waited for.
fn create(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    OpenOptions::new().write(true).create(true).truncate(true).custom_flags(flags).open(path)
}

/// The file as a channel, at its offset.
pub(super) fn at(mut file: File, offset: u64) -> io::Result<Channel> {
    file.seek(SeekFrom::Start(offset))?;
    Ok(Channel::File(file))
}

/// The addresses of a host; an empty name stands for this one.
pub(super) fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, MigrationError> {
    let host = if host.is_empty() { "localhost" } else { host };
    let failed = |error: io::Error| {
        let said = error.to_string();
        let reason = said.strip_prefix("failed to lookup address information: ").unwrap_or(&said).to_owned();
        MigrationError::Resolve { address: format!("{host}:{port}"), reason }
    };
    (host, port).to_socket_addrs().map(Iterator::collect).map_err(failed)
}

/// A path as a socket's address, which has room for some hundred bytes.
pub(super) fn unix_address(path: &Path) -> Result<SocketAddrUnix, MigrationError> {
    let failed = |_| MigrationError::Address(format!("UNIX socket path '{}' is too long", path.display()));
    SocketAddrUnix::new(path).map_err(failed)
}

/// Tries the addresses of a host in turn.
fn connect_tcp(host: &str, addresses: &[SocketAddr], state: &MigrationState) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, format!("host '{host}' has no address"));
    for address in addresses {
        let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        match dial(&family, address, state) {
            Ok(socket) => {
                let socket = TcpStream::from(socket);
                // The last write of a stream is small, and somebody waits for it.
                socket.set_nodelay(true)?;
                return Ok(socket);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// A connected socket. Once `state` is cancelled it fails, in whatever way, after a [`NAP`] at most.
fn dial(family: &AddressFamily, address: &impl SocketAddrArg, state: &MigrationState) -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(*family, SocketType::STREAM, flags, None)?;
    let deadline = Instant::now() + CONNECT_TIMEOUT;
    loop {
        match rustix::net::connect(&socket, address) {
            Ok(()) | Err(Errno::ISCONN) => break,
            // Under way: asked again when it is decided.
            Err(Errno::INPROGRESS | Errno::ALREADY) => {
                rustix::event::poll(&mut [PollFd::new(&socket, PollFlags::OUT)], Some(&NAP))?;
            }
            // A local listener has no room for another client at the moment.
            Err(Errno::AGAIN) => std::thread::sleep(Duration::from_millis(20)),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        if Instant::now() > deadline || state.check().is_err() {
            return Err(Errno::TIMEDOUT.into());
        }
    }
    rustix::io::ioctl_fionbio(&socket, false)?;
    Ok(socket)
}
