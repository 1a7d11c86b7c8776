//! Time-outs, connecting, and what happens when the connection ends.

use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use qapi_runtime::client::AnyEvent;
use qapi_runtime::{Client, ClientError, Dict, Value};

use super::block_on;
use super::qga::GuestNap;
use super::qmp::{CalcDirtyRate, QueryStatus, RunState, Stop};
use super::script::{Far, GREETING, listening, pair};

const SOON: Duration = Duration::from_millis(60);
const STATUS: &str = "{\"running\": true, \"status\": \"running\"}";

fn address(dir: &tempfile::TempDir) -> String {
    format!("unix:{}", dir.path().join("s").display())
}

#[test]
fn a_late_reply_is_dropped() {
    let (server, far) = pair(|mut far| {
        let late = far.expect("query-status");
        let next = far.expect("query-status");
        far.reply(&late, "{\"running\": false, \"status\": \"paused\"}");
        far.reply(&next, STATUS);
    });
    block_on(async {
        let client = Client::over(far).await.expect("a client");
        let error = client.execute(QueryStatus {}).timeout(SOON).await.expect_err("no answer");
        assert_eq!(error.to_string(), "query-status: no answer within 60ms");
        assert!(matches!(error, ClientError::Timeout { command, after } if command == "query-status" && after == SOON));
        let status = client.execute(QueryStatus {}).await.expect("the answer to this one");
        assert_eq!(status.status, RunState::Running);
    });
    server.join().expect("no panic");
}

#[test]
fn calls_have_the_clients_time_unless_they_have_their_own() {
    let (server, far) = pair(|mut far| {
        far.expect("stop");
        let slow = far.expect("query-status");
        std::thread::sleep(SOON * 4);
        far.reply(&slow, STATUS);
    });
    block_on(async {
        let client = Client::options().timeout(SOON).over(far).await.expect("a client");
        let error = client.execute(Stop {}).await.expect_err("no answer");
        assert!(matches!(error, ClientError::Timeout { after: SOON, .. }));
        client.execute(QueryStatus {}).timeout(Duration::from_secs(10)).await.expect("a patient call");
    });
    server.join().expect("no panic");
}

#[test]
fn a_client_waits_for_a_server_that_starts() {
    let dir = tempfile::tempdir().expect("a directory");
    let (path, address) = (dir.path().join("s"), address(&dir));
    let error = block_on(Client::connect(&address)).expect_err("nobody there");
    assert!(matches!(error, ClientError::Connect { .. }), "{error}");
    let options = Client::options().wait_until_there(true);
    let error = block_on(options.clone().connect_timeout(SOON).connect(&address)).expect_err("nobody comes");
    assert!(
        error.to_string().starts_with(&format!("cannot connect to {address} within 60ms: No such file")),
        "{error}"
    );
    let server = std::thread::spawn(move || {
        std::thread::sleep(SOON);
        let listener = UnixListener::bind(path).expect("a listener");
        Far::accept(&listener).serve(|_, _, _| Some(STATUS.to_owned()));
    });
    block_on(async {
        let client = options.connect(&address).await.expect("it came");
        client.execute(QueryStatus {}).await.expect("a status");
    });
    server.join().expect("no panic");
}

#[test]
fn a_server_that_does_not_greet_is_given_up() {
    let dir = tempfile::tempdir().expect("a directory");
    let _listener = UnixListener::bind(dir.path().join("s")).expect("a listener");
    let options = Client::options().connect_timeout(SOON);
    let error = block_on(options.connect(&address(&dir))).expect_err("no greeting");
    assert!(error.to_string().ends_with("another client may hold the monitor"), "{error}");
    let options = Client::options().connect_timeout(SOON);
    let (_near, far) = std::os::unix::net::UnixStream::pair().expect("a pair");
    let error = block_on(options.over(far)).expect_err("no greeting");
    assert!(error.to_string().starts_with("cannot connect to the given stream within 60ms: "), "{error}");
}

