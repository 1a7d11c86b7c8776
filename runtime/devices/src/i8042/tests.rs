//! Tests of the reset line.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

#[test]
fn pulsing_the_reset_line_asks_for_a_reset_and_parks() {
    let count = Arc::new(AtomicU32::new(0));
    let seen = count.clone();
    let mut device = I8042::new(move || {
        seen.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(device.write(COMMAND, 0xfe), Flow::Park);
    assert_eq!(device.write(COMMAND, 0xf0), Flow::Park);
    assert_eq!(count.load(Ordering::Relaxed), 2);
    for (offset, value) in [(COMMAND, 0xff), (COMMAND, 0xfd), (COMMAND, 0x0e), (COMMAND, 0xd1), (0, 0xfe)] {
        assert_eq!(device.write(offset, value), Flow::Continue, "{value:#x} at {offset}");
    }
    assert_eq!(count.load(Ordering::Relaxed), 2);
}

#[test]
fn the_controller_is_always_ready() {
    let mut device = I8042::new(|| {});
    assert_eq!(device.read(COMMAND) & 0x03, 0, "neither output nor input buffer full");
    assert!(device.save().is_none());
}
