//! The payload of `ram` sections.

use std::{collections::HashMap, io::Read, sync::Arc};

use memory::{PAGE_SIZE, RamBlock};
use vmstate::Source;

use super::mismatch;
use crate::{
    MigrationError, MigrationState,
    codec::{self, BlockSize, Name, RamRecord, xbzrle},
    stream::StreamReader,
};

/// Bytes of a page, as lengths count.
const PAGE: usize = codec::PAGE_SIZE;
/// Records between two looks at whether to give up.
const CHECK_EVERY: u32 = 64;

/// Fills blocks from records.
pub(super) struct RamLoader {
    blocks: HashMap<String, Arc<RamBlock>>,
    /// The block of the last record; it stays across sections.
    current: Option<Arc<RamBlock>>,
}

impl RamLoader {
    pub(super) fn new(ram: Vec<Arc<RamBlock>>) -> Self {
        Self { blocks: ram.into_iter().map(|block| (block.name().to_owned(), block)).collect(), current: None }
    }

    /// Bytes of memory.
    pub(super) fn total(&self) -> u64 {
        self.blocks.values().map(|block| block.size()).sum()
    }

    /// Loads one section's payload.
    pub(super) fn load<R: Read>(
        &mut self,
        input: &mut StreamReader<R>,
        state: &MigrationState,
    ) -> Result<(), MigrationError> {
        let counters = state.counters();
        let mut until_check = CHECK_EVERY;
        loop {
            if until_check == 0 {
                state.check()?;
                counters.transferred.set(input.position());
                until_check = CHECK_EVERY;
            }
            until_check -= 1;
            let position = input.position();
            match RamRecord::decode(input)? {
                RamRecord::EndOfSection => return Ok(()),
                RamRecord::MemSize(sizes) => sizes.iter().try_for_each(|size| self.check_size(position, size))?,
                RamRecord::Page { block, offset } => {
                    let block = self.block(position, block, offset)?;
                    let page = input.chunk(PAGE).map_err(|source| MigrationError::Read { position, source })?;
                    block.write(offset, page)?;
                    counters.normal.add(1);
                }
                RamRecord::Zero { block, offset, fill } => {
                    let block = self.block(position, block, offset)?;
                    // A page that is zero already is better not touched: it may not even exist yet.
                    if fill != 0 || !block.is_zero_page(offset / PAGE_SIZE)? {
                        block.fill(offset, PAGE, fill)?;
                    }
                    counters.duplicate.add(1);
                }
                RamRecord::Xbzrle { block, offset, encoding, length } => {
                    let block = self.block(position, block, offset)?;
                    let mut page = [0; PAGE];
                    block.read(offset, &mut page)?;
                    let changes = input.chunk(usize::from(length));
                    let changes = changes.map_err(|source| MigrationError::Read { position, source })?;
                    if encoding != xbzrle::ENCODING || xbzrle::apply(changes, &mut page).is_none() {
                        return Err(mismatch(position, "Failed to load XBZRLE page - decode error!"));
                    }
                    block.write(offset, &page)?;
                    counters.normal.add(1);
                }
                RamRecord::CompressedPage { .. } => return Err(unsupported(position, "compress")),
                RamRecord::MultifdFlush => return Err(unsupported(position, "multifd")),
                RamRecord::Hook => return Err(unsupported(position, "rdma-pin-all")),
            }
        }
    }

    /// The block of a record, which must contain the page at `offset`.
    fn block(&mut self, position: u64, name: Option<Name>, offset: u64) -> Result<&RamBlock, MigrationError> {
        if let Some(name) = name {
            let found = self.blocks.get(&*name);
            let unknown = || mismatch(position, format!("Can't find block {name}"));
            self.current = Some(Arc::clone(found.ok_or_else(unknown)?));
        }
        let block = self.current.as_deref().ok_or_else(|| mismatch(position, "Ack, bad migration stream!"))?;
        if offset >= block.size() {
            let problem = format!("Illegal RAM offset {offset:#x} of block {}", block.name());
            return Err(mismatch(position, problem));
        }
        Ok(block)
    }

    /// The sender's block must be ours, in name and size.
    fn check_size(&self, position: u64, sent: &BlockSize) -> Result<(), MigrationError> {
        let BlockSize { name, size } = sent;
        match self.blocks.get(&**name) {
            None => Err(mismatch(position, format!("Unknown ramblock \"{name}\", cannot accept migration"))),
            Some(ours) if ours.size() != *size => {
                Err(mismatch(position, format!("Size mismatch: {name}: {size:#x} != {:#x}", ours.size())))
            }
            Some(_) => Ok(()),
        }
    }
}

fn unsupported(position: u64, capability: &str) -> MigrationError {
    mismatch(
        position,
        format!("the source uses capability '{capability}', which this destination does not support: turn it off"),
    )
}
