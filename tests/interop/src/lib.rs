//! What tests against real peers share: running QEMU under a guard and talking QMP to it.
//!
//! These are helpers of tests: what goes wrong ends the test, with the peer's own words in the message. The QMP client here is on purpose
//! not the project's own, so that a mistake in that one cannot hide itself.

mod emulator;
mod qemu;
mod qmp;
mod wire;

use std::time::{Duration, Instant};

pub use emulator::emulator;
pub use qemu::Qemu;
pub use qmp::{Qmp, QmpError};
pub use wire::{Wire, parsed};

/// Longest wait for anything that a peer does; generous, since machines that run tests are busy.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks `ready` until it has an answer.
///
/// # Panics
/// When that takes longer than [`PATIENCE`]; `what` says what was waited for.
pub fn wait_for<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ready() {
            return answer;
        }
        assert!(started.elapsed() < PATIENCE, "waited {PATIENCE:?} for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
