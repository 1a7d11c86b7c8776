//! Connecting to a listening peer.

use std::io;
use std::net::TcpStream;

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, socket_with};

use super::address::Endpoint;
use super::stream::Stream;

/// Connects to a unix or TCP socket; names are resolved off the runtime's thread.
pub(crate) async fn connect(endpoint: &Endpoint) -> io::Result<Stream> {
    match endpoint {
        Endpoint::Unix(path) => {
            // A unix socket connects at once or not at all, unless the peer's queue is full: then it blocks, so off-thread.
            let address = SocketAddrUnix::new(path)?;
            let fd = blocking(move || {
                let fd = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
                rustix::net::connect(&fd, &address)?;
                Ok(fd)
            })
            .await?;
            Stream::socket(fd)
        }
        Endpoint::Tcp { host, port } => {
            let target = (host.clone(), *port);
            let stream = blocking(move || TcpStream::connect((target.0.as_str(), target.1))).await?;
            stream.set_nodelay(true)?;
            Stream::socket(stream.into())
        }
        Endpoint::Stdio => Stream::stdio(),
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
