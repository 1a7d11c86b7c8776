//! Every record survives the way to bytes and back, and no bytes bring a decoder down.

use proptest::{collection::vec, option, prelude::*};
use vmstate::{SliceSource, Source};

use super::*;

fn name() -> impl Strategy<Value = Name> {
    "[a-z/.@0-9]{0,40}".prop_map(|text| Name::new(&text).unwrap())
}

fn header() -> impl Strategy<Value = SectionHeader> {
    (any::<u32>(), name(), any::<u32>(), any::<u32>()).prop_map(|(id, name, instance, version)| SectionHeader {
        id,
        name,
        instance,
        version,
    })
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        Just(Command::OpenReturnPath),
        any::<u32>().prop_map(Command::Ping),
        option::of(any::<(u64, u64)>()).prop_map(Command::PostcopyAdvise),
        Just(Command::PostcopyListen),
        Just(Command::PostcopyRun),
        (name(), vec(any::<(u64, u64)>(), 0..=12))
            .prop_map(|(block, ranges)| Command::PostcopyRamDiscard { block, ranges }),
        any::<u32>().prop_map(|length| Command::Packaged { length }),
        Just(Command::EnableColo),
        Just(Command::PostcopyResume),
        name().prop_map(Command::ReceiveBitmap),
        Just(Command::SwitchoverStart),
    ]
}

fn part() -> impl Strategy<Value = ConfigurationPart> {
    prop_oneof![
        vec(name(), 0..5).prop_map(ConfigurationPart::Capabilities),
        any::<[u8; 16]>().prop_map(ConfigurationPart::Uuid),
        any::<u32>().prop_map(ConfigurationPart::TargetPageBits),
    ]
}

fn record() -> impl Strategy<Value = Record> {
    prop_oneof![
        ("[a-z0-9.-]{0,30}", vec(part(), 0..4)).prop_map(|(machine, mut parts)| {
            // At most one of each kind.
            let mut kinds = Vec::new();
            parts.retain(|part| {
                let kind = std::mem::discriminant(part);
                let first = !kinds.contains(&kind);
                kinds.push(kind);
                first
            });
            Record::Configuration(Configuration { machine, parts })
        }),
        header().prop_map(Record::Start),
        any::<u32>().prop_map(Record::Part),
        any::<u32>().prop_map(Record::End),
        header().prop_map(Record::Full),
        any::<u32>().prop_map(Record::Footer),
        command().prop_map(Record::Command),
        Just(Record::Eof),
        ".{0,80}".prop_map(Record::VmDescription),
    ]
}

fn ram_record() -> impl Strategy<Value = RamRecord> {
    let place = || (option::of(name()), any::<u64>().prop_map(|word| word & !0xfff));
    prop_oneof![
        vec((name(), (1u64..1 << 40).prop_map(|pages| pages * 4096)), 0..6).prop_map(|blocks| RamRecord::MemSize(
            blocks.into_iter().map(|(name, size)| BlockSize { name, size }).collect()
        )),
        place().prop_map(|(block, offset)| RamRecord::Page { block, offset }),
        (place(), any::<u8>()).prop_map(|((block, offset), fill)| RamRecord::Zero { block, offset, fill }),
        (place(), any::<u8>(), any::<u16>())
            .prop_map(|((block, offset), encoding, length)| { RamRecord::Xbzrle { block, offset, encoding, length } }),
        (place(), any::<u32>()).prop_map(|((block, offset), length)| RamRecord::CompressedPage {
            block,
            offset,
            length
        }),
        Just(RamRecord::Hook),
        Just(RamRecord::MultifdFlush),
        Just(RamRecord::EndOfSection),
    ]
}

fn message() -> impl Strategy<Value = ReturnMessage> {
    prop_oneof![
        any::<u32>().prop_map(ReturnMessage::Shut),
        any::<u32>().prop_map(ReturnMessage::Pong),
        (option::of(name()), any::<u64>(), any::<u32>())
            .prop_map(|(block, start, length)| { ReturnMessage::RequestPages { block, start, length } }),
        (name(), vec(any::<[u8; 8]>(), 0..4))
            .prop_map(|(block, words)| { ReturnMessage::ReceivedBitmap { block, bitmap: words.concat() } }),
        any::<u32>().prop_map(ReturnMessage::ResumeAck),
        Just(ReturnMessage::SwitchoverAck),
    ]
}

