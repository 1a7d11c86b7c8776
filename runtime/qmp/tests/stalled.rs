//! Clients that do not read, or say nothing: what they cost, and that nobody else notices.

mod lamp;

use std::io::{ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use lamp::{Light, LightChanged, Peer, Running};

/// KiB of memory that this process has, all tests of this file in it.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// A server with clients on monitors of their own, all negotiated.
fn with_clients(count: usize) -> (Running, Vec<Peer>) {
    let (near, far): (Vec<_>, Vec<_>) = (0..count).map(|_| UnixStream::pair().expect("a pair")).unzip();
    let server = Running::start(move |server| {
        near.into_iter().enumerate().try_fold(server, |server, (i, end)| server.attach(&format!("m{i}"), end))
    });
    let mut peers: Vec<Peer> = far.into_iter().map(Peer::new).collect();
    peers.iter_mut().for_each(|peer| peer.negotiate(""));
    (server, peers)
}

/// Sends requests and reads nothing, until nothing more is taken: how many bytes that were.
fn stall(peer: &Peer, request: &str) -> usize {
    let mut stream = peer.stream();
    stream.set_write_timeout(Some(Duration::from_millis(300))).expect("a timeout");
    let (batch, mut sent) = (request.repeat(2000), 0);
    loop {
        match stream.write(batch.as_bytes()) {
            Ok(count) => sent += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return sent,
            Err(error) => panic!("{error}"),
        }
        assert!(sent < 64 << 20, "requests are taken in without end");
    }
}

/// Longest of a hundred round trips.
fn slowest(peer: &mut Peer) -> Duration {
    let trip = |_| {
        let started = Instant::now();
        peer.send("{'execute': 'query-light'}");
        while !peer.line().expect("an answer").contains("return") {}
        started.elapsed()
    };
    (0..100).map(trip).max().expect("a hundred")
}

/// One test, since it measures the memory of the whole process.
#[test]
fn stalled_readers_cost_little_and_hold_nobody_up() {
    const STALLED: usize = 8;
    let (server, mut peers) = with_clients(STALLED + 2);
    let before = resident();

    // Replies nobody reads: a request of 30 bytes is answered by 260.
    for peer in &peers[..STALLED / 2] {
        stall(peer, "{'execute': 'query-commands'}\n");
    }
    let after_replies = resident();
    assert!(after_replies < before + STALLED / 2 * 512, "{before} KiB, then {after_replies} KiB");

    // Events nobody reads, ten times what is kept of them.
    let light = Light { lit: true };
    (0..100_000).for_each(|_| server.events.emit(&LightChanged(light)));
    server.events.emit(&LightChanged(Light { lit: false }));
    let after_events = resident();
    assert!(after_events < after_replies + (STALLED + 2) * 3 * 1024, "{after_replies} KiB, then {after_events} KiB");

    // Those that do read get answers at once.
    let mut reader = peers.pop().expect("a reader");
    let slowest = slowest(&mut reader);
    assert!(slowest < Duration::from_millis(500), "{slowest:?}");

    // Who wakes up late finds the newest events.
    let mut late = peers.pop().expect("one that was asleep");
    let mut count = 0;
    while !late.line().expect("the newest event").contains("\"lit\": false") {
        count += 1;
    }
    assert!((1000..100_000).contains(&count), "{count} of 100000 events were kept");

    // The end comes within the second that stalled clients have.
    let started = Instant::now();
    reader.send("{'execute': 'quit'}");
    server.join();
    assert!(started.elapsed() < Duration::from_millis(1500), "{:?}", started.elapsed());
}

#[test]
fn silent_clients_stay_and_those_that_half_close_are_answered() {
    let (_server, mut peers) = with_clients(2);
    assert!(peers[0].quiet());
    peers[1].send("{'execute': 'query-light', 'id': 1}");
    peers[1].stream().shutdown(std::net::Shutdown::Write).expect("shut down");
    peers[1].expect("{\"return\": {\"lit\": false}, \"id\": 1}");
    assert_eq!(peers[1].line(), None);
    peers[0].send("{'execute': 'quit'}");
    peers[0].expect_end("{\"return\": {}}");
}
