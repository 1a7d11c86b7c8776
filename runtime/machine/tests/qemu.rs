//! The built-in guest moves into a real QEMU: CPU, serial port and memory as ours saved them.

use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use memory::{PAGE_SIZE, RamBlock};
use qapi_machine::{
    Accelerator, GuestConfig, Machine, MachineConfig, MachineKind, SerialSink, guest,
};

const RAM: u64 = 16 << 20;

#[derive(Clone, Default)]
struct Console(Arc<Mutex<Vec<u8>>>);

impl SerialSink for Console {
    fn write(&mut self, bytes: &[u8]) -> usize {
        self.0.lock().expect("console").extend(bytes);
        bytes.len()
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
        |out: &mut Vec<u8>, kind: u8, id: u32, name: &str, version: u32, content: &[u8]| {
            out.push(kind);
            out.extend(id.to_be_bytes());
            if kind == 1 || kind == 4 {
                out.push(name.len() as u8);
                out.extend(name.bytes());
                out.extend(0u32.to_be_bytes());
                out.extend(version.to_be_bytes());
            }
            out.extend(content);
            out.push(0x7e);
            out.extend(id.to_be_bytes());
        };
    let block = &machine.ram()[0];
    let named = |word: u64| {
        [
            &word.to_be_bytes()[..],
            &[block.name().len() as u8],
            block.name().as_bytes(),
        ]
        .concat()
    };
    let mut start = named(block.size() | 4);
    start.extend(block.size().to_be_bytes());
    start.extend(0x10u64.to_be_bytes());
    section(&mut out, 1, 1, "ram", 4, &start);
    let mut pages = Vec::new();
    let mut page = [0; PAGE_SIZE as usize];
    for number in 0..block.pages() {
        block.read_page(number, &mut page).expect("memory");
        if !memory::is_zero(&page) {
            pages.extend(named(number * PAGE_SIZE | 8));
            pages.extend(page);
        }
    }
    pages.extend(0x10u64.to_be_bytes());
    section(&mut out, 2, 1, "", 0, &pages);
    section(&mut out, 3, 1, "", 0, &0x10u64.to_be_bytes());
    for (id, device) in (2..).zip(machine.save_devices().expect("saves")) {
        section(
            &mut out,
            4,
            id,
            device.name,
            device.version,
            &device.payload,
        );
    }
    let mut state = 8u32.to_be_bytes().to_vec();
    state.extend(b"running");
    state.resize(104, 0);
    section(&mut out, 4, 99, "globalstate", 1, &state);
    out.push(0);
    out
}

#[test]
fn the_guest_moves_into_qemu() {
    let Some(()) = qapi_test_support::kvm("the_guest_moves_into_qemu") else {
        return;
    };
    let Some(qemu) = qapi_test_support::qemu("the_guest_moves_into_qemu") else {
        return;
    };
    let ram = RamBlock::anonymous("microvm.ram", RAM).expect("memory");
    let config = MachineConfig {
        serial: Some(Box::new(Console::default())),
        guest: GuestConfig {
            rate: 100_000,
            pages: 200,
        },
        ..MachineConfig::new(MachineKind::Microvm, Accelerator::Kvm, ram)
    };
    let mut machine = Machine::new(config).expect("a machine");
    let word = |machine: &Machine, address| {
        let mut bytes = [0; 8];
        machine.memory().read(address, &mut bytes).expect("memory");
        u64::from_le_bytes(bytes)
    };
    machine.resume().expect("runs");
    let begin = Instant::now();
    while word(&machine, guest::DIRTIED) < 1000 || word(&machine, guest::BEATS) < 1 {
        assert!(
            begin.elapsed() < Duration::from_secs(20),
            "the guest does not run"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    machine.pause().expect("pauses");
    let (counter, beats) = (word(&machine, guest::COUNTER), word(&machine, guest::BEATS));

    let folder = std::env::temp_dir().join(format!("qapi-machine-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let (file, console) = (folder.join("stream"), folder.join("console"));
    std::fs::write(&file, stream(&machine)).expect("writes the stream");
    let child = Command::new(qemu)
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
        .arg("-serial")
        .arg(format!("file:{}", console.display()))
        .arg("-incoming")
        .arg(format!("exec:cat {}", file.display()))
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut qemu = Qemu(child.expect("QEMU starts"));
    let (begin, mut text) = (Instant::now(), String::new());
    while text.matches(", errors ").count() < 2 {
        if qemu.0.try_wait().expect("QEMU's state").is_some()
            || begin.elapsed() > Duration::from_secs(30)
        {
            let _ = qemu.0.kill();
            let mut said = String::new();
            if let Some(mut stderr) = qemu.0.stderr.take() {
                std::io::Read::read_to_string(&mut stderr, &mut said).expect("QEMU's words");
            }
            panic!("the guest does not go on in QEMU; console: {text}; QEMU: {said}");
        }
        std::thread::sleep(Duration::from_millis(20));
        text = std::fs::read_to_string(&console).unwrap_or_default();
    }
    drop(qemu);
    std::fs::remove_dir_all(&folder).expect("removes its folder");
    let line = text
        .lines()
        .find(|line| line.starts_with("heartbeat"))
        .expect("a whole line");
    let number = |after: &str| {
        let rest = line
            .split(after)
            .nth(1)
            .unwrap_or_else(|| panic!("no '{after}' in {line}"));
        rest.split([':', ','])
            .next()
            .and_then(|n| n.parse::<u64>().ok())
            .expect("a number")
    };
    assert_eq!(number("heartbeat "), beats + 1, "{line}");
    assert!(number("counter ") > counter, "{line}");
    assert_eq!(number("errors "), 0, "{line}");
    assert!(!text.contains("QAPI"), "it does not start over: {text}");
}
