//! A stream that is not what it should be, and where.

use std::io;

/// Why bytes could not be decoded.
#[derive(Debug, thiserror::Error)]
#[error("byte {position} of the migration stream: {problem}")]
pub struct DecodeError {
    /// Position of the record's or field's first byte.
    pub position: u64,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with a stream.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The stream failed or ended.
    #[error("cannot read the stream: {0}")]
    Io(#[from] io::Error),
    /// The first bytes are somebody else's.
    #[error("Not a migration stream")]
    NotAStream,
    /// A file version that nobody writes any more, or does not write yet.
    #[error("Unsupported migration stream version {0}")]
    FileVersion(u32),
    /// A record type that does not exist, or not in this place.
    #[error("Unknown savevm section type {0}")]
    RecordType(u8),
    /// A configuration subsection that we do not know; its length is unknown too.
    #[error("unknown subsection '{0}' of the configuration")]
    ConfigurationPart(String),
    /// A length beyond any sane sender's.
    #[error("{what} of {found} bytes is longer than the {limit} that are accepted")]
    TooLong {
        /// What has the length.
        what: &'static str,
        /// Length in the stream.
        found: u64,
        /// Longest accepted.
        limit: u64,
    },
    /// Bytes that do not spell a name.
    #[error("a name is not UTF-8: {0:02x?}")]
    NotUtf8(Vec<u8>),
    /// A command that does not exist.
    #[error("MIG_CMD {0:#x} unknown")]
    CommandType(u16),
    /// Data of a command or message that has the wrong length or content.
    #[error("{what} has bad data of {length} bytes")]
    BadData {
        /// Name of the command or message.
        what: &'static str,
        /// Length of its data.
        length: usize,
    },
    /// Flags that do not occur together.
    #[error("Unknown combination of migration flags: {0:#x}")]
    RamFlags(u64),
    /// Block sizes that do not add up to the total before them.
    #[error("sizes of the RAM blocks do not add up to the total of {0:#x}")]
    RamTotal(u64),
    /// A message of the return path that does not exist.
    #[error("return path message of unknown type {0}")]
    MessageType(u16),
}
