//! Descriptors that clients pass: what the handlers of `getfd`, `closefd`, `add-fd`, `remove-fd` and `query-fdsets` need.
//!
//! A client on a unix socket may pass descriptors with a request (`SCM_RIGHTS`, see unix(7)). A handler takes them from its
//! [`Context`](crate::Context). [`NamedFds`] keeps some under names, for commands that are given a name; [`FdSets`] keeps
//! some in numbered sets, for whatever opens a file by the path `/dev/fdset/N`.
//!
//! What happens to them is what QEMU does:
//!
//! - At most 16 descriptors are taken at a time; the rest of a larger message is closed.
//! - Descriptors wait for the first request that is complete after they came, and if that takes none, for the next one,
//!   until another message brings some or the client leaves. Then those that wait are closed. Of the descriptors that wait,
//!   [`Context::take_fd`](crate::Context::take_fd) gives the first and closes the others.
//! - Names belong to a monitor and outlast its clients. Sets belong to the server.
//! - No child process inherits any of them.
//!
//! Two things differ, since QEMU reads its input byte by byte. With out-of-band execution on, requests are read ahead; here
//! the descriptors stay with the request they came with, in QEMU a later message's take their place. And what a client sends
//! without waiting for replies arrives here in one piece that ends with the message that has descriptors: the first request
//! in it that takes some gets them, even if it was sent without any and a later one with them. So whoever does not wait for
//! replies sends no request that lacks its descriptor.
//!
//! ```
//! use qapi_runtime::fds::{FdSets, NamedFds};
//! use qapi_runtime::{Context, Error};
//!
//! #[derive(Default)]
//! struct Lamp {
//!     named: NamedFds,
//!     sets: FdSets,
//! }
//!
//! impl Lamp {
//!     async fn getfd(&self, context: &Context, fdname: String) -> Result<(), Error> {
//!         self.named.getfd(context, &fdname)
//!     }
//!
//!     async fn closefd(&self, context: &Context, fdname: String) -> Result<(), Error> {
//!         self.named.closefd(context, &fdname)
//!     }
//!
//!     async fn remove_fd(&self, _: &Context, fdset_id: i64, fd: Option<i64>) -> Result<(), Error> {
//!         self.sets.remove_fd(fdset_id, fd)
//!     }
//! }
//! ```

mod named;
mod open;
mod sets;

#[cfg(test)]
mod tests;

pub use named::NamedFds;
pub use open::{Lease, Open, Opened};
pub use sets::{Added, FdSet, FdSets, Member};

use crate::Error;

/// Bytes of a text that is kept with a descriptor. Texts of QEMU's have no limit but that of a request, 64 MiB each; with one,
/// the system's limit of descriptors bounds the memory too.
const TEXT_BYTES: usize = 64 << 10;

/// Refuses a text that is too long to be kept.
fn bounded(name: &str, text: &str) -> Result<(), Error> {
    match text.len() <= TEXT_BYTES {
        true => Ok(()),
        false => Err(Error::expects(name, "at most 65536 bytes")),
    }
}

/// What a command that takes a descriptor answers when none came.
fn none_supplied() -> Error {
    Error::generic("No file descriptor supplied via SCM_RIGHTS")
}
