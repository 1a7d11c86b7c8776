//! Listening sockets: bound at once, accepted from on the reactor, socket files removed at the end.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::net::{SocketAddrAny, SocketAddrUnix, SocketFlags};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::address::Endpoint;
use super::reactor::register;
use super::stream::Stream;

/// A bound and listening socket, not yet known to a reactor.
#[derive(Debug)]
pub(crate) struct Listener {
    fd: OwnedFd,
    /// What the socket is bound to, as the text of an address.
    name: String,
    file: Option<SocketFile>,
}

/// A client that was let in.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) stream: Stream,
    /// The client's own address, where it has one.
    pub(crate) peer: Option<String>,
}

impl Listener {
    /// Binds and listens. A socket file left behind by an earlier process is replaced; any other file is left alone.
    pub(crate) fn bind(endpoint: &Endpoint) -> io::Result<Self> {
        match endpoint {
            Endpoint::Unix(path) => {
                remove_stale(path)?;
                let listener = UnixListener::bind(path)?;
                Ok(Self { fd: listener.into(), name: endpoint.to_string(), file: Some(SocketFile::of(path)?) })
            }
            Endpoint::Tcp { host, port } => {
                let host = if host.is_empty() { "0.0.0.0" } else { host };
                let addresses: Vec<SocketAddr> = (host, *port).to_socket_addrs()?.collect();
                Self::inherited(TcpListener::bind(addresses.as_slice())?.into())
            }
            Endpoint::Stdio => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "standard input is a connection, it cannot be listened on",
            )),
        }
    }

    /// Takes a socket that already listens. Its file, if it has one, belongs to whoever made it and stays.
    pub(crate) fn inherited(fd: OwnedFd) -> io::Result<Self> {
        let name = socket_name(&fd)?;
        if !rustix::net::sockopt::socket_acceptconn(&fd)? {
            let message = "the socket does not listen; one that is connected is for `Server::attach`";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        Ok(Self { fd, name, file: None })
    }

    /// What the socket is bound to: `unix:/run/lamp.sock`, `tcp:127.0.0.1:4444`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Makes the socket known to the current reactor.
    pub(crate) fn register(self) -> io::Result<Acceptor> {
        rustix::io::ioctl_fionbio(&self.fd, true)?;
        let fd = register(self.fd, Interest::READABLE)?;
        Ok(Acceptor { fd, _file: self.file })
    }
}

/// A listening socket on the reactor.
#[derive(Debug)]
pub(crate) struct Acceptor {
    fd: AsyncFd<OwnedFd>,
    _file: Option<SocketFile>,
}

impl Acceptor {
    /// Waits for the next client. Errors that concern one client only are passed over.
    pub(crate) async fn accept(&self) -> io::Result<Accepted> {
        // Not before others, those who came earlier among them, had their turn: a crowd that comes and goes would keep the
        // thread.
        tokio::task::yield_now().await;
        loop {
            let mut guard = self.fd.readable().await?;
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            match rustix::net::acceptfrom_with(self.fd.get_ref(), flags) {
                Ok((fd, address)) => {
                    let tcp = address.as_ref().is_some_and(|address| SocketAddr::try_from(address.clone()).is_ok());
                    if tcp {
                        // Replies are written whole: waiting for more to send only delays them.
                        let _ = rustix::net::sockopt::set_tcp_nodelay(&fd, true);
                        // A peer that vanished must not keep the monitor for ever.
                        let _ = rustix::net::sockopt::set_socket_keepalive(&fd, true);
                    }
                    let peer = address.filter(|_| tcp).and_then(|address| name(&address));
                    return Ok(Accepted { stream: Stream::socket(fd)?, peer });
                }
                Err(Errno::AGAIN) => guard.clear_ready(),
                Err(Errno::CONNABORTED | Errno::INTR | Errno::PROTO) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// What a socket is bound to, and for TCP whom it is connected to, as QEMU shows it: `unix:/run/lamp.sock`,
/// `tcp:127.0.0.1:4444 <-> 127.0.0.1:38040`.
///
/// # Errors
/// It is no socket.
pub fn socket_name(socket: impl AsFd) -> io::Result<String> {
    let own = name(&rustix::net::getsockname(&socket)?).unwrap_or_else(|| "unix:".to_owned());
    let peer = rustix::net::getpeername(&socket).ok().flatten().and_then(|peer| SocketAddr::try_from(peer).ok());
    Ok(match peer {
        Some(peer) => format!("{own} <-> {peer}"),
        None => own,
    })
}

/// The address as text, `None` for a socket without one.
fn name(address: &SocketAddrAny) -> Option<String> {
    if let Ok(inet) = SocketAddr::try_from(address.clone()) {
        return Some(format!("tcp:{inet}"));
    }
    let unix = SocketAddrUnix::try_from(address.clone()).ok()?;
    let path = unix.path()?;
    Some(format!("unix:{}", path.to_string_lossy()))
}

fn remove_stale(path: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => std::fs::remove_file(path),
        Ok(_) => Err(io::Error::new(io::ErrorKind::AlreadyExists, "a file that is no socket is in the way")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// A socket file this process made; dropping removes it, unless another process has put its own in the place.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl SocketFile {
    fn of(path: &Path) -> io::Result<Self> {
        // The working directory may change before the file is removed.
        let path = std::path::absolute(path)?;
        let identity = identity(&path)?;
        Ok(Self { path, identity })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|now| now == self.identity) {
            // Nothing is lost if another process was quicker.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let found = std::fs::symlink_metadata(path)?;
    Ok((found.dev(), found.ino()))
}
