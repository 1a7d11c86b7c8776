//! Addresses, and connections of every kind.

use std::{
    io::{Read, Write},
    thread,
    time::Duration,
};

use super::*;
use crate::{MigrationError, MigrationState, Status};

fn address(uri: &str) -> Address {
    uri.parse().unwrap()
}

fn refusal(uri: &str) -> String {
    uri.parse::<Address>().unwrap_err().to_string()
}

#[test]
fn addresses_parse_and_print() {
    for uri in ["unix:/tmp/a:b,c", "tcp:host:4444", "tcp:[::1]:1", "tcp::0", "file:/tmp/x", "file:/tmp/x,offset=0x1000"]
    {
        assert_eq!(address(uri).to_string(), uri);
    }
    assert_eq!(address("file:/a,offset=2M"), Address::File { path: "/a".into(), offset: 2 << 20 });
    assert_eq!(address("file:/a,offset=17"), Address::File { path: "/a".into(), offset: 17 });
}

#[test]
fn bad_addresses_are_told_apart() {
    assert_eq!(refusal("bogus:x"), "unknown migration protocol: bogus:x");
    assert_eq!(refusal(""), "unknown migration protocol: ");
    assert_eq!(refusal("tcp:1"), "error parsing address '1'");
    for uri in
        ["tcp:a:b", "tcp:::1:4", "tcp:[::1:4", "tcp:a:70000", "unix:", "file:", "file:/a,offset=", "file:/a,offset=9Q"]
    {
        assert!(!refusal(uri).is_empty(), "{uri}");
    }
    assert!(refusal("exec:cat").contains("exec:") && refusal("fd:3").contains("fd:"));
    assert!(refusal("tcp:a:1,ipv4=on").contains("ipv4=on"));
}

fn begun() -> std::sync::Arc<MigrationState> {
    let state = MigrationState::new(|_| {});
    state.begin().unwrap();
    state
}

fn exchange(uri: &str) {
    let listener = Listener::bind(&address(uri)).unwrap();
    let target = listener.address().expect("an address").clone();
    let reader = thread::spawn(move || {
        let mut channel = listener.accept(&begun()).unwrap();
        let mut bytes = Vec::new();
        channel.read_to_end(&mut bytes).unwrap();
        bytes
    });
    let mut channel = connect(&target, &begun()).unwrap();
    assert!(channel.is_duplex());
    channel.write_all(b"stream").unwrap();
    drop(channel);
    assert_eq!(reader.join().unwrap(), b"stream");
}

#[test]
fn sockets_carry_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    exchange(&format!("unix:{}", path.display()));
    assert!(!path.exists(), "the socket's file outlives its listener");
    exchange("tcp:127.0.0.1:0");
}

#[test]
fn files_begin_at_their_offset() {
    let folder = tempfile::tempdir().unwrap();
    let uri = format!("file:{},offset=8", folder.path().join("state").display());
    let missing = Listener::bind(&address(&uri)).unwrap_err().to_string();
    assert!(missing.starts_with("Failed to open '"), "{missing}");
    connect(&address(&uri), &begun()).unwrap().write_all(b"stream").unwrap();
    let mut bytes = Vec::new();
    Listener::bind(&address(&uri)).unwrap().accept(&begun()).unwrap().read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, b"stream");
    assert_eq!(std::fs::metadata(folder.path().join("state")).unwrap().len(), 14);
}

#[test]
fn a_listener_leaves_other_files_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("precious");
    std::fs::write(&path, "data").unwrap();
    assert!(Listener::bind(&Address::Unix(path.clone())).is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "data");
}

#[test]
fn cancelling_ends_the_wait_for_a_source() {
    let folder = tempfile::tempdir().unwrap();
    for uri in [format!("unix:{}", folder.path().join("socket").display()), "tcp:127.0.0.1:0".to_owned()] {
        let listener = Listener::bind(&address(&uri)).unwrap();
        let state = begun();
        let waiting = {
            let state = state.clone();
            thread::spawn(move || listener.accept(&state).map(drop))
        };
        thread::sleep(Duration::from_millis(50));
        assert!(state.cancel());
        assert!(matches!(waiting.join().unwrap(), Err(MigrationError::Cancelled)), "{uri}");
        assert_eq!(state.status(), Status::Cancelling);
    }
}

