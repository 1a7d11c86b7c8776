//! What monitors can be told on the command line, byte for byte as QEMU does it: `pretty=on`, `--preconfig`.

use std::fmt::Debug;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;

use qapi_interop::{PATIENCE, Qemu, emulator, wait_for};
use serde_json::Value;

/// A process and the bytes of one of its monitors.
struct Machine {
    process: Qemu,
    stream: UnixStream,
    pretty: bool,
    _folder: tempfile::TempDir,
}

impl Machine {
    /// Starts a program with these options, in which `@` stands for the monitor's address.
    fn start(program: &Path, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m");
        let pretty = options.iter().any(|option| option.contains("pretty") && !option.contains("off"));
        let options = options.iter().map(|option| option.replace('@', "path=m,server=on,wait=off"));
        let options = ["-machine", "none"].map(String::from).into_iter().chain(options);
        let process = Qemu::start_bare(program, folder.path(), "machine", options);
        let stream = wait_for("a monitor", || UnixStream::connect(&path).ok());
        Self { process, stream, pretty, _folder: folder }
    }

    /// All that comes up to a message in which `last` stands, or up to the end, without what no two runs have in common.
    fn said(&mut self, last: &str) -> String {
        let (mut said, mut buffer) = (String::new(), vec![0; 1 << 16]);
        self.stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let end = if self.pretty { "\r\n}\r\n" } else { "}\r\n" };
        while !(said.contains(last) && said.ends_with(end)) {
            match self.stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => said += std::str::from_utf8(&buffer[..count]).expect("ASCII"),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
                Err(error) => panic!("{error} after {said}: {}", self.process.said()),
            }
        }
        alike(&said)
    }

    /// What is answered to a request, and to one more that marks the end.
    fn ask(&mut self, request: &str) -> String {
        let request = format!("{request}{{'execute': 'query-name', 'id': '{END}'}}");
        self.stream.write_all(request.as_bytes()).unwrap();
        self.said(END)
    }
}

/// The id of the request that marks the end.
const END: &str = "the end of what is awaited";

/// Takes out version, package and time.
fn alike(text: &str) -> String {
    let mut alike = String::new();
    for line in text.split_inclusive("\r\n") {
        let mut line = line.to_owned();
        for key in ["\"micro\": ", "\"minor\": ", "\"major\": ", "\"package\": ", "\"seconds\": ", "microseconds\": "] {
            if let Some(at) = line.find(key).map(|at| at + key.len()) {
                let length = line[at..].find(['}', ',', '\r']).unwrap_or(line.len() - at);
                line.replace_range(at..at + length, "?");
            }
        }
        alike += &line;
    }
    alike
}

/// Asks both the same, after the greeting, and compares what `look` makes of the answers.
fn compare<T: PartialEq + Debug>(test: &str, options: &[&str], requests: &[&str], look: fn(String) -> T) {
    let Some(qemu) = qapi_test_support::qemu(test) else { return };
    let (mut theirs, mut ours) = (Machine::start(&qemu, options), Machine::start(emulator(), options));
    assert_eq!(
        look(theirs.said("oob")),
        look(ours.said("oob")),
        "the greeting with {options:?}: QEMU left, ours right"
    );
    for request in requests {
        assert_eq!(
            look(theirs.ask(request)),
            look(ours.ask(request)),
            "{request} with {options:?}: QEMU left, ours right"
        );
    }
}

#[test]
fn pretty_monitors_lay_everything_out_alike() {
    let requests = [
        "{'execute': 'query-name', 'id': {}}",
        "{'execute': 'qmp_capabilities', 'id': []}",
        "{'execute': 'query-name', 'id': [{}, [], [[]], {'a': {'b': [1, {}]}}, 'x\\n\\\"\u{20ac}', -0.5, null, true]}",
        "{'execute': 'query-cpus-fast'}",
        "{'execute': 'query-target', 'id': 1}{'execute': 'query-uuid', 'id': 2}",
        "{'execute': 'stop', 'id': 'event'}",
        "{'execute': 'cont'}",
        "[}",
        "nope\n",
        "{'execute': 'nope', 'id': [\n]}",
        "{'execute': 'quit'}",
    ];
    // Members of results come in another order than QEMU's, which is that of a hash table: one member is enough here.
    let test = "pretty_monitors_lay_everything_out_alike";
    compare(test, &["-chardev", "socket,id=m,@", "-mon", "chardev=m,mode=control,pretty=on"], &requests, same);
    compare(test, &["-qmp-pretty", "unix:m,server=on,wait=off"], &requests[..3], same);
    compare(test, &["-chardev", "socket,id=m,@", "-mon", "m,mode=control,pretty=off"], &requests[..3], same);
}

/// The text itself.
fn same(text: String) -> String {
    text
}

