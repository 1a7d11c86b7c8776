//! What servers send and leave unsaid does not fill the client's memory. Apart from its other tests, since what a process
//! uses is measured.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use qapi_runtime::{Client, Dict};
use script::{Far, pair};

#[path = "client/script.rs"]
mod script;

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async { tokio::time::timeout(Duration::from_secs(60), future).await.expect("the client hangs") })
}

/// One test at a time, or each would measure the others too.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kilobytes of this process's memory that are in use.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a figure");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Sends a beginning, then a filling again and again until so much was sent or the client has left.
fn flood(begin: &'static str, filling: &'static [u8], bytes: usize) -> (std::thread::JoinHandle<usize>, UnixStream) {
    let (near, far) = UnixStream::pair().expect("a pair");
    let thread = std::thread::spawn(move || {
        let mut output = near.try_clone().expect("a second handle");
        let mut server = Far::new(near);
        server.negotiate();
        let _ = output.write_all(begin.as_bytes());
        let block = filling.repeat((1 << 16) / filling.len());
        let mut sent = 0;
        while sent < bytes && output.write_all(&block).is_ok() {
            sent += block.len();
        }
        sent
    });
    (thread, far)
}

#[test]
fn a_string_without_end_is_cut_off() {
    let _alone = alone();
    let before = resident();
    let (server, far) = flood("{\"return\": \"", b"x", 1 << 30);
    block_on(async {
        let client = Client::over(far).await.expect("a client");
        let error = client.call("anything", &Dict::new()).await.expect_err("too much");
        assert!(error.to_string().contains("limit exceeded"), "{error}");
    });
    let sent = server.join().expect("no panic");
    let grown = resident().saturating_sub(before);
    assert!(sent < 80 << 20, "the client left after {sent} bytes");
    assert!(grown < 400 << 10, "{grown} kB more");
}

#[test]
fn events_that_nobody_takes_do_not_fill_memory() {
    let _alone = alone();
    let event: &'static [u8] =
        b"{\"event\": \"E\", \"data\": {\"fill\": \"0123456789012345678901234567890123456789\"}}";
    let (server, far) = flood("", event, 8 << 20);
    block_on(async {
        let client = Client::options().event_queue(100).over(far).await.expect("a client");
        let mut events = client.any_events();
        // The flood ends with the connection.
        while client.is_connected() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let (mut taken, mut lost) = (0, 0);
        while let Some(event) = events.next().await {
            match event {
                Ok(_) => taken += 1,
                Err(qapi_runtime::ClientError::EventsLost(count)) => lost += count,
                Err(error) => panic!("{error}"),
            }
        }
        assert!(taken == 100 && lost > 100_000, "{taken} taken, {lost} lost");
    });
    server.join().expect("no panic");
}

#[test]
fn calls_that_are_never_answered_are_forgotten() {
    let _alone = alone();
    let (server, far) = pair(|mut far| while far.request().is_some() {});
    block_on(async {
        let client =
            Client::options().in_flight(1000).timeout(Duration::from_millis(1)).over(far).await.expect("a client");
        let before = resident();
        for _ in 0..100 {
            let calls: Vec<_> = (0..200).map(|_| tokio::spawn(client.call("query-status", &Dict::new()))).collect();
            for call in calls {
                call.await.expect("no panic").expect_err("no answer");
            }
        }
        let grown = resident().saturating_sub(before);
        assert!(grown < 8 << 10, "{grown} kB more after 20000 calls without an answer");
        drop(client);
    });
    server.join().expect("no panic");
}
