//! Events: encoded once, limited in their rate, queued within a bound for each session, sent by the session's own task.

mod limit;
mod mailbox;
mod sink;

#[cfg(test)]
mod tests;

pub use limit::Limit;
pub(crate) use mailbox::Mailbox;
pub use sink::EventSink;
pub(crate) use sink::Subscription;
