//! The reading end.

use std::io::{self, Read};

use vmstate::Source;

/// Bytes asked of the connection at once.
const CAPACITY: usize = 512 * 1024;

/// A stream being read, with look-ahead and position.
#[derive(Debug)]
pub struct StreamReader<R> {
    inner: R,
    buffer: Box<[u8]>,
    /// Unread bytes are `buffer[start..end]`.
    start: usize,
    end: usize,
    position: u64,
}

impl<R: Read> StreamReader<R> {
    /// Reads from `inner`, whose current place is position 0.
    pub fn new(inner: R) -> Self {
        Self { inner, buffer: vec![0; CAPACITY].into_boxed_slice(), start: 0, end: 0, position: 0 }
    }

    /// Consumes `count` bytes (at most 64 KiB) and shows them in place.
    ///
    /// # Errors
    /// The connection's, or [`io::ErrorKind::UnexpectedEof`] when it ends first.
    pub fn chunk(&mut self, count: usize) -> io::Result<&[u8]> {
        if self.fill(count)? < count {
            return Err(ended(count, self.end - self.start));
        }
        let start = self.start;
        self.start += count;
        self.position += count as u64;
        Ok(&self.buffer[start..start + count])
    }

    /// Tries to have `count` bytes unread in the buffer; says how many there are, fewer only at the end of the stream.
    fn fill(&mut self, count: usize) -> io::Result<usize> {
        if self.end - self.start < count && self.buffer.len() - self.start < count {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        while self.end - self.start < count {
            if self.start == self.end {
                (self.start, self.end) = (0, 0);
            }
            match self.inner.read(&mut self.buffer[self.end..]) {
                Ok(0) => break,
                Ok(length) => self.end += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.end - self.start)
    }
}

impl<R: Read> Source for StreamReader<R> {
    fn read_exact(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        for part in buffer.chunks_mut(64 * 1024) {
            let bytes = self.chunk(part.len())?;
            part.copy_from_slice(bytes);
        }
        Ok(())
    }

    fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        let there = self.fill(count.min(1024))?;
        Ok(&self.buffer[self.start..self.start + there.min(count)])
    }

    fn position(&self) -> u64 {
        self.position
    }
}

fn ended(wanted: usize, left: usize) -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, format!("the stream ends here, {wanted} bytes wanted, {left} left"))
}
