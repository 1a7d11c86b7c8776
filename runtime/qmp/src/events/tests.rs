//! Tests of the queue of events, its bound, and the limits of their rate.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::mailbox::{LIMIT, Mailbox, Taken};
use super::{EventSink, Limit};
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
    assert_eq!(contents(&mailbox), (String::new(), Taken { lost: 0, closing: false, withheld: false }));
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

#[derive(Debug, Default)]
struct Port {
    id: String,
    open: bool,
}

impl Visit for Port {
    fn get(&mut self, d: &mut Decoder<'_>) -> Outcome {
        self.id.get(d)
    }

    fn put(&self, e: &mut Encoder) {
        e.begin_object();
        e.member("id", &self.id);
        e.member("open", &self.open);
        e.end_object();
    }
}

impl Event for Port {
    const NAME: &'static str = "VSERPORT_CHANGE";
}

/// What has come in since the last look, as `COUNT` of each event.
fn counts(mailbox: &Mailbox) -> Vec<u64> {
    let (text, _) = contents(mailbox);
    let count = |line: &str| line.split("\"count\": ").nth(1)?.trim_end_matches('}').parse().ok();
    text.lines().map(|line| count(line).expect("a tick")).collect()
}

/// A sink whose time is kept, on a clock that runs only while everything waits.
fn on_a_clock<F: Future>(test: impl FnOnce(EventSink, Arc<Mailbox>) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let (sink, mailbox) = (EventSink::new(), Arc::new(Mailbox::default()));
        let _subscription = sink.subscribe(&mailbox);
        tokio::select! {
            _ = sink.clone().keep_time() => {}
            _ = async { tokio::task::yield_now().await; test(sink.clone(), mailbox).await } => {}
        }
    });
}

