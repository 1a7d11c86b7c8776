//! Where a state is loaded from: bytes in order, with a look ahead.

use std::io;

/// Bytes of a stream, read in order.
///
/// A plain [`io::Read`] is not enough: a subsection is recognised by its name, which must stay in the stream when it belongs to somebody else.
pub trait Source {
    /// Fills `buffer`, or fails with [`io::ErrorKind::UnexpectedEof`] when the stream ends first.
    fn read_exact(&mut self, buffer: &mut [u8]) -> io::Result<()>;
    /// The next bytes without consuming them: `count` of them (at most 1024), or fewer when the stream ends.
    fn peek(&mut self, count: usize) -> io::Result<&[u8]>;
    /// Bytes consumed since the beginning of the stream.
    fn position(&self) -> u64;
}

/// A [`Source`] over bytes in memory.
#[derive(Debug)]
pub struct SliceSource<'a> {
    rest: &'a [u8],
    position: u64,
}

impl<'a> SliceSource<'a> {
    /// Starts at the first byte.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, position: 0 }
    }

    /// What has not been consumed.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl Source for SliceSource<'_> {
    fn read_exact(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        let Some((head, tail)) = self.rest.split_at_checked(buffer.len()) else {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("{} bytes wanted, {} left", buffer.len(), self.rest.len()),
            ));
        };
        buffer.copy_from_slice(head);
        self.rest = tail;
        self.position += buffer.len() as u64;
        Ok(())
    }

    fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        Ok(&self.rest[..count.min(self.rest.len())])
    }

    fn position(&self) -> u64 {
        self.position
    }
}
