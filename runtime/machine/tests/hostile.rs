//! Saved states and guests that mean harm: nothing they do may crash or hang the machine, or grow it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use kvm::CpuState;
use memory::RamBlock;
use qapi_machine::{Accelerator, Machine, MachineConfig, MachineEvent, MachineKind, SavedDevice, SerialSink};
use vmstate::SliceSource;

const RAM: u64 = 16 << 20;
/// Where the guests of these tests stand.
const CODE: u64 = 0x8_0000;
/// What string instructions send.
const DATA: u64 = 0x9_0000;

/// Numbers that look random and are the same in each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, limit: usize) -> usize {
        self.next() as usize % limit
    }
}

/// Takes a third of what it is offered, now and then nothing.
struct Fickle(u64);

impl SerialSink for Fickle {
    fn write(&mut self, bytes: &[u8]) -> usize {
        self.0 += 1;
        if self.0.is_multiple_of(5) { 0 } else { bytes.len().div_ceil(3) }
    }
}

fn machine(accelerator: Accelerator) -> (Machine, Arc<AtomicU64>, mpsc::Receiver<MachineEvent>) {
    let ram = RamBlock::anonymous("microvm.ram", RAM).unwrap();
    let mut config = MachineConfig::new(MachineKind::Microvm, accelerator, ram);
    config.serial = Some(Box::new(Fickle(0)));
    let count = Arc::new(AtomicU64::new(0));
    let (tell, events) = mpsc::channel();
    let (counted, tell) = (Arc::clone(&count), std::sync::Mutex::new(tell));
    config.events = Arc::new(move |event| {
        counted.fetch_add(1, Ordering::SeqCst);
        let _ = tell.lock().unwrap().send(event);
    });
    (Machine::new(config).unwrap(), count, events)
}

fn load(machine: &mut Machine, device: &SavedDevice, payload: &[u8]) -> Result<(), String> {
    let mut source = SliceSource::new(payload);
    let loaded = machine.load_device(device.name, device.instance, device.version, &mut source);
    loaded.map_err(|error| error.to_string())
}

/// Damages some bytes: single bits, extremes, or all of a stretch.
fn damage(payload: &mut [u8], random: &mut Random) {
    for _ in 0..=random.below(4) {
        let at = random.below(payload.len());
        match random.below(4) {
            0 => payload[at] ^= 1 << random.below(8),
            1 => payload[at] = 0xff,
            2 => payload[at] = random.next() as u8,
            _ => {
                let end = (at + 8).min(payload.len());
                payload[at..end].fill(random.next() as u8);
            }
        }
    }
}

/// Loads damaged states, runs the machine for a moment and sees whether it still obeys.
fn torment(accelerator: Accelerator, rounds: usize) {
    let (mut machine, ..) = machine(accelerator);
    machine.resume().unwrap();
    machine.pause().unwrap();
    let saved = machine.save_devices().unwrap();
    let mut random = Random(42);
    let (mut accepted, mut refused) = (0, 0);
    let begin = Instant::now();
    for round in 0..rounds {
        let device = &saved[round % saved.len()];
        let mut payload = device.payload.clone();
        damage(&mut payload, &mut random);
        if random.below(20) == 0 {
            payload.truncate(random.below(payload.len()));
        }
        match load(&mut machine, device, &payload) {
            Ok(()) => accepted += 1,
            Err(_) => refused += 1,
        }
        // A CPU may fail at once, or run wild; ports answer and the owner is obeyed all the same.
        if machine.resume().is_ok() {
            for port in 0x3f8..0x400 {
                machine.port_write(port, &[random.next() as u8]);
                machine.port_read(port, &mut [0]);
            }
            let port = machine.serial().unwrap();
            port.receive(&[7; 40]);
            port.flush();
        }
        machine.pause().unwrap_or_else(|error| panic!("round {round}, {}: {error}", device.name));
        // What was accepted can be saved again.
        let again = machine.save_devices();
        again.unwrap_or_else(|error| panic!("round {round}, {}: {error}", device.name));
        machine.reset().unwrap_or_else(|error| panic!("round {round}, {}: {error}", device.name));
    }
    assert!(accepted > rounds / 20 && refused > 0, "{accepted} accepted, {refused} refused");
    assert!(begin.elapsed() < Duration::from_secs(100), "{:?} for {rounds} rounds", begin.elapsed());
    for device in &saved {
        load(&mut machine, device, &device.payload).unwrap();
    }
}

