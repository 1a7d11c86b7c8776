//! A small service, written as generated code would be, and a peer that speaks to its server byte by byte.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::cell::Cell;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::Duration;

use qapi_runtime::{
    Arguments, Command, CommandFlags, CommandInfo, Context, Decoder, Encoder, Error, Event, EventSink, Object, Outcome,
    Reply, Server, ServerError, Service, Shape, Visit,
};
use tokio::sync::Notify;

/// `set-light`, and what `query-light` answers, and the data of `LIGHT_CHANGED`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Light {
    pub(crate) lit: bool,
}

impl Object for Light {
    fn shape(&self) -> &'static Shape {
        const { &Shape { names: &["lit"], required: &[1], tag: usize::MAX } }
    }

    fn load(&mut self, _: usize, d: &mut Decoder<'_>) -> Outcome {
        self.lit.get(d)
    }

    fn store(&self, e: &mut Encoder) {
        e.member("lit", &self.lit);
    }
}

#[derive(Debug, Default)]
pub(crate) struct SetLight(pub(crate) Light);
qapi_runtime::transparent!(SetLight);
impl Command for SetLight {
    const NAME: &'static str = "set-light";
    const FLAGS: CommandFlags = CommandFlags::NONE;
    type Reply = ();
}

#[derive(Debug, Default)]
pub(crate) struct LightChanged(pub(crate) Light);
qapi_runtime::transparent!(LightChanged);
impl Event for LightChanged {
    const NAME: &'static str = "LIGHT_CHANGED";
}

/// A type whose wire form is an object without members.
macro_rules! empty {
    ($($name:ident),*) => { $(
        #[derive(Debug, Default)]
        pub(crate) struct $name {}
        impl Object for $name {
            fn shape(&self) -> &'static Shape {
                &Shape::EMPTY
            }
            fn load(&mut self, _: usize, _: &mut Decoder<'_>) -> Outcome {
                Ok(())
            }
            fn store(&self, _: &mut Encoder) {}
        }
    )* };
}
empty!(QueryLight, Quit, Gone, Blink);

impl Command for QueryLight {
    const NAME: &'static str = "query-light";
    const FLAGS: CommandFlags = CommandFlags::NONE;
    type Reply = Light;
}
impl Command for Quit {
    const NAME: &'static str = "quit";
    const FLAGS: CommandFlags = CommandFlags::NONE;
    type Reply = ();
}
impl Command for Blink {
    const NAME: &'static str = "blink";
    const FLAGS: CommandFlags = CommandFlags::NONE;
    type Reply = ();
}
impl Event for Gone {
    const NAME: &'static str = "GONE";
}

const fn command(name: &'static str) -> CommandInfo<'static> {
    CommandInfo { name, flags: CommandFlags::NONE }
}

const COMMANDS: &[CommandInfo] = &[
    command("set-light"),
    command("query-light"),
    // Waits until `go` is called.
    command("blink"),
    CommandInfo { name: "go", flags: CommandFlags { oob: true, ..CommandFlags::NONE } },
    CommandInfo { name: "hush", flags: CommandFlags { success_response: false, ..CommandFlags::NONE } },
    command("quit"),
    command("query-monitors"),
    CommandInfo { name: "query-name", flags: CommandFlags { preconfig: true, ..CommandFlags::NONE } },
    command("break"),
];

/// The service; commands by their index above.
pub(crate) struct Lamp {
    pub(crate) lit: Cell<bool>,
    pub(crate) go: Rc<Notify>,
    pub(crate) quit: Rc<Notify>,
    /// Blinks that have ended.
    pub(crate) blinked: Rc<Cell<u32>>,
}

impl Default for Lamp {
    fn default() -> Self {
        Self { lit: Cell::new(false), go: Rc::default(), quit: Rc::default(), blinked: Rc::default() }
    }
}

impl Lamp {
    async fn run(&self, index: usize, ctx: &Context, args: Arguments<'_>, reply: &mut Encoder) -> Result<(), Error> {
        if index == 0 {
            let SetLight(light) = args.decode()?;
            if self.lit.replace(light.lit) != light.lit {
                ctx.events().emit(&LightChanged(light));
            }
            return Ok(());
        }
        args.none()?;
        match index {
            1 => Light { lit: self.lit.get() }.put(reply),
            2 => {
                self.go.notified().await;
                self.blinked.set(self.blinked.get() + 1);
            }
            3 => self.go.notify_one(),
            5 => {
                ctx.events().emit(&Gone {});
                self.quit.notify_one();
            }
            6 => {
                reply.begin_list();
                for monitor in ctx.monitors() {
                    reply.element();
                    reply.str(&format!("{} {} {}", monitor.label, monitor.filename, monitor.connected));
                }
                reply.end_list();
            }
            8 => panic!("this command is broken"),
            _ => {}
        }
        Ok(())
    }
}

impl Service for Lamp {
    fn command(&self, index: usize) -> Option<CommandInfo<'_>> {
        COMMANDS.get(index).copied()
    }

    fn find(&self, name: &str) -> Option<usize> {
        COMMANDS.iter().position(|info| info.name == name)
    }

    fn introspection(&self) -> &str {
        r#"[{"name": "set-light", "meta-type": "command"}]"#
    }

    fn call<'a>(&'a self, index: usize, ctx: &'a Context, args: Arguments<'a>, reply: &'a mut Encoder) -> Reply<'a> {
        Box::pin(self.run(index, ctx, args, reply))
    }

    fn call_oob(&self, index: usize, _: &Context, args: Arguments<'_>, _: &mut Encoder) -> Result<(), Error> {
        args.none()?;
        assert_eq!(COMMANDS[index].name, "go");
        self.go.notify_one();
        Ok(())
    }
}

