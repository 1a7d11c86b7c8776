//! A running emulator and a plain QMP client for it: tests see the wire, events in their place.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Nothing in these tests takes longer, however busy the machine is.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Guest-physical address of the built-in guest's counter.
pub(crate) const COUNTER: u64 = 0xb008;
/// Address of the word that sets how many pages a second it dirties.
pub(crate) const RATE: u64 = 0xb010;

/// The program under test.
pub(crate) fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_qapi-emulator"))
}

/// Runs it to its end, which must come by itself.
pub(crate) fn output(args: &[&str]) -> Output {
    let mut command = program();
    let mut child = command
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the emulator starts");
    let deadline = Instant::now() + PATIENCE;
    while child.try_wait().expect("a child can be waited for").is_none() {
        if Instant::now() > deadline {
            let _ = child.kill();
            panic!("{args:?} does not end");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    child.wait_with_output().expect("the output can be read")
}

/// A running emulator with one QMP connection.
pub(crate) struct Emulator {
    child: Child,
    directory: TempDir,
    reader: BufReader<UnixStream>,
    /// Events that came and were not asked for yet.
    events: VecDeque<Value>,
}

impl Emulator {
    /// Starts it with these options and a QMP socket, and negotiates.
    pub(crate) fn start(args: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let socket = directory.path().join("qmp");
        let qmp = format!("unix:{},server=on,wait=off", socket.display());
        let mut command = program();
        command.args(["-nodefaults", "-display", "none", "-qmp", &qmp]);
        let mut child = command.args(args).stdin(Stdio::null()).spawn().expect("the emulator starts");
        let stream = connect(&socket, &mut child);
        let reader = BufReader::new(stream);
        let mut emulator = Self { child, directory, reader, events: VecDeque::new() };
        let greeting = emulator.message().expect("a greeting");
        assert_eq!(greeting["QMP"]["version"]["qemu"]["major"], 7);
        emulator.run("qmp_capabilities");
        emulator
    }

    /// A path in a directory of its own.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line; nothing when the connection is closed.
    fn message(&mut self) -> Option<Value> {
        let mut line = String::new();
        let length = self.reader.read_line(&mut line).expect("a line");
        (length > 0).then(|| serde_json::from_str(&line).expect("JSON"))
    }

    /// Sends a request and returns its whole reply; events on the way are kept.
    pub(crate) fn request(&mut self, command: &str, arguments: Value) -> Value {
        let request = json!({ "execute": command, "arguments": arguments });
        let mut stream = self.reader.get_ref();
        stream.write_all(request.to_string().as_bytes()).expect("the request is taken");
        loop {
            let message = self.message().unwrap_or_else(|| panic!("closed instead of a reply to {command}"));
            if message.get("event").is_none() {
                return message;
            }
            self.events.push_back(message);
        }
    }

    /// The result of a command that must succeed.
    pub(crate) fn execute(&mut self, command: &str, arguments: Value) -> Value {
        let reply = self.request(command, arguments);
        let result = reply.get("return").cloned();
        result.unwrap_or_else(|| panic!("{command}: {reply}"))
    }

    /// As [`execute`](Self::execute), without arguments.
    pub(crate) fn run(&mut self, command: &str) -> Value {
        self.execute(command, json!({}))
    }

    /// The text of the error of a command that must fail.
    pub(crate) fn refusal(&mut self, command: &str, arguments: Value) -> String {
        let reply = self.request(command, arguments);
        let text = reply["error"]["desc"].as_str().map(str::to_owned);
        text.unwrap_or_else(|| panic!("{command} was not refused: {reply}"))
    }

    pub(crate) fn status(&mut self) -> String {
        let status = self.run("query-status");
        status["status"].as_str().expect("a status").to_owned()
    }

    /// Names of the events that have come so far, MIGRATION with its status.
    pub(crate) fn seen(&mut self) -> Vec<String> {
        // A command and its reply push out what was on the way.
        self.run("query-name");
        self.events.drain(..).map(|event| name(&event)).collect()
    }

    /// Waits for an event, and returns it; earlier ones are dropped.
    pub(crate) fn wait_for(&mut self, wanted: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            while let Some(event) = self.events.pop_front() {
                if name(&event) == wanted {
                    return event;
                }
            }
            assert!(Instant::now() < deadline, "no event {wanted}");
            std::thread::sleep(Duration::from_millis(5));
            self.run("query-name");
        }
    }

    /// Guest memory, by way of a file.
    pub(crate) fn memory(&mut self, address: u64, size: u64) -> Vec<u8> {
        let file = self.path("memory");
        let arguments = json!({ "val": address, "size": size, "filename": file });
        self.execute("pmemsave", arguments);
        std::fs::read(file).expect("the file is there")
    }

    /// A 64-bit word of guest memory.
    pub(crate) fn word(&mut self, address: u64) -> u64 {
        let bytes = self.memory(address, 8);
        u64::from_le_bytes(bytes.try_into().expect("eight bytes"))
    }

    /// Waits until the guest counts above `than`.
    pub(crate) fn counts_above(&mut self, than: u64) -> u64 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let count = self.word(COUNTER);
            if count > than {
                return count;
            }
            assert!(Instant::now() < deadline, "the counter stays at {count}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends `quit` and waits for the end.
    pub(crate) fn quit(mut self) -> ExitStatus {
        self.run("quit");
        self.ended()
    }

    /// Waits until the process has ended, reading what it still says.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        while let Some(message) = self.message() {
            self.events.push_back(message);
        }
        self.child.wait().expect("the emulator ends")
    }

    /// The events that are left after the end.
    pub(crate) fn last_words(&mut self) -> Vec<Value> {
        self.events.drain(..).collect()
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let id = i32::try_from(self.child.id()).expect("a process identifier");
        let id = rustix::process::Pid::from_raw(id).expect("a process identifier");
        rustix::process::kill_process(id, signal).expect("the emulator is there");
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // Ended already, unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn name(event: &Value) -> String {
    let name = event["event"].as_str().expect("a name");
    match event["data"]["status"].as_str() {
        Some(status) => format!("{name} {status}"),
        None => name.to_owned(),
    }
}

fn connect(socket: &Path, child: &mut Child) -> UnixStream {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Ok(stream) = UnixStream::connect(socket) {
            stream.set_read_timeout(Some(PATIENCE)).expect("a socket has a timeout");
            return stream;
        }
        let ended = child.try_wait().expect("a child can be waited for");
        assert_eq!(ended, None, "the emulator ended instead of listening");
        assert!(Instant::now() < deadline, "the emulator does not listen");
        std::thread::sleep(Duration::from_millis(2));
    }
}
