//! One bit per page, set by whoever writes and taken by the word by whoever sends.

use std::sync::atomic::{AtomicU64, Ordering};

use vm_memory::bitmap::{Bitmap, NewBitmap, RefSlice, WithBitmapSlice};

use crate::PAGE_SIZE;

/// Pages of a word.
const BITS: u64 = u64::BITS as u64;

/// The pages of a block that were written since they were last taken.
///
/// A writer marks after it has written; a sender takes the bits before it reads. A page written in between is then sent twice, never lost.
#[derive(Debug, Default)]
pub struct DirtyBitmap {
    words: Box<[AtomicU64]>,
    pages: u64,
}

impl DirtyBitmap {
    /// A bitmap for `pages` pages, all clean.
    pub fn new(pages: u64) -> Self {
        Self { words: (0..pages.div_ceil(BITS)).map(|_| AtomicU64::new(0)).collect(), pages }
    }

    /// Number of pages.
    pub fn pages(&self) -> u64 {
        self.pages
    }

    /// Number of words; word `i` holds the pages from `64 * i`, lowest bit first.
    pub fn words(&self) -> usize {
        self.words.len()
    }

    /// Marks one page; a page outside of the bitmap is ignored.
    pub fn set(&self, page: u64) {
        self.or(page / BITS, self.valid_bits(page / BITS) & (1 << (page % BITS)));
    }

    /// Marks `count` pages from `first`; what lies outside of the bitmap is ignored.
    pub fn set_range(&self, first: u64, count: u64) {
        let end = first.saturating_add(count).min(self.pages);
        let mut page = first;
        while page < end {
            let word = page / BITS;
            let word_end = ((word + 1) * BITS).min(end);
            let length = word_end - page;
            let ones = if length == BITS { u64::MAX } else { (1 << length) - 1 };
            self.or(word, ones << (page % BITS));
            page = word_end;
        }
    }

    /// Marks every page.
    pub fn set_all(&self) {
        self.set_range(0, self.pages);
    }

    /// Makes every page clean.
    pub fn clear(&self) {
        for word in &self.words {
            word.store(0, Ordering::Relaxed);
        }
    }

    /// Whether a page is marked.
    pub fn test(&self, page: u64) -> bool {
        self.word(page / BITS).is_some_and(|word| word.load(Ordering::Acquire) & (1 << (page % BITS)) != 0)
    }

    /// The bits of word `index`, which becomes clean; 0 beyond the end.
    pub fn take_word(&self, index: usize) -> u64 {
        let Some(word) = self.words.get(index) else {
            return 0;
        };
        // Most words are clean in a late pass: a plain load keeps their cache line shared.
        if word.load(Ordering::Relaxed) == 0 { 0 } else { word.swap(0, Ordering::AcqRel) }
    }

    /// Adds the bits of an accelerator's log that starts at word `first`. Returns the pages that were clean before.
    pub fn merge(&self, first: usize, log: &[u64]) -> u64 {
        let mut fresh = 0;
        for (index, &bits) in log.iter().enumerate().filter(|(_, bits)| **bits != 0) {
            let index = (first + index) as u64;
            fresh += u64::from(
                (self.valid_bits(index) & bits & !self.or(index, self.valid_bits(index) & bits)).count_ones(),
            );
        }
        fresh
    }

    /// Number of marked pages.
    pub fn count(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.load(Ordering::Relaxed).count_ones())).sum()
    }

    fn word(&self, index: u64) -> Option<&AtomicU64> {
        self.words.get(usize::try_from(index).ok()?)
    }

    /// Sets bits of a word and returns what it was.
    fn or(&self, index: u64, bits: u64) -> u64 {
        self.word(index).map_or(0, |word| word.fetch_or(bits, Ordering::AcqRel))
    }

    /// The bits of word `index` that stand for pages.
    fn valid_bits(&self, index: u64) -> u64 {
        match self.pages.saturating_sub(index.saturating_mul(BITS)) {
            0 => 0,
            left if left < BITS => (1 << left) - 1,
            _ => u64::MAX,
        }
    }
}

impl<'a> WithBitmapSlice<'a> for DirtyBitmap {
    type S = RefSlice<'a, Self>;
}

/// Writes through `vm-memory`, such as those of virtio queues, mark the block's bitmap by themselves.
impl Bitmap for DirtyBitmap {
    fn mark_dirty(&self, offset: usize, len: usize) {
        if len > 0 {
            let first = offset as u64 / PAGE_SIZE;
            let last = (offset as u64).saturating_add(len as u64 - 1) / PAGE_SIZE;
            self.set_range(first, last - first + 1);
        }
    }

    fn dirty_at(&self, offset: usize) -> bool {
        self.test(offset as u64 / PAGE_SIZE)
    }

    fn slice_at(&self, offset: usize) -> RefSlice<'_, Self> {
        RefSlice::new(self, offset)
    }
}

impl NewBitmap for DirtyBitmap {
    fn with_len(len: usize) -> Self {
        Self::new((len as u64).div_ceil(PAGE_SIZE))
    }
}
