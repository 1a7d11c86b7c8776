//! Some thousand requests that a schema suggests, right and wrong ones, to QEMU and to the emulator: all replies are the same.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::thread;

use qapi_interop::{Qemu, Qmp, Request, Requests, Wire, emulator, parsed, settle};
use qapi_test_support::Random;
use serde_json::{Value, json};

/// Requests in one connection.
const REQUESTS: u64 = 4000;

/// Commands that end the machine, or go on by themselves after their reply.
const LEFT_OUT: &[&str] = &["quit", "migrate", "migrate-incoming", "query-commands", "query-qmp-schema"];

/// A machine that both sides know.
fn start(program: &Path, folder: &Path) -> (Qemu, Qmp) {
    let mut process = Qemu::start(program, folder, "peer", ["-machine", "none", "-m", "16"]);
    let qmp = process.qmp();
    (process, qmp)
}

/// What a machine said.
struct Answers {
    replies: Vec<Value>,
    events: Vec<Value>,
}

/// What a machine answers to all of them, sent without waiting, by a client that enabled a capability.
fn answers(machine: &Qemu, capability: &str, requests: &[Request]) -> Answers {
    let folder = machine.socket().parent().unwrap().display().to_string();
    let mut wire = Wire::negotiated(machine.socket(), capability);
    let mut writer = wire.stream().try_clone().unwrap();
    let all: String = requests.iter().map(|request| format!("{}\n", request.text)).collect();
    let sender = thread::spawn(move || writer.write_all(all.as_bytes()));
    let (mut replies, mut events) = (Vec::new(), Vec::new());
    while replies.len() < requests.len() {
        let answered = replies.len();
        let line = wire.line().unwrap_or_else(|| panic!("it ended at {:?}: {}", requests[answered], machine.said()));
        let mut message = parsed(&line.replace(&folder, "@"));
        if message.get("event").is_some() {
            events.push(json!([message["event"], message["data"]]));
        } else {
            if let Some(result) = message.get_mut("return") {
                settle(&requests[answered].command, result);
            }
            replies.push(message);
        }
    }
    sender.join().unwrap().unwrap();
    Answers { replies, events }
}

#[test]
fn replies_to_thousands_of_requests_are_the_same() {
    let Some(qemu) = qapi_test_support::qemu("replies_to_thousands_of_requests_are_the_same") else { return };
    let folders = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (theirs, mut their_qmp) = start(&qemu, folders.0.path());
    let (ours, mut our_qmp) = start(emulator(), folders.1.path());
    let commands = |qmp: &mut Qmp| qmp.execute("query-commands", json!({})).unwrap().to_string();
    let (in_theirs, in_ours) = (commands(&mut their_qmp), commands(&mut our_qmp));
    let schema = our_qmp.execute("query-qmp-schema", json!({})).unwrap();
    drop((their_qmp, our_qmp));
    let both = |name: &str| {
        let quoted = Value::from(name).to_string();
        in_theirs.contains(&quoted) && in_ours.contains(&quoted) && !LEFT_OUT.contains(&name)
    };
    // A file is as long as `size` says, and QEMU dies of a negative one. Capabilities that are not implemented are refused.
    let requests = Requests::new(&schema, both)
        .with_values("capability", &["\"events\"", "\"nobody\""])
        .with_values("size", &["0", "1", "16", "5000"])
        .with_values("filename", &["\"x\"", "\"\"", "\"/nonexistent/x\"", "\".\""]);
    assert!(requests.commands().len() > 20, "{:?}", requests.commands());
    let mut random = Random::new(1);
    let requests: Vec<Request> = (0..REQUESTS).map(|id| requests.next(&mut random, id)).collect();

    // With it, requests wait in a queue rather than where they were read.
    for capability in ["", "\"oob\""] {
        compare(answers(&theirs, capability, &requests), answers(&ours, capability, &requests), &requests);
    }
}

/// Compares replies, and which events came.
fn compare(theirs: Answers, ours: Answers, requests: &[Request]) {
    let mut different = Vec::new();
    let mut kinds = BTreeMap::<String, usize>::new();
    for ((request, left), right) in requests.iter().zip(&theirs.replies).zip(&ours.replies) {
        if left != right {
            different.push(format!("{}\n  QEMU {left}\n  ours {right}", request.text));
        }
        assert_eq!(request.identified, left.get("id").is_some(), "{}: {left}", request.text);
        *kinds.entry(left["error"]["desc"].as_str().unwrap_or("success").to_owned()).or_default() += 1;
    }
    assert!(
        different.is_empty(),
        "{} differences:\n{}",
        different.len(),
        different[..different.len().min(20)].join("\n")
    );
    assert_eq!(theirs.events, ours.events, "QEMU left, ours right");
    println!("{REQUESTS} requests, {} different errors: {kinds:#?}", kinds.len() - 1);
    assert!(kinds.len() > 30 && kinds["success"] > REQUESTS as usize / 10, "{kinds:#?}");
}
