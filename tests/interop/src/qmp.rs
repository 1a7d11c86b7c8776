//! A small blocking QMP client.

use std::{
    io::{BufRead, BufReader, ErrorKind, IoSlice, Write},
    mem::MaybeUninit,
    os::{fd::BorrowedFd, unix::net::UnixStream},
    path::Path,
};

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use serde_json::{Value, json};

use crate::{PATIENCE, wait_for};

/// A command that was refused.
#[derive(Debug, Clone, PartialEq)]
pub struct QmpError {
    /// Class, such as `GenericError`.
    pub class: String,
    /// Text for people.
    pub desc: String,
}

/// One QMP session, past its greeting.
#[derive(Debug)]
pub struct Qmp {
    reader: BufReader<UnixStream>,
    writer: UnixStream,
    /// The server's greeting.
    pub greeting: Value,
    /// Events so far, oldest first.
    pub events: Vec<Value>,
}

impl Qmp {
    /// Connects to a socket that is about to appear and negotiates.
    ///
    /// # Panics
    /// When nobody answers, or not in QMP.
    pub fn connect(socket: &Path) -> Self {
        let writer = wait_for("a QMP socket", || UnixStream::connect(socket).ok());
        Self::over(writer)
    }

    /// Negotiates over an open connection.
    ///
    /// # Panics
    /// When the peer does not speak QMP.
    pub fn over(writer: UnixStream) -> Self {
        writer.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        let reader = BufReader::new(writer.try_clone().expect("a descriptor is left"));
        let mut session = Self { reader, writer, greeting: Value::Null, events: Vec::new() };
        session.greeting = session.line();
        session.execute("qmp_capabilities", json!({})).expect("negotiation works");
        session
    }

    /// Runs a command and waits for its answer; events that come first are kept.
    ///
    /// # Errors
    /// What the server answered.
    ///
    /// # Panics
    /// When the connection breaks or the answer is not QMP.
    pub fn execute(&mut self, command: &str, arguments: Value) -> Result<Value, QmpError> {
        self.execute_with_fds(command, arguments, &[])
    }

    /// As [`execute`](Self::execute), passing descriptors along.
    ///
    /// # Errors
    /// What the server answered.
    ///
    /// # Panics
    /// When the connection breaks or the answer is not QMP.
    pub fn execute_with_fds(
        &mut self,
        command: &str,
        arguments: Value,
        fds: &[BorrowedFd<'_>],
    ) -> Result<Value, QmpError> {
        // In one piece: a server that quits may be gone before a line end sent by itself.
        let request = format!("{}\n", json!({ "execute": command, "arguments": arguments }));
        let message = SendAncillaryMessage::ScmRights(fds);
        let mut space = vec![MaybeUninit::uninit(); message.size()];
        let mut control = SendAncillaryBuffer::new(&mut space);
        assert!(fds.is_empty() || control.push(message), "there is room for the descriptors");
        let parts = [IoSlice::new(request.as_bytes())];
        let sent = sendmsg(&self.writer, &parts, &mut control, SendFlags::NOSIGNAL).expect("the server reads");
        self.writer.write_all(&request.as_bytes()[sent..]).expect("the server reads");
        loop {
            let mut answer = self.line();
            if answer.get("event").is_some() {
                self.events.push(answer);
            } else if let Some(result) = answer.get_mut("return") {
                return Ok(result.take());
            } else {
                let text = |key: &str| answer["error"][key].as_str().unwrap_or_default().to_owned();
                return Err(QmpError { class: text("class"), desc: text("desc") });
            }
        }
    }

    /// Waits until a command's answer satisfies `good`.
    ///
    /// # Panics
    /// When it does not within the patience of tests, or when the command is refused.
    pub fn wait(&mut self, command: &str, mut good: impl FnMut(&Value) -> bool) -> Value {
        wait_for(&format!("{command} to change"), || {
            let answer = self.execute(command, json!({})).expect("the command works");
            good(&answer).then_some(answer)
        })
    }

    /// Reads events until the server closes the connection.
    ///
    /// # Panics
    /// When it does not, or says anything else.
    pub fn last_words(&mut self) {
        let mut line = String::new();
        loop {
            match self.reader.read_line(&mut line) {
                Ok(0) => return,
                Ok(_) => {}
                // It left without reading the line end behind the last command.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return,
                Err(error) => panic!("the server does not end: {error}"),
            }
            let event: Value = serde_json::from_str(&line).expect("JSON");
            assert!(event.get("event").is_some(), "not an event: {event}");
            self.events.push(event);
            line.clear();
        }
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.reader.read_line(&mut line).expect("the server answers in time");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("not JSON: {line:?}: {error}"))
    }
}
