//! Waiting for the source to connect.

use std::{
    fs::{self, File},
    io,
    net::TcpListener,
    os::{fd::OwnedFd, unix::fs::FileTypeExt, unix::net::UnixListener},
    path::{Path, PathBuf},
};

use super::{
    Address, Channel,
    channel::{at, resolve, unix_address},
};
use crate::{MigrationError, MigrationState};

/// A place where one source can connect.
#[derive(Debug)]
pub struct Listener {
    kind: Kind,
    /// Nothing for what somebody else has opened.
    address: Option<Address>,
}

#[derive(Debug)]
enum Kind {
    Unix(UnixListener, SocketFile),
    Tcp(TcpListener),
    File(File),
    Opened(OwnedFd),
}

impl Listener {
    /// Starts listening, or opens the file to read. May wait for the resolver of names, or for the writer of a named pipe.
    ///
    /// # Errors
    /// [`MigrationError::Connect`] or [`MigrationError::Resolve`] with the system's reason.
    pub fn bind(address: &Address) -> Result<Self, MigrationError> {
        let failed = |action: String| move |source| MigrationError::Connect { action, source };
        let kind = match address {
            Address::Unix(path) => {
                unix_address(path)?;
                let bound = bind_unix(path).map(|(socket, file)| Kind::Unix(socket, file));
                bound.map_err(failed(format!("bind socket to {}", path.display())))?
            }
            Address::Tcp { host, port } => Kind::Tcp(bind_tcp(host, *port)?),
            Address::File { path, .. } => {
                File::open(path).map(Kind::File).map_err(failed(format!("open '{}'", path.display())))?
            }
        };
        let address = match &kind {
            Kind::Tcp(socket) => socket.local_addr().map_or_else(
                |_| address.clone(),
                |local| Address::Tcp { host: local.ip().to_string(), port: local.port() },
            ),
            _ => address.clone(),
        };
        Ok(Self { kind, address: Some(address) })
    }

    /// The connection, file or pipe that somebody else has opened, as a place where the source is already.
    pub fn opened(fd: OwnedFd) -> Self {
        Self { kind: Kind::Opened(fd), address: None }
    }

    /// Where it really listens: the port, when any was asked for. Nothing for what was [`opened`](Self::opened) elsewhere.
    pub fn address(&self) -> Option<&Address> {
        self.address.as_ref()
    }

    /// Waits for the source; nobody else can connect afterwards. Cancelling `state` ends the wait, and later wakes the threads that wait on the connection.
    ///
    /// # Errors
    /// [`MigrationError::Cancelled`], or [`MigrationError::Connect`] with the system's reason.
    pub fn accept(self, state: &MigrationState) -> Result<Channel, MigrationError> {
        state.wake_by(self.wake())?;
        let place = self.address.as_ref().map(Address::place).unwrap_or_default();
        let accepted = match self.kind {
            Kind::Unix(socket, _file) => socket.accept().map(|(peer, _)| Channel::Unix(peer)),
            Kind::Tcp(socket) => socket.accept().map(|(peer, _)| Channel::Tcp(peer)),
            Kind::File(file) => match &self.address {
                Some(Address::File { offset, .. }) => at(file, *offset),
                _ => at(file, 0),
            },
            Kind::Opened(fd) => return Channel::opened(fd, state),
        };
        state.check()?;
        let failed = |source| MigrationError::Connect { action: format!("accept on '{place}'"), source };
        accepted.map_err(failed)?.woken_by(state)
    }

    fn wake(&self) -> Option<OwnedFd> {
        match &self.kind {
            Kind::Unix(socket, _) => socket.try_clone().ok().map(OwnedFd::from),
            Kind::Tcp(socket) => socket.try_clone().ok().map(OwnedFd::from),
            Kind::File(_) | Kind::Opened(_) => None,
        }
    }
}

/// Removes the socket's file when nobody listens any more.
#[derive(Debug)]
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::debug!(%error, path = %self.0.display(), "cannot remove the socket of a migration");
        }
    }
}

/// Takes the place of a socket that an earlier process left behind, but of nothing else.
fn bind_unix(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
    if fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
        fs::remove_file(path)?;
    }
    UnixListener::bind(path).map(|socket| (socket, SocketFile(path.to_owned())))
}

fn bind_tcp(host: &str, port: u16) -> Result<TcpListener, MigrationError> {
    let bound = match host {
        // All interfaces, of both protocols where the host has both.
        "" => TcpListener::bind(("::", port)).or_else(|_| TcpListener::bind(("0.0.0.0", port))),
        "0" => TcpListener::bind(("0.0.0.0", port)),
        _ => TcpListener::bind(resolve(host, port)?.as_slice()),
    };
    bound.map_err(|source| {
        let taken = source.kind() == io::ErrorKind::AddrInUse;
        let action = if taken { "find an available port" } else { "bind socket" };
        MigrationError::Connect { action: action.to_owned(), source }
    })
}
