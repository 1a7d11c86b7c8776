//! The guest's physical address space.

use std::{collections::BTreeMap, sync::Arc};

use vm_memory::{GuestAddress, GuestMemoryMmap, GuestRegionMmap};

use crate::{DirtyBitmap, MemoryError, RamBlock, Result};

/// Blocks by guest-physical address. Built once, then shared; what has no address (RAM of `-machine none`) is not in it.
#[derive(Debug, Default, Clone)]
pub struct GuestMemory {
    blocks: BTreeMap<u64, Arc<RamBlock>>,
}

impl GuestMemory {
    /// An address space without memory.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a block at an address.
    ///
    /// # Errors
    /// [`MemoryError::Overlap`] when another block is there or the block leaves the address space.
    pub fn insert(&mut self, address: u64, block: Arc<RamBlock>) -> Result {
        let overlap = |other: &RamBlock| MemoryError::Overlap {
            block: block.name().to_owned(),
            address,
            other: other.name().to_owned(),
        };
        let end = address.checked_add(block.size()).ok_or_else(|| overlap(&block))?;
        // Blocks do not overlap each other, so only the last one that starts before our end can reach into us.
        if let Some((start, other)) = self.blocks.range(..end).next_back()
            && start + other.size() > address
        {
            return Err(overlap(other));
        }
        self.blocks.insert(address, block);
        Ok(())
    }

    /// The blocks with their addresses, lowest first.
    pub fn blocks(&self) -> impl Iterator<Item = (u64, &Arc<RamBlock>)> {
        self.blocks.iter().map(|(address, block)| (*address, block))
    }

    /// The block at an address and the offset inside of it.
    pub fn find(&self, address: u64) -> Option<(&Arc<RamBlock>, u64)> {
        let (start, block) = self.blocks.range(..=address).next_back()?;
        let offset = address - start;
        (offset < block.size()).then_some((block, offset))
    }

    /// Bytes of memory.
    pub fn total(&self) -> u64 {
        self.blocks.values().map(|block| block.size()).sum()
    }

    /// Copies out of guest-physical memory, across adjacent blocks.
    ///
    /// # Errors
    /// [`MemoryError::Unmapped`] when a byte has no memory; the buffer is then partly filled.
    pub fn read(&self, address: u64, buffer: &mut [u8]) -> Result {
        let mut done = 0;
        while done < buffer.len() {
            let (block, offset, length) = self.part(address, done, buffer.len())?;
            block.read(offset, &mut buffer[done..done + length])?;
            done += length;
        }
        Ok(())
    }

    /// Copies into guest-physical memory, across adjacent blocks, and marks the pages dirty.
    ///
    /// # Errors
    /// [`MemoryError::Unmapped`] when a byte has no memory; what lies before it is then written.
    pub fn write(&self, address: u64, bytes: &[u8]) -> Result {
        let mut done = 0;
        while done < bytes.len() {
            let (block, offset, length) = self.part(address, done, bytes.len())?;
            block.write(offset, &bytes[done..done + length])?;
            done += length;
        }
        Ok(())
    }

    /// The same memory as `vm-memory` sees it, for crates that are written against it. Writes through it mark the blocks dirty.
    ///
    /// # Errors
    /// [`MemoryError::Unmapped`] at address 0 when there is no block at all, which `vm-memory` cannot express.
    pub fn view(&self) -> Result<GuestMemoryMmap<DirtyBitmap>> {
        let regions = self
            .blocks
            .iter()
            .filter_map(|(address, block)| {
                GuestRegionMmap::with_arc(Arc::clone(block.mapping()), GuestAddress(*address))
            })
            .collect();
        GuestMemoryMmap::from_regions(regions).map_err(|_| MemoryError::Unmapped { address: 0 })
    }

    /// Where an access of `total` bytes goes on after `done` of them, and how many of them the block there takes.
    fn part(&self, address: u64, done: usize, total: usize) -> Result<(&Arc<RamBlock>, u64, usize)> {
        let Some(next) = address.checked_add(done as u64) else {
            return Err(MemoryError::Unmapped { address: u64::MAX });
        };
        let (block, offset) = self.find(next).ok_or(MemoryError::Unmapped { address: next })?;
        let here = usize::try_from(block.size() - offset).unwrap_or(usize::MAX);
        Ok((block, offset, here.min(total - done)))
    }
}
