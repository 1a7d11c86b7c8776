//! `qmp-shell`: an interactive shell for QMP monitors that knows the server's schema.

mod args;
mod complete;
mod parse;
mod run;
#[cfg(test)]
mod samples;
mod schema;
mod typed;
fn main() {}