/// A server of the lamp on a thread of its own. `quit` ends it; dropping waits for that.
pub(crate) struct Running {
    pub(crate) events: EventSink,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Running {
    /// Starts a server with the monitors that `build` gives it.
    pub(crate) fn start(build: impl FnOnce(Server) -> Result<Server, ServerError> + Send + 'static) -> Self {
        let events = EventSink::new();
        let sink = events.clone();
        let thread = std::thread::spawn(move || {
            let lamp = Lamp::default();
            let quit = Rc::clone(&lamp.quit);
            let server = build(Server::new(lamp).events(&sink)).expect("monitors");
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(server.run_until(quit.notified())).expect("an orderly end");
        });
        Self { events, thread: Some(thread) }
    }

    /// A server with one client, connected already.
    pub(crate) fn with_peer() -> (Self, Peer) {
        let (near, far) = UnixStream::pair().expect("a pair");
        (Self::start(|server| server.attach("test", near)), Peer::new(far))
    }

    /// Waits for the server to end.
    pub(crate) fn join(mut self) {
        self.thread.take().expect("running").join().expect("no panic");
    }
}

/// The client's end, without any help.
pub(crate) struct Peer {
    stream: UnixStream,
    pending: Vec<u8>,
}

impl Peer {
    pub(crate) fn new(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        Self { stream, pending: Vec::new() }
    }

    pub(crate) fn connect(path: &std::path::Path) -> Self {
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        loop {
            match UnixStream::connect(path) {
                Ok(stream) => return Self::new(stream),
                Err(error) if std::time::Instant::now() > deadline => panic!("no server: {error}"),
                Err(_) => std::thread::sleep(Duration::from_millis(2)),
            }
        }
    }

    pub(crate) fn send(&mut self, text: impl AsRef<[u8]>) {
        self.stream.write_all(text.as_ref()).expect("the server reads");
    }

    /// The next line, without its CR LF; `None` at the end.
    pub(crate) fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.pending.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.pending.drain(..end + 2).collect::<Vec<_>>();
                return Some(String::from_utf8(line[..end].to_vec()).expect("ASCII"));
            }
            let mut buffer = [0; 65536];
            match self.stream.read(&mut buffer) {
                Ok(0) => return None,
                Ok(count) => self.pending.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("no answer: {error}"),
            }
        }
    }

    pub(crate) fn expect(&mut self, line: &str) {
        assert_eq!(self.line().as_deref(), Some(line));
    }

    /// Whether nothing comes for a while.
    pub(crate) fn quiet(&mut self) -> bool {
        let mut byte = [0];
        self.stream.set_read_timeout(Some(Duration::from_millis(50))).expect("a timeout");
        let quiet = self.stream.read(&mut byte).is_err();
        self.stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        quiet
    }

    /// Reads the greeting and negotiates.
    pub(crate) fn negotiate(&mut self, arguments: &str) {
        assert!(self.line().is_some_and(|line| line.starts_with("{\"QMP\": ")));
        self.send(format!("{{\"execute\": \"qmp_capabilities\"{arguments}}}"));
        self.expect("{\"return\": {}}");
    }

    pub(crate) fn stream(&self) -> &UnixStream {
        &self.stream
    }
}

impl Peer {
    /// Reads the reply to `quit`, behind its event, and the end of the connection.
    pub(crate) fn expect_end(&mut self, line: &str) {
        assert!(self.line().is_some_and(|line| line.contains("\"event\": \"GONE\"")));
        self.expect(line);
        assert_eq!(self.line(), None);
    }
}
