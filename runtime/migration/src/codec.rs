//! The wire format: every record as a value, to and from bytes, knowing no machine and no connection.
//!
//! Decoding takes bytes from a [`Source`](vmstate::Source) and never trusts them: each length is bounded before memory is set aside, and an
//! error says at which byte of the stream the culprit stands. Encoding appends to a `Vec<u8>` and cannot fail, because values that do not
//! fit the format (a name of 256 bytes) cannot be built. Page contents are not copied into records; they follow the record in the stream.

mod command;
mod error;
mod name;
mod ram;
mod record;
mod return_path;
mod wire;
pub mod xbzrle;

#[cfg(test)]
mod tests;

pub use command::Command;
pub use error::{DecodeError, Problem};
pub use name::{Name, NameTooLong};
pub use ram::{BlockSize, RamRecord};
pub use record::{Configuration, ConfigurationPart, Record, SectionHeader, decode_file_header, encode_file_header};
pub use return_path::ReturnMessage;

/// Version of the file header that this crate speaks.
pub const FILE_VERSION: u32 = 3;
/// Bytes of a target page.
pub const PAGE_SIZE: usize = 4096;
