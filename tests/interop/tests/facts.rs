//! What was recorded from QEMU's monitor, replayed over the sockets of the emulator and of QEMU: malformed input before and after
//! negotiation, arguments one after the other on one monitor, ids. Every expectation is read from the record.

use std::collections::BTreeSet;
use std::path::Path;

use qapi_interop::{Qemu, Wire, emulator, parsed, wait_for};
use serde_json::{Value, json};

/// The id of the monitor's character device in the record.
const MONITOR: &str = "m0";

fn record(test: &str) -> Option<Value> {
    let path = qapi_test_support::facts(test)?;
    let text = std::fs::read(&path).unwrap();
    Some(serde_json::from_slice(&text).unwrap())
}

fn cases<'a>(record: &'a Value, name: &str) -> &'a [Value] {
    record[name].as_array().unwrap_or_else(|| panic!("the record has no list '{name}'"))
}

fn text<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().unwrap_or_else(|| panic!("no text '{name}' in {case}"))
}

/// A machine in the state of the record: no board, one monitor, called as there, on a socket called as there.
struct Machine {
    process: Qemu,
    /// Whether it is the emulator, otherwise QEMU.
    emulator: bool,
    folder: tempfile::TempDir,
}

impl Machine {
    fn start(program: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let device = format!("socket,id={MONITOR},path={}/s,server=on,wait=off", folder.path().display());
        let monitor = format!("chardev={MONITOR},mode=control");
        let options = ["-machine", "none", "-chardev", &device, "-mon", &monitor];
        let process = Qemu::start_bare(program, folder.path(), "machine", options);
        Self { process, emulator: program == emulator(), folder }
    }

    fn connect(&self, negotiated: bool) -> Wire {
        let socket = self.folder.path().join("s");
        wait_for("the monitor", || socket.exists().then_some(()));
        if negotiated { Wire::negotiated(&socket, "") } else { Wire::connect(&socket) }
    }

    /// A reply as the record has it.
    fn recorded(&self, line: &str) -> Value {
        parsed(&line.replace(&self.folder.path().display().to_string(), "@DIR@"))
    }

    fn commands(&self) -> BTreeSet<String> {
        let replies = self.connect(true).replies_to(b"{\"execute\": \"query-commands\"}");
        let commands = parsed(&replies[0]);
        commands["return"].as_array().unwrap().iter().map(|command| text(command, "name").to_owned()).collect()
    }
}

/// Runs a replay against the emulator, and against QEMU where there is one: that shows that the replay is right.
fn on_both(test: &str, replay: impl Fn(&Machine, &BTreeSet<String>)) {
    for program in [Some(emulator().to_owned()), qapi_test_support::qemu(test)].into_iter().flatten() {
        let machine = Machine::start(&program);
        let commands = machine.commands();
        replay(&machine, &commands);
        assert_eq!(machine.process.said(), "", "{}", program.display());
    }
}

#[test]
fn malformed_input_is_answered_as_recorded() {
    let name = "malformed_input_is_answered_as_recorded";
    let Some(record) = record(name) else { return };
    let malformed = cases(&record, "malformed");
    assert!(malformed.len() > 30, "only {} cases", malformed.len());
    on_both(name, |machine, _| {
        for case in malformed {
            // The record has a byte in every character.
            let input: Vec<u8> = text(case, "input").chars().map(|c| u8::try_from(c).unwrap()).collect();
            for (state, negotiated) in [("before-negotiation", false), ("after-negotiation", true)] {
                let replies = machine.connect(negotiated).replies_to(&input);
                let replies: Vec<Value> = replies.iter().map(|line| parsed(line)).collect();
                assert_eq!(json!(replies), case[state], "{} {state}", text(case, "name"));
            }
        }
    });
}

#[test]
fn arguments_are_answered_as_recorded() {
    let name = "arguments_are_answered_as_recorded";
    let Some(record) = record(name) else { return };
    let requests = cases(&record, "args");
    on_both(name, |machine, commands| {
        let mut wire = machine.connect(true);
        let (mut tried, mut absent, mut otherwise) = (0, Vec::new(), Vec::new());
        for case in requests {
            let (request, name) = (&case["request"], text(case, "name"));
            let command = text(request, "execute");
            let replies = wire.replies_to(request.to_string().as_bytes());
            assert_eq!(replies.len(), 1, "{name}: {replies:?}");
            let reply = machine.recorded(&replies[0]);
            if reply == case["reply"] {
                tried += 1;
            } else if !commands.contains(command) {
                assert_eq!(reply["error"]["class"], "CommandNotFound", "{name}: {request}");
                absent.push(format!("{name} ({command})"));
            } else {
                otherwise.push(format!("{name}: {request}: {reply}, recorded {}", case["reply"]));
            }
        }
        println!("{tried} cases of arguments replayed; not applicable, since their command is absent: {absent:?}");
        assert!(tried >= 9, "only {tried} cases");
        // Not all that was sent is in the record, so here and there QEMU was in a state that its cases do not lead to.
        assert!(otherwise.is_empty() || !machine.emulator && otherwise.len() < tried / 10, "{otherwise:#?}");
    });
}

#[test]
fn ids_come_back_as_recorded() {
    let name = "ids_come_back_as_recorded";
    let Some(record) = record(name) else { return };
    on_both(name, |machine, commands| {
        let mut wire = machine.connect(true);
        for case in cases(&record, "id") {
            let name = text(case, "name");
            // The one case that is not about the id's own text names a command; the others say so by succeeding.
            let (command, id) = match name {
                "error reply" => ("human-monitor-command", "2"),
                _ => ("query-name", name.strip_prefix("literal ").unwrap_or(name)),
            };
            if !commands.contains(command) {
                println!("not applicable, since there is no {command}: {name}");
                continue;
            }
            let replies = wire.replies_to(format!("{{\"execute\": \"{command}\", \"id\": {id}}}").as_bytes());
            assert_eq!(replies.len(), 1, "{name}: {replies:?}");
            match &case["reply"] {
                // Recorded as it came, where parsing would hide what matters.
                // A bare `inf` is no JSON, so the emulator says `null`: the one difference, on purpose.
                Value::String(line) => {
                    let line = if machine.emulator { &line.replace("\"id\": inf", "\"id\": null") } else { line };
                    assert_eq!(replies[0].trim_end_matches('\n'), line, "{name}");
                }
                reply => assert_eq!(&parsed(&replies[0]), reply, "{name}"),
            }
        }
    });
}