#[test]
fn a_refused_negotiation_says_why() {
    let (near, far) = std::os::unix::net::UnixStream::pair().expect("a pair");
    let server = std::thread::spawn(move || {
        let mut far = Far::new(near);
        far.send(GREETING);
        let request = far.request().expect("negotiation");
        far.refuse(&request, "GenericError", "not today");
    });
    let error = block_on(Client::over(far)).expect_err("refused");
    assert_eq!(error.to_string(), "qmp_capabilities: not today");
    server.join().expect("no panic");
}

#[test]
fn out_of_band_execution_can_be_left_off() {
    for (oob, arguments) in [(true, Some("{\"enable\": [\"oob\"]}")), (false, None)] {
        let (near, far) = std::os::unix::net::UnixStream::pair().expect("a pair");
        let server = std::thread::spawn(move || {
            let mut far = Far::new(near);
            far.send(GREETING);
            let request = far.request().expect("negotiation");
            far.reply(&request, "{}");
            request.get("arguments").map(Value::to_string)
        });
        block_on(async { Client::options().oob(oob).over(far).await.expect("a client") });
        assert_eq!(server.join().expect("no panic").as_deref(), arguments);
    }
}

#[test]
fn no_more_calls_are_under_way_than_allowed() {
    let (server, far) = pair(|mut far| {
        let first: Vec<_> = (0..8).map(|_| far.request().expect("a request")).collect();
        // Were there a ninth, it would come before this.
        let overtaking = far.request().expect("a request");
        assert!(overtaking.get("exec-oob").is_some(), "{overtaking}");
        far.reply(&overtaking, STATUS);
        first.iter().for_each(|request| far.reply(request, STATUS));
        far.serve(|_, _, _| Some(STATUS.to_owned()));
    });
    block_on(async {
        let client = Client::over(far).await.expect("a client");
        let calls: Vec<_> = (0..20).map(|_| tokio::spawn(client.execute(QueryStatus {}))).collect();
        tokio::task::yield_now().await;
        client.execute_oob(QueryStatus {}).await.expect("out of band");
        for call in calls {
            call.await.expect("no panic").expect("a status");
        }
        drop(client);
    });
    server.join().expect("no panic");
}

/// A server that is lost with a call on its way and comes back newer, and knows one more command then.
fn lost_and_back(listener: &UnixListener, go: &mpsc::Receiver<()>) {
    let answer = |command: &str, more: &str| match command {
        "query-status" => Some(STATUS.to_owned()),
        "query-commands" => Some(format!("[{{\"name\": \"query-status\"}}{more}]")),
        _ => None,
    };
    let mut far = Far::accept(listener);
    let request = far.expect("query-commands");
    far.reply(&request, &answer("query-commands", "").expect("known"));
    far.event("STOP", "{}");
    far.expect("stop");
    drop(far);
    go.recv().expect("a word");
    let mut far = Far::new(listener.accept().expect("the client again").0);
    far.send(GREETING.replace("\"major\": 1", "\"major\": 2"));
    let request = far.expect("qmp_capabilities");
    far.reply(&request, "{}");
    far.event("RESUME", "{}");
    far.serve(move |_, command, _| answer(command, ", {\"name\": \"calc-dirty-rate\"}"));
}