/// Encodes, adds a byte that belongs to the next record, decodes, and cuts the bytes everywhere.
fn round_trip<T: PartialEq + std::fmt::Debug>(
    value: &T,
    encode: impl Fn(&T, &mut Vec<u8>),
    decode: impl Fn(&mut dyn Source) -> Result<T, DecodeError>,
) {
    let mut bytes = Vec::new();
    encode(value, &mut bytes);
    let length = bytes.len();
    bytes.push(0xff);
    let mut source = SliceSource::new(&bytes);
    assert_eq!(&decode(&mut source).unwrap(), value);
    assert_eq!(source.position() as usize, length, "{value:?}");
    for cut in 0..length {
        // A configuration cut before a subsection is whole, if shorter.
        if let Ok(other) = decode(&mut SliceSource::new(&bytes[..cut])) {
            assert_ne!(&other, value, "cut at {cut} of {length}");
        }
    }
}

proptest! {
    #[test]
    fn records_round_trip(value in record()) {
        round_trip(&value, Record::encode, Record::decode);
    }

    #[test]
    fn ram_records_round_trip(value in ram_record()) {
        round_trip(&value, RamRecord::encode, RamRecord::decode);
    }

    #[test]
    fn messages_round_trip(value in message()) {
        round_trip(&value, ReturnMessage::encode, ReturnMessage::decode);
    }

    #[test]
    fn no_bytes_panic(mut bytes in vec(any::<u8>(), 0..200), kind in 0u8..9, low in any::<u16>()) {
        // Random first bytes are mostly unknown types; also try with a known one in front.
        for _ in 0..2 {
            let _ = decode_file_header(&mut SliceSource::new(&bytes));
            let _ = Record::decode(&mut SliceSource::new(&bytes));
            let _ = RamRecord::decode(&mut SliceSource::new(&bytes));
            let _ = ReturnMessage::decode(&mut SliceSource::new(&bytes));
            if let [first, .., ] = bytes.as_mut_slice() {
                *first = kind;
            }
            if let Some(flags) = bytes.get_mut(6..8) {
                flags.copy_from_slice(&low.to_be_bytes());
            }
        }
    }
}

fn decode_hex<T>(text: &str, decode: impl Fn(&mut dyn Source) -> Result<T, DecodeError>) -> Result<T, DecodeError> {
    let digits: String = text.split_whitespace().collect();
    let bytes: Vec<u8> =
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect();
    decode(&mut SliceSource::new(&bytes))
}

#[test]
fn the_bytes_of_the_format() {
    let ram = Name::new("ram").unwrap();
    let start = Record::Start(SectionHeader { id: 2, name: ram.clone(), instance: 0, version: 4 });
    assert_eq!(decode_hex("01 00000002 03 72616d 00000000 00000004", Record::decode).unwrap(), start);
    assert_eq!(decode_hex("7e 00000002", Record::decode).unwrap(), Record::Footer(2));
    assert_eq!(decode_hex("08 0002 0004 00000007", Record::decode).unwrap(), Record::Command(Command::Ping(7)));
    let sizes = RamRecord::MemSize(vec![BlockSize { name: ram.clone(), size: 0x40_0000 }]);
    assert_eq!(decode_hex("0000000000400004 03 72616d 0000000000400000", RamRecord::decode).unwrap(), sizes);
    let zero = RamRecord::Zero { block: None, offset: 0x1000, fill: 0 };
    assert_eq!(decode_hex("0000000000001022 00", RamRecord::decode).unwrap(), zero);
    let page = RamRecord::Page { block: Some(ram), offset: 0x2000 };
    assert_eq!(decode_hex("0000000000002008 03 72616d", RamRecord::decode).unwrap(), page);
    assert_eq!(decode_hex("0000000000000010", RamRecord::decode).unwrap(), RamRecord::EndOfSection);
    assert_eq!(decode_hex("0001 0004 00000000", ReturnMessage::decode).unwrap(), ReturnMessage::Shut(0));
    assert!(decode_hex("5145564d 00000003", decode_file_header).is_ok());
}

