//! Migration between two emulators, and of plain memory through a file.

mod support;

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{COUNTER, Emulator, PATIENCE};

/// Turns the event on.
fn listen_to_events(emulator: &mut Emulator) {
    let on = json!({ "capabilities": [{ "capability": "events", "state": true }] });
    emulator.execute("migrate-set-capabilities", on);
}

/// Waits until query-migrate says how it ended.
fn outcome(emulator: &mut Emulator) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let info = emulator.run("query-migrate");
        match info["status"].as_str() {
            Some("completed" | "failed" | "cancelled") => return info,
            _ => assert!(Instant::now() < deadline, "no end: {info}"),
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_busy_guest_moves_and_goes_on_where_it_was() {
    let name = "a_busy_guest_moves_and_goes_on_where_it_was";
    if qapi_test_support::kvm(name).is_none() {
        return;
    }
    let machine = ["-machine", "microvm", "-accel", "kvm", "-m", "32", "-serial", "null"];
    let mut source = Emulator::start(&machine);
    // Nothing runs at the destination before it was looked at.
    let mut arguments = machine.to_vec();
    arguments.extend(["-S", "-incoming", "defer"]);
    let mut destination = Emulator::start(&arguments);
    assert_eq!(destination.status(), "inmigrate");
    listen_to_events(&mut source);
    listen_to_events(&mut destination);
    let uri = format!("unix:{}", destination.path("in").display());
    destination.execute("migrate-incoming", json!({ "uri": uri }));
    let address = &destination.run("query-migrate")["socket-address"];
    assert_eq!(address[0]["type"], "unix");
    source.counts_above(1000);
    source.seen();

    source.execute("migrate", json!({ "uri": uri }));
    let info = outcome(&mut source);
    assert_eq!(info["status"], "completed", "{info}");
    assert_eq!(source.status(), "postmigrate");
    assert_eq!(info["ram"]["total"], 32 << 20);
    assert!(info["ram"]["normal"].as_u64().unwrap() > 0, "{info}");
    assert!(info["downtime"].is_u64() && info["total-time"].is_u64(), "{info}");
    let seen = source.seen();
    let told: Vec<&str> = seen.iter().map(String::as_str).filter(|name| *name != "MIGRATION_PASS").collect();
    assert_eq!(told, ["MIGRATION setup", "MIGRATION active", "STOP", "MIGRATION completed"]);

    destination.wait_for("MIGRATION completed");
    assert_eq!(destination.status(), "paused");
    let counted = source.word(COUNTER);
    assert!(counted > 1000);
    assert_eq!(destination.word(COUNTER), counted);
    assert!(source.memory(0, 32 << 20) == destination.memory(0, 32 << 20), "memory differs");
    destination.run("cont");
    destination.counts_above(counted);
    assert_eq!(source.word(COUNTER), counted, "the source stands still");
    let again = source.refusal("migrate", json!({ "uri": uri }));
    assert_eq!(again, "Can't migrate the vm that was paused due to previous migration");
    assert_eq!(source.quit().code(), Some(0));
    assert_eq!(destination.quit().code(), Some(0));
}

#[test]
fn a_running_guest_runs_on_at_a_destination_that_was_not_told_to_wait() {
    let name = "a_running_guest_runs_on_at_a_destination_that_was_not_told_to_wait";
    if qapi_test_support::kvm(name).is_none() {
        return;
    }
    let mut destination =
        Emulator::start(&["-machine", "microvm", "-accel", "kvm", "-m", "32", "-incoming", "tcp:127.0.0.1:0"]);
    let mut source = Emulator::start(&["-machine", "microvm", "-accel", "kvm", "-m", "32"]);
    let count = source.counts_above(1000);
    let listening = destination.run("query-migrate");
    let port = listening["socket-address"][0]["port"].as_str().unwrap();
    source.execute("migrate", json!({ "uri": format!("tcp:127.0.0.1:{port}") }));
    assert_eq!(outcome(&mut source)["status"], "completed");
    destination.wait_for("RESUME");
    assert_eq!(destination.status(), "running");
    destination.counts_above(count);
    source.quit();
    destination.quit();
}

#[test]
fn memory_survives_in_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let ram = directory.path().join("ram");
    let content: Vec<u8> =
        (0..2_u32 << 20).map(|i| if i & 0x3000 == 0 { 0 } else { (i.wrapping_mul(73) >> 5) as u8 }).collect();
    std::fs::write(&ram, &content).unwrap();
    let from = format!("memory-backend-file,id=r,size=2M,share=on,mem-path={}", ram.display());
    let mut source = Emulator::start(&["-object", &from, "-machine", "none,memory-backend=r", "-S"]);
    let uri = format!("file:{}", directory.path().join("state").display());
    source.execute("migrate", json!({ "uri": uri }));
    let info = outcome(&mut source);
    assert_eq!(info["status"], "completed", "{info}");
    assert!(info["ram"]["duplicate"].as_u64().unwrap() > 0, "{info}");
    assert_eq!(source.status(), "postmigrate");
    source.quit();

    let object = "memory-backend-ram,id=r,size=2M";
    let mut destination = Emulator::start(&["-object", object, "-machine", "none,memory-backend=r", "-incoming", &uri]);
    assert_eq!(outcome(&mut destination)["status"], "completed");
    assert_eq!(destination.status(), "prelaunch", "it was not started before");
    assert!(destination.memory(0, 2 << 20) == content, "memory differs");
    destination.quit();
}

