//! A server that has no descriptors to spare goes on answering. One test alone, since it takes those of its process.

mod passing;

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use passing::{Peer, Taker, file};
use qapi_runtime::Server;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// As many as the system gives, now that it gives few.
fn all_descriptors() -> Vec<OwnedFd> {
    let limit = Rlimit { current: Some(128), ..getrlimit(Resource::Nofile) };
    setrlimit(Resource::Nofile, limit).expect("a lower limit");
    std::iter::from_fn(|| std::fs::File::open("/dev/null").ok().map(OwnedFd::from)).collect()
}

#[test]
fn requests_are_answered_and_replies_sent_without_a_descriptor_to_spare() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (near, far) = UnixStream::pair().expect("a pair");
    let server = Server::new(Taker::default()).attach("test", near).expect("a monitor");
    let mut peer = Peer::new(far);
    let mut serving = Box::pin(server.run());
    // The server runs only in between, so that it finds all that was sent at once.
    let mut serve = || {
        runtime.block_on(async {
            let pause = tokio::time::sleep(Duration::from_millis(100));
            tokio::select! { _ = &mut serving => panic!("the server has ended"), () = pause => {} }
        });
    };
    peer.send("{'execute': 'qmp_capabilities'}", &[]);
    serve();
    let fd = file("x");
    let taken = all_descriptors();
    peer.command("take", &[&fd]);
    peer.command("pass-over", &[]);
    peer.command("pass-over", &[]);
    serve();
    // More than the socket takes unread: the server has to wait for room.
    let id = "x".repeat(100_000);
    for _ in 0..5 {
        peer.send(&format!("{{'execute': 'pass-over', 'id': '{id}'}}"), &[]);
        serve();
    }
    peer.end_of_negotiation();
    assert_eq!([peer.reply(), peer.reply(), peer.reply()], ["", "{}", "{}"]);
    for _ in 0..5 {
        serve();
        assert_eq!(peer.reply(), "{}");
    }
    drop(taken);
    peer.command("take", &[&fd]);
    serve();
    assert_eq!(peer.reply(), "x", "with descriptors to spare they are taken again");
}