#[test]
fn a_reconnecting_client_tells_of_the_gap() {
    let dir = tempfile::tempdir().expect("a directory");
    let (word, go) = mpsc::channel();
    let server = listening(&dir.path().join("s"), move |listener| lost_and_back(&listener, &go));
    block_on(async {
        let options = Client::options().reconnect(true).backoff(SOON / 10, SOON);
        let client = options.connect(&address(&dir)).await.expect("a client");
        let (mut all, mut named) = (client.any_events(), client.events_named(["RESUME"]));
        assert!(!client.supports::<CalcDirtyRate>().await.expect("asked"));
        let error = client.execute(Stop {}).await.expect_err("nobody knows");
        assert!(error.is_disconnect() && matches!(error, ClientError::Closed), "{error}");
        assert!(!client.is_connected());

        // Made while there is no connection: one waits in vain, and must not be sent later; the other has time.
        let error = client.execute(Stop {}).timeout(SOON).await.expect_err("no connection");
        assert!(matches!(error, ClientError::Timeout { .. }));
        let waiting = tokio::spawn(client.execute(QueryStatus {}));
        tokio::task::yield_now().await;
        word.send(()).expect("a server");
        waiting.await.expect("no panic").expect("the server is back");

        assert!(client.is_connected());
        assert_eq!(client.greeting().version.major, 2);
        assert!(client.supports::<CalcDirtyRate>().await.expect("asked anew"));
        let event = |event: Option<Result<_, _>>| -> AnyEvent {
            let received: qapi_runtime::client::Received<AnyEvent> = event.expect("not the end").expect("an event");
            received.event
        };
        assert_eq!(event(all.next().await).name, "STOP");
        let gap = all.next().await.expect("not the end").expect_err("the gap");
        let ClientError::Gap(gap) = gap else { panic!("{gap}") };
        assert!(gap.version.major == 2 && gap.lost <= gap.back && gap.length() >= SOON);
        assert!(gap.to_string().ends_with("is back, to version 2.2.3; events in between are lost"), "{gap}");
        assert_eq!(event(all.next().await).name, "RESUME");
        assert!(matches!(named.next().await, Some(Err(ClientError::Gap(_)))));
        assert_eq!(event(named.next().await).name, "RESUME");
        drop((client, all, named));
    });
    server.join().expect("no panic");
}

#[test]
fn calls_can_fail_at_once_while_there_is_no_connection() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("s");
    let server = listening(&path, |listener| drop(Far::accept(&listener)));
    block_on(async {
        let options = Client::options().reconnect(true).fail_while_disconnected(true).give_up_after(SOON * 5);
        let client = options.connect(&address(&dir)).await.expect("a client");
        server.join().expect("no panic");
        let mut events = client.any_events();
        let error = loop {
            match client.execute(Stop {}).await.expect_err("nobody there") {
                // The end was not noticed yet.
                ClientError::Closed | ClientError::Broken(_) => tokio::time::sleep(SOON / 10).await,
                error => break error,
            }
        };
        assert_eq!(error.to_string(), "stop: not sent, for there is no connection at the moment");
        assert!(events.next().await.is_none(), "given up");
        let error = client.execute(Stop {}).await.expect_err("over");
        assert!(error.is_disconnect(), "{error}");
    });
}

#[test]
fn reconnecting_is_no_busy_loop_and_ends_with_the_last_client() {
    let dir = tempfile::tempdir().expect("a directory");
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    // Negotiates, then leaves: the worst case, since each connection works.
    listening(&dir.path().join("s"), move |listener| {
        loop {
            let mut far = Far::new(listener.accept().expect("a client").0);
            far.send(GREETING);
            if let Some(request) = far.request() {
                far.reply(&request, "{}");
            }
            counter.fetch_add(1, Ordering::Relaxed);
        }
    });
    block_on(async {
        let options = Client::options().reconnect(true).backoff(SOON, SOON * 4);
        let client = options.connect(&address(&dir)).await.expect("a client");
        let begin = Instant::now();
        tokio::time::sleep(SOON * 10).await;
        let (made, limit) = (count.load(Ordering::Relaxed), 2 + begin.elapsed().as_millis() / SOON.as_millis());
        assert!(made >= 2 && (made as u128) < limit, "{made} connections");
        let metrics = tokio::runtime::Handle::current().metrics();
        assert_eq!(metrics.num_alive_tasks(), 1);
        drop(client);
        tokio::time::sleep(SOON).await;
        assert_eq!(metrics.num_alive_tasks(), 0, "the task ends with the last client");
    });
}

