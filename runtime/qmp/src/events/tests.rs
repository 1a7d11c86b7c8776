//! Tests of the queue of events and its bound.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::EventSink;
use super::mailbox::{LIMIT, Mailbox, Taken};
use crate::{Decoder, Encoder, Event, Outcome, Visit};

#[derive(Debug, Default)]
struct Tick {
    count: u64,
}

impl Visit for Tick {
    fn get(&mut self, d: &mut Decoder<'_>) -> Outcome {
        self.count.get(d)
    }

    fn put(&self, e: &mut Encoder) {
        e.begin_object();
        e.member("count", &self.count);
        e.end_object();
    }
}

impl Event for Tick {
    const NAME: &'static str = "TICK";
}

fn contents(mailbox: &Mailbox) -> (String, Taken) {
    let mut bytes = Vec::new();
    let taken = mailbox.take(&mut bytes);
    (String::from_utf8(bytes).expect("ASCII"), taken)
}

#[test]
fn the_oldest_go_first_when_a_client_does_not_read() {
    let (sink, mailbox) = (EventSink::new(), Arc::new(Mailbox::default()));
    let _subscription = sink.subscribe(&mailbox);
    let total = 30_000;
    (0..total).for_each(|count| sink.emit(&Tick { count }));
    let (text, taken) = contents(&mailbox);
    assert!(text.len() <= LIMIT && text.len() > LIMIT - 200, "{} bytes", text.len());
    assert_eq!(text.lines().count() as u64 + taken.lost, total);
    assert!(text.lines().last().expect("an event").ends_with("\"data\": {\"count\": 29999}}"));
    assert_eq!(contents(&mailbox), (String::new(), Taken { lost: 0, closing: false }));
}

#[test]
fn nothing_comes_after_the_subscription_ends() {
    let (sink, mailbox) = (EventSink::new(), Arc::new(Mailbox::default()));
    let subscription = sink.subscribe(&mailbox);
    assert_eq!(sink.listeners(), 1);
    drop(subscription);
    sink.emit(&Tick { count: 1 });
    assert_eq!(sink.listeners(), 0);
    assert!(!mailbox.has_mail());
}

#[test]
fn threads_emit_in_one_order_for_all() {
    let sink = EventSink::new();
    let mailboxes: Vec<_> = (0..2).map(|_| Arc::new(Mailbox::default())).collect();
    let _subscriptions: Vec<_> = mailboxes.iter().map(|mailbox| sink.subscribe(mailbox)).collect();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let sink = sink.clone();
            scope.spawn(move || (0..500).for_each(|i| sink.emit(&Tick { count: thread * 1000 + i })));
        }
    });
    let (first, second) = (contents(&mailboxes[0]).0, contents(&mailboxes[1]).0);
    assert_eq!(first.lines().count(), 2000);
    assert_eq!(first, second);
}

#[test]
fn mail_wakes_and_closing_is_remembered() {
    let mailbox = Mailbox::default();
    let mut context = Context::from_waker(Waker::noop());
    assert_eq!(mailbox.poll_mail(&mut context), Poll::Pending);
    mailbox.close();
    assert_eq!(mailbox.poll_mail(&mut context), Poll::Ready(()));
    for _ in 0..2 {
        assert!(contents(&mailbox).1.closing);
    }
}
