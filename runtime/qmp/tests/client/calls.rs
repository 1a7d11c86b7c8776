//! The client against the server: typed calls, errors, overlapping calls, events, the end.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

use super::block_on;
use super::lamp::{Blink, Gone, Light, LightChanged, QueryLight, Quit, Running, SetLight};
use qapi_runtime::client::AnyEvent;
use qapi_runtime::{Client, ClientError, Command, CommandFlags, Dict, ErrorClass, Value};

fn server() -> (Running, UnixStream) {
    let (near, far) = UnixStream::pair().expect("a pair");
    (Running::start(|server| server.attach("test", near)), far)
}

/// A command the server lacks, and another whose arguments it refuses.
#[derive(Debug, Default)]
struct Unknown(Dict);
qapi_runtime::transparent!(Unknown);
impl Command for Unknown {
    const NAME: &'static str = "unknown";
    const FLAGS: CommandFlags = CommandFlags::NONE;
    type Reply = ();
}

#[derive(Debug, Default)]
struct Go(Dict);
qapi_runtime::transparent!(Go);
impl Command for Go {
    const NAME: &'static str = "go";
    const FLAGS: CommandFlags = CommandFlags { oob: true, ..CommandFlags::NONE };
    type Reply = ();
}

#[derive(Debug, Default)]
struct Hush(Dict);
qapi_runtime::transparent!(Hush);
impl Command for Hush {
    const NAME: &'static str = "hush";
    const FLAGS: CommandFlags = CommandFlags { success_response: false, ..CommandFlags::NONE };
    type Reply = ();
}

#[test]
fn calls_are_typed_and_events_stream() {
    let (server, far) = server();
    block_on(async {
        let client = Client::over(far).await.expect("a client");
        assert_eq!(client.greeting().capabilities, ["oob"]);
        let (mut changes, mut all) = (client.events::<LightChanged>(), client.any_events());
        client.execute(SetLight(Light { lit: true })).await.expect("set");
        assert_eq!(client.execute(QueryLight {}).await.expect("a light"), Light { lit: true });
        let change = changes.next().await.expect("an event").expect("of the schema");
        assert_eq!(change.event.0, Light { lit: true });
        assert!(change.time.elapsed().is_ok_and(|since| since.as_secs() < 60));
        client.execute(Quit {}).await.expect("answered before the end");
        let names = [all.next().await, all.next().await].map(|event| {
            let AnyEvent { name, data } = event.expect("an event").expect("any").event;
            (name, data.len())
        });
        assert_eq!(names, [("LIGHT_CHANGED".into(), 1), ("GONE".into(), 0)]);
        assert!(all.next().await.is_none() && changes.next().await.is_none());
        assert!(client.events::<Gone>().next().await.is_none(), "nothing comes after the end");
        let error = client.execute(QueryLight {}).await.expect_err("the server is gone");
        assert!(matches!(error, ClientError::Closed));
    });
    server.join();
}

#[test]
fn errors_name_the_command() {
    let (_server, far) = server();
    block_on(async {
        let client = Client::over(far).await.expect("a client");
        let error = client.execute(Unknown::default()).await.expect_err("no such command");
        assert_eq!(error.to_string(), "unknown: The command unknown has not been found");
        assert!(matches!(error, ClientError::Command { error, .. } if error.class() == ErrorClass::CommandNotFound));
        assert!(client.supports::<QueryLight>().await.expect("asked"));
        assert!(!client.supports::<Unknown>().await.expect("asked"));
        let mut arguments = Dict::new();
        arguments.insert("lit", Value::from("yes"));
        let error = client.call("set-light", &arguments).await.expect_err("no boolean");
        assert_eq!(error.to_string(), "set-light: Invalid parameter type for 'lit', expected: boolean");
        let reply = client.call("query-light", &Dict::new()).await.expect("any reply");
        assert_eq!(reply.to_string(), "{\"lit\": false}");
        client.execute(Hush::default()).await.expect("not waited for");
        client.execute(QueryLight {}).await.expect("the connection goes on");
    });
}