#[test]
fn malformed_text_ends_the_connection_and_is_named() {
    let (server, far) = pair(|mut far| {
        far.expect("query-status");
        far.send("{\"return\": {\"running\": tru");
        far.send("ely}}\r\n");
    });
    block_on(async {
        let client = Client::over(far).await.expect("a client");
        let error = client.execute(QueryStatus {}).await.expect_err("malformed");
        let message =
            "the connection broke: the server's text is malformed: JSON parse error, invalid keyword 'truely'";
        assert_eq!(error.to_string(), message);
        assert!(error.is_disconnect());
    });
    server.join().expect("no panic");
}

#[test]
fn a_call_is_sent_when_it_is_polled_and_can_be_joined() {
    let (server, far) = pair(|far| {
        let mut seen = Vec::new();
        far.serve(|_, command, _| {
            seen.push(command.to_owned());
            Some("{}".to_owned())
        });
        assert_eq!(seen, ["cont", "stop"]);
    });
    block_on(async {
        let client = Client::over(far).await.expect("a client");
        drop(client.execute(QueryStatus {}));
        let none = Dict::new();
        let (first, second) = tokio::join!(client.call("cont", &none), client.call("stop", &none));
        assert!(first.is_ok() && second.is_ok());
        drop(client);
    });
    server.join().expect("no panic");
}

#[test]
fn descriptors_are_refused_where_they_cannot_pass() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = format!("tcp:{}", listener.local_addr().expect("an address"));
    let server = std::thread::spawn(move || {
        let mut far = Far::new(listener.accept().expect("a client").0);
        far.negotiate();
        far.serve(|_, _, _| Some(STATUS.to_owned()));
    });
    block_on(async {
        let client = Client::connect(&address).await.expect("a client");
        let file = std::fs::File::open("/dev/null").expect("a file");
        let error = client.execute(Stop {}).fd(file).await.expect_err("not over this");
        assert_eq!(error.to_string(), "stop: descriptors can be passed over unix sockets only");
        client.execute(QueryStatus {}).await.expect("the connection goes on");
        drop(client);
    });
    server.join().expect("no panic");
}

#[test]
fn a_command_that_answers_no_success_is_no_success_when_it_was_not_sent() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = listening(&dir.path().join("s"), |listener| drop(Far::accept(&listener)));
    block_on(async {
        let options = Client::options().reconnect(true).backoff(SOON * 100, SOON * 100);
        let client = options.connect(&address(&dir)).await.expect("a client");
        server.join().expect("no panic");
        while client.is_connected() {
            tokio::time::sleep(SOON / 10).await;
        }
        let error = client.execute(GuestNap {}).timeout(SOON).await.expect_err("never sent");
        assert!(matches!(error, ClientError::Timeout { .. }), "{error}");
    });
}

#[test]
fn what_comes_right_behind_the_negotiation_is_delivered_at_once() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = listening(&dir.path().join("s"), |listener| {
        drop(Far::accept(&listener));
        let mut far = Far::new(listener.accept().expect("the client again").0);
        far.send(GREETING);
        let request = far.expect("qmp_capabilities");
        // In one piece, and then nothing.
        let event = "{\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"RESUME\"}";
        far.send(format!("{{\"return\": {{}}, \"id\": {}}}\r\n{event}\r\n", super::script::id(&request)));
        assert!(far.request().is_none());
    });
    block_on(async {
        let options = Client::options().reconnect(true).backoff(SOON / 10, SOON);
        let client = options.connect(&address(&dir)).await.expect("a client");
        let mut events = client.any_events();
        assert!(matches!(events.next().await, Some(Err(ClientError::Gap(_)))));
        let event = tokio::time::timeout(SOON * 20, events.next()).await.expect("it is there");
        assert_eq!(event.expect("not the end").expect("an event").event.name, "RESUME");
        drop((client, events));
    });
    server.join().expect("no panic");
}

