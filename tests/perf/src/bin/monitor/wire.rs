//! The measuring side of a connection: blocking, unbuffered where time counts, and nothing of the project's own.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// Longest wait for a peer to come up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection whose peer has greeted.
pub(crate) struct Wire {
    stream: UnixStream,
    buffer: Vec<u8>,
}

impl Wire {
    /// Connects as soon as somebody listens at `path`, and reads the greeting.
    pub(crate) fn greeted(path: &Path) -> io::Result<Self> {
        let started = Instant::now();
        let stream = loop {
            match UnixStream::connect(path) {
                Ok(stream) => break stream,
                Err(error) if started.elapsed() > PATIENCE => return Err(error),
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
                    std::thread::sleep(Duration::from_micros(20));
                }
                Err(error) => return Err(error),
            }
        };
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut wire = Self { stream, buffer: vec![0; 1 << 18] };
        wire.line()?;
        Ok(wire)
    }

    /// The same, and leaves negotiation.
    pub(crate) fn negotiated(path: &Path) -> io::Result<Self> {
        let mut wire = Self::greeted(path)?;
        wire.ask(b"{\"execute\": \"qmp_capabilities\"}\r\n")?;
        Ok(wire)
    }

    /// Sends one request and waits for its reply; gives the length of the reply.
    pub(crate) fn ask(&mut self, request: &[u8]) -> io::Result<usize> {
        self.send(request)?;
        self.line()
    }

    /// Sends one request and gives what it returned, as text.
    pub(crate) fn returned(&mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        self.send(request)?;
        let mut reply = Vec::new();
        while reply.last() != Some(&b'\n') {
            let count = self.read()?;
            reply.extend_from_slice(self.buffer.get(..count).unwrap_or_default());
        }
        let value = reply.trim_ascii().strip_prefix(b"{\"return\": ").and_then(|rest| rest.strip_suffix(b"}"));
        value.map(<[u8]>::to_vec).ok_or_else(|| io::Error::other(format!("no value: {}", reply.escape_ascii())))
    }

    /// Sends without waiting.
    pub(crate) fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.stream.write_all(request)
    }

    /// Reads up to the end of a line, which must be the end of what has come; gives the length.
    pub(crate) fn line(&mut self) -> io::Result<usize> {
        let mut length = 0;
        loop {
            let count = self.read()?;
            length += count;
            if self.buffer.get(count.wrapping_sub(1)) == Some(&b'\n') {
                return Ok(length);
            }
        }
    }

    /// Sends `requests` over and over until `count` have gone, from a thread of its own, and reads until as many replies
    /// have come. `requests` holds `each` requests.
    pub(crate) fn pipeline(&mut self, requests: &[u8], each: usize, count: usize) -> io::Result<()> {
        let mut sender = self.stream.try_clone()?;
        std::thread::scope(|scope| {
            let sending = scope.spawn(move || (0..count / each).try_for_each(|_| sender.write_all(requests)));
            let mut missing = count / each * each;
            while missing > 0 {
                let read = self.read()?;
                let lines = self.buffer.get(..read).unwrap_or_default().iter().filter(|byte| **byte == b'\n').count();
                missing = missing.saturating_sub(lines);
            }
            sending.join().map_err(|_| io::Error::other("the sending thread panicked"))?
        })
    }

    fn read(&mut self) -> io::Result<usize> {
        match self.stream.read(&mut self.buffer)? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            count => Ok(count),
        }
    }
}
