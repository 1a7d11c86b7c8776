//! Work that goes on after its command has returned: jobs, migration, a memory dump. How far it is, and how it ended.

mod bar;
mod meter;
mod report;
#[cfg(test)]
mod tests;
mod watch;

pub(crate) use report::Work;
pub(crate) use watch::{Ended, Manner, Watch};
