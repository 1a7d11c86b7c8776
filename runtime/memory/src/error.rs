//! What can go wrong with guest memory.

use std::{io, path::PathBuf};

/// Shorthand for results of this crate.
pub type Result<T = (), E = MemoryError> = std::result::Result<T, E>;

/// A block that could not be made, or an access outside of memory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// A size that is zero, not made of whole pages, or beyond 16 TiB.
    #[error("memory block '{block}': size {size:#x} must be a non-zero multiple of 4096 bytes, at most 16 TiB")]
    BadSize {
        /// Name of the block.
        block: String,
        /// Size asked for, in bytes.
        size: u64,
    },
    /// The backing file could not be opened, examined or made longer.
    #[error("memory block '{block}': cannot {action} {}: {source}", path.display())]
    File {
        /// Name of the block.
        block: String,
        /// What was tried.
        action: &'static str,
        /// The backing file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The backing file holds less than the block needs; growing it would hide a mistake.
    #[error("memory block '{block}': backing store size {found:#x} of {} does not match 'size' option {size:#x}", path.display())]
    FileTooSmall {
        /// Name of the block.
        block: String,
        /// The backing file.
        path: PathBuf,
        /// Its length in bytes.
        found: u64,
        /// Size asked for, in bytes.
        size: u64,
    },
    /// The host did not map the memory.
    #[error("memory block '{block}': cannot map {size:#x} bytes: {source}")]
    Map {
        /// Name of the block.
        block: String,
        /// Size asked for, in bytes.
        size: u64,
        /// What the system said.
        source: io::Error,
    },
    /// An access that leaves its block.
    #[error("memory block '{block}': access to {length} bytes at offset {offset:#x} leaves its {size:#x} bytes")]
    OutOfBlock {
        /// Name of the block.
        block: String,
        /// First byte of the access.
        offset: u64,
        /// Bytes accessed.
        length: usize,
        /// Size of the block.
        size: u64,
    },
    /// A guest-physical address without memory.
    #[error("no memory at guest-physical address {address:#x}")]
    Unmapped {
        /// The first address that is not mapped.
        address: u64,
    },
    /// Two blocks at the same guest-physical addresses.
    #[error("memory block '{block}' at {address:#x} overlaps '{other}' or leaves the address space")]
    Overlap {
        /// Name of the new block.
        block: String,
        /// Where it was to go.
        address: u64,
        /// The block that is there already, or the new one's own name.
        other: String,
    },
    /// The accelerator failed to track writes.
    #[error("dirty log: cannot {action}: {source}")]
    DirtyLog {
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
}
