//! The protocol without its transport: greeting, negotiation, requests, replies, as state machines over texts.

mod builtin;
mod envelope;
mod preconfig;
mod session;
mod version;

#[cfg(test)]
mod tests;

pub use preconfig::Preconfig;
pub(crate) use session::{Call, Quote, Session, Step};
pub use version::Version;
