//! A peer that does as it is told: a QMP server or guest agent made of a socket and a thread.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread::JoinHandle;

use qapi_runtime::Value;
use qapi_runtime::json::parse;

pub(crate) const GREETING: &str = "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 3, \"minor\": 2, \"major\": 1}, \
                                   \"package\": \"\"}, \"capabilities\": [\"oob\"]}}\r\n";

/// The server's end of a connection.
pub(crate) struct Far {
    input: BufReader<File>,
    output: File,
}

impl Far {
    /// The end of a unix or TCP connection.
    pub(crate) fn new(stream: impl Into<OwnedFd>) -> Self {
        let output = File::from(stream.into());
        Self { input: BufReader::new(output.try_clone().expect("a second handle")), output }
    }

    /// Accepts a client and negotiates.
    pub(crate) fn accept(listener: &UnixListener) -> Self {
        let mut far = Self::new(listener.accept().expect("a client").0);
        far.negotiate();
        far
    }

    pub(crate) fn negotiate(&mut self) {
        self.send(GREETING);
        let request = self.request().expect("negotiation");
        assert_eq!(request.get("execute").and_then(Value::as_str), Some("qmp_capabilities"));
        self.reply(&request, "{}");
    }

    /// The next request; `None` when the client has left.
    pub(crate) fn request(&mut self) -> Option<Value> {
        let mut line = Vec::new();
        match self.input.read_until(b'\n', &mut line) {
            Ok(1..) => Some(parse(&line).expect("a request")),
            _ => None,
        }
    }

    /// The next request to a guest agent: what is left of a conversation may stand before it, ended by 0xFF.
    pub(crate) fn agent_request(&mut self) -> Option<Value> {
        let mut line = Vec::new();
        match self.input.read_until(b'\n', &mut line) {
            Ok(1..) => Some(parse(line.rsplit(|byte| *byte == 0xff).next().expect("a part")).expect("a request")),
            _ => None,
        }
    }

    /// The next request, which is this one.
    pub(crate) fn expect(&mut self, command: &str) -> Value {
        let request = self.request().expect("a request");
        assert_eq!(name(&request), command, "{request}");
        request
    }

    /// Writes; the client may have left.
    pub(crate) fn send(&mut self, text: impl AsRef<[u8]>) {
        let _ = self.output.write_all(text.as_ref());
    }

    pub(crate) fn reply(&mut self, request: &Value, value: &str) {
        self.send(format!("{{\"return\": {value}, \"id\": {}}}\r\n", id(request)));
    }

    pub(crate) fn refuse(&mut self, request: &Value, class: &str, desc: &str) {
        let error = format!("{{\"class\": \"{class}\", \"desc\": \"{desc}\"}}");
        self.send(format!("{{\"id\": {}, \"error\": {error}}}\r\n", id(request)));
    }

    pub(crate) fn event(&mut self, name: &str, data: &str) {
        let time = "{\"seconds\": 1700000000, \"microseconds\": 5}";
        self.send(format!("{{\"timestamp\": {time}, \"event\": \"{name}\", \"data\": {data}}}\r\n"));
    }

    /// Answers requests by a rule until the client leaves. An answer is a value, or nothing for an unknown command.
    pub(crate) fn serve(mut self, mut answer: impl FnMut(&mut Self, &str, &Value) -> Option<String>) {
        while let Some(request) = self.request() {
            match answer(&mut self, name(&request), &request) {
                Some(value) => self.reply(&request, &value),
                None => self.refuse(&request, "CommandNotFound", "no such command"),
            }
        }
    }
}

/// The command that a request asks for.
pub(crate) fn name(request: &Value) -> &str {
    request.get("execute").or_else(|| request.get("exec-oob")).and_then(Value::as_str).expect("a command")
}

pub(crate) fn id(request: &Value) -> &Value {
    request.get("id").expect("an id")
}

/// A server on a pair of sockets that has negotiated and then does as told, and the client's end.
pub(crate) fn pair(script: impl FnOnce(Far) + Send + 'static) -> (JoinHandle<()>, UnixStream) {
    let (near, far) = UnixStream::pair().expect("a pair");
    let thread = std::thread::spawn(move || {
        let mut far = Far::new(far);
        far.negotiate();
        script(far);
    });
    (thread, near)
}

/// A server on a socket in the file system.
pub(crate) fn listening(path: &Path, script: impl FnOnce(UnixListener) + Send + 'static) -> JoinHandle<()> {
    let listener = UnixListener::bind(path).expect("a listener");
    std::thread::spawn(move || script(listener))
}
