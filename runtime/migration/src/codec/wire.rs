//! Big-endian primitives out of a source, with positions in errors.

use vmstate::Source;

use super::{DecodeError, Name, Problem};

/// Bytes set aside at once for data whose length the stream claims; more follows only as bytes really come.
const STEP: usize = 64 * 1024;

/// Reads fields of records.
pub(crate) struct Wire<'a> {
    source: &'a mut dyn Source,
}

impl<'a> Wire<'a> {
    pub(crate) fn new(source: &'a mut dyn Source) -> Self {
        Self { source }
    }

    pub(crate) fn source(&mut self) -> &mut dyn Source {
        self.source
    }

    pub(crate) fn position(&self) -> u64 {
        self.source.position()
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let position = self.position();
        let mut bytes = [0; N];
        self.source.read_exact(&mut bytes).map_err(|error| error_at(position, error))?;
        Ok(bytes)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array().map(u8::from_be_bytes)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_be_bytes)
    }

    /// `length` bytes, when that is at most `limit`.
    pub(crate) fn bytes(&mut self, what: &'static str, length: u64, limit: u64) -> Result<Vec<u8>, DecodeError> {
        let position = self.position();
        if length > limit {
            return Err(error_at(position, Problem::TooLong { what, found: length, limit }));
        }
        let mut bytes = Vec::new();
        let mut left = usize::try_from(length).unwrap_or(usize::MAX);
        while left > 0 {
            let start = bytes.len();
            bytes.resize(start + left.min(STEP), 0);
            self.source.read_exact(&mut bytes[start..]).map_err(|error| error_at(position, error))?;
            left -= bytes.len() - start;
        }
        Ok(bytes)
    }

    /// A text with a 32-bit length.
    pub(crate) fn text(&mut self, what: &'static str, limit: u64) -> Result<String, DecodeError> {
        let length = self.u32()?;
        let position = self.position();
        let bytes = self.bytes(what, length.into(), limit)?;
        String::from_utf8(bytes).map_err(|error| error_at(position, Problem::NotUtf8(error.into_bytes())))
    }

    /// A name: a length byte and text.
    pub(crate) fn name(&mut self) -> Result<Name, DecodeError> {
        let length = usize::from(self.u8()?);
        let position = self.position();
        let mut buffer = [0; u8::MAX as usize];
        let bytes = &mut buffer[..length];
        self.source.read_exact(bytes).map_err(|error| error_at(position, error))?;
        let not_text = || error_at(position, Problem::NotUtf8(bytes.to_vec()));
        let text = std::str::from_utf8(bytes).map_err(|_| not_text())?;
        Name::new(text).map_err(|_| not_text())
    }
}

/// An error with its place.
pub(crate) fn error_at(position: u64, problem: impl Into<Problem>) -> DecodeError {
    DecodeError { position, problem: problem.into() }
}
