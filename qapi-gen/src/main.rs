//! Command line of the QAPI compiler.
fn main() {}
