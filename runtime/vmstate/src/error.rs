//! What can go wrong while a state is saved or loaded, always with its place.

use std::io;

/// Shorthand for results of this crate.
pub type Result<T = (), E = VmStateError> = std::result::Result<T, E>;

/// A state that could not be saved, loaded or accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VmStateError {
    /// The stream ended or failed inside a field.
    #[error("{state}: cannot read field '{field}' at byte {position} of the stream: {source}")]
    Read {
        /// Path of states, outermost first, joined by `/`.
        state: String,
        /// Field being read.
        field: String,
        /// Position in the stream where the field starts.
        position: u64,
        /// What the stream said.
        source: io::Error,
    },
    /// The sender's format is newer than ours.
    #[error(
        "unsupported version {found} for '{state}' v{ours}: the sender is newer, start it with an older machine version"
    )]
    TooNew {
        /// Name of the state.
        state: String,
        /// Version in the stream.
        found: u32,
        /// Newest version understood.
        ours: u32,
    },
    /// The sender's format is older than the oldest one understood.
    #[error("unsupported version {found} for '{state}': the oldest version understood is {minimum}")]
    TooOld {
        /// Name of the state.
        state: String,
        /// Version in the stream.
        found: u32,
        /// Oldest version understood.
        minimum: u32,
    },
    /// A subsection that the receiver does not know; its length is unknown too, so the stream cannot go on.
    #[error("{state}: unknown subsection '{subsection}' at byte {position} of the stream")]
    UnknownSubsection {
        /// Name of the state that owns it.
        state: String,
        /// Name found in the stream.
        subsection: String,
        /// Position of its first byte.
        position: u64,
    },
    /// A value that no sane sender writes, or a state that cannot be saved as it is.
    #[error("{state}: field '{field}': {problem}")]
    Invalid {
        /// Name of the state.
        state: String,
        /// Name of the field.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl VmStateError {
    /// For implementors of [`VmState`](crate::VmState) that refuse a value.
    pub fn invalid(state: &str, field: &str, problem: impl Into<String>) -> Self {
        Self::Invalid { state: state.to_owned(), field: field.to_owned(), problem: problem.into() }
    }
}