#[test]
fn damaged_states_are_refused_or_harmless_without_an_accelerator() {
    torment(Accelerator::Qtest, 4000);
}

#[test]
fn damaged_states_are_refused_or_harmless_on_kvm() {
    if qapi_test_support::kvm("damaged_states_are_refused_or_harmless_on_kvm").is_some() {
        torment(Accelerator::Kvm, 1500);
    }
}

#[test]
fn every_port_takes_every_size() {
    let (mut machine, ..) = machine(Accelerator::Qtest);
    machine.resume().unwrap();
    for port in 0..=u16::MAX {
        for value in [0x00, 0xfe, 0xff] {
            for size in [1, 2, 4] {
                machine.port_write(port, &[value; 4][..size]);
                machine.port_read(port, &mut [0; 4][..size]);
            }
        }
    }
    machine.pause().unwrap();
    machine.save_devices().unwrap();
}

/// Has the CPU run `code` in 64-bit ring 0 with these registers: RCX, RDX, RSI.
fn execute(machine: &mut Machine, code: &[u8], [rcx, rdx, rsi]: [u64; 3]) {
    machine.memory().write(CODE, code).unwrap();
    let mut state: Box<CpuState> = machine.cpu_state(0).unwrap();
    state.rip = CODE;
    (state.regs[1], state.regs[2], state.regs[6]) = (rcx, rdx, rsi);
    let payload = vmstate::save(&mut *state).unwrap();
    machine.load_device("cpu", 0, 12, &mut SliceSource::new(&payload)).unwrap();
}

#[test]
fn a_string_of_reset_commands_is_few_resets() {
    if qapi_test_support::kvm("a_string_of_reset_commands_is_few_resets").is_none() {
        return;
    }
    let (mut machine, count, events) = machine(Accelerator::Kvm);
    machine.memory().write(DATA, &[0xfe; 4096]).unwrap();
    // rep outsb; jmp $
    execute(&mut machine, &[0xf3, 0x6e, 0xeb, 0xfe], [4096, 0x64, DATA]);
    machine.resume().unwrap();
    assert_eq!(events.recv_timeout(Duration::from_secs(10)).unwrap(), MachineEvent::ResetRequested);
    machine.pause().unwrap();
    let told = count.load(Ordering::SeqCst);
    assert!(told < 64, "{told} requests for one instruction");
    machine.reset().unwrap();
}

#[test]
fn a_guest_that_floods_all_ports_can_be_paused() {
    if qapi_test_support::kvm("a_guest_that_floods_all_ports_can_be_paused").is_none() {
        return;
    }
    let (mut machine, ..) = machine(Accelerator::Kvm);
    machine.memory().write(DATA, &[0x41; 4096]).unwrap();
    // Ever again: rep outsb, outsw, outsd of many bytes to the serial port, which wraps around at the end of the count.
    for (code, port) in [
        // 1: mov ecx,512; mov esi,DATA; rep outs; jmp 1b
        (&[0xb9, 0, 2, 0, 0, 0xbe, 0, 0, 9, 0, 0xf3, 0x6e, 0xeb, 0xf2][..], 0x3f8),
        (&[0xb9, 0, 2, 0, 0, 0xbe, 0, 0, 9, 0, 0x66, 0xf3, 0x6f, 0xeb, 0xf1][..], 0x3f8),
        (&[0xb9, 0, 2, 0, 0, 0xbe, 0, 0, 9, 0, 0xf3, 0x6f, 0xeb, 0xf2][..], 0x3f6),
        // 1: out dx, al; inc dx; jmp 1b
        (&[0xee, 0x66, 0xff, 0xc2, 0xeb, 0xfb][..], 0),
        // 1: in eax, dx; inc dx; jmp 1b
        (&[0xed, 0x66, 0xff, 0xc2, 0xeb, 0xfb][..], 0),
    ] {
        execute(&mut machine, code, [0, port, DATA]);
        machine.resume().unwrap();
        for _ in 0..20 {
            std::thread::sleep(Duration::from_millis(3));
            let began = Instant::now();
            machine.pause().unwrap();
            assert!(began.elapsed() < Duration::from_secs(5), "paused after {:?}", began.elapsed());
            machine.save_devices().unwrap();
            machine.resume().unwrap();
        }
        machine.reset().unwrap();
        machine.pause().unwrap();
    }
}
