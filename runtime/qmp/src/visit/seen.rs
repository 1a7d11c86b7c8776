//! Which members of an object have been there.

/// A set of small numbers: one word in place, more on the heap when an object has more members than that.
#[derive(Debug, Default)]
pub(super) struct Seen {
    first: u64,
    more: Vec<u64>,
}

impl Seen {
    /// Adds `i`. `false`: it was there.
    #[inline]
    pub(super) fn insert(&mut self, i: usize) -> bool {
        let bit = 1 << (i % 64);
        let word = match i / 64 {
            0 => &mut self.first,
            word => {
                if self.more.len() < word {
                    self.more.resize(word, 0);
                }
                match self.more.get_mut(word - 1) {
                    Some(word) => word,
                    None => return false,
                }
            }
        };
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// Whether `i` has been added.
    #[inline]
    pub(super) fn contains(&self, i: usize) -> bool {
        self.word(i / 64) >> (i % 64) & 1 == 1
    }

    /// The 64 numbers from `i` on, as a mask.
    #[inline]
    pub(super) fn mask(&self, i: usize) -> u64 {
        let low = self.word(i / 64) >> (i % 64);
        match i % 64 {
            0 => low,
            shift => low | self.word(i / 64 + 1) << (64 - shift),
        }
    }

    #[inline]
    fn word(&self, word: usize) -> u64 {
        match word {
            0 => self.first,
            _ => self.more.get(word - 1).copied().unwrap_or(0),
        }
    }
}
