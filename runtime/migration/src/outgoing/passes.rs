//! Passes over memory: which pages to send, and when the rest is small enough.

use std::{
    io::Write,
    sync::Arc,
    time::{Duration, Instant},
};

use memory::{PAGE_SIZE, RamBlock};

use super::pace::Pace;
use crate::{
    MigrationError, MigrationState,
    codec::{BlockSize, Name, RamRecord},
    stream::{PageKind, StreamWriter},
};

/// Shortest pass whose speed means something.
const SHORTEST_MEASURE: Duration = Duration::from_micros(500);

/// The memory being sent and what was measured so far.
pub(super) struct Passes {
    blocks: Vec<(Name, Arc<RamBlock>)>,
    /// Bytes per second that the connection took in the last pass long enough to tell.
    bandwidth: f64,
    /// When the log was last looked at.
    looked: Instant,
}

impl Passes {
    pub(super) fn new(ram: Vec<Arc<RamBlock>>) -> Result<Self, MigrationError> {
        let blocks = ram
            .into_iter()
            .map(|block| Ok((Name::new(block.name())?, block)))
            .collect::<Result<_, MigrationError>>()?;
        Ok(Self { blocks, bandwidth: 0.0, looked: Instant::now() })
    }

    /// Bytes of memory.
    pub(super) fn total(&self) -> u64 {
        self.blocks.iter().map(|(_, block)| block.size()).sum()
    }

    /// The record that announces the blocks.
    pub(super) fn sizes(&self) -> RamRecord {
        let size = |(name, block): &(Name, Arc<RamBlock>)| BlockSize { name: name.clone(), size: block.size() };
        RamRecord::MemSize(self.blocks.iter().map(size).collect())
    }

    pub(super) fn everything_is_dirty(&mut self) {
        self.blocks.iter().for_each(|(_, block)| block.dirty().set_all());
        self.looked = Instant::now();
    }

    /// Sends every page that is dirty when it is passed, at most `limit` bytes per second unless that is 0.
    pub(super) fn send<W: Write>(
        &mut self,
        out: &mut StreamWriter<W>,
        state: &MigrationState,
        limit: u64,
    ) -> Result<(), MigrationError> {
        let counters = state.counters();
        let (began, start) = (Instant::now(), out.position());
        let pages_before = counters.normal.get() + counters.duplicate.get();
        let mut left = self.dirty_bytes();
        let mut pace = Pace::new(limit, start);
        for (name, block) in &self.blocks {
            // The receiver remembers the block across records; naming it once per section is always safe.
            let mut unnamed = Some(name);
            for word in 0..block.dirty().words() {
                let taken = block.dirty().take_word(word);
                if taken == 0 {
                    continue;
                }
                state.check()?;
                let zeros = send_word(out, block, &mut unnamed, word as u64, taken)?;
                counters.duplicate.add(zeros);
                counters.normal.add(u64::from(taken.count_ones()) - zeros);
                left = left.saturating_sub(u64::from(taken.count_ones()) * PAGE_SIZE);
                counters.remaining.set(left);
                counters.transferred.set(out.position());
                pace.keep(out, state)?;
            }
        }
        // What stays in the buffer would be measured as sent.
        out.flush()?;
        let pages = counters.normal.get() + counters.duplicate.get() - pages_before;
        self.measure(began.elapsed(), out.position() - start);
        counters.bits_per_second.set((self.bandwidth * 8.0) as u64);
        let seconds = began.elapsed().max(SHORTEST_MEASURE).as_secs_f64();
        counters.pages_per_second.set((pages as f64 / seconds) as u64);
        Ok(())
    }

    /// Takes the speed of a pass into account. A pass too short to tell only shows that the connection is not slower than that.
    fn measure(&mut self, took: Duration, bytes: u64) {
        let speed = bytes as f64 / took.max(SHORTEST_MEASURE).as_secs_f64();
        if took >= SHORTEST_MEASURE || speed > self.bandwidth {
            self.bandwidth = speed;
        }
    }

    /// Counts what the last look at the log has brought; bytes.
    pub(super) fn look(&mut self, state: &MigrationState) -> u64 {
        let left = self.dirty_bytes();
        let since = std::mem::replace(&mut self.looked, Instant::now()).elapsed().as_secs_f64().max(1e-6);
        let counters = state.counters();
        counters.remaining.set(left);
        counters.dirty_pages_rate.set(((left / PAGE_SIZE) as f64 / since) as u64);
        if self.bandwidth > 0.0 {
            counters.expected_downtime.set((left as f64 / self.bandwidth * 1e3) as u64);
        }
        left
    }

    /// Whether `left` bytes can be sent within `limit` at the speed measured.
    pub(super) fn fits(&self, left: u64, limit: Duration) -> bool {
        left == 0 || left as f64 <= self.bandwidth * limit.as_secs_f64()
    }

    fn dirty_bytes(&self) -> u64 {
        self.blocks.iter().map(|(_, block)| block.dirty().count() * PAGE_SIZE).sum()
    }
}

/// Sends the pages of one word of the bitmap and returns how many of them were zero.
fn send_word<W: Write>(
    out: &mut StreamWriter<W>,
    block: &RamBlock,
    unnamed: &mut Option<&Name>,
    word: u64,
    mut bits: u64,
) -> Result<u64, MigrationError> {
    let mut zeros = 0;
    while bits != 0 {
        let page = word * u64::from(u64::BITS) + u64::from(bits.trailing_zeros());
        bits &= bits - 1;
        zeros += u64::from(out.page(block, unnamed.take(), page)? == PageKind::Zero);
    }
    Ok(zeros)
}
