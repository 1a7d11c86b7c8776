//! A time without connection, as event streams tell of it.

use std::time::{Duration, SystemTime};

use crate::protocol::Version;

/// The connection was lost and is back. Events in between are lost; commands that were on their way have failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the connection was lost for {} ms and is back, to version {}.{}.{}; events in between are lost",
    self.length().as_millis(),
    version.major,
    version.minor,
    version.micro
)]
pub struct Gap {
    /// When it was lost, by this host's clock.
    pub lost: SystemTime,
    /// When it was back and negotiated.
    pub back: SystemTime,
    /// The server's version now: it may be another server.
    pub version: Version,
}

impl Gap {
    /// How long there was no connection; nothing if the clock was set back meanwhile.
    pub fn length(&self) -> Duration {
        self.back.duration_since(self.lost).unwrap_or_default()
    }

    /// One gap from the beginning of this to the end of a later one.
    pub(super) fn until(self, later: Gap) -> Gap {
        Gap { lost: self.lost, ..later }
    }
}
