//! Event streams: types, filters, order, what is lost.

use std::pin::Pin;
use std::time::Duration;

use futures_core::Stream;
use qapi_runtime::{Client, ClientError, Dict};

use super::block_on;
use super::qmp::{JobStatus, JobStatusChange, Resume, Stop as StopCommand, StopEvent};
use super::script::pair;

const LONG: Duration = Duration::from_secs(10);

fn step(id: &str, status: &str) -> String {
    format!("{{\"id\": \"{id}\", \"status\": \"{status}\"}}")
}

#[test]
fn several_types_share_one_ordered_stream() {
    let (server, far) = pair(|far| {
        far.serve(|far, _, _| {
            for (name, data) in [("STOP", "{}"), ("OTHER", "{}"), ("RESUME", "{}"), ("STOP", "{\"new\": 1}")] {
                far.event(name, data);
            }
            far.event("JOB_STATUS_CHANGE", &step("a", "running"));
            Some("{}".to_owned())
        });
    });
    block_on(async {
        let client = Client::over(far).await.expect("a client");
        let mut events = client.events_named(["STOP", "RESUME", "JOB_STATUS_CHANGE"]);
        client.execute(StopCommand {}).await.expect("stopped");
        let mut names = Vec::new();
        for _ in 0..3 {
            let event = events.next().await.expect("not the end").expect("an event").event;
            assert_eq!(event.is::<StopEvent>(), event.as_event::<StopEvent>().is_some());
            assert_eq!(event.is::<Resume>(), event.name == "RESUME");
            names.push(event.name);
        }
        assert_eq!(names, ["STOP", "RESUME", "STOP"]);
        let event = events.next().await.expect("not the end").expect("an event").event;
        let change = event.as_event::<JobStatusChange>().expect("one of those").expect("of the schema");
        assert_eq!((change.id.as_str(), change.status), ("a", JobStatus::Running));
        assert!(events.try_next().is_none());
        drop((client, events));
    });
    server.join().expect("no panic");
}

#[test]
fn streams_filter_and_wait() {
    let (server, far) = pair(|far| {
        far.serve(|far, _, _| {
            for (id, status) in [("a", "created"), ("b", "created"), ("a", "running"), ("b", "concluded")] {
                far.event("JOB_STATUS_CHANGE", &step(id, status));
            }
            Some("{}".to_owned())
        });
    });
    block_on(async {
        let client = Client::over(far).await.expect("a client");
        let mut of_a = client.events::<JobStatusChange>().filter(|change| change.event.id == "a");
        let mut all = client.events::<JobStatusChange>();
        client.call("go", &Dict::new()).await.expect("gone");
        let end = all.wait_for(|change| change.event.status == JobStatus::Concluded, LONG).await.expect("it came");
        assert_eq!(end.event.id, "b");
        let error = all.wait_for(|_| true, Duration::from_millis(20)).await.expect_err("none more");
        assert_eq!(error.to_string(), "JOB_STATUS_CHANGE: no answer within 20ms");
        // As a stream: what combinators of other crates build upon.
        let next = std::future::poll_fn(|context| Pin::new(&mut of_a).poll_next(context));
        assert_eq!(next.await.expect("not the end").expect("an event").event.status, JobStatus::Created);
        assert_eq!(of_a.try_next().expect("a second").expect("an event").event.status, JobStatus::Running);
        assert!(of_a.try_next().is_none());
        drop((client, of_a, all));
    });
    server.join().expect("no panic");
}

#[test]
fn a_reader_that_falls_behind_learns_where_events_are_missing() {
    let (server, far) = pair(|far| {
        far.serve(|far, command, _| {
            let count = if command == "many" { 10 } else { 1 };
            for number in 0..count {
                far.event("JOB_STATUS_CHANGE", &step(&format!("{command}{number}"), "running"));
            }
            Some("{}".to_owned())
        });
    });
    block_on(async {
        let client = Client::options().event_queue(3).over(far).await.expect("a client");
        let (mut slow, none) = (client.events::<JobStatusChange>(), Dict::new());
        client.call("many", &none).await.expect("many");
        let mut ids = Vec::new();
        ids.push(slow.next().await.expect("not the end").expect("an event").event.id);
        client.call("one", &none).await.expect("one");
        for _ in 0..2 {
            ids.push(slow.next().await.expect("not the end").expect("an event").event.id);
        }
        assert_eq!(ids, ["many0", "many1", "many2"]);
        let error = slow.next().await.expect("not the end").expect_err("a hole");
        assert!(matches!(error, ClientError::EventsLost(8)), "{error}");
        client.call("one", &none).await.expect("one");
        let after = slow.next().await.expect("not the end").expect("an event").event.id;
        assert_eq!(after, "one0", "the stream goes on");
        drop((client, slow));
    });
    server.join().expect("no panic");
}

#[test]
fn an_event_that_is_not_as_the_schema_says_does_not_end_the_stream() {
    let (server, far) = pair(|far| {
        far.serve(|far, _, _| {
            far.event("JOB_STATUS_CHANGE", "{\"id\": 1, \"status\": \"running\"}");
            far.event("JOB_STATUS_CHANGE", &step("a", "running"));
            Some("{}".to_owned())
        });
    });
    block_on(async {
        let client = Client::over(far).await.expect("a client");
        let mut events = client.events::<JobStatusChange>();
        client.call("go", &Dict::new()).await.expect("gone");
        let error = events.next().await.expect("not the end").expect_err("no text");
        let message = "JOB_STATUS_CHANGE: the server's answer is not as the schema says: \
                       Invalid parameter type for 'id', expected: string";
        assert_eq!(error.to_string(), message);
        assert_eq!(events.next().await.expect("not the end").expect("an event").event.id, "a");
        drop((client, events));
    });
    server.join().expect("no panic");
}

#[test]
fn a_reader_that_keeps_up_misses_nothing_of_a_flood() {
    const EVENTS: usize = 40_000;
    let (server, far) = pair(|mut far| {
        let go = far.expect("query-status");
        far.reply(&go, "{\"running\": true, \"status\": \"running\"}");
        let event = "{\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"STOP\"}\r\n";
        far.send(event.repeat(EVENTS));
    });
    block_on(async {
        let client = Client::over(far).await.expect("a client");
        let mut events = client.any_events();
        client.call("query-status", &Dict::new()).await.expect("a word to begin with");
        for number in 0..EVENTS {
            let event = events.next().await.expect("not the end");
            assert_eq!(event.expect("nothing is lost").event.name, "STOP", "event {number}");
        }
    });
    server.join().expect("no panic");
}
