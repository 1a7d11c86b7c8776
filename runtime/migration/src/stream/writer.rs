//! The writing end.

use std::io::Write;

use memory::{RamBlock, is_zero};

use crate::{
    MigrationError,
    codec::{Name, PAGE_SIZE, RamRecord},
};

/// Bytes given to the connection at once. One large write of contiguous bytes costs less than a vector of 4 KiB pieces.
const CAPACITY: usize = 512 * 1024;
/// Room kept for the largest page record: word, name, page.
const RECORD: usize = 8 + 256 + PAGE_SIZE;

/// What a page turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageKind {
    /// All zeros, sent as a record of 9 bytes.
    Zero,
    /// Data, sent whole.
    Normal,
}

/// A stream being written, with position.
#[derive(Debug)]
pub struct StreamWriter<W> {
    inner: W,
    /// Holds `length` bytes that are not written yet.
    buffer: Box<[u8]>,
    length: usize,
    /// Bytes that the connection took.
    written: u64,
    scratch: Vec<u8>,
    /// Whether pages of zeros are sent as what they are.
    find_zeros: bool,
}

impl<W: Write> StreamWriter<W> {
    /// Writes to `inner`, whose current place is position 0.
    pub fn new(inner: W) -> Self {
        let buffer = vec![0; CAPACITY].into_boxed_slice();
        Self { inner, buffer, length: 0, written: 0, scratch: Vec::new(), find_zeros: true }
    }

    /// Whether [`page`](Self::page) looks for zeros, as it does unless told otherwise, or sends every page whole.
    pub fn find_zeros(self, find_zeros: bool) -> Self {
        Self { find_zeros, ..self }
    }

    /// Bytes of the stream so far, those in the buffer included.
    pub fn position(&self) -> u64 {
        self.written + self.length as u64
    }

    /// Appends whatever `encode` produces.
    ///
    /// # Errors
    /// [`MigrationError::Write`] when the connection breaks.
    pub fn put(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> Result<(), MigrationError> {
        let mut bytes = std::mem::take(&mut self.scratch);
        bytes.clear();
        encode(&mut bytes);
        let result = self.bytes(&bytes);
        self.scratch = bytes;
        result
    }

    /// Appends bytes as they are.
    ///
    /// # Errors
    /// [`MigrationError::Write`] when the connection breaks.
    pub fn bytes(&mut self, mut bytes: &[u8]) -> Result<(), MigrationError> {
        while !bytes.is_empty() {
            if self.length == self.buffer.len() {
                self.write_out()?;
            }
            let count = bytes.len().min(self.buffer.len() - self.length);
            let (head, tail) = bytes.split_at(count);
            self.buffer[self.length..self.length + count].copy_from_slice(head);
            self.length += count;
            bytes = tail;
        }
        Ok(())
    }

    /// Appends page `number` of `block`; `name` when the block differs from the last record's.
    ///
    /// The page is copied once, into the buffer, and looked at there: what is called zero is what is sent, whatever the guest writes meanwhile.
    ///
    /// # Errors
    /// [`MigrationError::Write`] when the connection breaks, [`MigrationError::Memory`] when there is no such page.
    pub fn page(&mut self, block: &RamBlock, name: Option<&Name>, number: u64) -> Result<PageKind, MigrationError> {
        if self.buffer.len() - self.length < RECORD {
            self.write_out()?;
        }
        let offset = number * PAGE_SIZE as u64;
        // The header of a page has the length of a zero record's without its last byte, whatever the page turns out to be.
        let header = self.length + 8 + name.map_or(0, |name| 1 + name.len());
        let page = &mut self.buffer[header..header + PAGE_SIZE];
        block.read(offset, page)?;
        let kind = if self.find_zeros && is_zero(page) { PageKind::Zero } else { PageKind::Normal };
        let block = name.cloned();
        self.scratch.clear();
        match kind {
            PageKind::Zero => RamRecord::Zero { block, offset, fill: 0 }.encode(&mut self.scratch),
            PageKind::Normal => RamRecord::Page { block, offset }.encode(&mut self.scratch),
        }
        self.buffer[self.length..self.length + self.scratch.len()].copy_from_slice(&self.scratch);
        self.length += self.scratch.len() + if kind == PageKind::Normal { PAGE_SIZE } else { 0 };
        Ok(kind)
    }

    /// Hands everything to the connection.
    ///
    /// # Errors
    /// [`MigrationError::Write`] when the connection breaks.
    pub fn flush(&mut self) -> Result<(), MigrationError> {
        self.write_out()?;
        self.inner.flush().map_err(|source| MigrationError::Write { position: self.written, source })
    }

    fn write_out(&mut self) -> Result<(), MigrationError> {
        let written = self.inner.write_all(&self.buffer[..self.length]);
        written.map_err(|source| MigrationError::Write { position: self.written, source })?;
        self.written += self.length as u64;
        self.length = 0;
        Ok(())
    }
}
