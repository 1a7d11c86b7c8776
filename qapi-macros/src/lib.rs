//! The qapi!() macro: a QAPI schema becomes a Rust module
