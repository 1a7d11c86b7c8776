//! Ways in which bytes reach a monitor: unix and TCP sockets, standard input and output, sockets made elsewhere.
//!
//! What the bytes mean is decided in `protocol`; nothing here looks into them.

mod address;
mod buffer;
mod connect;
mod listener;
mod reactor;
mod rights;
mod stream;

#[cfg(test)]
mod tests;

pub use address::{Address, AddressError, Endpoint};
pub(crate) use connect::connect;
pub use listener::socket_name;
pub(crate) use listener::{Acceptor, Listener};
pub(crate) use stream::Stream;
