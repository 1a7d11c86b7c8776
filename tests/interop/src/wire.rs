//! A monitor's bytes: for tests of what no client would send.

use std::{
    io::{BufRead, BufReader, ErrorKind, Write},
    os::unix::net::UnixStream,
    path::Path,
};

use serde_json::Value;

use crate::{PATIENCE, wait_for};

/// The id of [`Wire::replies_to`]'s last request.
const SENTINEL: &str = "the end of what is awaited";

/// One connection; what is sent need not be JSON, and what comes is a line at a time.
#[derive(Debug)]
pub struct Wire {
    reader: BufReader<UnixStream>,
}

impl Wire {
    /// Connects to a socket that is about to appear, and reads the greeting.
    ///
    /// # Panics
    /// When nobody greets.
    pub fn connect(socket: &Path) -> Self {
        let stream = wait_for("a QMP socket", || UnixStream::connect(socket).ok());
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        let mut wire = Self { reader: BufReader::new(stream) };
        let greeting = wire.line().expect("a greeting");
        assert!(greeting.starts_with("{\"QMP\": {"), "{greeting}");
        wire
    }

    /// The same, past negotiation; `enable` lists capabilities, quoted.
    ///
    /// # Panics
    /// When the peer does not negotiate.
    pub fn negotiated(socket: &Path, enable: &str) -> Self {
        let mut wire = Self::connect(socket);
        let request = format!("{{\"execute\": \"qmp_capabilities\", \"arguments\": {{\"enable\": [{enable}]}}}}");
        wire.send(request.as_bytes());
        assert_eq!(wire.line().as_deref(), Some("{\"return\": {}}\r\n"));
        wire
    }

    /// Sends bytes.
    ///
    /// # Panics
    /// When the peer has left.
    pub fn send(&self, bytes: &[u8]) {
        self.stream().write_all(bytes).expect("the server reads");
    }

    /// The connection itself: for a thread that writes while another reads, and for what goes along with bytes.
    pub fn stream(&self) -> &UnixStream {
        self.reader.get_ref()
    }

    /// The next line, with its end; nothing at the end of the connection.
    ///
    /// # Panics
    /// When nothing comes in time.
    pub fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.reader.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(line),
            // It left without reading all that was sent.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
            Err(error) => panic!("no line in time: {error}"),
        }
    }

    /// Sends bytes and gives all that is answered to them, events left out.
    ///
    /// To know the end, a byte is sent that is an error anywhere, and makes the server forget what is unfinished, and a
    /// request. The answers to these two are left out.
    ///
    /// # Panics
    /// When the peer leaves, or does not forget.
    pub fn replies_to(&mut self, bytes: &[u8]) -> Vec<String> {
        self.try_replies_to(bytes).expect("the server stays")
    }

    /// The same; nothing when the peer leaves.
    ///
    /// # Panics
    /// When the peer does not forget.
    pub fn try_replies_to(&mut self, bytes: &[u8]) -> Option<Vec<String>> {
        let end = format!("\u{1}{{\"execute\": \"query-name\", \"id\": \"{SENTINEL}\"}}\n").into_bytes();
        let end: Vec<u8> = end.into_iter().map(|byte| if byte == 1 { 0xff } else { byte }).collect();
        self.send(&[bytes, &end].concat());
        let mut replies = Vec::new();
        loop {
            let line = self.line()?;
            if line.contains(SENTINEL) {
                break;
            }
            if !line.contains("\"event\": ") {
                replies.push(line);
            }
        }
        let forgot = replies.pop().expect("an answer to the byte that is an error");
        assert!(forgot.contains("JSON parse error, stray"), "{forgot}");
        Some(replies)
    }
}

/// A line as JSON.
///
/// # Panics
/// When it is none.
pub fn parsed(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("not JSON: {line:?}: {error}"))
}
