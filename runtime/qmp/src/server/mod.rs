//! The QMP server: monitors, the clients that come to them, and an orderly end.

mod builder;
mod connection;
mod monitor;
mod outbox;
mod running;
mod trace;

pub use builder::{Server, ServerError};
