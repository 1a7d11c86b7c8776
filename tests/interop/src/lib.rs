//! What tests against real peers share: running QEMU under a guard and talking QMP to it.
//!
//! These are helpers of tests: what goes wrong ends the test, with the peer's own words in the message. The QMP client here is on purpose
//! not the project's own, so that a mistake in that one cannot hide itself.

mod emulator;
mod qemu;
mod qmp;
mod requests;
mod wire;

use std::time::{Duration, Instant};

use serde_json::Value;

pub use emulator::emulator;
pub use qemu::Qemu;
pub use qmp::{Qmp, QmpError};
pub use requests::{Request, Requests};
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

/// Takes out what two implementations cannot have in common: whose it is, other machines, the order of a hash table.
pub fn settle(command: &str, answer: &mut Value) {
    match (command, answer) {
        ("query-version", Value::Object(version)) => drop(version.insert("package".into(), Value::Null)),
        ("query-machines", Value::Array(machines)) => machines.retain(|machine| machine["name"] == "none"),
        ("query-chardev", Value::Array(devices)) => devices.sort_by_key(|device| device["label"].to_string()),
        _ => {}
    }
}
