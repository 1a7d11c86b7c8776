//! The same commands to QEMU and to the emulator: results, error texts and events in their order have to be the same.

use std::path::Path;
use std::time::Duration;

use qapi_interop::{Qemu, Qmp, QmpError, emulator, settle};
use serde_json::{Value, json};

/// A process with its session and its own folder, which `@` in arguments stands for.
struct Peer {
    process: Qemu,
    qmp: Qmp,
    folder: tempfile::TempDir,
}

impl Peer {
    fn start(program: &Path, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        let options = ["-machine", "none"].iter().chain(options).map(|option| option.replace('@', path));
        let mut process = Qemu::start(program, folder.path(), "peer", options);
        let qmp = process.qmp();
        Self { process, qmp, folder }
    }

    /// Runs a command; what it answers with the folder's path taken out again.
    fn run(&mut self, command: &str, arguments: &Value) -> Value {
        let path = self.folder.path().to_str().unwrap().to_owned();
        let arguments = serde_json::from_str(&arguments.to_string().replace('@', &path)).unwrap();
        let answer = match self.qmp.execute(command, arguments) {
            Ok(result) => result,
            Err(QmpError { class, desc }) => json!({ "class": class, "desc": desc }),
        };
        let mut answer = serde_json::from_str(&answer.to_string().replace(&path, "@")).unwrap();
        settle(command, &mut answer);
        answer
    }

    fn events(&mut self) -> Vec<Value> {
        let strip = |event: Value| json!([event["event"], event["data"]]);
        self.qmp.events.drain(..).map(strip).collect()
    }
}

fn compare(qemu: &Path, options: &[&str], steps: &[(&str, Value)]) {
    let (mut theirs, mut ours) = (Peer::start(qemu, options), Peer::start(emulator(), options));
    for (number, (command, arguments)) in steps.iter().enumerate() {
        if matches!(*command, "migrate") {
            // Its end comes by itself, at its own time.
            let (left, right) = (theirs.run(command, arguments), ours.run(command, arguments));
            assert_eq!(left, right, "{options:?}, step {number}: {command} {arguments}: QEMU left, ours right");
            for peer in [&mut theirs, &mut ours] {
                let over = |info: &Value| !matches!(info["status"].as_str(), Some("setup" | "active"));
                peer.qmp.wait("query-migrate", over);
            }
            continue;
        }
        let (left, right) = (theirs.run(command, arguments), ours.run(command, arguments));
        assert_eq!(left, right, "{options:?}, step {number}: {command} {arguments}: QEMU left, ours right");
    }
    let quits = steps.last().is_some_and(|(command, _)| *command == "quit");
    for peer in [&mut theirs, &mut ours] {
        if quits {
            peer.qmp.last_words();
            assert_eq!(peer.process.wait().code(), Some(0), "{}", peer.process.said());
        } else {
            // Pushes out what is on its way.
            peer.run("query-name", &json!({}));
            std::thread::sleep(Duration::from_millis(20));
            peer.run("query-name", &json!({}));
        }
    }
    assert_eq!(theirs.events(), ours.events(), "{options:?}, events: QEMU left, ours right");
}

/// Steps without arguments.
fn plain<'a>(commands: &[&'a str]) -> Vec<(&'a str, Value)> {
    commands.iter().map(|command| (*command, json!({}))).collect()
}

/// One step for each of several arguments.
fn each<'a>(command: &'a str, arguments: &[Value]) -> Vec<(&'a str, Value)> {
    arguments.iter().map(|arguments| (command, arguments.clone())).collect()
}

#[test]
fn run_states_and_their_events() {
    let Some(qemu) = qapi_test_support::qemu("run_states_and_their_events") else { return };
    let status = "query-status";
    let running = [
        status,
        "stop",
        status,
        "stop",
        "cont",
        status,
        "cont",
        "system_reset",
        status,
        "stop",
        "system_reset",
        status,
        "system_reset",
        status,
        "system_powerdown",
        "cont",
        status,
        "system_reset",
        "system_reset",
        "system_powerdown",
        status,
        "quit",
    ];
    compare(&qemu, &["-m", "16"], &plain(&running));
    let waiting = [status, "stop", status, "system_reset", status, "cont", status, "system_reset", status, "quit"];
    compare(&qemu, &["-m", "16", "-S"], &plain(&waiting));
    compare(&qemu, &["-m", "16", "-no-shutdown"], &plain(&["system_powerdown", "stop", "quit"]));
    let incoming = [
        status,
        "query-migrate",
        "stop",
        status,
        "cont",
        status,
        "system_reset",
        status,
        "system_powerdown",
        status,
        "migrate_cancel",
        "query-migrate",
        "quit",
    ];
    compare(&qemu, &["-m", "16", "-incoming", "defer"], &plain(&incoming));
}