#[test]
fn bad_streams_are_told_apart() {
    let problem = |text: &str| decode_hex(text, Record::decode).unwrap_err().problem;
    assert!(matches!(decode_hex("51455657 00000003", decode_file_header).unwrap_err().problem, Problem::NotAStream));
    assert!(matches!(
        decode_hex("5145564d 00000002", decode_file_header).unwrap_err().problem,
        Problem::FileVersion(2)
    ));
    assert!(matches!(problem("09"), Problem::RecordType(9)));
    assert!(matches!(problem("08 000c 0000"), Problem::CommandType(12)));
    assert!(matches!(problem("08 0002 0003 000000"), Problem::BadData { what: "PING", length: 3 }));
    assert!(matches!(problem("06 ffffffff"), Problem::TooLong { found: 0xffff_ffff, .. }));
    assert!(matches!(problem("07 00000001 ff"), Problem::NotUtf8(_)));
    assert!(matches!(problem("07 00000001 61 05 01 62 00000001"), Problem::ConfigurationPart(_)));
    assert!(matches!(problem("01 0000"), Problem::Io(_)));
    let ram = |text: &str| decode_hex(text, RamRecord::decode).unwrap_err();
    assert!(matches!(ram("0000000000000018").problem, Problem::RamFlags(0x18)));
    assert!(matches!(ram("0000000000001004 01 61 0000000000002000").problem, Problem::RamTotal(0x1000)));
    let text = ram("0000000000000400").to_string();
    assert_eq!(text, "byte 0 of the migration stream: Unknown combination of migration flags: 0x400");
}

#[test]
fn names_have_at_most_255_bytes() {
    assert!(Name::new(&"x".repeat(255)).is_ok());
    assert!(Name::new(&"x".repeat(256)).is_err());
}

#[test]
fn many_ranges_become_several_commands() {
    let block = Name::new("ram").unwrap();
    let ranges: Vec<(u64, u64)> = (0..30).map(|page| (page * 8192, 4096)).collect();
    let mut bytes = Vec::new();
    Record::Command(Command::PostcopyRamDiscard { block, ranges: ranges.clone() }).encode(&mut bytes);
    let mut source = SliceSource::new(&bytes);
    let mut found = Vec::new();
    while !source.rest().is_empty() {
        let Record::Command(Command::PostcopyRamDiscard { ranges, .. }) = Record::decode(&mut source).unwrap() else {
            panic!("another record")
        };
        assert!(ranges.len() <= 12);
        found.extend(ranges);
    }
    assert_eq!(found, ranges);
}

#[test]
fn xbzrle_changes_what_it_names() {
    let mut page = [0xaa; PAGE_SIZE];
    // 103 bytes stay, one changes; 151 stay (two length bytes), two change.
    xbzrle::apply(&[103, 1, 0x39, 0x97, 0x01, 2, 7, 8], &mut page).unwrap();
    let mut expected = [0xaa; PAGE_SIZE];
    expected[103] = 0x39;
    expected[104 + 151..][..2].copy_from_slice(&[7, 8]);
    assert_eq!(page, expected);
    xbzrle::apply(&[], &mut page).unwrap();
    xbzrle::apply(&[0xff, 0x1f, 1, 5], &mut page).unwrap();
    assert_eq!(page[4095], 5);
    for bad in [&[1][..], &[0, 0], &[0, 2, 1], &[0x80], &[0x80, 0x80, 1], &[0xff, 0x1f, 2, 1, 2], &[0x80, 0x20, 1, 1]] {
        assert!(xbzrle::apply(bad, &mut page).is_none(), "{bad:02x?}");
    }
}

proptest! {
    #[test]
    fn xbzrle_never_panics(changes in vec(any::<u8>(), 0..300)) {
        let _ = xbzrle::apply(&changes, &mut [0; PAGE_SIZE]);
    }
}
