//! A serial port on a socket: one client at a time, or a peer that we connect to.

use std::fs;
use std::io::{self, Read};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use machine::SerialPort;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use super::Room;
use crate::config::{Address, Socket};
use crate::errno::plain;

/// The client, when there is one, shared by the processor's thread that writes and the one that reads.
#[derive(Clone)]
pub(crate) struct Clients {
    shared: Arc<Shared>,
}

struct Shared {
    /// Taken by the thread that serves.
    door: Mutex<Option<Door>>,
    client: Mutex<Option<Arc<OwnedFd>>>,
    /// A socket file of ours, removed at the end.
    file: Option<PathBuf>,
}

/// Where clients come from.
enum Door {
    Unix(UnixListener),
    Tcp(TcpListener),
    Connected(Arc<OwnedFd>),
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            // Whoever removed it before us wanted the same.
            let _ = std::fs::remove_file(file);
        }
    }
}

impl Clients {
    /// Listens or connects. With `wait`, returns when the first client is there.
    pub(super) fn open(option: &str, socket: &Socket) -> Result<Self, String> {
        let failed = |what: &str, error: &io::Error| {
            let reason = plain(error);
            format!("{option}: Failed to {what}: {reason}")
        };
        let mut file = None;
        let door = match (&socket.address, socket.server) {
            (Address::Unix(path), true) => {
                let bound = bind_unix(path);
                let listener = bound.map_err(|error| failed(&format!("bind socket to {}", path.display()), &error))?;
                file = Some(std::path::absolute(path).unwrap_or_else(|_| path.clone()));
                Door::Unix(listener)
            }
            (Address::Tcp { host, port }, true) => {
                let host = if host.is_empty() { "0.0.0.0" } else { host };
                let bound = TcpListener::bind((host, *port));
                Door::Tcp(bound.map_err(|error| failed(&format!("bind to {host}:{port}"), &error))?)
            }
            (Address::Unix(path), false) => {
                let stream = UnixStream::connect(path);
                let stream = stream.map_err(|error| failed(&format!("connect to '{}'", path.display()), &error))?;
                Door::Connected(Arc::new(stream.into()))
            }
            (Address::Tcp { host, port }, false) => {
                let stream = TcpStream::connect((host.as_str(), *port));
                let stream = stream.map_err(|error| failed(&format!("connect to '{host}:{port}'"), &error))?;
                Door::Connected(Arc::new(stream.into()))
            }
        };
        let clients = Self { shared: Arc::new(Shared { door: Mutex::new(None), client: Mutex::new(None), file }) };
        if socket.wait {
            eprintln!("qapi-emulator: {option}: waiting for a connection");
            let client = door.next().map_err(|error| failed("accept a client", &error))?;
            *clients.client() = client;
        }
        *lock(&clients.shared.door) = Some(door);
        Ok(clients)
    }

    /// Starts the thread that lets clients in and reads from them.
    pub(super) fn serve(self, port: SerialPort, room: Room) -> Result<(), String> {
        let Some(door) = lock(&self.shared.door).take() else {
            return Ok(());
        };
        thread::Builder::new()
            .name("serial-socket".into())
            .spawn(move || {
                loop {
                    let present = self.client().clone();
                    let client = match present {
                        Some(client) => client,
                        // A listener that fails stays silent; the guest runs on.
                        None => match door.next() {
                            Ok(Some(client)) => client,
                            Ok(None) | Err(_) => return,
                        },
                    };
                    *self.client() = Some(Arc::clone(&client));
                    super::feed(Receiver(&client), &port, &room);
                    *self.client() = None;
                    if let Door::Connected(_) = door {
                        return;
                    }
                }
            })
            .map(drop)
            .map_err(|error| format!("cannot start the thread of a serial socket: {error}"))
    }

    /// Sends output to the client, if there is one; what it has no room for is lost.
    pub(super) fn put(&self, bytes: &[u8]) {
        let client = self.client().clone();
        let Some(client) = client else { return };
        let mut rest = bytes;
        while !rest.is_empty() {
            let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
            match rustix::net::send(&client, rest, flags) {
                Ok(sent) => rest = rest.get(sent..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                Err(_) => return,
            }
        }
    }

    fn client(&self) -> MutexGuard<'_, Option<Arc<OwnedFd>>> {
        lock(&self.shared.client)
    }
}

impl Door {
    /// The next client; nothing when no more can come.
    fn next(&self) -> io::Result<Option<Arc<OwnedFd>>> {
        Ok(Some(match self {
            Self::Unix(listener) => Arc::new(listener.accept()?.0.into()),
            Self::Tcp(listener) => Arc::new(listener.accept()?.0.into()),
            Self::Connected(client) => Arc::clone(client),
        }))
    }
}

/// The reading side of a socket.
struct Receiver<'a>(&'a OwnedFd);

impl Read for Receiver<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (length, _) = rustix::net::recv(self.0.as_fd(), buffer, RecvFlags::empty())?;
        Ok(length)
    }
}

/// What is locked is whole at every point where a holder can panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the place of a socket that an earlier process left behind, but of no other file.
fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    if fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
        fs::remove_file(path)?;
    }
    UnixListener::bind(path)
}
