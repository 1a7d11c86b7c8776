//! Bounds and order of the queues.

use std::time::{Duration, SystemTime};

use super::*;
use crate::json::Stream;
use crate::protocol::Version;

fn event(text: &str) -> EventText {
    let mut stream = Stream::new();
    stream.feed(text.as_bytes());
    EventText::read(&stream.next().expect("a message").expect("JSON")).expect("an event")
}

fn gap(from: u64, to: u64) -> Gap {
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    Gap { lost: at(from), back: at(to), version: Version::new(1, 2, to.try_into().expect("small")) }
}

/// What a reader takes, in words.
fn taken(queue: &Queue) -> Vec<String> {
    let word = |taken: Result<Arc<EventText>, ClientError>| match taken {
        Ok(event) => event.name().to_owned(),
        Err(ClientError::Gap(gap)) => format!("gap of {:?} to {}", gap.length(), gap.version.micro),
        Err(error) => error.to_string(),
    };
    std::iter::from_fn(|| queue.try_take()).map(word).collect()
}

#[test]
fn what_is_missed_stands_where_it_belongs_and_takes_no_room() {
    let subscribers = Subscribers::default();
    let queue = subscribers.add(Names::All, 2);
    for name in ["A", "B", "C", "D"] {
        subscribers.publish(event(&format!("{{'event': '{name}'}}")));
    }
    for at in 0..1000 {
        subscribers.gap(&gap(at, at + 1));
        subscribers.publish(event("{'event': 'X'}"));
    }
    assert_eq!(queue.lock().entries.len(), 3);
    let lost = "1002 events were lost because they were not taken in time";
    assert_eq!(taken(&queue), ["A", "B", lost, "gap of 1000s to 1000"]);
    subscribers.gap(&gap(1, 3));
    subscribers.publish(event("{'event': 'E'}"));
    assert_eq!(taken(&queue), ["gap of 2s to 3", "E"]);
}

#[test]
fn large_events_are_bounded_by_their_bytes() {
    let subscribers = Subscribers::default();
    let queue = subscribers.add(Names::One("A"), 1000);
    let large = format!("{{'event': 'A', 'data': {{'x': '{}'}}}}", "x".repeat(QUEUE_BYTES / 2));
    for _ in 0..5 {
        subscribers.publish(event(&large));
    }
    assert!(queue.lock().bytes <= QUEUE_BYTES);
    assert_eq!(taken(&queue).len(), 2, "one fits, and the note of the others");
    let huge = format!("{{'event': 'A', 'data': {{'x': '{}'}}}}", "x".repeat(QUEUE_BYTES * 2));
    subscribers.publish(event(&huge));
    assert_eq!(taken(&queue), ["A"], "one alone is never refused");
    assert_eq!(queue.lock().bytes, 0);
}

#[test]
fn readers_that_are_gone_are_forgotten() {
    let subscribers = Subscribers::default();
    for _ in 0..100 {
        drop(subscribers.add(Names::All, 10));
    }
    assert!(subscribers.lock().queues.len() <= 1);
    subscribers.end();
    assert!(subscribers.lock().queues.is_empty());
    assert!(subscribers.add(Names::All, 10).lock().ended);
}
