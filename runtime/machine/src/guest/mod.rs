//! The built-in guest: what it is for, where it keeps things, how it gets into memory.
//!
//! Its source is `guest/guest.S`, assembled beside it. It greets on the serial port, prints a heartbeat line about each second, counts,
//! and dirties pages of a working set one after the other at a rate that a word in its memory sets. It checks what it reads back from
//! those pages, and a vector register against a general one, so that a migration which loses something shows up as errors in its
//! heartbeat.
//!
//! All addresses are guest-physical; words are 64 bits, little-endian. The control block's page itself is dirtied all the time.
//!
//! | address | word |
//! |---|---|
//! | [`MAGIC`] | `QAPIGST1` |
//! | [`COUNTER`] | grows as long as the guest runs |
//! | [`RATE`] | pages to dirty per second, 0 = none; may be changed at any time |
//! | [`PAGES`] | pages of the working set; may be changed at any time |
//! | [`TSC_HZ`] | ticks of the time stamp counter per second |
//! | [`BEATS`] | heartbeat lines printed |
//! | [`DIRTIED`] | pages dirtied |
//! | [`ERRORS`] | pages or registers that were not as the guest had left them |
//! | [`BASE`] | first address of the working set, [`WORKING_SET`] |
//! | [`LIMIT`] | pages that the working set can have in this machine's memory |

mod tables;
#[cfg(test)]
mod tests;

use kvm::CpuState;
use memory::GuestMemory;

use crate::{GuestConfig, Result};

/// Control block.
const CONTROL: u64 = 0xb000;
/// Address of the word that says whose memory this is.
pub const MAGIC: u64 = CONTROL;
/// Address of the counter.
pub const COUNTER: u64 = CONTROL + 0x08;
/// Address of the dirty rate, pages per second.
pub const RATE: u64 = CONTROL + 0x10;
/// Address of the working set's size, pages.
pub const PAGES: u64 = CONTROL + 0x18;
/// Address of the time stamp counter's frequency, Hz.
pub const TSC_HZ: u64 = CONTROL + 0x20;
/// Address of the number of heartbeats.
pub const BEATS: u64 = CONTROL + 0x28;
/// Address of the number of pages dirtied.
pub const DIRTIED: u64 = CONTROL + 0x30;
/// Address of the number of errors found.
pub const ERRORS: u64 = CONTROL + 0x38;
/// Address of the working set's address.
pub const BASE: u64 = CONTROL + 0x40;
/// Address of the working set's greatest size, pages.
pub const LIMIT: u64 = CONTROL + 0x48;
/// First address of the working set.
pub const WORKING_SET: u64 = 0x20_0000;
/// Least RAM that the guest runs in; its working set is empty then.
pub const MINIMUM_RAM: u64 = 0x1_0000;

/// What stands at [`MAGIC`].
pub const MAGIC_VALUE: [u8; 8] = *b"QAPIGST1";

/// Where the image is loaded; its first words are the entry points.
const IMAGE: u64 = 0xa000;
/// The assembled source.
static CODE: &[u8] = include_bytes!("../../guest/guest.bin");
/// Entry points at the head of the image.
const ENTRIES: usize = 4;

/// Assumed when the host does not know its own.
const USUAL_TSC_KHZ: u32 = 2_000_000;

/// Entry points into the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entries {
    start: u64,
    beat: u64,
    nmi: u64,
    unexpected: u64,
}

impl Entries {
    fn of(code: &[u8]) -> Self {
        let (words, _) = code.as_chunks::<8>();
        let mut words = words.iter().take(ENTRIES).map(|word| u64::from_le_bytes(*word));
        let mut next = || words.next().unwrap_or(IMAGE);
        Self { start: next(), beat: next(), nmi: next(), unexpected: next() }
    }
}

/// The guest with the numbers it begins with.
pub(crate) struct Guest {
    config: GuestConfig,
    tsc_hz: u64,
    /// Pages of memory from [`WORKING_SET`] on.
    limit: u64,
}

impl Guest {
    /// For a machine with `ram` bytes of memory from address 0.
    pub(crate) fn new(config: GuestConfig, tsc_khz: Option<u32>, ram: u64) -> Self {
        let khz = tsc_khz.filter(|khz| *khz > 0).unwrap_or(USUAL_TSC_KHZ);
        Self { config, tsc_hz: u64::from(khz) * 1000, limit: ram.saturating_sub(WORKING_SET) / memory::PAGE_SIZE }
    }

    /// Writes the image, the tables and a fresh control block into the machine's memory.
    pub(crate) fn load(&self, memory: &GuestMemory) -> Result {
        for (address, bytes) in tables::build(Entries::of(CODE)) {
            memory.write(address, &bytes)?;
        }
        memory.write(IMAGE, CODE)?;
        memory.write(CONTROL, &[0; memory::PAGE_SIZE as usize])?;
        memory.write(MAGIC, &MAGIC_VALUE)?;
        let GuestConfig { rate, pages } = self.config;
        for (address, value) in
            [(RATE, rate), (PAGES, pages), (TSC_HZ, self.tsc_hz), (BASE, WORKING_SET), (LIMIT, self.limit)]
        {
            memory.write(address, &value.to_le_bytes())?;
        }
        Ok(())
    }

    /// Turns a CPU's power-on state into the one in which the guest begins: 64-bit ring 0 at its entry.
    pub(crate) fn enter(state: &mut CpuState) {
        tables::enter(state);
        state.rip = Entries::of(CODE).start;
    }
}
