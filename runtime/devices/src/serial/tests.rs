//! Tests of the serial port, with no virtual machine around.

use std::sync::{Arc, Mutex};

use vmstate::SliceSource;

use super::*;

/// What the far end saw and how much it takes.
#[derive(Default)]
struct Far {
    got: Vec<u8>,
    budget: usize,
    rooms: u32,
}

#[derive(Clone, Default)]
struct FarEnd(Arc<Mutex<Far>>);

impl Sink for FarEnd {
    fn write(&mut self, bytes: &[u8]) -> usize {
        let mut far = self.0.lock().expect("far end");
        let taken = bytes.len().min(far.budget);
        far.budget -= taken;
        far.got.extend(&bytes[..taken]);
        taken
    }

    fn room(&mut self) {
        self.0.lock().expect("far end").rooms += 1;
    }
}

struct Bench {
    port: Serial,
    far: FarEnd,
    level: Arc<Mutex<Vec<bool>>>,
}

fn bench(budget: usize) -> Bench {
    let far = FarEnd::default();
    far.0.lock().expect("far end").budget = budget;
    let level = Arc::new(Mutex::new(Vec::new()));
    let line = level.clone();
    let irq = move |l: bool| line.lock().expect("line").push(l);
    let mut port = Serial::new(Box::new(irq), Box::new(far.clone()));
    port.start();
    Bench { port, far, level }
}

impl Bench {
    fn got(&self) -> Vec<u8> {
        self.far.0.lock().expect("far end").got.clone()
    }
    fn irq(&self) -> bool {
        self.level.lock().expect("line").last().copied().unwrap_or(false)
    }
    fn migrate(&mut self, budget: usize) -> Bench {
        self.port.pause();
        let mut copy = bench(budget);
        copy.port.pause();
        let bytes = vmstate::save(&mut *self.port.save().expect("state")).expect("saves");
        let mut source = SliceSource::new(&bytes);
        copy.port.load(3, &mut source).expect("loads");
        assert!(source.rest().is_empty());
        copy.port.resume();
        self.port.resume();
        copy
    }
}

#[test]
fn reset_values_are_the_ones_a_pc_shows() {
    let mut b = bench(0);
    let values: Vec<u8> = (1..8).map(|offset| b.port.read(offset)).collect();
    assert_eq!(values, [0, 0x01, 0, 0x08, 0x60, 0xb0, 0]);
}

#[test]
fn bytes_go_out_in_order_and_raise_the_empty_interrupt() {
    let mut b = bench(usize::MAX);
    b.port.write(1, 0x02);
    assert!(b.irq(), "enabling with an empty transmitter interrupts");
    assert_eq!(b.port.read(2), 0x02);
    assert!(!b.irq(), "reading the identification acknowledges");
    for byte in *b"hello" {
        b.port.write(0, byte);
        assert!(b.irq());
        assert_eq!(b.port.read(2), 0x02);
    }
    assert_eq!(b.got(), b"hello");
    assert_eq!(b.port.read(5), 0x60);
}

#[test]
fn a_far_end_that_does_not_take_bytes_holds_the_transmitter() {
    let mut b = bench(0);
    b.port.write(2, 0x01);
    b.port.write(0, b'a');
    assert_eq!(b.port.read(5) & 0x60, 0x20, "one byte is in the shift register");
    for byte in *b"bcdefghijklmnopq" {
        b.port.write(0, byte);
    }
    assert_eq!(b.port.read(5) & 0x60, 0);
    b.far.0.lock().expect("far end").budget = 3;
    b.port.flush();
    assert_eq!(b.got(), b"abc");
    b.far.0.lock().expect("far end").budget = 100;
    b.port.flush();
    assert_eq!(b.got(), b"abcdefghijklmnopq");
    assert_eq!(b.port.read(5), 0x60);
}

#[test]
fn an_overrun_transmitter_loses_the_newest_byte_only() {
    let mut b = bench(0);
    for byte in *b"abc" {
        b.port.write(0, byte);
    }
    b.far.0.lock().expect("far end").budget = 100;
    b.port.flush();
    assert_eq!(b.got(), b"ac");
}

