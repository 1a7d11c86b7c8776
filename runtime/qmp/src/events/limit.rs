//! How often events may be sent: what is declared, and the windows that are open at the moment.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::json;

/// How often an event may be sent: what a guest can bring about as often as it likes must not drown clients.
///
/// The first event is sent at once. Those that come within [`every`](Self::every) after it are held, each in the place of
/// the one before; the last one is sent when the time is over, with the time stamp of when it came about, and the time
/// begins anew. So clients hear of the first change and of how things stand, and of nothing in between.
///
/// Set with [`EventSink::limit`](crate::EventSink::limit) or [`EventSink::limits`](crate::EventSink::limits).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Time between two of them; zero for no limit.
    pub every: Duration,
    /// Members of the event's data that tell whose it is: events that differ in any of them do not hold each other up.
    pub by: &'static [&'static str],
}

impl Limit {
    /// One in that time, whatever its data.
    pub const fn every(every: Duration) -> Self {
        Self { every, by: &[] }
    }

    /// The same for each value of these members of the data.
    #[must_use]
    pub const fn by(self, members: &'static [&'static str]) -> Self {
        Self { by: members, ..self }
    }

    /// The events that QEMU limits, as of 7.2, and `HV_BALLOON_STATUS_REPORT` of 8.2: one a second. Names that a schema does
    /// not have do no harm.
    ///
    /// `BLOCK_IO_ERROR`, which QEMU limits since 10.0 unless it stops the guest, is not among them.
    pub const QEMU: &'static [(&'static str, Limit)] = &[
        ("BALLOON_CHANGE", SECOND),
        ("HV_BALLOON_STATUS_REPORT", SECOND),
        ("MEMORY_DEVICE_SIZE_CHANGE", SECOND.by(&["qom-path"])),
        ("QUORUM_FAILURE", SECOND),
        ("QUORUM_REPORT_BAD", SECOND.by(&["node-name"])),
        ("RTC_CHANGE", SECOND),
        ("VSERPORT_CHANGE", SECOND.by(&["id"])),
        ("WATCHDOG", SECOND),
    ];
}

/// More than any program runs.
const LONG: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

const SECOND: Limit = Limit::every(Duration::from_secs(1));

/// Keys that may have a window of their own at a time. Those beyond share one for each event: what tells them apart may be up
/// to the guest, and must not take memory without bound.
const KEYS: usize = 1024;

/// The limits, and the events that wait because of them. Knows no clock: whoever calls says what time it is.
#[derive(Debug, Default)]
pub(super) struct Limits {
    limits: HashMap<&'static str, Limit>,
    windows: HashMap<Key, Window>,
}

/// An event's name, and the texts of the members that it is limited by.
type Key = (&'static str, Box<[u8]>);

/// The time after an event in which others of its key are held.
#[derive(Debug)]
struct Window {
    end: Instant,
    every: Duration,
    held: Option<Arc<[u8]>>,
}

/// What is to become of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// It is sent, and later ones are not limited.
    Send,
    /// It is sent, and a window has opened behind it.
    Open,
    /// It is held.
    Hold,
}

impl Limits {
    /// Limits an event from now on; no time at all is no limit.
    pub(super) fn set(&mut self, event: &'static str, limit: Limit) {
        match limit.every.is_zero() {
            true => self.limits.remove(event),
            false => self.limits.insert(event, limit),
        };
    }

    /// Whether there is a limit for the event.
    pub(super) fn concern(&self, event: &str) -> bool {
        self.limits.contains_key(event)
    }

    /// Decides about an event that goes out as `line`; `data` begins with its data, as JSON.
    pub(super) fn admit(&mut self, event: &'static str, data: &[u8], line: &Arc<[u8]>, now: Instant) -> Admission {
        let Some(limit) = self.limits.get(event) else {
            return Admission::Send;
        };
        let mut key = (event, key(limit.by, data));
        if self.windows.len() >= KEYS && !self.windows.contains_key(&key) {
            key.1 = Box::default();
        }
        if let Some(window) = self.windows.get_mut(&key) {
            window.held = Some(Arc::clone(line));
            return Admission::Hold;
        }
        self.windows.insert(key, Window { end: after(now, limit.every), every: limit.every, held: None });
        Admission::Open
    }

    /// Closes the windows whose time is over and gives what they held, oldest first; those open again behind it. Also says
    /// when to look the next time.
    pub(super) fn release(&mut self, now: Instant) -> (Vec<Arc<[u8]>>, Option<Instant>) {
        let mut due = Vec::new();
        self.windows.retain(|_, window| {
            if window.end > now {
                return true;
            }
            let end = std::mem::replace(&mut window.end, after(now, window.every));
            let held = window.held.take();
            held.map(|line| due.push((end, line))).is_some()
        });
        due.sort_by_key(|(end, _)| *end);
        let next = self.windows.values().map(|window| window.end).min();
        (due.into_iter().map(|(_, line)| line).collect(), next)
    }

    /// Forgets what waits.
    pub(super) fn clear(&mut self) {
        self.windows.clear();
    }
}

/// A time from now on; one that is longer than the clock goes is a long one.
fn after(now: Instant, every: Duration) -> Instant {
    now.checked_add(every).unwrap_or_else(|| now + LONG)
}

/// The texts of these members, one after the other. A member that is absent adds nothing but its end.
fn key(by: &[&str], data: &[u8]) -> Box<[u8]> {
    let mut key = Vec::new();
    let mut text = json::Stream::new();
    if !by.is_empty() {
        text.feed(data);
    }
    if let Some(Ok(object)) = text.next() {
        for member in by {
            key.extend_from_slice(object.get(member).map_or(b"", |value| value.text()));
            // Cannot be inside a JSON text, so different values do not run into the same key.
            key.push(0);
        }
    }
    key.into()
}