/// A machine with more memory to send than any socket holds unread, and a peer that reads nothing by itself.
fn with_a_deaf_peer() -> (Emulator, UnixListener, String) {
    let directory = tempfile::tempdir().unwrap();
    let ram = directory.path().join("ram");
    std::fs::write(&ram, vec![0x55; 16 << 20]).unwrap();
    let object = format!("memory-backend-file,id=r,size=16M,mem-path={}", ram.display());
    let mut source = Emulator::start(&["-object", &object, "-machine", "none,memory-backend=r"]);
    listen_to_events(&mut source);
    let path = source.path("deaf");
    let peer = UnixListener::bind(&path).unwrap();
    (source, peer, format!("unix:{}", path.display()))
}

#[test]
fn a_cancelled_migration_leaves_the_guest_here() {
    let (mut source, peer, uri) = with_a_deaf_peer();
    let uri = json!({ "uri": uri });
    source.execute("migrate", uri.clone());
    let _client = peer.accept().unwrap();
    source.wait_for("MIGRATION active");
    let busy = "There's a migration process in progress";
    assert_eq!(source.refusal("migrate", uri), busy);
    let off = json!({ "capabilities": [{ "capability": "events", "state": false }] });
    assert_eq!(source.refusal("migrate-set-capabilities", off), busy);
    let info = source.run("query-migrate");
    assert_eq!(info["status"], "active");
    assert_eq!(info["ram"]["total"], 16 << 20);
    source.run("migrate_cancel");
    source.wait_for("MIGRATION cancelled");
    assert_eq!(source.run("query-migrate"), json!({ "status": "cancelled" }));
    assert_eq!(source.status(), "running");
    source.run("migrate_cancel");
    assert_eq!(source.quit().code(), Some(0));
}

#[test]
fn a_lost_connection_leaves_the_guest_here_and_it_can_try_again() {
    let (mut source, peer, uri) = with_a_deaf_peer();
    source.execute("migrate", json!({ "uri": uri }));
    let (mut client, _) = peer.accept().unwrap();
    client.read_exact(&mut [0; 1 << 20]).unwrap();
    drop(client);
    let info = outcome(&mut source);
    assert_eq!(info["status"], "failed");
    assert!(info["error-desc"].as_str().unwrap().contains("Broken pipe"), "{info}");
    source.wait_for("MIGRATION failed");
    assert_eq!(source.status(), "running");
    let file = format!("file:{}", source.path("state").display());
    source.execute("migrate", json!({ "uri": file }));
    assert_eq!(outcome(&mut source)["status"], "completed");
    assert_eq!(source.quit().code(), Some(0));
}

