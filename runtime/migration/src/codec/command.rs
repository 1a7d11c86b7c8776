//! Commands that the source sends between sections.

use vmstate::{SliceSource, Source};

use super::{
    DecodeError, Name, Problem,
    wire::{Wire, error_at},
};

/// A command; its number is the wire's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// 1: the source will read messages of the return path.
    OpenReturnPath,
    /// 2: to be answered by a pong of the same value.
    Ping(u32),
    /// 3: postcopy may follow; OR of all block page sizes and the target page size, or nothing when only dirty bitmaps move.
    PostcopyAdvise(Option<(u64, u64)>),
    /// 4: missing pages will be asked for from now on.
    PostcopyListen,
    /// 5: the destination runs.
    PostcopyRun,
    /// 6: pages that were sent and have been dirtied since, as (start, length) in bytes of one block.
    PostcopyRamDiscard {
        /// The block.
        block: Name,
        /// Ranges inside of it.
        ranges: Vec<(u64, u64)>,
    },
    /// 7: this many bytes of sections and commands follow, to be taken in before they are acted on.
    Packaged {
        /// Bytes that follow the command.
        length: u32,
    },
    /// 8: COLO replication follows.
    EnableColo,
    /// 9: an interrupted postcopy goes on.
    PostcopyResume,
    /// 10: asks for the bitmap of pages of a block that have arrived.
    ReceiveBitmap(Name),
    /// 11: the source has stopped and the last pages follow. QEMU 10 and later only; 7.2 fails on it.
    SwitchoverStart,
}

/// Most ranges that one command can carry in its 16-bit length.
const MAX_RANGES: usize = 12;

impl Command {
    /// Appends the number, the length and the data. Ranges beyond the twelve that QEMU accepts go into further commands.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::OpenReturnPath => put(out, 1, &[]),
            Self::Ping(value) => put(out, 2, &value.to_be_bytes()),
            Self::PostcopyAdvise(None) => put(out, 3, &[]),
            Self::PostcopyAdvise(Some((sizes, page))) => {
                put(out, 3, &[sizes.to_be_bytes(), page.to_be_bytes()].concat())
            }
            Self::PostcopyListen => put(out, 4, &[]),
            Self::PostcopyRun => put(out, 5, &[]),
            Self::PostcopyRamDiscard { block, ranges } => encode_discard(out, block, ranges),
            Self::Packaged { length } => put(out, 7, &length.to_be_bytes()),
            Self::EnableColo => put(out, 8, &[]),
            Self::PostcopyResume => put(out, 9, &[]),
            Self::ReceiveBitmap(block) => {
                let mut data = Vec::new();
                block.encode(&mut data);
                put(out, 10, &data);
            }
            Self::SwitchoverStart => put(out, 11, &[]),
        }
    }

    /// Reads a command whose record type has been read.
    ///
    /// # Errors
    /// An unknown number, data that does not fit it, or the end of the stream.
    pub fn decode(source: &mut dyn Source) -> Result<Self, DecodeError> {
        let mut wire = Wire::new(source);
        let position = wire.position();
        let number = wire.u16()?;
        let length = wire.u16()?;
        let data = wire.bytes("data of a command", length.into(), u16::MAX.into())?;
        let bad = |what| error_at(position, Problem::BadData { what, length: data.len() });
        match number {
            1 => empty(&data, Self::OpenReturnPath).ok_or_else(|| bad("OPEN_RETURN_PATH")),
            2 => word(&data).map(Self::Ping).ok_or_else(|| bad("PING")),
            3 => advise(&data).map(Self::PostcopyAdvise).ok_or_else(|| bad("POSTCOPY_ADVISE")),
            4 => empty(&data, Self::PostcopyListen).ok_or_else(|| bad("POSTCOPY_LISTEN")),
            5 => empty(&data, Self::PostcopyRun).ok_or_else(|| bad("POSTCOPY_RUN")),
            6 => discard(&data).ok_or_else(|| bad("POSTCOPY_RAM_DISCARD")),
            7 => word(&data).map(|length| Self::Packaged { length }).ok_or_else(|| bad("PACKAGED")),
            8 => empty(&data, Self::EnableColo).ok_or_else(|| bad("ENABLE_COLO")),
            9 => empty(&data, Self::PostcopyResume).ok_or_else(|| bad("POSTCOPY_RESUME")),
            10 => whole_name(&data).map(Self::ReceiveBitmap).ok_or_else(|| bad("RECV_BITMAP")),
            11 => empty(&data, Self::SwitchoverStart).ok_or_else(|| bad("SWITCHOVER_START")),
            other => Err(error_at(position, Problem::CommandType(other))),
        }
    }
}

fn put(out: &mut Vec<u8>, number: u16, data: &[u8]) {
    out.extend_from_slice(&number.to_be_bytes());
    // Longest data: a name and twelve ranges, far below 64 KiB.
    out.extend_from_slice(&(data.len() as u16).to_be_bytes());
    out.extend_from_slice(data);
}

fn encode_discard(out: &mut Vec<u8>, block: &Name, ranges: &[(u64, u64)]) {
    let mut chunks = ranges.chunks(MAX_RANGES);
    let mut chunk = chunks.next().unwrap_or_default();
    loop {
        let mut data = vec![0];
        block.encode(&mut data);
        data.push(0);
        for (start, length) in chunk {
            data.extend_from_slice(&start.to_be_bytes());
            data.extend_from_slice(&length.to_be_bytes());
        }
        put(out, 6, &data);
        let Some(next) = chunks.next() else { break };
        out.push(super::record::COMMAND);
        chunk = next;
    }
}

fn empty<T>(data: &[u8], value: T) -> Option<T> {
    data.is_empty().then_some(value)
}

fn word(data: &[u8]) -> Option<u32> {
    data.try_into().ok().map(u32::from_be_bytes)
}

fn pair(data: &[u8]) -> Option<(u64, u64)> {
    let (first, second) = data.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*first), u64::from_be_bytes(second.try_into().ok()?)))
}

fn advise(data: &[u8]) -> Option<Option<(u64, u64)>> {
    if data.is_empty() { Some(None) } else { pair(data).map(Some) }
}

fn whole_name(data: &[u8]) -> Option<Name> {
    let mut source = SliceSource::new(data);
    let name = Wire::new(&mut source).name().ok()?;
    source.rest().is_empty().then_some(name)
}

fn discard(data: &[u8]) -> Option<Command> {
    let mut source = SliceSource::new(data.strip_prefix(&[0])?);
    let block = Wire::new(&mut source).name().ok()?;
    let ranges = source.rest().strip_prefix(&[0])?.chunks(16).map(pair).collect::<Option<_>>()?;
    Some(Command::PostcopyRamDiscard { block, ranges })
}
