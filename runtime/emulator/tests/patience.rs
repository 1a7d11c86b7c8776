//! Nobody outside can hold the emulator up: not a reader that does not read, not a client that has left.

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use serde_json::json;
use support::Emulator;

#[test]
fn quit_does_not_wait_for_a_command_that_does() {
    let directory = tempfile::tempdir().unwrap();
    let (pipe, other) = (directory.path().join("pipe"), directory.path().join("other"));
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let monitor = format!("unix:{},server=on,wait=off", other.display());
    let mut emulator = Emulator::start(&["-machine", "none", "-m", "16", "-qmp", &monitor]);
    // Nobody reads the pipe, so whoever opens it to write waits for ever. The client leaves without an answer.
    let mut client = UnixStream::connect(other).unwrap();
    let arguments = json!({ "val": 0, "size": 4096, "filename": pipe });
    let command = json!({ "execute": "pmemsave", "arguments": arguments });
    std::io::Write::write_all(&mut client, format!("{{\"execute\": \"qmp_capabilities\"}}{command}").as_bytes())
        .unwrap();
    client.read_exact(&mut [0; 64]).unwrap();
    drop(client);
    assert_eq!(emulator.status(), "running");
    let began = Instant::now();
    assert_eq!(emulator.quit().code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_client_that_left_does_not_keep_the_next_from_the_console() {
    let name = "a_client_that_left_does_not_keep_the_next_from_the_console";
    if qapi_test_support::kvm(name).is_none() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("console");
    let serial = format!("unix:{},server=on,wait=off", path.display());
    // The guest says something every second and never reads.
    let mut emulator = Emulator::start(&["-machine", "microvm", "-accel", "kvm", "-m", "16", "-serial", &serial]);
    let console = |emulator: &mut Emulator| {
        let devices = emulator.run("query-chardev");
        let console = devices.as_array().unwrap().iter().find(|device| device["label"] == "serial0").unwrap().clone();
        (console["filename"].as_str().unwrap().to_owned(), console["frontend-open"].as_bool().unwrap())
    };
    let here = format!("unix:{},server=on", path.display());
    assert_eq!(console(&mut emulator), (format!("disconnected:{here}"), false));
    for _ in 0..2 {
        let mut client = UnixStream::connect(&path).unwrap();
        client.set_read_timeout(Some(support::PATIENCE)).unwrap();
        client.write_all(&[b'x'; 100]).unwrap();
        // Unlike read, it goes on after a signal.
        client.read_exact(&mut [0; 16]).expect("the client is let in");
        assert_eq!(console(&mut emulator), (here.clone(), true));
    }
    assert_eq!(emulator.quit().code(), Some(0));
}

#[test]
fn a_terminal_that_nobody_reads_holds_up_the_guest_only() {
    let name = "a_terminal_that_nobody_reads_holds_up_the_guest_only";
    if qapi_test_support::kvm(name).is_none() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let pipe = directory.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // Both ends are open, so opening does not wait; the pipe is full, so the first byte of the guest does.
    let reader = std::fs::OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
    let flags = rustix::fs::fcntl_getfl(&reader).unwrap();
    rustix::fs::fcntl_setfl(&reader, flags | rustix::fs::OFlags::NONBLOCK).unwrap();
    while (&reader).write(&[0; 4096]).is_ok() {}
    let serial = format!("file:{}", pipe.display());
    let mut emulator = Emulator::start(&["-machine", "microvm", "-accel", "kvm", "-m", "16", "-serial", &serial]);
    emulator.counts_above(1000);
    emulator.run("stop");
    emulator.run("system_reset");
    emulator.run("cont");
    emulator.counts_above(0);
    assert_eq!(emulator.quit().code(), Some(0));
}

#[test]
fn messages_that_nobody_reads_are_no_reason_to_fall() {
    let directory = tempfile::tempdir().unwrap();
    let (socket, nobody) = (directory.path().join("qmp"), directory.path().join("nobody"));
    let qmp = format!("unix:{},server=on,wait=off", socket.display());
    let mut child = support::program()
        .args(["-nodefaults", "-machine", "none", "-m", "16", "-qmp", &qmp])
        .stdin(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + support::PATIENCE;
    let mut client = loop {
        match UnixStream::connect(&socket) {
            Ok(client) => break client,
            Err(_) => assert!(Instant::now() < deadline, "it does not listen"),
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    drop(child.stderr.take());
    client.set_read_timeout(Some(support::PATIENCE)).unwrap();
    let migrate = json!({ "execute": "migrate", "arguments": { "uri": format!("unix:{}", nobody.display()) } });
    write!(client, "{{\"execute\": \"qmp_capabilities\"}}{migrate}").unwrap();
    let mut commands = client.try_clone().unwrap();
    let mut client = BufReader::new(client);
    let mut heard = String::new();
    while !heard.contains("\"failed\"") {
        assert!(Instant::now() < deadline, "the migration does not end: {heard}");
        write!(commands, "{{\"execute\": \"query-migrate\"}}").unwrap();
        let mut line = String::new();
        assert!(client.read_line(&mut line).unwrap() > 0, "it has fallen");
        heard.push_str(&line);
    }
    let id = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