#[test]
fn what_an_idle_machine_tells_of_itself() {
    let Some(qemu) = qapi_test_support::qemu("what_an_idle_machine_tells_of_itself") else { return };
    let questions = plain(&[
        "query-name",
        "query-uuid",
        "query-target",
        "query-kvm",
        "query-version",
        "query-migrate",
        "migrate_cancel",
        "query-migrate",
        "query-memory-size-summary",
        "query-cpus-fast",
        "inject-nmi",
        "query-chardev",
        "query-machines",
        "query-migrate-capabilities",
        "no-such-command",
    ]);
    compare(&qemu, &[], &questions);
    let named = ["-m", "16", "-name", "guest=a,,b", "-uuid", "12345678-1234-1234-1234-123456789abc"];
    compare(&qemu, &named, &questions);
    let devices = [
        "-chardev",
        "null,id=c0",
        "-chardev",
        "file,id=c1,path=@/f",
        "-chardev",
        "socket,id=c2,path=@/s,server=on,wait=off",
    ];
    compare(&qemu, &devices, &plain(&["query-chardev"]));
}

#[test]
fn migrations_that_cannot_begin() {
    let Some(qemu) = qapi_test_support::qemu("migrations_that_cannot_begin") else { return };
    let events = |state: bool| json!({ "capabilities": [{ "capability": "events", "state": state }] });
    let uri = |uri: &str| json!({ "uri": uri });
    for heard in [false, true] {
        let mut steps = each("migrate-set-capabilities", &[events(heard)]);
        for bad in [
            "bogus",
            "bogus:x",
            "",
            "tcp:",
            "tcp:x",
            "tcp:[::1:0",
            "tcp:127.0.0.1:1",
            "tcp:nobody.invalid:1",
            "unix:",
            "unix:@/nobody",
        ] {
            steps.extend(each("migrate", &[uri(bad)]));
            steps.extend(plain(&["query-migrate", "migrate_cancel", "query-migrate", "query-status"]));
        }
        steps.extend(each(
            "migrate",
            &[
                json!({}),
                uri(&format!("unix:/{}", "a".repeat(120))),
                json!({ "uri": 5 }),
                json!({ "uri": "unix:@/nobody", "nope": 1 }),
                json!({ "uri": "unix:@/nobody", "resume": true }),
                json!({ "uri": "unix:@/nobody", "detach": false }),
            ],
        ));
        steps.extend(plain(&["query-migrate", "stop", "query-status"]));
        compare(&qemu, &["-m", "16"], &steps);
    }
}

#[test]
fn places_where_no_guest_can_come_from() {
    let Some(qemu) = qapi_test_support::qemu("places_where_no_guest_can_come_from") else { return };
    let uri = |uri: &str| json!({ "uri": uri });
    let unexpected = each("migrate-incoming", &[json!({}), uri("unix:@/a"), uri("bogus")]);
    compare(&qemu, &["-m", "16"], &unexpected);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = format!("tcp:{}", taken.local_addr().unwrap());
    let mut steps = each(
        "migrate-incoming",
        &[
            uri("bogus"),
            uri("tcp:"),
            uri("tcp:x"),
            uri("tcp:[::1:0"),
            uri("tcp:nobody.invalid:1"),
            uri("tcp:1.2.3.4:0"),
            uri(&taken),
            uri("unix:"),
            uri("unix:/nonexistent/x"),
            uri(&format!("unix:/{}", "a".repeat(120))),
        ],
    );
    steps.extend(each("migrate", &[uri("unix:@/x")]));
    steps.extend(plain(&["query-migrate", "query-status"]));
    // The place, and then it is too late for another one.
    steps.extend(each("migrate-incoming", &[uri("unix:@/in"), uri("unix:@/in"), uri("bogus")]));
    steps.extend(plain(&["query-migrate", "migrate_cancel", "query-migrate", "query-status", "quit"]));
    compare(&qemu, &["-m", "16", "-incoming", "defer"], &steps);
}