#[test]
fn quit_does_not_wait_for_a_migration() {
    let (mut source, peer, uri) = with_a_deaf_peer();
    source.execute("migrate", json!({ "uri": uri }));
    let _client = peer.accept().unwrap();
    source.wait_for("MIGRATION active");
    assert_eq!(source.quit().code(), Some(0));
}

#[test]
fn refusals_are_qemus() {
    let mut emulator = Emulator::start(&["-machine", "none"]);
    let nowhere = json!({ "uri": "foo:bar" });
    for (command, arguments, text) in [
        ("migrate", nowhere.clone(), "Parameter 'uri' expects a valid migration protocol"),
        ("migrate", json!({ "uri": "unix:/x", "resume": true }), "Cannot resume if there is no paused migration"),
        ("migrate-incoming", nowhere.clone(), "'-incoming' was not specified on the command line"),
    ] {
        assert_eq!(emulator.refusal(command, arguments), text);
    }
    // Of the commands above one has got as far as beginning.
    assert_eq!(emulator.run("query-migrate"), json!({ "status": "failed" }));
    emulator.execute("migrate", json!({ "uri": "unix:/nonexistent/x" }));
    let info = outcome(&mut emulator);
    assert_eq!(info["status"], "failed");
    let text = info["error-desc"].as_str().unwrap();
    assert!(text.starts_with("Failed to connect to") && text.ends_with("No such file or directory"));
    assert_eq!(emulator.status(), "running");
    emulator.quit();

    let mut waiting = Emulator::start(&["-machine", "none", "-incoming", "defer"]);
    for (command, arguments, text) in [
        ("migrate", json!({ "uri": "tcp:127.0.0.1:1" }), "Guest is waiting for an incoming migration"),
        ("migrate-incoming", nowhere, "unknown migration protocol: foo:bar"),
    ] {
        assert_eq!(waiting.refusal(command, arguments), text);
    }
    let unknown = json!({ "uri": "tcp:nobody.invalid:1" });
    let reason = waiting.refusal("migrate-incoming", unknown);
    assert!(reason.starts_with("address resolution failed for nobody.invalid:1: "), "{reason}");
    let uri = json!({ "uri": format!("unix:{}", waiting.path("in").display()) });
    waiting.execute("migrate-incoming", uri.clone());
    assert_eq!(waiting.refusal("migrate-incoming", uri), "The incoming migration has already been started");
    waiting.quit();
}

#[test]
fn a_stream_that_cannot_be_loaded_ends_the_destination_with_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    std::fs::write(&state, b"this is no migration stream").unwrap();
    let uri = format!("file:{}", state.display());
    let output = support::output(&["-nodefaults", "-machine", "none", "-incoming", &uri]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.starts_with("qapi-emulator: load of migration failed: "), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
}

#[test]
fn quit_does_not_leave_the_socket_of_a_source_that_never_came() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("in");
    let uri = format!("unix:{}", path.display());
    let emulator = Emulator::start(&["-machine", "none", "-incoming", &uri]);
    assert!(path.exists());
    assert_eq!(emulator.quit().code(), Some(0));
    assert!(!path.exists());
}

#[test]
fn monitors_are_served_while_the_place_to_listen_is_opened() {
    let directory = tempfile::tempdir().unwrap();
    let other = directory.path().join("other");
    let monitor = format!("unix:{},server=on,wait=off", other.display());
    let mut emulator = Emulator::start(&["-machine", "none", "-incoming", "defer", "-qmp", &monitor]);
    let pipe = emulator.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // Opening a named pipe to read waits for somebody who writes.
    let uri = json!({ "uri": format!("file:{}", pipe.display()) });
    let mut client = UnixStream::connect(other).unwrap();
    let command = json!({ "execute": "migrate-incoming", "arguments": uri });
    write!(client, "{{\"execute\": \"qmp_capabilities\"}}{command}").unwrap();
    emulator.wait_for("MIGRATION setup");
    let again = emulator.refusal("migrate-incoming", json!({ "uri": "unix:/x" }));
    assert_eq!(again, "The incoming migration has already been started");
    assert_eq!(emulator.status(), "inmigrate");
    assert_eq!(emulator.quit().code(), Some(0));
}
