//! Tests of the port bus.

use super::*;
use vmstate::{Source, VmState};

/// Remembers what was written and reads back its offset.
#[derive(Default)]
struct Probe {
    written: Vec<(u16, u8)>,
}

impl Device for Probe {
    fn name(&self) -> &'static str {
        "probe"
    }
    fn reset(&mut self) {
        self.written.clear();
    }
    fn save(&self) -> Option<Box<dyn VmState>> {
        None
    }
    fn load(&mut self, _version: u32, _source: &mut dyn Source) -> vmstate::Result {
        Ok(())
    }
}

impl PortDevice for Probe {
    fn read(&mut self, offset: u16) -> u8 {
        0x40 + offset as u8
    }
    fn write(&mut self, offset: u16, value: u8) -> Flow {
        self.written.push((offset, value));
        if value == 0xfe { Flow::Park } else { Flow::Continue }
    }
}

#[test]
fn accesses_reach_the_device_that_owns_the_port() {
    let (low, high) = (Arc::new(Mutex::new(Probe::default())), Arc::new(Mutex::new(Probe::default())));
    let mut bus = PortBus::new();
    bus.insert(0x3f8..=0x3ff, high.clone()).expect("free");
    bus.insert(0x60..=0x64, low.clone()).expect("free");
    let mut word = [0; 2];
    bus.read(0x3fa, &mut word);
    assert_eq!(word, [0x42, 0x43]);
    bus.read(0x3ff, &mut word);
    assert_eq!(word, [0x47, 0xff], "the port after the last one has no device");
    assert_eq!(bus.write(0x64, &[1]), Flow::Continue);
    assert_eq!(bus.write(0x63, &[2, 0xfe, 9]), Flow::Park);
    assert_eq!(lock(&low).written, [(4, 1), (3, 2), (4, 0xfe)]);
    assert!(lock(&high).written.is_empty());
}

#[test]
fn overlapping_ports_are_refused() {
    let mut bus = PortBus::new();
    let device = || Arc::new(Mutex::new(Probe::default()));
    bus.insert(0x100..=0x10f, device()).expect("free");
    for taken in [0x100..=0x100, 0x0f0..=0x100, 0x10f..=0x200, 0x0..=0xffff, 0x104..=0x105] {
        let error = bus.insert(taken, device()).expect_err("taken");
        assert!(error.to_string().contains("'probe'"), "{error}");
    }
    bus.insert(0x110..=0x110, device()).expect("free");
    bus.insert(0xff..=0xff, device()).expect("free");
}

#[test]
fn the_last_port_wraps_like_the_hardware_does() {
    let bus = PortBus::new();
    let mut data = [0; 4];
    bus.read(0xfffe, &mut data);
    assert_eq!(data, [0xff; 4]);
}