#[test]
fn capabilities_and_what_is_wrong_with_them() {
    let Some(qemu) = qapi_test_support::qemu("capabilities_and_what_is_wrong_with_them") else { return };
    let one = |name: &str, state: Value| json!({ "capability": name, "state": state });
    let list = |capabilities: Value| json!({ "capabilities": capabilities });
    let mut steps = each(
        "migrate-set-capabilities",
        &[
            json!({}),
            list(json!([])),
            list(json!(5)),
            list(json!([5])),
            list(json!([one("nope", json!(true))])),
            list(json!([{ "capability": "events" }])),
            list(json!([one("events", json!("x"))])),
            list(json!([one("events", json!(true)), one("events", json!(false))])),
            list(json!([one("xbzrle", json!(false)), one("events", json!(true))])),
        ],
    );
    steps.extend(plain(&["query-migrate-capabilities"]));
    compare(&qemu, &["-m", "16"], &steps);
}

#[test]
fn memory_goes_to_files_or_the_reason_is_the_same() {
    let Some(qemu) = qapi_test_support::qemu("memory_goes_to_files_or_the_reason_is_the_same") else { return };
    let to = |filename: &str| json!({ "val": 0, "size": 16, "filename": filename });
    let mut steps = each(
        "pmemsave",
        &[
            json!({}),
            to("@/out"),
            json!({ "val": 0, "size": 0, "filename": "@/out" }),
            json!({ "val": 4090, "size": 16, "filename": "@/out" }),
            to("/nonexistent/out"),
            to(""),
            to("@"),
            json!({ "val": 0, "size": 1 << 20, "filename": "/dev/full" }),
            json!({ "val": "x", "size": 16, "filename": "@/out" }),
            json!({ "val": 0, "size": 16.5, "filename": "@/out" }),
        ],
    );
    let cpu = |index: i64| json!({ "val": 0, "size": 16, "filename": "@/out", "cpu-index": index });
    steps.extend(each("memsave", &[json!({}), to("@/out"), cpu(0), cpu(1), cpu(-1)]));
    compare(&qemu, &["-m", "16"], &steps);
}

/// What is different on purpose, so that this list tells the truth.
#[test]
fn known_differences_are_still_there() {
    let Some(qemu) = qapi_test_support::qemu("known_differences_are_still_there") else { return };
    let capability = |name: &str| json!({ "capabilities": [{ "capability": name, "state": true }] });
    let (mut theirs, mut ours) = (Peer::start(&qemu, &["-m", "16"]), Peer::start(emulator(), &["-m", "16"]));
    for (command, arguments, text) in [
        // QEMU accepts what it does not do for such a machine either; here what is accepted is done.
        ("migrate-set-capabilities", capability("xbzrle"), "Capability 'xbzrle' is not supported by this emulator"),
        ("migrate-set-capabilities", capability("multifd"), "Capability 'multifd' is not supported by this emulator"),
        // QEMU takes the port modulo 65536.
        ("migrate", json!({ "uri": "tcp:127.0.0.1:99999" }), "error parsing address '127.0.0.1:99999'"),
        // There is no command that would hand a descriptor over.
    ] {
        let answer = ours.run(command, &arguments);
        assert_eq!(answer["desc"], text, "{command} {arguments}");
        assert_ne!(theirs.run(command, &arguments), answer, "{command} {arguments}: no difference any more");
        theirs.qmp.wait("query-migrate", |info| info["status"] != "setup");
    }
    // QEMU does not see that what it buffered was not written.
    let little = json!({ "val": 0, "size": 16, "filename": "/dev/full" });
    assert_eq!(theirs.run("pmemsave", &little), json!({}), "no difference any more");
    assert_eq!(ours.run("pmemsave", &little)["desc"], "An IO error has occurred");
    // QEMU dies of a negative size.
    let negative = json!({ "val": 0, "size": -1, "filename": "@/out" });
    assert_eq!(ours.run("pmemsave", &negative)["desc"], "Parameter 'size' expects a size that is not negative");
}

#[test]
fn policy_refuses_what_the_schema_marks() {
    let Some(qemu) = qapi_test_support::qemu("policy_refuses_what_the_schema_marks") else { return };
    let unstable = json!({ "capabilities": [{ "capability": "x-ignore-shared", "state": false }] });
    let stable = json!({ "capabilities": [{ "capability": "events", "state": true }] });
    let steps = [("migrate-set-capabilities", unstable), ("migrate-set-capabilities", stable)];
    for policy in ["unstable-input=accept", "unstable-input=reject", "deprecated-input=reject"] {
        compare(&qemu, &["-compat", policy], &steps);
    }
}