async fn sleep(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

#[test]
fn a_limited_event_is_sent_at_once_and_then_once_in_its_time() {
    on_a_clock(async |sink, mailbox| {
        sink.limit::<Tick>(Limit::every(Duration::from_secs(1)));
        (0..5).for_each(|count| sink.emit(&Tick { count }));
        assert_eq!(counts(&mailbox), [0], "the first at once");
        sleep(999).await;
        assert!(counts(&mailbox).is_empty());
        sleep(2).await;
        assert_eq!(counts(&mailbox), [4], "then the latest");
        sink.emit(&Tick { count: 5 });
        assert!(counts(&mailbox).is_empty(), "what was held opens the time anew");
        sleep(1000).await;
        assert_eq!(counts(&mailbox), [5]);
        sleep(1000).await;
        assert!(counts(&mailbox).is_empty(), "nothing is sent twice");
        sink.emit(&Tick { count: 6 });
        assert_eq!(counts(&mailbox), [6], "after a quiet time at once again");
    });
}

#[test]
fn a_limited_event_keeps_its_time_stamp() {
    on_a_clock(async |sink, mailbox| {
        sink.limits(Limit::QEMU);
        let emit = |open| sink.emit(&Port { id: "a".into(), open });
        emit(true);
        emit(false);
        let stamp = std::time::SystemTime::now();
        // The host's clock is not the paused one.
        std::thread::sleep(Duration::from_millis(20));
        contents(&mailbox);
        sleep(1001).await;
        let (text, _) = contents(&mailbox);
        let micros = |key: &str| {
            let digits = text.split(key).nth(1).expect("a stamp").trim_start_matches("\": ");
            digits[..digits.find([',', '}']).expect("an end")].parse::<u64>().expect("a number")
        };
        let at = Duration::from_secs(micros("\"seconds")) + Duration::from_micros(micros("\"microseconds"));
        assert!(at <= stamp.duration_since(std::time::UNIX_EPOCH).expect("after 1970"), "{text}");
    });
}

#[test]
fn those_of_different_keys_do_not_wait_for_each_other() {
    on_a_clock(async |sink, mailbox| {
        sink.limits(Limit::QEMU);
        let emit = |id: &str, open| sink.emit(&Port { id: id.into(), open });
        for open in [true, false] {
            emit("a", open);
            emit("b", open);
        }
        sink.emit(&Tick { count: 1 });
        sink.emit(&Tick { count: 2 });
        let (text, _) = contents(&mailbox);
        assert_eq!(text.lines().count(), 4, "one of each port, and what is not limited: {text}");
        sleep(1001).await;
        let (text, _) = contents(&mailbox);
        assert_eq!(text.matches("\"open\": false").count(), 2, "{text}");
        assert_eq!(text.lines().count(), 2, "{text}");
    });
}

#[test]
fn limits_hold_while_somebody_keeps_the_time() {
    let (sink, mailbox) = (EventSink::new(), Arc::new(Mailbox::default()));
    let _subscription = sink.subscribe(&mailbox);
    sink.limit::<Tick>(Limit::every(Duration::from_secs(1)));
    (0..3).for_each(|count| sink.emit(&Tick { count }));
    assert_eq!(counts(&mailbox), [0, 1, 2]);
    on_a_clock(async |other, mailbox| {
        other.limit::<Tick>(Limit::every(Duration::from_secs(1)));
        other.limit::<Tick>(Limit::every(Duration::ZERO));
        (0..3).for_each(|count| other.emit(&Tick { count }));
        assert_eq!(counts(&mailbox), [0, 1, 2], "no time is no limit");
    });
}

#[test]
fn a_client_that_comes_within_the_time_hears_what_was_held() {
    on_a_clock(async |sink, mailbox| {
        sink.limit::<Tick>(Limit::every(Duration::from_secs(1)));
        sink.emit(&Tick { count: 1 });
        sink.emit(&Tick { count: 2 });
        let late = Arc::new(Mailbox::default());
        let _subscription = sink.subscribe(&late);
        // From a thread of its own, as a vCPU would.
        let other = sink.clone();
        std::thread::spawn(move || other.emit(&Tick { count: 3 })).join().expect("no panic");
        sleep(1001).await;
        assert_eq!((counts(&mailbox), counts(&late)), (vec![1, 3], vec![3]));
    });
}

#[test]
fn a_reply_is_withheld_once() {
    let mailbox = Mailbox::default();
    mailbox.withhold_reply();
    assert!(mailbox.has_mail());
    assert_eq!(contents(&mailbox), (String::new(), Taken { lost: 0, closing: false, withheld: true }));
    assert!(!contents(&mailbox).1.withheld);
}

#[test]
fn keys_that_a_guest_makes_up_take_bounded_memory() {
    on_a_clock(async |sink, mailbox| {
        sink.limits(Limit::QEMU);
        let emit = |id: usize, open| sink.emit(&Port { id: format!("port{id}"), open });
        (0..5000).for_each(|id| emit(id, true));
        assert_eq!(contents(&mailbox).0.lines().count(), 1025, "beyond, all share one window");
        emit(7, false);
        emit(4000, false);
        sleep(1001).await;
        let (text, _) = contents(&mailbox);
        // The last of the one with a window of its own, and the last of all others.
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("port7") && text.contains("port4000"), "{text}");
        sleep(2001).await;
        emit(4999, true);
        emit(4998, true);
        assert_eq!(contents(&mailbox).0.lines().count(), 2, "each has its own again");
    });
}

#[test]
fn a_limit_may_be_longer_than_the_clock_goes() {
    on_a_clock(async |sink, mailbox| {
        sink.limit::<Tick>(Limit::every(Duration::MAX));
        (0..3).for_each(|count| sink.emit(&Tick { count }));
        sleep(1_000_000).await;
        assert_eq!(counts(&mailbox), [0]);
    });
}

