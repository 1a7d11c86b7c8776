//! `qmp-shell`: an interactive shell for QMP monitors that knows the server's schema.

mod args;
mod parse;
fn main() {}
