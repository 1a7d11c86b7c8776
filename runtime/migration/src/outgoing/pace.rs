//! A limit of bytes per second.

use std::{
    io::Write,
    thread,
    time::{Duration, Instant},
};

use crate::{MigrationError, MigrationState, stream::StreamWriter};

/// Time over which the limit is kept: long enough for large writes, short enough not to be noticed.
const WINDOW: Duration = Duration::from_millis(100);
/// Longest sleep, so that cancelling is noticed.
const NAP: Duration = Duration::from_millis(20);

/// Slows a sender down to a limit.
pub(super) struct Pace {
    /// Bytes per window; 0 for no limit.
    allowance: u64,
    began: Instant,
    start: u64,
}

impl Pace {
    /// At most `limit` bytes per second from `position` on; 0 for no limit.
    pub(super) fn new(limit: u64, position: u64) -> Self {
        let allowance = if limit == 0 { 0 } else { (limit as f64 * WINDOW.as_secs_f64()).max(1.0) as u64 };
        Self { allowance, began: Instant::now(), start: position }
    }

    /// Sleeps until the bytes sent are allowed.
    pub(super) fn keep<W: Write>(
        &mut self,
        out: &mut StreamWriter<W>,
        state: &MigrationState,
    ) -> Result<(), MigrationError> {
        let sent = out.position() - self.start;
        if self.allowance == 0 || sent < self.allowance {
            return Ok(());
        }
        // The peer gets what it may have before we rest.
        out.flush()?;
        let due = WINDOW.mul_f64(sent as f64 / self.allowance as f64);
        while let Some(rest) = due.checked_sub(self.began.elapsed()).filter(|rest| !rest.is_zero()) {
            state.check()?;
            thread::sleep(rest.min(NAP));
        }
        (self.began, self.start) = (Instant::now(), out.position());
        Ok(())
    }
}