#[test]
fn input_waits_at_the_far_end_until_the_guest_reads() {
    let mut b = bench(0);
    b.port.write(1, 0x01);
    assert_eq!(b.port.receive(b"xyz"), 1);
    assert!(b.irq());
    assert_eq!(b.port.read(2), 0x04);
    assert_eq!(b.port.receive(b"yz"), 0);
    assert_eq!(b.port.read(0), b'x');
    assert!(!b.irq());
    assert_eq!(b.far.0.lock().expect("far end").rooms, 1);
    assert_eq!(b.port.read(0), b'x', "an empty receiver shows its last byte");
    assert_eq!(b.far.0.lock().expect("far end").rooms, 1);
}

#[test]
fn the_fifo_tells_trigger_level_from_timeout() {
    let mut b = bench(0);
    b.port.write(1, 0x01);
    b.port.write(2, 0x41);
    assert_eq!(b.port.receive(b"abc"), 3);
    assert_eq!(b.port.read(2), 0xcc);
    assert_eq!(b.port.receive(b"d"), 1);
    assert_eq!(b.port.read(2), 0xc4);
    assert_eq!(b.port.receive(&[0; 40]), 12);
    assert_eq!(b.port.read(0), b'a');
    b.port.write(2, 0x43);
    assert_eq!(b.port.read(5) & 1, 0, "clearing the receiver empties it");
    assert!(!b.irq());
}

#[test]
fn loopback_returns_data_and_modem_lines() {
    let mut b = bench(100);
    b.port.write(4, 0x1f);
    assert_eq!(b.port.read(6) & 0xf0, 0xf0);
    b.port.write(4, 0x10);
    assert_eq!(b.port.read(6), 0x0f, "all four lines fell");
    assert_eq!(b.port.read(6), 0x00, "reading clears what changed");
    assert_eq!(b.port.receive(b"in"), 0);
    b.port.write(0, 0x5a);
    b.port.write(0, 0xa5);
    assert_eq!(b.port.read(5) & 0x03, 0x03, "data and overrun");
    assert_eq!(b.port.read(5) & 0x02, 0, "reading clears the overrun");
    assert_eq!(b.port.read(0), 0xa5);
    assert!(b.got().is_empty());
    b.port.write(4, 0x08);
    assert_eq!(b.port.read(6), 0xbb, "the far end is there again");
}

#[test]
fn the_divisor_latch_covers_data_and_enables() {
    let mut b = bench(10);
    b.port.write(1, 0x05);
    b.port.write(3, 0x83);
    b.port.write(0, 0x34);
    b.port.write(1, 0x12);
    assert_eq!([b.port.read(0), b.port.read(1)], [0x34, 0x12]);
    b.port.write(3, 0x03);
    assert_eq!(b.port.read(1), 0x05);
    assert!(b.got().is_empty());
}

#[test]
fn nothing_moves_while_the_machine_stands_still() {
    let mut b = bench(0);
    b.port.write(0, b'a');
    b.port.pause();
    let before = b.port.registers.clone();
    b.far.0.lock().expect("far end").budget = 100;
    b.port.flush();
    assert_eq!(b.port.receive(b"x"), 0);
    assert_eq!((b.got(), &b.port.registers), (Vec::new(), &before));
    assert_eq!(b.far.0.lock().expect("far end").rooms, 0);
    b.port.resume();
    assert_eq!(b.got(), b"a", "what waited goes out");
    assert_eq!(b.far.0.lock().expect("far end").rooms, 1, "who was refused hears of it");
    assert_eq!(b.port.receive(b"x"), 1);
}

#[test]
fn a_fresh_port_is_qemus_eleven_bytes() {
    let b = bench(0);
    let bytes = vmstate::save(&mut *b.port.save().expect("state")).expect("saves");
    assert_eq!(bytes, [0x00, 0x0c, 0, 0, 0x01, 0, 0x08, 0x60, 0xb0, 0, 0]);
}

