//! The main channel's grammar: file header, configuration, sections, commands, end.

use std::mem;

use vmstate::{SUBSECTION, Source};

use super::{
    Command, DecodeError, FILE_VERSION, Name, Problem,
    wire::{Wire, error_at},
};

const MAGIC: [u8; 4] = *b"QEVM";

const EOF: u8 = 0;
const START: u8 = 1;
const PART: u8 = 2;
const END: u8 = 3;
const FULL: u8 = 4;
const VM_DESCRIPTION: u8 = 6;
const CONFIGURATION: u8 = 7;
pub(super) const COMMAND: u8 = 8;
const FOOTER: u8 = 0x7e;

/// Longest machine name accepted, in bytes.
const MAX_MACHINE_NAME: u64 = 1024;
/// Longest description accepted, in bytes; QEMU's own take some 30 KB.
const MAX_DESCRIPTION: u64 = 64 << 20;
/// Most capabilities that a configuration may list.
const MAX_CAPABILITIES: u32 = 1024;

const CAPABILITIES: &str = "configuration/capabilities";
const UUID: &str = "configuration/uuid";
const TARGET_PAGE_BITS: &str = "configuration/target-page-bits";

/// Appends the magic and the version that begin every stream.
pub fn encode_file_header(out: &mut Vec<u8>) {
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&FILE_VERSION.to_be_bytes());
}

/// Reads and checks the magic and the version.
///
/// # Errors
/// [`Problem::NotAStream`], [`Problem::FileVersion`], or the end of the stream.
pub fn decode_file_header(source: &mut dyn Source) -> Result<(), DecodeError> {
    let mut wire = Wire::new(source);
    let position = wire.position();
    if wire.array()? != MAGIC {
        return Err(error_at(position, Problem::NotAStream));
    }
    match wire.u32()? {
        FILE_VERSION => Ok(()),
        other => Err(error_at(position, Problem::FileVersion(other))),
    }
}

/// What a section belongs to. `id` is the sender's choice; later parts name only it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionHeader {
    /// Number that parts, ends and footers repeat.
    pub id: u32,
    /// Name of the saved device.
    pub name: Name,
    /// Which one of several devices of that name.
    pub instance: u32,
    /// Version of its format.
    pub version: u32,
}

/// The configuration: which machine the stream belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// Canonical name of the machine type.
    pub machine: String,
    /// Subsections, in stream order.
    pub parts: Vec<ConfigurationPart>,
}

/// A subsection of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigurationPart {
    /// Capabilities that both sides must have turned on.
    Capabilities(Vec<Name>),
    /// The guest's identity.
    Uuid([u8; 16]),
    /// Width of a page offset, for targets where it varies.
    TargetPageBits(u32),
}

/// A record of the main channel. Payloads of sections follow their header and are decoded by whoever knows the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// The machine; right after the file header.
    Configuration(Configuration),
    /// First section of an iterable device.
    Start(SectionHeader),
    /// A further section of it.
    Part(u32),
    /// Its last section.
    End(u32),
    /// The only section of a device.
    Full(SectionHeader),
    /// End of a section, repeating its id.
    Footer(u32),
    /// A command.
    Command(Command),
    /// End of the stream.
    Eof,
    /// Description of the device sections, JSON; after the end.
    VmDescription(String),
}

impl Record {
    /// Appends the record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Configuration(configuration) => configuration.encode(out),
            Self::Start(header) => header.encode(START, out),
            Self::Part(id) => encode_id(PART, *id, out),
            Self::End(id) => encode_id(END, *id, out),
            Self::Full(header) => header.encode(FULL, out),
            Self::Footer(id) => encode_id(FOOTER, *id, out),
            Self::Command(command) => {
                out.push(COMMAND);
                command.encode(out);
            }
            Self::Eof => out.push(EOF),
            Self::VmDescription(text) => {
                out.push(VM_DESCRIPTION);
                encode_text(text, out);
            }
        }
    }

    /// Reads one record.
    ///
    /// # Errors
    /// An unknown type, a length beyond its limit, or the end of the stream.
    pub fn decode(source: &mut dyn Source) -> Result<Self, DecodeError> {
        let mut wire = Wire::new(source);
        let position = wire.position();
        match wire.u8()? {
            EOF => Ok(Self::Eof),
            START => SectionHeader::decode(&mut wire).map(Self::Start),
            PART => wire.u32().map(Self::Part),
            END => wire.u32().map(Self::End),
            FULL => SectionHeader::decode(&mut wire).map(Self::Full),
            FOOTER => wire.u32().map(Self::Footer),
            COMMAND => Command::decode(wire.source()).map(Self::Command),
            CONFIGURATION => Configuration::decode(&mut wire).map(Self::Configuration),
            VM_DESCRIPTION => wire.text("description", MAX_DESCRIPTION).map(Self::VmDescription),
            other => Err(error_at(position, Problem::RecordType(other))),
        }
    }
}

