//! Saving, loading and describing agree with each other and with QEMU's encoding.

use qapi_vmstate::{Fields, Result, SliceSource, Source, VmState, VmStateError, describe, load, save};

#[derive(Debug, Default, Clone, PartialEq)]
struct Segment {
    selector: u32,
    base: u64,
}

impl VmState for Segment {
    fn name(&self) -> &'static str {
        "segment"
    }
    fn version(&self) -> u32 {
        1
    }
    fn fields(&mut self, v: &mut dyn Fields) -> Result {
        v.u32("selector", &mut self.selector)?;
        v.u64("base", &mut self.base)
    }
}

#[derive(Debug, Default, Clone, PartialEq)]
struct Tsc(u64);

impl VmState for Tsc {
    fn name(&self) -> &'static str {
        "toy/tsc"
    }
    fn version(&self) -> u32 {
        3
    }
    fn fields(&mut self, v: &mut dyn Fields) -> Result {
        v.u64("tsc", &mut self.0)
    }
}

#[derive(Debug, Default, Clone, PartialEq)]
struct Toy {
    flag: bool,
    level: i32,
    regs: [u16; 3],
    name: [u8; 4],
    segments: [Segment; 2],
    late: u8,
    tsc: Option<Tsc>,
}

impl VmState for Toy {
    fn name(&self) -> &'static str {
        "toy"
    }
    fn version(&self) -> u32 {
        2
    }
    fn minimum_version(&self) -> u32 {
        1
    }
    fn fields(&mut self, v: &mut dyn Fields) -> Result {
        v.bool("flag", &mut self.flag)?;
        v.i32("level", &mut self.level)?;
        v.u16s("regs", &mut self.regs)?;
        v.bytes("name", &mut self.name)?;
        v.unused(2)?;
        let [first, second] = &mut self.segments;
        v.structures("segments", &mut [first, second])?;
        if v.stream_version() >= 2 {
            v.u8("late", &mut self.late)?;
        }
        let mut tsc = self.tsc.clone().unwrap_or_default();
        if v.subsection(self.tsc.is_some(), &mut tsc)? {
            self.tsc = Some(tsc);
        }
        Ok(())
    }
}

fn sample() -> Toy {
    Toy {
        flag: true,
        level: -2,
        regs: [1, 0x0203, 4],
        name: *b"abcd",
        segments: [Segment { selector: 8, base: 0x10 }, Segment { selector: 9, base: u64::MAX }],
        late: 5,
        tsc: Some(Tsc(77)),
    }
}

fn parse(version: u32, bytes: &[u8]) -> Result<(Toy, usize)> {
    let mut toy = Toy::default();
    let mut source = SliceSource::new(bytes);
    load(&mut toy, version, &mut source)?;
    Ok((toy, source.position() as usize))
}

#[test]
fn the_bytes_are_qemus() {
    let mut expected = vec![1, 0xff, 0xff, 0xff, 0xfe, 0, 1, 2, 3, 0, 4];
    expected.extend_from_slice(b"abcd\0\0");
    expected.extend_from_slice(&[0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0x10]);
    expected.extend_from_slice(&[0, 0, 0, 9, 255, 255, 255, 255, 255, 255, 255, 255]);
    expected.push(5);
    expected.extend_from_slice(&[5, 7]);
    expected.extend_from_slice(b"toy/tsc\0\0\0\x03\0\0\0\0\0\0\0\x4d");
    assert_eq!(save(&mut sample()).unwrap(), expected);
}

#[test]
fn loading_restores_and_stops_where_the_payload_ends() {
    for tsc in [Some(Tsc(u64::MAX)), None] {
        let mut toy = Toy { tsc, ..sample() };
        let mut bytes = save(&mut toy).unwrap();
        let length = bytes.len();
        bytes.extend_from_slice(&[0x7e, 0, 0, 0, 1]);
        assert_eq!(parse(2, &bytes).unwrap(), (toy, length));
    }
}

#[test]
fn an_older_version_lacks_the_later_field() {
    let mut toy = Toy { tsc: None, late: 0, ..sample() };
    let mut bytes = save(&mut toy).unwrap();
    bytes.pop();
    let length = bytes.len();
    assert_eq!(parse(1, &bytes).unwrap(), (toy, length));
}

#[test]
fn versions_outside_are_refused() {
    let bytes = save(&mut sample()).unwrap();
    assert!(matches!(parse(3, &bytes), Err(VmStateError::TooNew { found: 3, ours: 2, .. })));
    assert!(matches!(parse(0, &bytes), Err(VmStateError::TooOld { found: 0, minimum: 1, .. })));
    let mut newer_subsection = bytes;
    let version_end = newer_subsection.len() - 8;
    newer_subsection[version_end - 1] = 9;
    assert!(matches!(parse(2, &newer_subsection), Err(VmStateError::TooNew { found: 9, .. })));
}

#[test]
fn every_truncation_is_an_error_with_its_place() {
    let bytes = save(&mut sample()).unwrap();
    let without_tsc = save(&mut Toy { tsc: None, ..sample() }).unwrap().len();
    for length in 0..bytes.len() {
        // Cut inside of the subsection's name, what is left is no subsection and belongs to the caller.
        let name_is_cut = (without_tsc..without_tsc + 9).contains(&length);
        match parse(2, &bytes[..length]) {
            Ok((_, used)) => assert!(name_is_cut && used == without_tsc, "cut at {length}"),
            Err(VmStateError::Read { state, .. }) => {
                assert!(!name_is_cut && state.starts_with("toy"), "cut at {length}")
            }
            Err(other) => panic!("cut at {length}: {other}"),
        }
    }
}

#[test]
fn an_unknown_subsection_of_ours_is_refused_and_a_strange_one_left_alone() {
    let mut base = save(&mut Toy { tsc: None, ..sample() }).unwrap();
    let length = base.len();
    let mut foreign = base.clone();
    foreign.extend_from_slice(b"\x05\x05other\0\0\0\x01");
    assert_eq!(parse(2, &foreign).unwrap().1, length);
    base.extend_from_slice(b"\x05\x07toy/new\0\0\0\x01");
    let error = parse(2, &base).unwrap_err().to_string();
    assert!(error.contains("toy/new") && error.contains(&length.to_string()), "{error}");
}

/// Bytes that a description accounts for, headers of subsections included.
fn described_size(description: &serde_json::Value) -> u64 {
    let list = |key: &str| description[key].as_array().cloned().unwrap_or_default();
    let fields: u64 = list("fields")
        .iter()
        .map(|field| {
            field["size"].as_u64().unwrap() * field.get("array_len").map_or(1, |length| length.as_u64().unwrap())
        })
        .sum();
    let subsections: u64 =
        list("subsections").iter().map(|s| 6 + s["vmsd_name"].as_str().unwrap().len() as u64 + described_size(s)).sum();
    fields + subsections
}

#[test]
fn the_description_accounts_for_every_byte() {
    let description = describe(&mut sample()).unwrap();
    assert_eq!(described_size(&description), save(&mut sample()).unwrap().len() as u64);
    assert_eq!(description["vmsd_name"], "toy");
    assert_eq!(
        description["fields"][2],
        serde_json::json!({"name": "regs", "type": "uint16", "size": 2, "array_len": 3})
    );
    assert_eq!(description["fields"][5]["struct"]["vmsd_name"], "segment");
    assert_eq!(description["fields"][5]["array_len"], 2);
    assert_eq!(description["subsections"][0]["version"], 3);
}
