//! Buffered ends of a stream: large reads and writes, pages copied once, positions for errors.

mod reader;
mod writer;

pub use reader::StreamReader;
pub use writer::{PageKind, StreamWriter};