#[test]
fn a_refused_connection_says_where() {
    let error = connect(&address("unix:/nonexistent/socket"), &begun()).unwrap_err().to_string();
    assert!(error.starts_with("Failed to connect to '/nonexistent/socket': No such file"), "{error}");
    let long = format!("unix:/{}", "a".repeat(120));
    let error = connect(&address(&long), &begun()).unwrap_err().to_string();
    assert!(error.starts_with("UNIX socket path '/aaa") && error.ends_with("' is too long"), "{error}");
    assert_eq!(Listener::bind(&address(&long)).unwrap_err().to_string(), error);
}

#[test]
fn cancelling_ends_the_wait_for_a_listener_that_takes_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    // Fill the queue of those who wait to be accepted.
    let mut waiting = Vec::new();
    let target = Address::Unix(path);
    loop {
        let state = begun();
        let dialling = {
            let (state, target) = (state.clone(), target.clone());
            thread::spawn(move || connect(&target, &state))
        };
        let started = std::time::Instant::now();
        while !dialling.is_finished() && started.elapsed() < Duration::from_millis(200) {
            thread::sleep(Duration::from_millis(1));
        }
        if dialling.is_finished() {
            waiting.push(dialling.join().unwrap().unwrap());
            assert!(waiting.len() < 20_000, "the queue has no end");
            continue;
        }
        assert!(state.cancel());
        let cancelled = std::time::Instant::now();
        assert!(matches!(dialling.join().unwrap(), Err(MigrationError::Cancelled)));
        assert!(cancelled.elapsed() < Duration::from_secs(5));
        return;
    }
}

#[test]
fn a_pipe_is_refused_rather_than_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let error = connect(&Address::File { path, offset: 0 }, &begun()).unwrap_err().to_string();
    assert!(error.starts_with("Failed to create '"), "{error}");
}

#[test]
fn what_somebody_else_has_opened_is_used_as_it_is() {
    let (near, mut far) = std::os::unix::net::UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    let mut channel = Channel::opened(near.into(), &begun()).unwrap();
    assert!(channel.is_duplex());
    channel.write_all(b"there").unwrap();
    let mut bytes = [0; 5];
    far.read_exact(&mut bytes).unwrap();
    assert_eq!(bytes, *b"there");

    let (reader, writer) = std::io::pipe().unwrap();
    let (sending, receiving) = (begun(), begun());
    let target = thread::spawn(move || {
        let mut bytes = Vec::new();
        let mut channel = Listener::opened(reader.into()).accept(&receiving).unwrap();
        assert!(!channel.is_duplex());
        channel.read_to_end(&mut bytes).unwrap();
        bytes
    });
    let mut channel = Channel::opened(writer.into(), &sending).unwrap();
    let sent: Vec<u8> = (0..200_000_u32).map(|number| number as u8).collect();
    channel.write_all(&sent).unwrap();
    drop(channel);
    assert_eq!(target.join().unwrap(), sent);
}

#[test]
fn cancelling_ends_the_wait_for_a_pipe() {
    let (reader, writer) = std::io::pipe().unwrap();
    let (sending, receiving) = (begun(), begun());
    let mut output = Channel::opened(writer.into(), &sending).unwrap();
    let writes = thread::spawn(move || while output.write(&[0; 65536]).is_ok() {});
    // Long enough for the pipe to be full.
    thread::sleep(Duration::from_millis(50));
    assert!(!writes.is_finished());
    sending.cancel();
    writes.join().unwrap();

    let (quiet, _writer) = std::io::pipe().unwrap();
    let mut input = Channel::opened(quiet.into(), &receiving).unwrap();
    let reads = thread::spawn(move || input.read(&mut [0]).unwrap_err());
    receiving.cancel();
    reads.join().unwrap();
    drop(reader);
}