#[test]
fn calls_overlap_and_overtake() {
    let (_server, far) = server();
    block_on(async {
        let client = Client::over(far).await.expect("a client");
        let blinking = tokio::spawn({
            let client = client.clone();
            async move { client.execute(Blink {}).await }
        });
        let queued: Vec<_> = (0..5)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { client.execute(QueryLight {}).await })
            })
            .collect();
        tokio::task::yield_now().await;
        assert!(!blinking.is_finished());
        client.execute_oob(Go::default()).await.expect("out of band");
        blinking.await.expect("no panic").expect("it ended");
        for call in queued {
            call.await.expect("no panic").expect("a light");
        }
    });
}

#[test]
fn many_calls_do_not_lock_each_other_up() {
    let (_server, far) = server();
    block_on(async {
        let client = Client::over(far).await.expect("a client");
        // Requests and replies that no socket holds at once: the server stops reading while its replies are not read.
        let calls: Vec<_> = (0..20_000)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { client.call("query-commands", &Dict::new()).await.is_ok() })
            })
            .collect();
        for call in calls {
            assert!(call.await.expect("no panic"));
        }
    });
}

#[test]
fn peers_that_are_no_servers_are_told_apart() {
    for (text, message) in [
        ("", "the peer is no QMP server: it closed the connection without a greeting"),
        ("{\"hello\": 1}\r\n", "the peer is no QMP server: it began with {\"hello\": 1}"),
        ("SSH-2.0\r\n", "the peer is no QMP server: JSON parse error, stray 'S'"),
    ] {
        let (mut near, far) = UnixStream::pair().expect("a pair");
        near.write_all(text.as_bytes()).expect("written");
        drop(near);
        assert_eq!(block_on(Client::over(far)).expect_err("no server").to_string(), message);
    }
    let error = block_on(Client::connect("unix:/nowhere")).expect_err("nobody there");
    assert!(error.to_string().starts_with("cannot connect to unix:/nowhere: "), "{error}");
}

#[test]
fn replies_that_are_not_as_the_schema_says_name_the_member() {
    let (near, far) = UnixStream::pair().expect("a pair");
    let peer = std::thread::spawn(move || {
        let mut lines = BufReader::new(near.try_clone().expect("a second handle")).lines();
        let mut near = near;
        near.write_all(b"{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 0, \"major\": 1}, \"package\": \"\"}, \"capabilities\": []}}\r\n")
            .expect("greeted");
        let negotiation = lines.next().expect("a request").expect("text");
        near.write_all(b"{\"return\": {}, \"id\": 1}\r\n").expect("answered");
        lines.next().expect("a request").expect("text");
        near.write_all(b"{\"return\": {\"lit\": 1, \"new\": 2}, \"id\": 2}\r\n").expect("answered");
        lines.next().expect("a request").expect("text");
        near.write_all(b"{\"return\": {\"lit\": true, \"new\": 2}, \"id\": 3}\r\n").expect("answered");
        negotiation
    });
    block_on(async {
        let client = Client::over(far).await.expect("a client");
        assert_eq!(client.greeting().version.major, 1);
        let error = client.execute(QueryLight {}).await.expect_err("no boolean");
        let message = "query-light: the server's answer is not as the schema says: Invalid parameter type for 'lit', expected: boolean";
        assert_eq!(error.to_string(), message);
        assert_eq!(client.execute(QueryLight {}).await.expect("a newer server"), Light { lit: true });
    });
    // Nothing is enabled that was not offered.
    assert_eq!(peer.join().expect("no panic"), "{\"execute\": \"qmp_capabilities\", \"id\": 1}");
}

/// Compiles only if it holds.
#[test]
fn clients_and_all_their_futures_may_move_between_threads() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    fn moved<T: Send>(_: T) {}
    shared::<Client>();
    shared::<qapi_runtime::client::Agent>();
    shared::<qapi_runtime::blocking::Client>();
    shared::<qapi_runtime::introspection::Schema>();
    let _futures = |client: Client, guest: qapi_runtime::client::Agent| {
        moved(Client::connect("unix:s"));
        moved(client.execute(QueryLight {}));
        moved(client.schema());
        moved(client.supports::<QueryLight>());
        moved(client.enum_values::<QueryLight>("a"));
        moved(client.run_job(QueryLight {}, "job").into_future());
        let mut events = client.any_events();
        moved(events.next());
        moved(events.wait_for(|_| true, std::time::Duration::ZERO));
        moved(events);
        moved(guest.supports::<QueryLight>());
    };
}
