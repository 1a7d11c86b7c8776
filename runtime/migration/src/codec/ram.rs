//! Records inside of a `ram` section's payload.

use vmstate::Source;

use super::{
    DecodeError, Name, Problem,
    wire::{Wire, error_at},
};

const ZERO: u64 = 0x02;
const MEM_SIZE: u64 = 0x04;
const PAGE: u64 = 0x08;
const EOS: u64 = 0x10;
const CONTINUE: u64 = 0x20;
const XBZRLE: u64 = 0x40;
const HOOK: u64 = 0x80;
const COMPRESSED_PAGE: u64 = 0x100;
const MULTIFD_FLUSH: u64 = 0x200;

/// Flags share a word with a page-aligned offset.
const FLAGS: u64 = 0xfff;
/// Most blocks that a list of sizes may have; machines have some ten.
const MAX_BLOCKS: usize = 4096;

/// A block as the list of sizes has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockSize {
    /// Name of the block.
    pub name: Name,
    /// Its size in bytes.
    pub size: u64,
}

/// A record of a `ram` section. A `block` of `None` means the block of the record before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RamRecord {
    /// The sender's blocks, in the first section. Sizes are multiples of the page size in total.
    MemSize(Vec<BlockSize>),
    /// A page; its 4096 bytes follow.
    Page {
        /// The block, when it changes.
        block: Option<Name>,
        /// Offset of the page in the block.
        offset: u64,
    },
    /// A page whose bytes are all `fill`.
    Zero {
        /// The block, when it changes.
        block: Option<Name>,
        /// Offset of the page in the block.
        offset: u64,
        /// Value of every byte; QEMU writes 0 only.
        fill: u8,
    },
    /// Changes to a page; `length` bytes of them follow.
    Xbzrle {
        /// The block, when it changes.
        block: Option<Name>,
        /// Offset of the page in the block.
        offset: u64,
        /// Encoding, 1.
        encoding: u8,
        /// Bytes that follow.
        length: u16,
    },
    /// A page as a zlib stream, of which `length` bytes follow.
    CompressedPage {
        /// The block, when it changes.
        block: Option<Name>,
        /// Offset of the page in the block.
        offset: u64,
        /// Bytes that follow.
        length: u32,
    },
    /// A marker of RDMA transports.
    Hook,
    /// All multifd channels must have been read up to their marker.
    MultifdFlush,
    /// End of the section's payload.
    EndOfSection,
}

impl RamRecord {
    /// Appends the record, without the bytes that follow it.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::MemSize(blocks) => {
                let total: u64 = blocks.iter().map(|block| block.size).sum();
                out.extend_from_slice(&(total | MEM_SIZE).to_be_bytes());
                for block in blocks {
                    block.name.encode(out);
                    out.extend_from_slice(&block.size.to_be_bytes());
                }
            }
            Self::Page { block, offset } => encode_page_header(PAGE, block.as_ref(), *offset, out),
            Self::Zero { block, offset, fill } => {
                encode_page_header(ZERO, block.as_ref(), *offset, out);
                out.push(*fill);
            }
            Self::Xbzrle { block, offset, encoding, length } => {
                encode_page_header(XBZRLE, block.as_ref(), *offset, out);
                out.push(*encoding);
                out.extend_from_slice(&length.to_be_bytes());
            }
            Self::CompressedPage { block, offset, length } => {
                encode_page_header(COMPRESSED_PAGE, block.as_ref(), *offset, out);
                out.extend_from_slice(&length.to_be_bytes());
            }
            Self::Hook => out.extend_from_slice(&HOOK.to_be_bytes()),
            Self::MultifdFlush => out.extend_from_slice(&MULTIFD_FLUSH.to_be_bytes()),
            Self::EndOfSection => out.extend_from_slice(&EOS.to_be_bytes()),
        }
    }

    /// Reads one record, without the bytes that follow it.
    ///
    /// # Errors
    /// Flags that do not occur together, sizes that do not add up, or the end of the stream.
    pub fn decode(source: &mut dyn Source) -> Result<Self, DecodeError> {
        let mut wire = Wire::new(source);
        let position = wire.position();
        let word = wire.u64()?;
        let (offset, flags) = (word & !FLAGS, word & FLAGS);
        let named = |wire: &mut Wire<'_>| {
            if flags & CONTINUE == 0 { wire.name().map(Some) } else { Ok(None) }
        };
        match flags & !CONTINUE {
            PAGE => Ok(Self::Page { block: named(&mut wire)?, offset }),
            ZERO => Ok(Self::Zero { block: named(&mut wire)?, offset, fill: wire.u8()? }),
            XBZRLE => {
                let (block, encoding, length) = (named(&mut wire)?, wire.u8()?, wire.u16()?);
                Ok(Self::Xbzrle { block, offset, encoding, length })
            }
            COMPRESSED_PAGE => Ok(Self::CompressedPage { block: named(&mut wire)?, offset, length: wire.u32()? }),
            MEM_SIZE if flags == MEM_SIZE => decode_sizes(&mut wire, position, offset).map(Self::MemSize),
            EOS if word == EOS => Ok(Self::EndOfSection),
            HOOK if word == HOOK => Ok(Self::Hook),
            MULTIFD_FLUSH if word == MULTIFD_FLUSH => Ok(Self::MultifdFlush),
            _ => Err(error_at(position, Problem::RamFlags(flags))),
        }
    }
}

/// The word and, unless the block stays the same, its name.
fn encode_page_header(flag: u64, block: Option<&Name>, offset: u64, out: &mut Vec<u8>) {
    let same = if block.is_none() { CONTINUE } else { 0 };
    out.extend_from_slice(&((offset & !FLAGS) | flag | same).to_be_bytes());
    if let Some(block) = block {
        block.encode(out);
    }
}

fn decode_sizes(wire: &mut Wire<'_>, position: u64, total: u64) -> Result<Vec<BlockSize>, DecodeError> {
    let mut blocks = Vec::new();
    let mut left = total;
    while left > 0 {
        let block = BlockSize { name: wire.name()?, size: wire.u64()? };
        left = match left.checked_sub(block.size) {
            Some(rest) if blocks.len() < MAX_BLOCKS => rest,
            _ => return Err(error_at(position, Problem::RamTotal(total))),
        };
        blocks.push(block);
    }
    Ok(blocks)
}
