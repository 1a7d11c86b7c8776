//! Where `import` gets the answer from: a file, standard input, or a running server.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::Failure;

/// Longest time without a byte from a server.
const PATIENCE: Duration = Duration::from_secs(10);

/// The schema that `source` describes: `unix:PATH`, `tcp:HOST:PORT`, `-` or the path of a file.
pub(super) fn import(source: &OsStr) -> Result<String, Failure> {
    let failed = |why: &dyn std::fmt::Display| Failure::Other(format!("{}: {why}", source.display()));
    let address = source.to_string_lossy();
    let answer = if let Some(path) = address.strip_prefix("unix:") {
        unix(path).map_err(|error| failed(&error))?
    } else if let Some(host) = address.strip_prefix("tcp:") {
        tcp(host).map_err(|error| failed(&error))?
    } else {
        let bytes = if address == "-" { stdin() } else { std::fs::read(source) };
        String::from_utf8(bytes.map_err(|error| failed(&error))?).map_err(|error| failed(&error))?
    };
    qapi_gen::import(&answer).map_err(|error| failed(&error))
}

fn stdin() -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
}

fn ask(mut stream: impl Read + Write) -> std::io::Result<String> {
    qapi_gen::query_schema(&mut stream).map_err(|error| match error {
        qapi_gen::MonitorError::Io(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
            std::io::Error::other(format!("no word from the server for {} seconds", PATIENCE.as_secs()))
        }
        error => std::io::Error::other(error),
    })
}

#[cfg(unix)]
fn unix(path: &str) -> std::io::Result<String> {
    let stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    ask(stream)
}

#[cfg(not(unix))]
fn unix(_path: &str) -> std::io::Result<String> {
    Err(std::io::Error::other("this system has no such sockets; use tcp:HOST:PORT"))
}

fn tcp(host: &str) -> std::io::Result<String> {
    let mut last = std::io::Error::other("no such host");
    for address in host.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => {
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                return ask(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}
