//! Guest memory: RAM blocks and dirty tracking.
//!
//! A [`RamBlock`] is one contiguous mapping of the host with the name that the migration stream calls it by. A [`GuestMemory`] says
//! where blocks stand in the guest's physical address space. Each block carries a [`DirtyBitmap`]: writes through this crate and
//! through `vm-memory` mark it, an accelerator's [`DirtyLog`] adds what the guest itself wrote.
//!
//! The guest (and, for shared files, other processes) may write at any time, so no reference into guest memory ever exists: bytes
//! are copied in and out, and a value read twice may differ.
//!
//! ```
//! use qapi_memory::{GuestMemory, PAGE_SIZE, RamBlock};
//!
//! let ram = RamBlock::anonymous("ram", 16 * PAGE_SIZE)?;
//! let mut memory = GuestMemory::new();
//! memory.insert(0, ram.clone())?;
//! memory.write(0x1000, b"hello")?;
//! assert!(ram.dirty().test(1) && !ram.is_zero_page(1)?);
//! # Ok::<(), qapi_memory::MemoryError>(())
//! ```

mod bitmap;
mod block;
mod error;
mod guest;
mod log;
mod zero;

pub use bitmap::DirtyBitmap;
pub use block::RamBlock;
pub use error::{MemoryError, Result};
pub use guest::GuestMemory;
pub use log::{DirtyLog, NoDirtyLog};
pub use zero::is_zero;

/// Bytes of a target page: the unit of dirty tracking and of migration.
pub const PAGE_SIZE: u64 = 4096;
