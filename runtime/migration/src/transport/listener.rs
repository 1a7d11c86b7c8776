//! Waiting for the source to connect.

use std::{
    fs::{self, File},
    io,
    net::TcpListener,
    os::{fd::OwnedFd, unix::fs::FileTypeExt, unix::net::UnixListener},
    path::{Path, PathBuf},
};

use super::{Address, Channel, channel::at};
use crate::{MigrationError, MigrationState};

/// A place where one source can connect.
#[derive(Debug)]
pub struct Listener {
    kind: Kind,
    address: Address,
}

#[derive(Debug)]
enum Kind {
    Unix(UnixListener, SocketFile),
    Tcp(TcpListener),
    File(File),
}

impl Listener {
    /// Starts listening, or opens the file to read.
    ///
    /// # Errors
    /// [`MigrationError::Connect`] with the system's reason.
    pub fn bind(address: &Address) -> Result<Self, MigrationError> {
        let bound = match address {
            Address::Unix(path) => bind_unix(path).map(|(socket, file)| Kind::Unix(socket, file)),
            Address::Tcp { host, port } => bind_tcp(host, *port).map(Kind::Tcp),
            Address::File { path, .. } => File::open(path).map(Kind::File),
        };
        let action = if matches!(address, Address::File { .. }) { "open" } else { "listen on" };
        let kind = bound.map_err(|source| MigrationError::Connect { action, address: address.to_string(), source })?;
        let address = match &kind {
            Kind::Tcp(socket) => socket.local_addr().map_or_else(
                |_| address.clone(),
                |local| Address::Tcp { host: local.ip().to_string(), port: local.port() },
            ),
            _ => address.clone(),
        };
        Ok(Self { kind, address })
    }

    /// Where it really listens: the port, when any was asked for.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Waits for the source; nobody else can connect afterwards. Cancelling `state` ends the wait, and later wakes the threads that wait on the connection.
    ///
    /// # Errors
    /// [`MigrationError::Cancelled`], or [`MigrationError::Connect`] with the system's reason.
    pub fn accept(self, state: &MigrationState) -> Result<Channel, MigrationError> {
        state.wake_by(self.wake())?;
        let accepted = match self.kind {
            Kind::Unix(socket, _file) => socket.accept().map(|(peer, _)| Channel::Unix(peer)),
            Kind::Tcp(socket) => socket.accept().map(|(peer, _)| Channel::Tcp(peer)),
            Kind::File(file) => match &self.address {
                Address::File { offset, .. } => at(file, *offset),
                _ => at(file, 0),
            },
        };
        state.check()?;
        let failed =
            |source| MigrationError::Connect { action: "accept on", address: self.address.to_string(), source };
        accepted.map_err(failed)?.woken_by(state)
    }

    fn wake(&self) -> Option<OwnedFd> {
        match &self.kind {
            Kind::Unix(socket, _) => socket.try_clone().ok().map(OwnedFd::from),
            Kind::Tcp(socket) => socket.try_clone().ok().map(OwnedFd::from),
            Kind::File(_) => None,
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

fn bind_tcp(host: &str, port: u16) -> io::Result<TcpListener> {
    match host {
        // All interfaces, of both protocols where the host has both.
        "" => TcpListener::bind(("::", port)).or_else(|_| TcpListener::bind(("0.0.0.0", port))),
        "0" => TcpListener::bind(("0.0.0.0", port)),
        _ => TcpListener::bind((host, port)),
    }
}