impl SectionHeader {
    fn encode(&self, kind: u8, out: &mut Vec<u8>) {
        encode_id(kind, self.id, out);
        self.name.encode(out);
        out.extend_from_slice(&self.instance.to_be_bytes());
        out.extend_from_slice(&self.version.to_be_bytes());
    }

    fn decode(wire: &mut Wire<'_>) -> Result<Self, DecodeError> {
        Ok(Self { id: wire.u32()?, name: wire.name()?, instance: wire.u32()?, version: wire.u32()? })
    }
}

impl Configuration {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(CONFIGURATION);
        encode_text(&self.machine, out);
        for part in &self.parts {
            part.encode(out);
        }
    }

    fn decode(wire: &mut Wire<'_>) -> Result<Self, DecodeError> {
        let machine = wire.text("machine name", MAX_MACHINE_NAME)?;
        let mut parts = Vec::new();
        loop {
            let position = wire.position();
            let next = wire.source().peek(1).map_err(|error| error_at(position, error))?;
            if next != [SUBSECTION] {
                return Ok(Self { machine, parts });
            }
            let part = ConfigurationPart::decode(wire)?;
            // Without this, a stream of nothing but parts would take all memory.
            if parts.iter().any(|other| mem::discriminant(other) == mem::discriminant(&part)) {
                return Err(error_at(position, Problem::ConfigurationPart("one that was there already".into())));
            }
            parts.push(part);
        }
    }
}

impl ConfigurationPart {
    fn encode(&self, out: &mut Vec<u8>) {
        let header = |name: &str, out: &mut Vec<u8>| {
            // The three names are constants shorter than 256 bytes.
            out.extend_from_slice(&[SUBSECTION, name.len() as u8]);
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(&1u32.to_be_bytes());
        };
        match self {
            Self::Capabilities(names) => {
                header(CAPABILITIES, out);
                out.extend_from_slice(&(names.len() as u32).to_be_bytes());
                names.iter().for_each(|name| name.encode(out));
            }
            Self::Uuid(uuid) => {
                header(UUID, out);
                out.extend_from_slice(uuid);
            }
            Self::TargetPageBits(bits) => {
                header(TARGET_PAGE_BITS, out);
                out.extend_from_slice(&bits.to_be_bytes());
            }
        }
    }

    fn decode(wire: &mut Wire<'_>) -> Result<Self, DecodeError> {
        let position = wire.position();
        wire.u8()?;
        let name = wire.name()?;
        let version = wire.u32()?;
        match (&*name, version) {
            (CAPABILITIES, 1) => {
                let count = wire.u32()?;
                if count > MAX_CAPABILITIES {
                    let (found, limit) = (count.into(), MAX_CAPABILITIES.into());
                    return Err(error_at(position, Problem::TooLong { what: "list of capabilities", found, limit }));
                }
                (0..count).map(|_| wire.name()).collect::<Result<_, _>>().map(Self::Capabilities)
            }
            (UUID, 1) => wire.array().map(Self::Uuid),
            (TARGET_PAGE_BITS, 1) => wire.u32().map(Self::TargetPageBits),
            _ => Err(error_at(position, Problem::ConfigurationPart(format!("{name} v{version}")))),
        }
    }
}

fn encode_id(kind: u8, id: u32, out: &mut Vec<u8>) {
    out.push(kind);
    out.extend_from_slice(&id.to_be_bytes());
}

fn encode_text(text: &str, out: &mut Vec<u8>) {
    // Both texts are ours and nowhere near 4 GiB.
    out.extend_from_slice(&(text.len() as u32).to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}