/// The messages as values, whatever the order of their members.
fn values(text: String) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(&line.replace('?', "0")).expect("JSON")).collect()
}

/// What comes before the answer that marks the end.
fn first(text: &str) -> &str {
    let end = text.find(END).expect("the end");
    let brace = text[..end].rfind("\n{").expect("a message before the last one");
    &text[..=brace]
}

#[test]
fn a_large_reply_is_laid_out_as_a_small_one() {
    let mut ours = Machine::start(emulator(), &["-qmp-pretty", "unix:m,server=on,wait=off"]);
    ours.said("oob");
    ours.ask("{'execute': 'qmp_capabilities'}");
    let schema = ours.ask("{'execute': 'query-qmp-schema', 'id': 'x'}");
    let begins = ["{", "    \"return\": [", "        {", "            \""].join("\r\n");
    assert!(schema.starts_with(&begins), "{}", &schema[..200]);
    let schema = first(&schema);
    assert!(schema.ends_with("        }\r\n    ],\r\n    \"id\": \"x\"\r\n}\r\n"));
    let mut depth = 0;
    for line in schema.split_terminator("\r\n") {
        let text = line.trim_start();
        depth -= usize::from(text.starts_with(['}', ']']));
        assert_eq!(line.len() - text.len(), 4 * depth, "{line}");
        depth += usize::from(text.ends_with(['{', '[']));
    }
    let mut plain = Machine::start(emulator(), &["-qmp", "unix:m,server=on,wait=off"]);
    plain.said("oob");
    plain.ask("{'execute': 'qmp_capabilities'}");
    let plain = plain.ask("{'execute': 'query-qmp-schema', 'id': 'x'}");
    let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(value(schema), value(first(&plain)));
}

/// Commands of both, for a machine that is not built yet.
const BEFORE: &[&str] = &[
    "{'execute': 'query-status'}",
    "{'execute': 'qmp_capabilities', 'arguments': {'enable': ['oob']}}",
    "{'execute': 'query-status', 'id': 1}",
    "{'execute': 'query-name'}",
    "{'execute': 'query-version', 'arguments': {'x': 1}}",
    "{'execute': 'query-uuid'}",
    "{'execute': 'query-target'}",
    "{'execute': 'query-kvm'}",
    "{'execute': 'query-machines'}",
    "{'execute': 'query-chardev', 'arguments': {'x': 1}}",
    "{'execute': 'query-cpus-fast'}",
    "{'execute': 'query-migrate'}",
    "{'execute': 'query-migrate-capabilities'}",
    "{'execute': 'migrate-set-capabilities', 'arguments': {'capabilities': 1}}",
    "{'execute': 'migrate-incoming', 'arguments': {'uri': 'x'}}",
    "{'execute': 'migrate', 'id': 7}",
    "{'execute': 'query-memory-size-summary'}",
    "{'execute': 'pmemsave', 'arguments': {}}",
    "{'execute': 'stop', 'id': 2}",
    "{'execute': 'cont', 'arguments': {'x': 1}}",
    "{'execute': 'system_reset'}",
    "{'execute': 'system_powerdown'}",
    "{'execute': 'inject-nmi'}",
    "{'execute': 'getfd', 'arguments': {'fdname': 'x'}}",
    "{'execute': 'query-fdsets'}",
    "{'exec-oob': 'migrate-pause', 'id': 3}",
    "{'exec-oob': 'query-name', 'id': 3}",
    "{'exec-oob': 'stop'}",
    "{'execute': 'nope'}",
    "{'execute': 'query-commands', 'arguments': {'x': 1}}",
    "{'execute': 'query-qmp-schema', 'arguments': {'x': 1}}",
    "{'execute': 'x-exit-preconfig', 'arguments': {'x': 1}}",
];

const AFTER: &[&str] = &[
    "{'execute': 'x-exit-preconfig', 'id': 9}",
    "{'execute': 'query-status'}",
    "{'execute': 'x-exit-preconfig'}",
    "{'execute': 'query-kvm'}",
    "{'execute': 'stop'}",
    "{'execute': 'quit'}",
];

#[test]
fn a_machine_held_back_answers_alike() {
    let monitor = ["-qmp", "unix:m,server=on,wait=off"];
    let requests = [BEFORE, AFTER].concat();
    for more in [&["--preconfig"][..], &["--preconfig", "-S"], &["-preconfig", "-incoming", "defer"]] {
        compare("a_machine_held_back_answers_alike", &[&monitor[..], more].concat(), &requests, values);
    }
    let quit = [BEFORE[1], "{'execute': 'quit'}"];
    compare("a_machine_held_back_answers_alike", &[&monitor[..], &["--preconfig"]].concat(), &quit, values);
    compare("a_machine_held_back_answers_alike", &monitor, &[BEFORE[1], AFTER[0], AFTER[1]], values);
}
