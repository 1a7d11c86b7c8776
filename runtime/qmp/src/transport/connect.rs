//! Connecting to a listening peer.

use std::io;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, socket_with};

use super::address::Endpoint;
use super::stream::Stream;

/// How often a unix socket is tried whose queue of connections is full: the kernel tells of no change.
const FULL: Duration = Duration::from_millis(10);

/// Connects to a unix or TCP socket. Dropping the future gives up.
pub(crate) async fn connect(endpoint: &Endpoint) -> io::Result<Stream> {
    match endpoint {
        Endpoint::Unix(path) => {
            let address = SocketAddrUnix::new(path)?;
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            let fd = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
            loop {
                match rustix::net::connect(&fd, &address) {
                    Ok(()) => return Stream::socket(fd),
                    Err(Errno::AGAIN) => tokio::time::sleep(FULL).await,
                    Err(Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Endpoint::Tcp { host, port } => {
            let stream = tokio::net::TcpStream::connect((host.as_str(), *port)).await?;
            stream.set_nodelay(true)?;
            // A peer that vanished without a word is found out in the end.
            rustix::net::sockopt::set_socket_keepalive(&stream, true)?;
            Stream::socket(stream.into_std()?.into())
        }
        Endpoint::Stdio => Stream::stdio(),
    }
}