#[test]
fn a_section_written_by_qemu_loads() {
    // Written by QEMU 7.2: FIFO on, interrupts 0x0f, one of the bytes "hel" left, empty interrupt hidden behind the timeout.
    let mut bytes = vec![0x00, 0x0c, 0x00, 0x0f, 0xc4, 0x03, 0x0b, 0x61, 0xb0, 0x00, 0x01];
    let subsection = |bytes: &mut Vec<u8>, name: &str, fields: &[u8]| {
        bytes.extend([5, name.len() as u8]);
        bytes.extend(name.as_bytes());
        bytes.extend([0, 0, 0, 1]);
        bytes.extend(fields);
    };
    subsection(&mut bytes, "serial/thr_ipending", &[0, 0, 0, 1]);
    let mut fifo = *b"\x68\x68\xa2\x58\x05\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01";
    fifo[16..20].copy_from_slice(&1u32.to_be_bytes());
    subsection(&mut bytes, "serial/recv_fifo", &fifo);
    subsection(&mut bytes, "serial/fifo_timeout_timer", &[0, 0, 0, 0, 0, 0x3f, 0x94, 0x08]);
    let mut b = bench(0);
    let mut source = SliceSource::new(&bytes);
    b.port.load(3, &mut source).expect("loads");
    assert!(source.rest().is_empty());
    assert!(b.irq());
    assert_eq!(b.port.read(2), 0xc4);
    assert_eq!(b.port.read(0), b'h');
    assert_eq!(b.port.read(2), 0xc2, "the hidden interrupt shows");
    assert!(!b.irq());
}

#[test]
fn a_transmitter_that_was_blocked_in_qemu_goes_on() {
    // Written by QEMU 7.2 with a socket at the other end that nobody read.
    let bytes = include_bytes!("../../testdata/serial-blocked-qemu-7.2.bin");
    let mut b = bench(0);
    b.port.pause();
    let mut source = SliceSource::new(bytes);
    b.port.load(3, &mut source).expect("loads");
    assert!(source.rest().is_empty());
    assert_eq!(b.port.read(5) & 0x60, 0);
    let saved = vmstate::save(&mut *b.port.save().expect("state")).expect("saves");
    assert_eq!(saved.len(), bytes.len());
    b.far.0.lock().expect("far end").budget = 100;
    b.port.resume();
    assert_eq!(b.got(), b"SXYZABCDEFGHIJabc");
    assert!(b.irq(), "the transmitter is empty");
}

#[test]
fn nothing_is_lost_on_the_way() {
    for fifo in [0x00, 0x81] {
        let mut b = bench(0);
        b.port.write(2, fifo);
        b.port.write(1, 0x0f);
        b.port.write(7, 0x77);
        for byte in *b"queue" {
            b.port.write(0, byte);
        }
        b.port.receive(b"input");
        let before = b.port.registers.clone();
        let mut copy = b.migrate(0);
        // The data register's shadow is not visible while a byte waits.
        assert_eq!(copy.port.registers.save(), before.save());
        assert_eq!(copy.irq(), b.irq());
        copy.far.0.lock().expect("far end").budget = 100;
        b.far.0.lock().expect("far end").budget = 100;
        copy.port.flush();
        b.port.flush();
        assert_eq!(copy.got(), b.got());
        assert_eq!(copy.port.read(0), b.port.read(0));
    }
}

#[test]
fn impossible_fifos_are_refused_and_change_nothing() {
    let mut b = bench(0);
    b.port.write(7, 0x42);
    let mut bytes = vec![0x00, 0x0c, 0, 0, 1, 0, 8, 0x60, 0xb0, 0, 1, 5, 16];
    bytes.extend(b"serial/recv_fifo");
    bytes.extend([0, 0, 0, 1]);
    bytes.extend([0; 16]);
    bytes.extend([0, 0, 0, 0x10, 0, 0, 0, 1]);
    let error = b.port.load(3, &mut SliceSource::new(&bytes)).expect_err("refused");
    assert!(error.to_string().contains("recv_fifo"), "{error}");
    assert_eq!(b.port.read(7), 0x42);
    // Cut short inside a field it is refused; cut before a subsection is known to be one, the bytes stay for the reader behind.
    for cut in 0..bytes.len() {
        let mut source = SliceSource::new(&bytes[..cut]);
        let loaded = b.port.load(3, &mut source).is_ok();
        assert_eq!(loaded, (11..29).contains(&cut), "cut at {cut}");
        assert!(!loaded || source.rest().len() == cut - 11);
    }
}
