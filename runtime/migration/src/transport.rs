//! How the stream gets from one machine to the other: addresses, connections, listeners.

mod address;
mod channel;
mod listener;

#[cfg(test)]
mod tests;

pub use address::Address;
pub use channel::{Channel, Pipe, connect};
pub use listener::Listener;
