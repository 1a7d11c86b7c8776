//! A connection, whatever it is made of.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    net::{TcpStream, ToSocketAddrs},
    os::{fd::OwnedFd, unix::net::UnixStream},
    time::Duration,
};

use super::Address;
use crate::{MigrationError, MigrationState};

/// How long one address of a host may take to answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// One open connection. Writes are expected to be large; nothing is buffered here.
#[derive(Debug)]
pub enum Channel {
    /// A stream socket of this host.
    Unix(UnixStream),
    /// A network connection.
    Tcp(TcpStream),
    /// A file, at the stream's place.
    File(File),
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
        }
    }

    /// Whether the peer can answer.
    pub fn is_duplex(&self) -> bool {
        !matches!(self, Self::File(_))
    }

    /// Makes cancelling wake whoever waits on this connection.
    pub(super) fn woken_by(self, state: &MigrationState) -> Result<Self, MigrationError> {
        let wake: Option<OwnedFd> = match self.try_clone() {
            Ok(Self::Unix(socket)) => Some(socket.into()),
            Ok(Self::Tcp(socket)) => Some(socket.into()),
            Ok(Self::File(_)) => None,
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
        }
    }
}

impl Write for Channel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Unix(socket) => socket.write(bytes),
            Self::Tcp(socket) => socket.write(bytes),
            Self::File(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Connects to where an incoming migration waits, or opens the file to write. Cancelling `state` wakes the threads that wait on it.
///
/// # Errors
/// [`MigrationError::Connect`] with the system's reason, or [`MigrationError::Cancelled`].
pub fn connect(address: &Address, state: &MigrationState) -> Result<Channel, MigrationError> {
    let opened = match address {
        Address::Unix(path) => UnixStream::connect(path).map(Channel::Unix),
        Address::Tcp { host, port } => connect_tcp(host, *port).map(Channel::Tcp),
        Address::File { path, offset } => File::create(path).and_then(|file| at(file, *offset)),
    };
    let action = if matches!(address, Address::File { .. }) { "create" } else { "connect to" };
    opened.map_err(|source| MigrationError::Connect { action, address: address.to_string(), source })?.woken_by(state)
}

/// The file as a channel, at its offset.
pub(super) fn at(mut file: File, offset: u64) -> io::Result<Channel> {
    file.seek(SeekFrom::Start(offset))?;
    Ok(Channel::File(file))
}

/// Tries the addresses of a host in turn.
fn connect_tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let host = if host.is_empty() { "localhost" } else { host };
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
            Ok(socket) => {
                // The last write of a stream is small, and somebody waits for it.
                socket.set_nodelay(true)?;
                return Ok(socket);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}
