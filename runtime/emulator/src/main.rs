//! The reference emulator.
fn main() {}
