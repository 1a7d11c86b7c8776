//! Messages from the destination back to the source.

use vmstate::{SliceSource, Source};

use super::{
    DecodeError, Name, Problem,
    wire::{Wire, error_at},
};

/// Ends the bitmap of a block.
const BITMAP_END: u64 = 0x0123_4567_89ab_cdef;
/// Longest bitmap accepted, in bytes: enough for 2 TiB of one block.
const MAX_BITMAP: u64 = 64 << 20;

/// A message; its number is the wire's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReturnMessage {
    /// 1: the destination is done; 0 means that all is well. The last message.
    Shut(u32),
    /// 2: answer to a ping.
    Pong(u32),
    /// 3 (with a block) and 4 (same block as the last time): pages that the guest waits for.
    RequestPages {
        /// The block, when it changes.
        block: Option<Name>,
        /// First byte.
        start: u64,
        /// Bytes.
        length: u32,
    },
    /// 5: pages of a block that have arrived, lowest page in the lowest bit of the first byte.
    ReceivedBitmap {
        /// The block.
        block: Name,
        /// A multiple of 8 bytes.
        bitmap: Vec<u8>,
    },
    /// 6: ready to go on after an interruption; the value is 1.
    ResumeAck(u32),
    /// 7: the destination has no objection to the switchover. QEMU 8.1 and later.
    SwitchoverAck,
}

impl ReturnMessage {
    /// Appends the message.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Shut(value) => put(out, 1, &value.to_be_bytes()),
            Self::Pong(value) => put(out, 2, &value.to_be_bytes()),
            Self::RequestPages { block, start, length } => {
                let mut data = start.to_be_bytes().to_vec();
                data.extend_from_slice(&length.to_be_bytes());
                if let Some(block) = block {
                    block.encode(&mut data);
                }
                put(out, if block.is_some() { 3 } else { 4 }, &data);
            }
            Self::ReceivedBitmap { block, bitmap } => {
                let mut data = Vec::new();
                block.encode(&mut data);
                put(out, 5, &data);
                let size = bitmap.len().next_multiple_of(8);
                out.extend_from_slice(&(size as u64).to_be_bytes());
                out.extend_from_slice(bitmap);
                out.resize(out.len() + size - bitmap.len(), 0);
                out.extend_from_slice(&BITMAP_END.to_be_bytes());
            }
            Self::ResumeAck(value) => put(out, 6, &value.to_be_bytes()),
            Self::SwitchoverAck => put(out, 7, &[]),
        }
    }

    /// Reads one message.
    ///
    /// # Errors
    /// An unknown number, data that does not fit it, or the end of the stream.
    pub fn decode(source: &mut dyn Source) -> Result<Self, DecodeError> {
        let mut wire = Wire::new(source);
        let position = wire.position();
        let number = wire.u16()?;
        let length = wire.u16()?;
        let data = wire.bytes("data of a message", length.into(), u16::MAX.into())?;
        let bad = |what| error_at(position, Problem::BadData { what, length: data.len() });
        let word = || data.as_slice().try_into().ok().map(u32::from_be_bytes);
        match number {
            1 => word().map(Self::Shut).ok_or_else(|| bad("SHUT")),
            2 => word().map(Self::Pong).ok_or_else(|| bad("PONG")),
            3 => request(&data, true).ok_or_else(|| bad("REQ_PAGES_ID")),
            4 => request(&data, false).ok_or_else(|| bad("REQ_PAGES")),
            5 => {
                let (block, rest) = split_name(&data).ok_or_else(|| bad("RECV_BITMAP"))?;
                let size = wire.u64()?;
                if !rest.is_empty() || !size.is_multiple_of(8) {
                    return Err(bad("RECV_BITMAP"));
                }
                let bitmap = wire.bytes("bitmap", size, MAX_BITMAP)?;
                if wire.u64()? != BITMAP_END {
                    return Err(bad("RECV_BITMAP"));
                }
                Ok(Self::ReceivedBitmap { block, bitmap })
            }
            6 => word().map(Self::ResumeAck).ok_or_else(|| bad("RESUME_ACK")),
            7 if data.is_empty() => Ok(Self::SwitchoverAck),
            7 => Err(bad("SWITCHOVER_ACK")),
            other => Err(error_at(position, Problem::MessageType(other))),
        }
    }
}

fn put(out: &mut Vec<u8>, number: u16, data: &[u8]) {
    out.extend_from_slice(&number.to_be_bytes());
    // Longest data: twelve bytes and a name.
    out.extend_from_slice(&(data.len() as u16).to_be_bytes());
    out.extend_from_slice(data);
}

fn split_name(data: &[u8]) -> Option<(Name, &[u8])> {
    let mut source = SliceSource::new(data);
    let name = Wire::new(&mut source).name().ok()?;
    Some((name, source.rest()))
}

fn request(data: &[u8], named: bool) -> Option<ReturnMessage> {
    let (start, rest) = data.split_first_chunk::<8>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (block, rest) = if named { split_name(rest).map(|(block, rest)| (Some(block), rest))? } else { (None, rest) };
    let (start, length) = (u64::from_be_bytes(*start), u32::from_be_bytes(*length));
    rest.is_empty().then_some(ReturnMessage::RequestPages { block, start, length })
}
