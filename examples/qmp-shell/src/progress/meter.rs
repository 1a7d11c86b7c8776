//! How fast it goes, and how long it will take.

use std::collections::VecDeque;
use std::time::Duration;

/// The rate is that of so much time past: steady enough to read, and soon right after a change.
const WINDOW: Duration = Duration::from_secs(4);
/// Less than this says nothing.
const LEAST: Duration = Duration::from_millis(300);

/// Two rates: memory that is all zeros is done, and hardly anything is moved for it.
#[derive(Debug, Default)]
pub(super) struct Meters {
    /// Of what goes over the wire, or to the disk.
    pub(super) moved: Meter,
    /// Of the work itself, which tells how long it will take.
    pub(super) done: Meter,
}

impl Meters {
    /// Notes how far it is at a time.
    pub(super) fn note(&mut self, at: Duration, moved: u64, done: u64) {
        self.moved.note(at, moved);
        self.done.note(at, done);
    }
}

/// Measures a rate.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// When, since the work was first seen, and how much was moved by then.
    samples: VecDeque<(Duration, u64)>,
}

impl Meter {
    /// Notes how much was moved at a time.
    pub(super) fn note(&mut self, at: Duration, moved: u64) {
        // Something that begins anew is measured anew.
        if self.samples.back().is_some_and(|(_, before)| *before > moved) {
            self.samples.clear();
        }
        self.samples.push_back((at, moved));
        while self.samples.len() > 2 && self.samples.get(1).is_some_and(|(then, _)| at.saturating_sub(*then) >= WINDOW)
        {
            self.samples.pop_front();
        }
    }

    /// Units per second.
    pub(super) fn rate(&self) -> Option<f64> {
        let ((first, from), (last, to)) = (self.samples.front()?, self.samples.back()?);
        let time = last.saturating_sub(*first);
        (time >= LEAST).then(|| to.saturating_sub(*from) as f64 / time.as_secs_f64())
    }

    /// How long so many units will take.
    pub(super) fn left(&self, units: u64) -> Option<Duration> {
        let seconds = units as f64 / self.rate().filter(|rate| *rate > 0.0)?;
        Duration::try_from_secs_f64(seconds).ok()
    }
}
