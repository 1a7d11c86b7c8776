//! `qmp-shell`: an interactive shell for QMP monitors that knows the server's schema.

mod args;
mod parse;
#[cfg(test)]
mod samples;
mod schema;
mod typed;
fn main() {}
