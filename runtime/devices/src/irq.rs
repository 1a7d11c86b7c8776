//! Interrupt lines as a device sees them.

/// The device's end of one interrupt line.
///
/// `set` is called with the device locked, on the thread that caused the change, and only when the level changes; it must not block.
pub trait IrqLine: Send {
    /// Drives the line: `true` asserts it, `false` releases it.
    fn set(&self, level: bool);
}

impl<F: Fn(bool) + Send> IrqLine for F {
    fn set(&self, level: bool) {
        self(level);
    }
}
