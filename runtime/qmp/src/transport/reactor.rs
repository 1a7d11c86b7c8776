//! The one place where descriptors are registered with the reactor.

use std::io;
use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Registers a descriptor for one direction only.
#[expect(
    deprecated,
    reason = "deprecated because it is unsound for types that lie about their descriptor; an `OwnedFd` cannot, and the \
              replacement is an unsafe function, which this crate does without"
)]
pub(super) fn register(fd: OwnedFd, interest: Interest) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(fd, interest)
}