#[test]
fn what_is_held_when_the_time_is_kept_no_longer_is_not_sent_later() {
    on_a_clock(async |sink, mailbox| {
        sink.limit::<Tick>(Limit::every(Duration::from_secs(1)));
        let held = EventSink::new();
        held.limit::<Tick>(Limit::every(Duration::from_secs(1)));
        let _subscription = held.subscribe(&mailbox);
        for count in [1, 3] {
            // Each time a server of its own.
            tokio::select! {
                biased;
                _ = held.clone().keep_time() => {}
                () = async { held.emit(&Tick { count }); held.emit(&Tick { count: count + 1 }); } => {}
            }
        }
        sleep(2000).await;
        assert_eq!(counts(&mailbox), [1, 3], "each server begins anew");
    });
}

#[test]
fn when_one_of_two_servers_ends_the_other_keeps_the_time() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime.expect("a runtime"), async {
        let (sink, mailbox) = (EventSink::new(), Arc::new(Mailbox::default()));
        let _subscription = sink.subscribe(&mailbox);
        sink.limit::<Tick>(Limit::every(Duration::from_secs(1)));
        let keepers = [(); 2].map(|()| tokio::task::spawn_local(sink.clone().keep_time()));
        tokio::task::yield_now().await;
        (0..3).for_each(|count| sink.emit(&Tick { count }));
        // Whoever was woken by that has looked.
        sleep(1).await;
        let [first, second] = keepers;
        first.abort();
        sleep(1001).await;
        assert_eq!(counts(&mailbox), [0, 2]);
        (3..5).for_each(|count| sink.emit(&Tick { count }));
        second.abort();
        sleep(1001).await;
        assert!(counts(&mailbox).is_empty(), "nobody keeps the time, and 4 was held");
    });
}

#[test]
fn threads_that_emit_in_a_hurry_are_limited_and_have_the_last_word() {
    const EVERY: Duration = Duration::from_millis(20);
    let (sink, mailbox) = (EventSink::new(), Arc::new(Mailbox::default()));
    let _subscription = sink.subscribe(&mailbox);
    sink.limit::<Port>(Limit::every(EVERY).by(&["id"]));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let begun = std::time::Instant::now();
    runtime.block_on(async {
        let keeper = sink.clone().keep_time();
        let threads = async {
            tokio::task::yield_now().await;
            let threads: Vec<_> = (0..4)
                .map(|port| {
                    let sink = sink.clone();
                    std::thread::spawn(move || {
                        let id = format!("port{port}");
                        while begun.elapsed() < EVERY * 10 {
                            sink.emit(&Port { id: id.clone(), open: true });
                        }
                        sink.emit(&Port { id, open: false });
                    })
                })
                .collect();
            while threads.iter().any(|thread| !thread.is_finished()) {
                tokio::time::sleep(EVERY / 4).await;
            }
            tokio::time::sleep(EVERY * 3).await;
        };
        tokio::select! { _ = keeper => {}, () = threads => {} }
    });
    let (text, taken) = contents(&mailbox);
    let most = usize::try_from(begun.elapsed().as_millis() / EVERY.as_millis()).expect("a short time") + 1;
    for port in 0..4 {
        let lines: Vec<&str> = text.lines().filter(|line| line.contains(&format!("port{port}"))).collect();
        assert!((2..=most).contains(&lines.len()), "{} of at most {most}", lines.len());
        let closed: Vec<bool> = lines.iter().map(|line| line.contains("false")).collect();
        assert_eq!(
            closed.iter().position(|closed| *closed),
            Some(lines.len() - 1),
            "the last one, and once: {lines:?}"
        );
        assert!(lines.is_sorted_by_key(|line| line.split("\"event\"").next().map(stamp)), "{lines:?}");
    }
    assert_eq!(taken.lost, 0);
}

/// Microseconds since 1970 of the beginning of an event.
fn stamp(begin: &str) -> u64 {
    let numbers: Vec<u64> =
        begin.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect();
    numbers.iter().take(2).fold(0, |micros, number| micros * 1_000_000 + number)
}
