//! Events: encoded once, queued within a bound for each session, sent by the session's own task.

mod mailbox;
mod sink;

#[cfg(test)]
mod tests;

pub(crate) use mailbox::Mailbox;
pub use sink::EventSink;
pub(crate) use sink::Subscription;