#[test]
fn other_messages_may_come_before_the_answer_to_the_negotiation() {
    let (near, far) = std::os::unix::net::UnixStream::pair().expect("a pair");
    let server = std::thread::spawn(move || {
        let mut far = Far::new(near);
        far.send(GREETING);
        let request = far.expect("qmp_capabilities");
        // Another thread of the server was quicker; and the one who was connected before did not wait.
        far.event("STOP", "{}");
        far.send("{\"return\": {}, \"id\": \"libvirt-7\"}\r\n");
        far.reply(&request, "{}");
        far.serve(|_, _, _| Some(STATUS.to_owned()));
    });
    block_on(async {
        let client = Client::over(far).await.expect("a client");
        client.execute(QueryStatus {}).await.expect("a status");
    });
    server.join().expect("no panic");
}

#[test]
fn a_server_that_never_stops_sending_does_not_outlast_the_time() {
    let (near, far) = std::os::unix::net::UnixStream::pair().expect("a pair");
    let server = std::thread::spawn(move || {
        let mut far = Far::new(near);
        let blanks = " ".repeat(1 << 20);
        let begun = Instant::now();
        while begun.elapsed() < SOON * 30 {
            far.send(&blanks);
        }
    });
    let begun = Instant::now();
    let error = block_on(Client::options().connect_timeout(SOON).over(far)).expect_err("no greeting");
    assert!(matches!(error, ClientError::ConnectTimeout { .. }), "{error}");
    assert!(begun.elapsed() < SOON * 15, "{:?}", begun.elapsed());
    server.join().expect("no panic");
}

#[test]
fn every_caller_learns_how_the_connection_broke() {
    // The client's task has a thread of its own here, so that the caller may be quicker than it.
    for _ in 0..200 {
        let (server, far) = pair(|mut far| {
            far.expect("query-status");
            far.send("no JSON\r\n");
        });
        let vm = Client::options().over_blocking(far).expect("a client");
        let mut events = vm.any_events();
        let error = vm.execute(QueryStatus {}).expect_err("broken");
        assert!(matches!(error, ClientError::Broken(_)), "{error}");
        assert!(!vm.client().is_connected());
        let error = events.wait_for(|_| true, SOON * 10).expect_err("broken");
        assert!(matches!(error, ClientError::Broken(_)), "{error}");
        server.join().expect("no panic");
    }
}

#[test]
fn the_end_of_its_runtime_is_the_end_of_the_connection() {
    let (server, far) = pair(|mut far| {
        far.expect("stop");
        assert!(far.request().is_none());
    });
    let first = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let client = first.block_on(Client::over(far)).expect("a client");
    let mut events = client.any_events();
    first.block_on(client.execute(Stop {}).timeout(SOON)).expect_err("no answer");
    drop(first);
    server.join().expect("no panic");
    assert!(!client.is_connected());
    block_on(async {
        assert!(events.next().await.is_none());
        let error = client.execute(QueryStatus {}).await.expect_err("nobody carries it");
        assert_eq!(error.to_string(), "the connection broke: the runtime that carried it was shut down");
    });
}

#[test]
fn of_a_long_message_that_is_no_greeting_only_the_beginning_is_shown() {
    let (near, far) = std::os::unix::net::UnixStream::pair().expect("a pair");
    let server = std::thread::spawn(move || Far::new(near).send(format!("{{\"a\": \"{}\"}}\n", "x".repeat(1 << 20))));
    let error = block_on(Client::over(far)).expect_err("no server").to_string();
    let expected = format!("the peer is no QMP server: it began with {{\"a\": \"{}", "x".repeat(93));
    assert_eq!(error.get(..200).unwrap_or(&error), expected);
    server.join().expect("no panic");
}
