//! Read buffers shared by all connections of a thread, so that idle ones own none.

use std::cell::RefCell;
use std::ops::Deref;
use std::os::fd::OwnedFd;

/// Bytes read at a time.
const SIZE: usize = 16 << 10;
/// Buffers kept for later.
const KEPT: usize = 64;

thread_local! {
    static POOL: RefCell<Vec<Box<[u8]>>> = const { RefCell::new(Vec::new()) };
}

/// What was read at one time: bytes, and the descriptors that the peer passed with them. The buffer goes back to the pool
/// when dropped; descriptors that nobody took are closed.
#[derive(Debug)]
pub(crate) struct Received {
    buffer: Box<[u8]>,
    filled: usize,
    /// At most as many as one read accepts; nearly always none.
    pub(crate) fds: Vec<OwnedFd>,
    /// Whether descriptors came, taken or not: with them the kernel ends a read, so that more may be there.
    pub(super) cut_short: bool,
}

impl Received {
    /// Nothing yet.
    pub(super) fn empty() -> Self {
        let kept = POOL.with_borrow_mut(Vec::pop);
        let buffer = kept.unwrap_or_else(|| vec![0; SIZE].into_boxed_slice());
        Self { buffer, filled: 0, fds: Vec::new(), cut_short: false }
    }

    /// The buffer to be read into.
    pub(super) fn room(&mut self) -> &mut [u8] {
        &mut self.buffer
    }

    /// Whether as much was read as is read at a time.
    pub(crate) fn is_full(&self) -> bool {
        self.filled == self.buffer.len()
    }

    /// Says how much of [`Self::room`] was read; whether that left room for more.
    pub(super) fn filled(&mut self, count: usize) -> bool {
        self.filled = count;
        !self.is_full()
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        // At the thread's end the pool may be gone before the last connection.
        let _ = POOL.try_with(|pool| {
            let mut pool = pool.borrow_mut();
            if pool.len() < KEPT {
                pool.push(buffer);
            }
        });
    }
}

impl Deref for Received {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.buffer.get(..self.filled).unwrap_or_default()
    }
}
