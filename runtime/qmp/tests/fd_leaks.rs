//! Clients that pass descriptors and vanish leave none behind. One test alone, since it counts those of its process.

mod passing;

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use passing::{Peer, Running, file};

fn open_now() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("the process's descriptors").count()
}

#[test]
fn a_thousand_clients_that_vanish_leave_nothing_open() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("s");
    let address = format!("unix:{}", path.display());
    let _server = Running::start(move |server| server.many_clients(true).listen(&address));
    let fd = file("x");
    let connect = || loop {
        match UnixStream::connect(&path) {
            Ok(stream) => return Peer::new(stream),
            Err(_) => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let mut witness = connect();
    witness.negotiate(", 'arguments': {'enable': ['oob']}");
    let before = open_now();
    for round in 0..1000 {
        let mut peer = connect();
        let many: Vec<&OwnedFd> = vec![&fd; 1 + round % 40];
        match round % 5 {
            0 => peer.send("{'execute': 'qmp_capabilities'}", &many),
            1 => peer.send("{'execute': ", &many),
            2 => {
                peer.negotiate(", 'arguments': {'enable': ['oob']}");
                peer.command("wait", &many);
                (0..11).for_each(|_| peer.command("pass-over", &many));
                drop(peer);
                // What has begun goes on without its client, until it ends.
                witness.send("{'exec-oob': 'go'}", &many);
                assert_eq!(witness.reply(), "x");
            }
            3 => {
                peer.negotiate("");
                peer.command("add-fd", &many);
                peer.command("pass-over", &many);
                peer.reply();
            }
            _ => {
                peer.negotiate("");
                peer.command("getfd", &many);
                peer.command("getfd", &many);
                assert_eq!((peer.reply(), peer.reply()), ("{}".into(), "{}".into()));
            }
        }
    }
    // What is named stays: one name on one monitor. Sets go with the last client, and that is the witness.
    drop(witness);
    let deadline = Instant::now() + Duration::from_secs(20);
    // The witness held two, its own and the server's.
    while open_now() != before - 2 + 1 {
        assert!(Instant::now() < deadline, "{} were open, {} are", before, open_now());
        std::thread::sleep(Duration::from_millis(10));
    }
}
