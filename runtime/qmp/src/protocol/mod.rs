//! The protocol without its transport: greeting, negotiation, requests, replies, as state machines over texts.

mod builtin;
mod envelope;
mod session;
mod version;

pub(crate) use session::{Call, Session, Step};
pub use version::Version;
