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
use std::time::Duration;

use machine::SerialPort;
use qapi_runtime::transport::socket_name;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags};

use super::Room;
use crate::complain;
use crate::config::{Address, Socket};
use crate::errno::plain;
use crate::{inherited, monitors};

/// Pause after a client that could not be let in.
const RETRY: Duration = Duration::from_millis(100);

/// The client, when there is one, shared by the processor's thread that writes and the one that reads.
#[derive(Clone)]
pub(crate) struct Clients {
    present: Arc<Mutex<Option<Arc<OwnedFd>>>>,
    /// What an inherited socket is bound or connected to.
    socket: Option<Arc<str>>,
}

/// Where clients come from.
pub(crate) enum Door {
    Unix(UnixListener),
    Tcp(TcpListener),
    Connected(Arc<OwnedFd>),
}

/// A socket file of ours; dropping it removes the file.
pub(crate) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Whoever removed it before us wanted the same.
        let _ = fs::remove_file(&self.0);
    }
}

impl Door {
    /// Listens or connects. `option` is named in errors.
    pub(super) fn open(option: &str, socket: &Socket) -> Result<(Self, Option<SocketFile>), String> {
        let failed = |what: String| move |error: io::Error| format!("{option}: Failed to {what}: {}", plain(&error));
        let door = match (&socket.address, socket.server) {
            (Address::Unix(path), true) => {
                let action = format!("bind socket to {}", path.display());
                let listener = bind_unix(path).map_err(failed(action))?;
                // The working directory may change before the file is removed.
                let file = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                return Ok((Self::Unix(listener), Some(SocketFile(file))));
            }
            (Address::Tcp { host, port }, true) => {
                let host = if host.is_empty() { "0.0.0.0" } else { host };
                let bound = TcpListener::bind((host, *port));
                Self::Tcp(bound.map_err(failed(format!("bind to {host}:{port}")))?)
            }
            (Address::Unix(path), false) => {
                let action = format!("connect to '{}'", path.display());
                let stream = UnixStream::connect(path).map_err(failed(action))?;
                Self::Connected(Arc::new(stream.into()))
            }
            (Address::Tcp { host, port }, false) => {
                let stream = TcpStream::connect((host.as_str(), *port));
                let stream = stream.map_err(failed(format!("connect to '{host}:{port}'")))?;
                Self::Connected(Arc::new(stream.into()))
            }
            (Address::Fd(number), listening) => {
                let failed = |error: String| format!("{option}: {error}");
                let socket = inherited::socket(*number).map_err(failed)?;
                if listening {
                    monitors::listen(&socket).map_err(failed)?;
                }
                // Threads wait on it; a parent may have left it otherwise.
                rustix::io::ioctl_fionbio(&socket, false).map_err(|error| failed(plain(&io::Error::from(error))))?;
                return Ok((Self::inherited(socket, listening), None));
            }
        };
        Ok((door, None))
    }

    /// A socket of the parent process.
    fn inherited(socket: OwnedFd, listening: bool) -> Self {
        match rustix::net::sockopt::socket_domain(&socket) {
            _ if !listening => Self::Connected(Arc::new(socket)),
            Ok(AddressFamily::UNIX) => Self::Unix(socket.into()),
            _ => Self::Tcp(socket.into()),
        }
    }

    /// What it is bound or connected to.
    fn name(&self) -> Option<String> {
        match self {
            Self::Unix(listener) => socket_name(listener),
            Self::Tcp(listener) => socket_name(listener),
            Self::Connected(client) => socket_name(client),
        }
        .ok()
    }

    /// Waits until the first client is there.
    pub(super) fn wait(&self, option: &str, clients: &Clients) -> Result<(), String> {
        complain::say(format_args!("{option}: waiting for a connection"));
        let client = self.next().map_err(|error| format!("{option}: {}", plain(&error)))?;
        *clients.lock() = Some(client);
        Ok(())
    }

    /// Whether another client wants to come in.
    fn somebody_waits(&self) -> bool {
        match self {
            Self::Unix(listener) => happens(listener, PollFlags::IN),
            Self::Tcp(listener) => happens(listener, PollFlags::IN),
            Self::Connected(_) => false,
        }
    }

    /// The next client.
    fn next(&self) -> io::Result<Arc<OwnedFd>> {
        Ok(match self {
            Self::Unix(listener) => Arc::new(listener.accept()?.0.into()),
            Self::Tcp(listener) => Arc::new(listener.accept()?.0.into()),
            Self::Connected(client) => Arc::clone(client),
        })
    }
}

impl Clients {
    /// Nobody yet, of those that `door` lets in.
    pub(super) fn of(door: &Door) -> Self {
        Self { present: Arc::default(), socket: door.name().map(Arc::from) }
    }

    /// What the socket is bound or connected to, for one that has no address in the configuration.
    pub(crate) fn socket(&self) -> Option<&str> {
        self.socket.as_deref()
    }

    /// Starts the thread that lets clients in and reads from them.
    pub(super) fn serve(self, door: Door, port: SerialPort, room: Room) -> Result<(), String> {
        thread::Builder::new()
            .name("serial-socket".into())
            .spawn(move || {
                loop {
                    let waiting = self.lock().clone();
                    let Some(client) = waiting.or_else(|| door.next().ok()) else {
                        // A client that left at once, or no descriptor at the moment: the next one may do better.
                        thread::sleep(RETRY);
                        continue;
                    };
                    *self.lock() = Some(Arc::clone(&client));
                    // What a client sent before it left waits for the guest, but does not keep the next client out.
                    let abandoned = || has_left(&client) && door.somebody_waits();
                    super::feed(Receiver(&client), &port, &room, abandoned);
                    *self.lock() = None;
                    if let Door::Connected(_) = door {
                        return;
                    }
                }
            })
            .map(drop)
            .map_err(|error| format!("cannot start the thread of a serial socket: {error}"))
    }

    /// Whether there is a client.
    pub(crate) fn present(&self) -> bool {
        self.lock().is_some()
    }

    /// Sends output to the client, if there is one; what it has no room for is lost.
    pub(super) fn put(&self, bytes: &[u8]) {
        let client = self.lock().clone();
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

    /// What is locked is whole at every point where a holder can panic.
    fn lock(&self) -> MutexGuard<'_, Option<Arc<OwnedFd>>> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a client has closed both directions.
fn has_left(client: &OwnedFd) -> bool {
    happens(client, PollFlags::HUP)
}

/// Whether something has happened on a descriptor by now.
fn happens(descriptor: &impl AsFd, what: PollFlags) -> bool {
    let mut entry = PollFd::new(descriptor, what);
    let looked = rustix::event::poll(std::slice::from_mut(&mut entry), Some(&Timespec::default()));
    looked.is_ok() && entry.revents().intersects(what)
}

/// The reading side of a socket.
struct Receiver<'a>(&'a OwnedFd);

impl Read for Receiver<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (length, _) = rustix::net::recv(self.0.as_fd(), buffer, RecvFlags::empty())?;
        Ok(length)
    }
}

/// Takes the place of a socket that an earlier process left behind, but of no other file.
fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    if fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
        fs::remove_file(path)?;
    }
    UnixListener::bind(path)
}
