//! What can go wrong for a client.

use std::io;
use std::time::Duration;

use thiserror::Error;

use super::gap::Gap;
use crate::introspection::SchemaError;
use crate::transport::AddressError;

/// A call, or the connection as a whole, came to nothing.
#[derive(Debug, Error)]
#[non_exhaustive]
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
    /// The peer was not there, or not ready, in time.
    #[error("cannot connect to {address} within {after:?}: {last}")]
    ConnectTimeout {
        /// The address as given.
        address: String,
        /// How long it was tried.
        after: Duration,
        /// What was in the way when time ran out.
        last: String,
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
    /// Nothing came in time. A command that was sent may still be executed; its reply will be dropped.
    #[error("{command}: no answer within {after:?}")]
    Timeout {
        /// The name of the command, or of the events waited for.
        command: String,
        /// How long was waited.
        after: Duration,
    },
    /// Events came faster than they were taken; so many are lost.
    #[error("{0} events were lost because they were not taken in time")]
    EventsLost(u64),
    /// The connection was lost and is back; what happened in between is not known. Only event streams of a client that
    /// [reconnects](super::ClientOptions::reconnect) say so, and they go on.
    #[error(transparent)]
    Gap(#[from] Gap),
    /// The connection has ended; whether a command on its way was executed is not known.
    #[error("the connection has ended")]
    Closed,
    /// The connection broke; whether a command on its way was executed is not known.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// There is no connection at the moment, so the command was not sent.
    #[error("{command}: not sent, for there is no connection at the moment")]
    Disconnected {
        /// The command's name.
        command: String,
    },
    /// This connection cannot carry what was asked for.
    #[error("{command}: {reason}")]
    Unsupported {
        /// The command's name.
        command: String,
        /// What is missing.
        reason: &'static str,
    },
    /// What the server says of its schema cannot be understood.
    #[error("query-qmp-schema: {0}")]
    Schema(#[from] SchemaError),
    /// The connection broke while it was set up.
    #[error("cannot talk to the server: {0}")]
    Io(#[from] io::Error),
}

impl ClientError {
    /// Whether the connection is to blame, rather than the command or the schema.
    pub fn is_disconnect(&self) -> bool {
        matches!(self, Self::Closed | Self::Broken(_) | Self::Disconnected { .. } | Self::Gap(_))
    }

    /// The server's error, if it answered with one.
    pub fn server_error(&self) -> Option<&crate::Error> {
        match self {
            Self::Command { error, .. } => Some(error),
            _ => None,
        }
    }

    /// Whether the server does not have the command.
    pub fn is_command_not_found(&self) -> bool {
        self.server_error().is_some_and(|error| error.class() == crate::ErrorClass::CommandNotFound)
    }
}
