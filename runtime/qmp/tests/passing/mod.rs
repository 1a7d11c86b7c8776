//! A service that takes descriptors, and a client that passes some with its requests.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::io::{IoSlice, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::Duration;

use qapi_runtime::fds::{FdSets, NamedFds};
use qapi_runtime::{
    Arguments, CommandFlags, CommandInfo, Context, Encoder, Error, Reply, Server, ServerError, Service,
};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use tokio::sync::Notify;

const COMMANDS: [CommandInfo<'static>; 7] = [
    command("take"),
    command("take-all"),
    command("pass-over"),
    command("wait"),
    CommandInfo { name: "go", flags: CommandFlags { oob: true, ..CommandFlags::NONE } },
    command("getfd"),
    command("add-fd"),
];

const fn command(name: &'static str) -> CommandInfo<'static> {
    CommandInfo { name, flags: CommandFlags::NONE }
}

/// Commands by their index above.
#[derive(Default)]
pub(crate) struct Taker {
    go: Rc<Notify>,
    named: NamedFds,
    pub(crate) sets: FdSets,
}

impl Taker {
    async fn run(&self, index: usize, ctx: &Context, reply: &mut Encoder) -> Result<(), Error> {
        match index {
            0 => reply.str(&contents(ctx.take_fd())),
            1 | 4 => reply.str(&contents(ctx.take_fds())),
            3 => {
                self.go.notified().await;
                reply.str(&contents(ctx.take_fds()));
            }
            5 => self.named.getfd(ctx, "name")?,
            6 => drop(self.sets.add_fd(ctx, None, None)?),
            _ => {}
        }
        Ok(())
    }
}

/// What the files hold.
fn contents(fds: impl IntoIterator<Item = OwnedFd>) -> String {
    fds.into_iter().map(content).collect()
}

fn content(fd: OwnedFd) -> String {
    let mut bytes = [0; 16];
    let count = rustix::io::pread(&fd, &mut bytes, 0).expect("a file");
    String::from_utf8_lossy(&bytes[..count]).into_owned()
}

impl Service for Taker {
    fn command(&self, index: usize) -> Option<CommandInfo<'_>> {
        COMMANDS.get(index).copied()
    }

    fn find(&self, name: &str) -> Option<usize> {
        COMMANDS.iter().position(|info| info.name == name)
    }

    fn introspection(&self) -> &str {
        "[]"
    }

    fn call<'a>(&'a self, index: usize, ctx: &'a Context, _: Arguments<'a>, reply: &'a mut Encoder) -> Reply<'a> {
        Box::pin(self.run(index, ctx, reply))
    }

    fn call_oob(&self, _: usize, ctx: &Context, _: Arguments<'_>, reply: &mut Encoder) -> Result<(), Error> {
        reply.str(&contents(ctx.take_fd()));
        self.go.notify_one();
        Ok(())
    }
}

/// A server on a thread of its own, ended when dropped.
pub(crate) struct Running {
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Running {
    pub(crate) fn start(build: impl FnOnce(Server) -> Result<Server, ServerError> + Send + 'static) -> Self {
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let thread = std::thread::spawn(move || {
            let taker = Taker::default();
            let sets = taker.sets.clone();
            let server = build(Server::new(taker).fd_sets(&sets)).expect("monitors");
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(server.run_until(stopped)).expect("an orderly end");
        });
        Self { stop: Some(stop), thread: Some(thread) }
    }

    /// With one client, connected already.
    pub(crate) fn with_peer() -> (Self, Peer) {
        let (near, far) = UnixStream::pair().expect("a pair");
        (Self::start(|server| server.attach("test", near)), Peer::new(far))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(Err(panic)) = self.thread.take().map(std::thread::JoinHandle::join) {
            std::panic::resume_unwind(panic);
        }
    }
}

/// The client's end.
pub(crate) struct Peer {
    stream: UnixStream,
    pending: Vec<u8>,
}

impl Peer {
    pub(crate) fn new(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        Self { stream, pending: Vec::new() }
    }

    pub(crate) fn negotiate(&mut self, arguments: &str) {
        self.send(&format!("{{\"execute\": \"qmp_capabilities\"{arguments}}}"), &[]);
        self.end_of_negotiation();
    }

    /// Reads what a server says until negotiation is over.
    pub(crate) fn end_of_negotiation(&mut self) {
        assert!(self.line().is_some_and(|line| line.starts_with("{\"QMP\": ")));
        assert_eq!(self.line().as_deref(), Some("{\"return\": {}}"));
    }

    /// Sends a text in one piece, descriptors with it.
    pub(crate) fn send(&self, text: &str, fds: &[&OwnedFd]) {
        let fds: Vec<BorrowedFd<'_>> = fds.iter().map(|fd| fd.as_fd()).collect();
        let message = SendAncillaryMessage::ScmRights(&fds);
        let mut space = vec![std::mem::MaybeUninit::uninit(); message.size()];
        let mut control = SendAncillaryBuffer::new(&mut space);
        assert!(fds.is_empty() || control.push(message));
        let sent = sendmsg(&self.stream, &[IoSlice::new(text.as_bytes())], &mut control, SendFlags::NOSIGNAL);
        assert_eq!(sent, Ok(text.len()));
    }

    /// Sends a command.
    pub(crate) fn command(&self, name: &str, fds: &[&OwnedFd]) {
        self.send(&format!("{{'execute': '{name}'}}\n"), fds);
    }

    /// The next reply's value, or what it says went wrong.
    pub(crate) fn reply(&mut self) -> String {
        let line = self.line().expect("a reply");
        let value: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        let said = value["return"].as_str().or_else(|| value["error"]["desc"].as_str());
        said.map_or_else(|| value["return"].to_string(), str::to_owned)
    }

    /// The next line; `None` at the end.
    fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.pending.drain(..=end).collect();
                return Some(String::from_utf8(line).expect("ASCII").trim_end().to_owned());
            }
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer).expect("the server answers") {
                0 => return None,
                count => self.pending.extend_from_slice(&buffer[..count]),
            }
        }
    }
}

/// A file that holds `text`.
pub(crate) fn file(text: &str) -> OwnedFd {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(text.as_bytes()).expect("written");
    file.into()
}
