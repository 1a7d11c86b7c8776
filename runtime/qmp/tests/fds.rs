//! Descriptors that clients pass with their requests: which handler gets which.

mod passing;

use std::io::Read;
use std::os::fd::OwnedFd;

use passing::{Peer, Running, file};

const OOB: &str = ", 'arguments': {'enable': ['oob']}";

fn connected(arguments: &str) -> (Running, Peer) {
    let (server, mut peer) = Running::with_peer();
    peer.negotiate(arguments);
    (server, peer)
}

#[test]
fn each_request_gets_what_came_with_it() {
    let (a, b, c) = (file("a"), file("b"), file("c"));
    for arguments in ["", OOB] {
        let (_server, mut peer) = connected(arguments);
        peer.command("take", &[&a]);
        peer.command("pass-over", &[]);
        peer.command("take-all", &[&b, &c, &a]);
        peer.command("take", &[&c]);
        let replies: Vec<String> = (0..4).map(|_| peer.reply()).collect();
        assert_eq!(replies, ["a", "{}", "bca", "c"], "{arguments}");
        // In one piece: the first that takes any gets them.
        peer.send("{'execute': 'pass-over'} {'execute': 'take-all'} {'execute': 'take-all'}", &[&a, &b]);
        assert_eq!([peer.reply(), peer.reply(), peer.reply()], ["{}", "ab", ""], "{arguments}");
    }
}

#[test]
fn what_nobody_took_waits_for_the_next_and_goes_with_newer_ones() {
    let (a, b, c) = (file("a"), file("b"), file("c"));
    for arguments in ["", OOB] {
        let (_server, mut peer) = connected(arguments);
        for (name, fds, reply) in [
            ("pass-over", vec![&a], "{}"),
            ("take", vec![], "a"),
            ("pass-over", vec![&b], "{}"),
            ("pass-over", vec![&c], "{}"),
            ("take-all", vec![], "c"),
            // The first is taken, and the others are closed.
            ("take", vec![&a, &b, &c], "a"),
            ("take-all", vec![], ""),
        ] {
            peer.command(name, &fds);
            assert_eq!(peer.reply(), reply, "{name} {arguments}");
        }
        // Also when what they came with was no request at all.
        peer.send("]", &[&b]);
        peer.reply();
        peer.command("take-all", &[]);
        assert_eq!(peer.reply(), "b", "{arguments}");
    }
}

#[test]
fn a_request_in_pieces_gets_the_last_that_came() {
    let (a, b) = (file("a"), file("b"));
    for arguments in ["", OOB] {
        let (_server, mut peer) = connected(arguments);
        for (first, second, taken) in [(Some(&a), None, "a"), (None, Some(&b), "b"), (Some(&a), Some(&b), "b")] {
            peer.send("{'execute': 'ta", first.as_slice());
            std::thread::sleep(std::time::Duration::from_millis(10));
            peer.send("ke-all'}", second.as_slice());
            assert_eq!(peer.reply(), taken, "{arguments}");
        }
    }
}

#[test]
fn requests_that_wait_keep_theirs() {
    let files: Vec<OwnedFd> = ('a'..='f').map(|letter| file(&letter.to_string())).collect();
    let (_server, mut peer) = connected(OOB);
    // While the first waits, the others are read, and one overtakes them with a descriptor of its own.
    peer.command("wait", &[&files[0]]);
    peer.command("take-all", &[&files[1]]);
    peer.command("pass-over", &[&files[2], &files[3]]);
    peer.send("{'exec-oob': 'go'}", &[&files[4], &files[5]]);
    peer.command("take-all", &[]);
    let replies: Vec<String> = (0..5).map(|_| peer.reply()).collect();
    assert_eq!(replies, ["e", "a", "b", "{}", "cd"]);
}

#[test]
fn what_waits_is_closed_when_the_client_leaves() {
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    let writer = OwnedFd::from(writer);
    let (_server, mut peer) = connected("");
    peer.command("pass-over", &[&writer]);
    assert_eq!(peer.reply(), "{}");
    drop((peer, writer));
    let mut rest = String::new();
    reader.read_to_string(&mut rest).expect("the end, as nobody has the other one");
}
