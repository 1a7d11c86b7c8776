//! The built-in guest moves into a real QEMU, with CPU, serial port and memory as ours saved them, and back.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use memory::{PAGE_SIZE, RamBlock};
use qapi_machine::{Accelerator, GuestConfig, Machine, MachineConfig, MachineKind, SerialSink, guest};
use vmstate::{SliceSource, Source as _};

const RAM: u64 = 16 << 20;

#[derive(Clone, Default)]
struct Console(Arc<Mutex<Vec<u8>>>);

impl SerialSink for Console {
    fn write(&mut self, bytes: &[u8]) -> usize {
        self.0.lock().expect("console").extend(bytes);
        bytes.len()
    }
}

impl Console {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("console")).into_owned()
    }
}

/// Kills QEMU when the test ends, however it ends.
struct Qemu(Child);

impl Drop for Qemu {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A stream as simple as QEMU accepts: one pass over memory, two devices, run state.
fn stream(machine: &Machine) -> Vec<u8> {
    let mut out = b"QEVM\0\0\0\x03\x07\0\0\0\x07microvm".to_vec();
    let section =
        |out: &mut Vec<u8>, kind: u8, id: u32, (name, instance): (&str, u32), version: u32, content: &[u8]| {
            out.push(kind);
            out.extend(id.to_be_bytes());
            if kind == 1 || kind == 4 {
                out.push(name.len() as u8);
                out.extend(name.bytes());
                out.extend(instance.to_be_bytes());
                out.extend(version.to_be_bytes());
            }
            out.extend(content);
            out.push(0x7e);
            out.extend(id.to_be_bytes());
        };
    let block = &machine.ram()[0];
    let named = |word: u64| [&word.to_be_bytes()[..], &[block.name().len() as u8], block.name().as_bytes()].concat();
    let mut start = named(block.size() | 4);
    start.extend(block.size().to_be_bytes());
    start.extend(0x10u64.to_be_bytes());
    section(&mut out, 1, 1, ("ram", 0), 4, &start);
    let mut pages = Vec::new();
    let mut page = [0; PAGE_SIZE as usize];
    for number in 0..block.pages() {
        block.read_page(number, &mut page).expect("memory");
        if !memory::is_zero(&page) {
            pages.extend(named((number * PAGE_SIZE) | 8));
            pages.extend(page);
        }
    }
    pages.extend(0x10u64.to_be_bytes());
    section(&mut out, 2, 1, ("", 0), 0, &pages);
    section(&mut out, 3, 1, ("", 0), 0, &0x10u64.to_be_bytes());
    for (id, device) in (2..).zip(machine.save_devices().expect("saves")) {
        section(&mut out, 4, id, (device.name, device.instance), device.version, &device.payload);
    }
    let mut state = 8u32.to_be_bytes().to_vec();
    state.extend(b"running");
    state.resize(104, 0);
    section(&mut out, 4, 99, ("globalstate", 0), 1, &state);
    out.push(0);
    out
}

/// A running guest in a machine of ours.
fn machine(console: &Console) -> Machine {
    let ram = RamBlock::anonymous("microvm.ram", RAM).expect("memory");
    let config = MachineConfig {
        serial: Some(Box::new(console.clone())),
        guest: GuestConfig { rate: 100_000, pages: 200 },
        ..MachineConfig::new(MachineKind::Microvm, Accelerator::Kvm, ram)
    };
    Machine::new(config).expect("a machine")
}

fn word(machine: &Machine, address: u64) -> u64 {
    let mut bytes = [0; 8];
    machine.memory().read(address, &mut bytes).expect("memory");
    u64::from_le_bytes(bytes)
}

/// Waits until `done`; `progress` is what the failure shows.
fn wait(what: &str, mut done: impl FnMut() -> bool, progress: impl Fn() -> String) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < Duration::from_secs(30), "no {what} in 30 s: {}", progress());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// QEMU with a stream coming in and a monitor on its standard streams.
fn start_qemu(program: &Path, stream: &Path, console: &Path) -> Qemu {
    let child = Command::new(program)
        .args([
            "-machine",
            "microvm",
            "-accel",
            "kvm",
            "-m",
            "16",
            "-nodefaults",
            "-no-user-config",
            "-display",
            "none",
        ])
        .args(["-qmp", "stdio", "-serial", &format!("file:{}", console.display())])
        .args(["-incoming", &format!("exec:cat {}", stream.display())])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    Qemu(child.expect("QEMU starts"))
}

