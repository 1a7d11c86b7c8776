//! Clients that do not read long answers cost little, and so do those that have read them and are silent now. One test alone, since it measures its process.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use qapi_runtime::{Arguments, CommandFlags, CommandInfo, Context, Encoder, Error, Reply, Server, Service};

const LARGE: CommandInfo<'static> = CommandInfo { name: "query-large", flags: CommandFlags::NONE };
const MIB: usize = 1 << 20;

/// Has one command, which returns 4 MiB.
struct Large;

impl Service for Large {
    fn command(&self, index: usize) -> Option<CommandInfo<'_>> {
        (index == 0).then_some(LARGE)
    }

    fn find(&self, name: &str) -> Option<usize> {
        (name == LARGE.name).then_some(0)
    }

    fn introspection(&self) -> &str {
        "[]"
    }

    fn call<'a>(&'a self, _: usize, _: &'a Context, _: Arguments<'a>, reply: &'a mut Encoder) -> Reply<'a> {
        reply.str(&"x".repeat(4 * MIB));
        Box::pin(async { Ok(()) })
    }

    fn call_oob(&self, _: usize, _: &Context, _: Arguments<'_>, _: &mut Encoder) -> Result<(), Error> {
        Err(Error::generic("nothing is executed out of band"))
    }
}

/// Bytes of memory that this process has.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    line.trim().trim_end_matches(" kB").parse::<usize>().expect("a number") << 10
}

/// Sends a text and reads so many lines; how long they are together.
fn ask(stream: &UnixStream, text: &str, lines: usize) -> usize {
    (&mut &*stream).write_all(text.as_bytes()).expect("the server reads");
    let (mut input, mut line) = (BufReader::new(stream), Vec::new());
    (0..lines).map(|_| input.read_until(b'\n', &mut line).expect("a line")).sum()
}

#[test]
fn replies_not_read_cost_little_and_what_a_large_one_took_is_given_back() {
    const CLIENTS: usize = 40;
    let (near, far): (Vec<_>, Vec<_>) = (0..CLIENTS).map(|_| UnixStream::pair().expect("a pair")).unzip();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = std::thread::spawn(move || {
        let server = near.into_iter().enumerate().try_fold(Server::new(Large), |server, (i, end)| {
            // Every other one lays out what it sends.
            let name = format!("m{i}");
            let server = server.attach(&name, end)?;
            if i % 2 == 0 { server.pretty(&name) } else { Ok(server) }
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(server.expect("monitors").run_until(stopped)).expect("an orderly end");
    });
    let before = resident();
    let (stalled, far) = far.split_first().expect("a client");
    ask(stalled, "{'execute': 'qmp_capabilities'}", 18);
    ask(stalled, &"{'execute': 'query-large'}".repeat(100), 0);
    let deadline = Instant::now() + Duration::from_millis(500);
    while Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
        let grown = resident().saturating_sub(before);
        assert!(grown < 32 * MIB, "a hundred replies that are not read cost {} MiB", grown / MIB);
    }
    for (i, stream) in far.iter().enumerate() {
        // Greeting and answer are 12 and 4 lines where they are laid out.
        let lines = if i % 2 == 1 { 18 } else { 2 };
        ask(stream, "{'execute': 'qmp_capabilities'}", lines);
        let lines = if i % 2 == 1 { 3 } else { 1 };
        assert!(ask(stream, "{'execute': 'query-large'}", lines) > 4 * MIB);
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 48 * MIB, "{CLIENTS} silent clients cost {} MiB", grown / MIB);
    drop(stop);
    server.join().expect("no panic");
}
