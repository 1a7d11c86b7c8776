//! What can go wrong for a client.

use std::io;

use thiserror::Error;

use crate::transport::AddressError;

/// A call, or the connection as a whole, came to nothing.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The text is no address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// Nobody could be reached there.
    #[error("cannot connect to {address}: {source}")]
    Connect {
        /// The address as given.
        address: String,
        /// What the system says.
        source: io::Error,
    },
    /// The peer does not greet as a QMP server does.
    #[error("the peer is no QMP server: {0}")]
    Greeting(String),
    /// The server answered with an error.
    #[error("{command}: {error}")]
    Command {
        /// The command's name.
        command: String,
        /// The server's error, with its class.
        error: crate::Error,
    },
    /// The reply, or the event, is not of the type that this side's schema says.
    #[error("{command}: the server's answer is not as the schema says: {error}")]
    Reply {
        /// The name of the command or event.
        command: String,
        /// Which member, and what was expected of it.
        error: crate::Error,
    },
    /// Events came faster than they were taken; so many are lost.
    #[error("{0} events were lost because they were not taken in time")]
    EventsLost(u64),
    /// The connection has ended; whether the command was executed is not known.
    #[error("the connection has ended")]
    Closed,
    /// The connection broke while it was set up.
    #[error("cannot talk to the server: {0}")]
    Io(#[from] io::Error),
}
