//! Where a migration goes to or comes from: an address, or a descriptor that is here already.

use std::os::fd::OwnedFd;

use migration::{Address, Listener, MigrationError};
use qapi_runtime::Context;
use qapi_runtime::fds::NamedFds;

use crate::inherited;

/// What a URI stands for.
pub(super) enum Place {
    /// Somewhere to connect to or to listen at.
    Address(Address),
    /// `fd:`: a connection, file or pipe that a client or the parent process has opened.
    Descriptor(OwnedFd),
}

/// The names that clients of a command's monitor gave to descriptors.
pub(crate) struct Names {
    fds: NamedFds,
    context: Context,
}

impl Names {
    /// Those that a command may use.
    pub(crate) fn of(fds: &NamedFds, context: &Context) -> Self {
        Self { fds: fds.clone(), context: context.clone() }
    }

    fn take(&self, name: &str) -> Result<OwnedFd, MigrationError> {
        self.fds.take(&self.context, name).map_err(|error| MigrationError::Address(error.to_string()))
    }
}

impl Place {
    /// Where a migration goes to. A descriptor is named; the name is free again.
    pub(super) fn outgoing(uri: &str, names: &Names) -> Result<Self, MigrationError> {
        match uri.strip_prefix("fd:") {
            Some(name) => names.take(name).map(Self::Descriptor),
            None => uri.parse().map(Self::Address),
        }
    }

    /// Where a migration comes from. A descriptor is named, unless it is the number of one that the parent process left.
    pub(super) fn incoming(uri: &str, names: Option<&Names>) -> Result<Self, MigrationError> {
        let Some(name) = uri.strip_prefix("fd:") else {
            return uri.parse().map(Self::Address);
        };
        let found = match names {
            Some(names) if !name.starts_with(|c: char| c.is_ascii_digit()) => names.take(name)?,
            _ => {
                let invalid = || MigrationError::Address(format!("Invalid file descriptor number '{name}'"));
                let number = name.parse().map_err(|_| invalid())?;
                inherited::take(number).ok_or_else(invalid)?
            }
        };
        Ok(Self::Descriptor(found))
    }

    /// Listens there. May wait for the resolver of names.
    pub(super) fn listen(self) -> Result<Listener, MigrationError> {
        match self {
            Self::Address(address) => Listener::bind(&address),
            Self::Descriptor(fd) => Ok(Listener::opened(fd)),
        }
    }
}