/// Has QEMU write its stream to `file` and ends it.
fn migrate(qemu: &mut Qemu, file: &Path) {
    let mut monitor = qemu.0.stdin.take().expect("the monitor");
    let uri = format!("exec:cat > {}", file.display());
    for command in [
        r#"{"execute":"qmp_capabilities"}"#.to_owned(),
        r#"{"execute":"migrate-set-capabilities","arguments":{"capabilities":[{"capability":"events","state":true}]}}"#
            .into(),
        r#"{"execute":"stop"}"#.into(),
        format!(r#"{{"execute":"migrate","arguments":{{"uri":"{uri}"}}}}"#),
    ] {
        monitor.write_all(format!("{command}\n").as_bytes()).expect("QEMU listens");
    }
    let mut replies = BufReader::new(qemu.0.stdout.take().expect("the monitor"));
    let mut line = String::new();
    while !line.contains(r#""status": "completed""#) {
        assert!(!line.contains(r#""failed""#), "{line}");
        line.clear();
        assert!(replies.read_line(&mut line).expect("QEMU answers") > 0, "QEMU ended");
    }
}

/// Loads memory and devices out of QEMU's stream; sections of devices that only QEMU has are left alone.
fn load(machine: &mut Machine, stream: &[u8]) {
    let mut source = SliceSource::new(&stream[8..]);
    let mut take = |count: usize| {
        let mut bytes = vec![0; count];
        source.read_exact(&mut bytes).expect("more of the stream");
        bytes
    };
    let number = |bytes: Vec<u8>| bytes.iter().fold(0u64, |n, byte| n << 8 | u64::from(*byte));
    assert_eq!(take(1), [7]);
    let length = number(take(4));
    take(length as usize);
    let mut block = Vec::new();
    loop {
        let kind = take(1)[0];
        take(4);
        match kind {
            1 => {
                let length = number(take(1));
                take(length as usize + 8);
            }
            2 | 3 => {}
            _ => break,
        }
        loop {
            let word = number(take(8));
            if word & 0x10 != 0 {
                break;
            }
            if word & 4 != 0 {
                let mut left = word & !0xfff;
                while left > 0 {
                    let length = number(take(1));
                    take(length as usize);
                    left -= number(take(8));
                }
                continue;
            }
            if word & 0x20 == 0 {
                let length = number(take(1));
                block = take(length as usize);
            }
            let page = if word & 2 != 0 { vec![take(1)[0]; 4096] } else { take(4096) };
            if block == b"microvm.ram" {
                machine.ram()[0].write(word & !0xfff, &page).expect("memory");
            }
        }
        take(5);
    }
    let ours = [("cpu", 0, 12), ("apic", 0, 3), ("kvmclock", 0, 1), ("ioapic", 0, 3), ("i8259", 0, 1), ("i8259", 1, 1)];
    for (name, instance, version) in ours.into_iter().chain([("i8254", 0, 3), ("serial", 0, 3)]) {
        let mut header = vec![name.len() as u8];
        header.extend(name.bytes());
        header.extend(u32::to_be_bytes(instance));
        header.extend(u32::to_be_bytes(version));
        let at = stream.windows(header.len()).position(|bytes| bytes == header);
        let at = at.unwrap_or_else(|| panic!("no {name} {instance} in QEMU's stream")) + header.len();
        let mut source = SliceSource::new(&stream[at..]);
        machine.load_device(name, instance, version, &mut source).expect("loads QEMU's section");
        assert_eq!(source.rest().first(), Some(&0x7e), "{name} is read whole");
    }
}

/// The number behind `after` in the first whole heartbeat line of `text`.
fn figure(text: &str, after: &str) -> u64 {
    let line = text.lines().find(|line| line.starts_with("heartbeat")).expect("a whole line");
    let rest = line.split(after).nth(1).unwrap_or_else(|| panic!("no '{after}' in {line}"));
    rest.split([':', ',']).next().and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("no number in {line}"))
}

#[test]
fn the_guest_moves_into_qemu_and_back() {
    let Some(()) = qapi_test_support::kvm("the_guest_moves_into_qemu_and_back") else {
        return;
    };
    let Some(program) = qapi_test_support::qemu("the_guest_moves_into_qemu_and_back") else {
        return;
    };
    let ours = Console::default();
    let mut source = machine(&ours);
    source.resume().expect("runs");
    let ready = || word(&source, guest::DIRTIED) > 1000 && word(&source, guest::BEATS) > 0;
    wait("heartbeat", ready, || ours.text());
    source.pause().expect("pauses");
    let (counter, beats) = (word(&source, guest::COUNTER), word(&source, guest::BEATS));

    let folder = std::env::temp_dir().join(format!("qapi-machine-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let [there, back, console] = ["there", "back", "console"].map(|name| folder.join(name));
    std::fs::write(&there, stream(&source)).expect("writes the stream");
    let mut qemu = start_qemu(&program, &there, &console);
    let text = || std::fs::read_to_string(&console).unwrap_or_default();
    wait("heartbeats in QEMU", || text().matches("\r\n").count() > 1, text);
    migrate(&mut qemu, &back);
    drop(qemu);
    let (said, stream) = (text(), std::fs::read(&back).expect("QEMU's stream"));
    std::fs::remove_dir_all(&folder).expect("removes its folder");
    assert_eq!(figure(&said, "heartbeat "), beats + 1, "{said}");
    assert!(figure(&said, "counter ") > counter, "{said}");
    assert_eq!(figure(&said, "errors "), 0, "{said}");
    assert!(!said.contains("QAPI"), "it does not start over: {said}");

    let ours = Console::default();
    let mut home = machine(&ours);
    load(&mut home, &stream);
    let (counter, beats) = (word(&home, guest::COUNTER), word(&home, guest::BEATS));
    // Not more, when the guest left here in the middle of a line: then QEMU may have shown but one whole line.
    assert!(beats >= figure(&said, "heartbeat "));
    home.resume().expect("runs");
    wait("heartbeat at home", || ours.text().contains(", errors "), || ours.text());
    home.pause().expect("pauses");
    assert!(word(&home, guest::COUNTER) > counter);
    assert_eq!(word(&home, guest::ERRORS), 0);
    assert!(!ours.text().contains("QAPI"), "it does not start over: {}", ours.text());
}
