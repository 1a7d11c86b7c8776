//! The few words of QMP that it takes to ask a server for its schema.

use std::io::{self, Read, Write};

use crate::json::{self, Value};

/// Most bytes that are taken from a server; QEMU's answer has 200 KB.
const MAX_BYTES: usize = 64 << 20;

/// Why a server could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum MonitorError {
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Io(#[from] io::Error),
    /// The server closed the connection.
    #[error("the server closed the connection before it answered")]
    Closed,
    /// It sends no end of bytes.
    #[error("the server sent more than 64 MiB without an answer")]
    TooLong,
    /// It does not speak QMP.
    #[error("this is no QMP server: it says {0}")]
    Foreign(String),
    /// It refused a command.
    #[error("the server refused {command}: {reason}")]
    Refused {
        /// The command.
        command: &'static str,
        /// The server's words.
        reason: String,
    },
}

/// Asks the QMP server behind `stream` for its schema; the whole reply, for [`import`](super::import).
///
/// The stream must be new: the server speaks first. Time limits are the stream's.
///
/// # Errors
/// When the stream fails, or the server speaks otherwise than QMP says.
pub fn query_schema(stream: &mut (impl Read + Write)) -> Result<String, MonitorError> {
    let mut monitor = Monitor { stream, buffer: Vec::new(), taken: 0 };
    let (text, greeting) = monitor.message()?;
    if greeting.get("QMP").is_none() {
        return Err(foreign(text.as_bytes()));
    }
    monitor.execute("qmp_capabilities")?;
    monitor.execute("query-qmp-schema")
}

fn foreign(bytes: &[u8]) -> MonitorError {
    let start: String = String::from_utf8_lossy(bytes).chars().take(60).collect();
    MonitorError::Foreign(format!("{start:?}"))
}

struct Monitor<'s, S> {
    stream: &'s mut S,
    /// Bytes that were read, but are no part of a message yet.
    buffer: Vec<u8>,
    taken: usize,
}

impl<S: Read + Write> Monitor<'_, S> {
    /// Sends a command and gives the text of its reply; events in between are skipped.
    fn execute(&mut self, command: &'static str) -> Result<String, MonitorError> {
        self.stream.write_all(format!("{{\"execute\": \"{command}\"}}\r\n").as_bytes())?;
        self.stream.flush()?;
        loop {
            let (text, value) = self.message()?;
            if let Some(error) = value.get("error") {
                let reason = error.get("desc").and_then(Value::as_str).unwrap_or("no reason given").to_owned();
                return Err(MonitorError::Refused { command, reason });
            }
            if value.get("return").is_some() {
                return Ok(text);
            }
            if value.get("event").is_none() {
                return Err(foreign(text.as_bytes()));
            }
        }
    }

    /// The next JSON object.
    fn message(&mut self) -> Result<(String, Value), MonitorError> {
        let mut frame = Frame::default();
        let mut scanned = 0;
        loop {
            while let Some(byte) = self.buffer.get(scanned) {
                scanned += 1;
                if frame.ends_with(*byte) {
                    let rest = self.buffer.split_off(scanned);
                    let bytes = std::mem::replace(&mut self.buffer, rest);
                    let text = String::from_utf8(bytes).map_err(|error| foreign(error.as_bytes()))?;
                    let value = json::parse(&text).map_err(|_| foreign(text.as_bytes()))?;
                    return Ok((text, value));
                }
                if frame.depth == 0 && !byte.is_ascii_whitespace() {
                    return Err(foreign(&self.buffer));
                }
            }
            let mut chunk = [0; 16 << 10];
            let count = match self.stream.read(&mut chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                count => count?,
            };
            if count == 0 {
                return Err(MonitorError::Closed);
            }
            self.taken += count;
            if self.taken > MAX_BYTES {
                return Err(MonitorError::TooLong);
            }
            self.buffer.extend(chunk.iter().take(count));
        }
    }
}

/// Finds the end of a JSON object in bytes that come one after the other.
#[derive(Default)]
struct Frame {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Frame {
    /// Takes a byte; true if it is the last one of an object.
    fn ends_with(&mut self, byte: u8) -> bool {
        match (self.in_string, byte) {
            (true, _) if self.escaped => self.escaped = false,
            (true, b'\\') => self.escaped = true,
            (true, b'"') => self.in_string = false,
            (true, _) => {}
            (false, b'"') => self.in_string = self.depth > 0,
            (false, b'{' | b'[') => self.depth += 1,
            (false, b'}' | b']') if self.depth > 0 => {
                self.depth -= 1;
                return self.depth == 0;
            }
            _ => {}
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that says what it is going to say, and a record of what it is told.
    struct Script {
        says: io::Cursor<Vec<u8>>,
        hears: Vec<u8>,
        /// Bytes per read.
        pace: usize,
    }

    impl Read for Script {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = buffer.len().min(self.pace);
            self.says.read(&mut buffer[..most])
        }
    }

    impl Write for Script {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.hears.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn ask(says: &str, pace: usize) -> (Result<String, MonitorError>, String) {
        let mut script = Script { says: io::Cursor::new(says.into()), hears: Vec::new(), pace };
        let answer = query_schema(&mut script);
        (answer, String::from_utf8(script.hears).unwrap())
    }

    const GREETING: &str = "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n";

    #[test]
    fn events_between_replies_do_not_matter() {
        let event = "{\"event\": \"STOP\", \"data\": {\"text\": \"}{\\\"\"}}\r\n";
        let says = format!("{GREETING}{event}{{\"return\": {{}}}}\r\n{event}{{\n  \"return\": [\n  ]\n}}\r\n{event}");
        for pace in [1, 7, 100_000] {
            let (answer, heard) = ask(&says, pace);
            assert_eq!(answer.unwrap().trim(), "{\n  \"return\": [\n  ]\n}");
            assert_eq!(heard, "{\"execute\": \"qmp_capabilities\"}\r\n{\"execute\": \"query-qmp-schema\"}\r\n");
        }
    }

    #[test]
    fn other_servers_are_recognised() {
        let cases = [
            ("SSH-2.0-OpenSSH\r\n", "no QMP server: it says \"S"),
            ("{\"hello\": 1}", "no QMP server: it says \"{\\\"hello"),
            ("{\"QMP\" 1}", "no QMP server"),
            ("", "closed the connection"),
            (GREETING, "closed the connection"),
            (&format!("{GREETING}{{\"error\": {{\"desc\": \"busy\"}}}}"), "refused qmp_capabilities: busy"),
            (&format!("{GREETING}{{\"return\": {{}}}} {{\"id\": 1}}"), "no QMP server"),
        ];
        for (says, words) in cases {
            let error = ask(says, 1000).0.unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn endless_answers_are_cut() {
        struct Endless;
        impl Read for Endless {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                buffer.fill(b'[');
                Ok(buffer.len())
            }
        }
        impl Write for Endless {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        assert!(matches!(query_schema(&mut Endless), Err(MonitorError::TooLong)));
    }
}
