//! Read buffers shared by all connections of a thread, so that idle ones own none.

use std::cell::RefCell;
use std::ops::Deref;

/// Bytes read at a time.
const SIZE: usize = 16 << 10;
/// Buffers kept for later.
const KEPT: usize = 64;

thread_local! {
    static POOL: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// What was read at one time. Its buffer goes back to the pool when dropped.
#[derive(Debug)]
pub(crate) struct Pooled(Vec<u8>);

impl Pooled {
    pub(super) fn take() -> Self {
        let kept = POOL.with_borrow_mut(Vec::pop);
        Self(kept.unwrap_or_else(|| Vec::with_capacity(SIZE)))
    }

    /// The buffer itself, to be read into.
    pub(super) fn room(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        let mut buffer = std::mem::take(&mut self.0);
        buffer.clear();
        // At the thread's end the pool may be gone before the last connection.
        let _ = POOL.try_with(|pool| {
            let mut pool = pool.borrow_mut();
            if pool.len() < KEPT {
                pool.push(buffer);
            }
        });
    }
}

impl Deref for Pooled {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
