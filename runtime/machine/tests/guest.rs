//! The built-in guest on KVM: it runs, stops, starts over, and moves to another machine without losing anything.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use memory::{PAGE_SIZE, RamBlock};
use qapi_machine::{
    Accelerator, GuestConfig, Machine, MachineConfig, MachineEvent, MachineKind, SavedDevice, SerialSink, guest,
};
use vmstate::SliceSource;

const RAM: u64 = 16 << 20;

#[derive(Clone, Default)]
struct Console(Arc<Mutex<Vec<u8>>>);

impl SerialSink for Console {
    fn write(&mut self, bytes: &[u8]) -> usize {
        self.0.lock().expect("console").extend(bytes);
        bytes.len()
    }
}

struct Bench {
    machine: Machine,
    console: Console,
    events: Receiver<MachineEvent>,
}

fn bench(accelerator: Accelerator, guest: GuestConfig) -> Bench {
    let console = Console::default();
    let (tell, events): (Sender<MachineEvent>, _) = channel();
    let tell = Mutex::new(tell);
    let ram = RamBlock::anonymous("microvm.ram", RAM).expect("memory");
    let config = MachineConfig {
        serial: Some(Box::new(console.clone())),
        guest,
        events: Arc::new(move |event| tell.lock().expect("events").send(event).expect("the test listens")),
        ..MachineConfig::new(MachineKind::Microvm, accelerator, ram)
    };
    Bench { machine: Machine::new(config).expect("a machine"), console, events }
}

impl Bench {
    fn word(&self, address: u64) -> u64 {
        let mut bytes = [0; 8];
        self.machine.memory().read(address, &mut bytes).expect("memory");
        u64::from_le_bytes(bytes)
    }

    fn set(&self, address: u64, value: u64) {
        self.machine.memory().write(address, &value.to_le_bytes()).expect("memory");
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.console.0.lock().expect("console")).into_owned()
    }

    /// Waits until `done`, or fails with what the console says.
    fn wait(&self, what: &str, done: impl Fn(&Self) -> bool) {
        let begin = Instant::now();
        while !done(self) {
            if let Ok(event) = self.events.try_recv() {
                panic!("{event:?} while waiting for {what}; console: {}", self.text());
            }
            assert!(begin.elapsed() < Duration::from_secs(20), "no {what} in 20 s; console: {}", self.text());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn counts_on(&self) {
        let before = self.word(guest::COUNTER);
        self.wait("progress of the counter", |b| b.word(guest::COUNTER) > before);
    }

    fn stands_still(&self) {
        let before = self.word(guest::COUNTER);
        std::thread::sleep(Duration::from_millis(100));
        assert_eq!(self.word(guest::COUNTER), before);
    }

    /// Copies memory and devices of a paused machine into another.
    fn move_to(&self, other: &mut Bench) -> Vec<SavedDevice> {
        let (from, to) = (&self.machine.ram()[0], &other.machine.ram()[0]);
        let mut page = [0; PAGE_SIZE as usize];
        for number in 0..from.pages() {
            from.read_page(number, &mut page).expect("memory");
            to.write(number * PAGE_SIZE, &page).expect("memory");
        }
        let saved = self.machine.save_devices().expect("saves");
        for section in &saved {
            let SavedDevice { name, instance, version, payload, description: _ } = section;
            let mut source = SliceSource::new(payload);
            other.machine.load_device(name, *instance, *version, &mut source).expect("loads");
            assert!(source.rest().is_empty(), "{name} is read whole");
        }
        saved
    }
}

fn quiet() -> GuestConfig {
    GuestConfig { rate: 0, pages: 16 }
}

#[test]
fn the_guest_greets_counts_and_beats() {
    let Some(()) = qapi_test_support::kvm("the_guest_greets_counts_and_beats") else {
        return;
    };
    let mut b = bench(Accelerator::Kvm, GuestConfig::default());
    assert_eq!(b.machine.cpus().expect("CPUs").len(), 1);
    b.stands_still();
    b.machine.resume().expect("runs");
    b.wait("greeting", |b| b.text().contains("QAPI built-in guest: counter at 0xb008"));
    b.counts_on();
    b.wait("second heartbeat", |b| b.text().contains("heartbeat 2: counter "));
    assert!(b.text().contains(", errors 0\r\n"), "{}", b.text());
    assert!(b.word(guest::DIRTIED) > 0);
    assert_eq!(b.word(guest::ERRORS), 0);
}

#[test]
fn pause_holds_and_resume_goes_on() {
    let Some(()) = qapi_test_support::kvm("pause_holds_and_resume_goes_on") else {
        return;
    };
    let mut b = bench(Accelerator::Kvm, quiet());
    b.machine.resume().expect("runs");
    b.counts_on();
    for _ in 0..20 {
        b.machine.pause().expect("pauses");
        assert!(!b.machine.is_running());
        b.machine.pause().expect("pausing twice is fine");
        b.machine.resume().expect("runs");
        b.machine.resume().expect("resuming twice is fine");
    }
    b.machine.pause().expect("pauses");
    b.stands_still();
    b.machine.resume().expect("runs");
    b.counts_on();
}

#[test]
fn reset_starts_over_and_keeps_running() {
    let Some(()) = qapi_test_support::kvm("reset_starts_over_and_keeps_running") else {
        return;
    };
    let mut b = bench(Accelerator::Kvm, quiet());
    b.machine.resume().expect("runs");
    b.wait("a high count", |b| b.word(guest::COUNTER) > 100_000);
    b.machine.pause().expect("pauses");
    b.machine.reset().expect("resets");
    assert_eq!(b.word(guest::COUNTER), 0);
    b.stands_still();
    b.machine.resume().expect("runs");
    b.wait("second greeting", |b| b.text().matches("QAPI built-in guest").count() == 2);
    b.wait("a high count", |b| b.word(guest::COUNTER) > 100_000);
    b.machine.reset().expect("resets");
    assert!(b.machine.is_running());
    b.wait("third greeting", |b| b.text().matches("QAPI built-in guest").count() == 3);
    b.counts_on();
}

#[test]
fn the_guest_moves_without_losing_anything() {
    let Some(()) = qapi_test_support::kvm("the_guest_moves_without_losing_anything") else {
        return;
    };
    let mut a = bench(Accelerator::Kvm, GuestConfig { rate: 100_000, pages: 200 });
    a.machine.resume().expect("runs");
    a.wait("two rounds of the working set", |b| b.word(guest::DIRTIED) > 400);
    // Stop at many places: nearly all in ring 3, with the sequence number in a vector register.
    for _ in 0..10 {
        a.machine.pause().expect("pauses");
        let (counter, dirtied) = (a.word(guest::COUNTER), a.word(guest::DIRTIED));
        let mut b = bench(Accelerator::Kvm, quiet());
        let sent = a.move_to(&mut b);
        let again = b.machine.save_devices().expect("saves");
        assert_same(&sent, &again);
        assert_eq!(b.word(guest::COUNTER), counter);
        b.machine.resume().expect("runs");
        b.wait("five more rounds", |b| b.word(guest::DIRTIED) > dirtied + 1000);
        assert!(b.word(guest::COUNTER) > counter);
        assert_eq!(b.word(guest::ERRORS), 0, "{}", b.text());
        assert!(!b.text().contains("QAPI"), "it does not start over: {}", b.text());
        a = b;
    }
    let beats = a.word(guest::BEATS);
    a.wait("a heartbeat", |b| b.word(guest::BEATS) > beats);
    a.wait("its line", |b| b.text().contains(", errors 0\r\n"));
}

/// Compares sections except for clocks, which run on.
fn assert_same(sent: &[SavedDevice], again: &[SavedDevice]) {
    let names: Vec<_> = sent.iter().map(|s| (s.name, s.instance)).collect();
    assert_eq!(
        names,
        [
            ("cpu", 0),
            ("apic", 0),
            ("kvmclock", 0),
            ("ioapic", 0),
            ("i8259", 0),
            ("i8259", 1),
            ("i8254", 0),
            ("serial", 0)
        ]
    );
    let cpu = |section: &SavedDevice| {
        let mut state = qapi_machine::CpuState::default();
        vmstate::load(&mut state, section.version, &mut SliceSource::new(&section.payload)).expect("loads");
        state.tsc = 0;
        state
    };
    for (one, other) in sent.iter().zip(again) {
        match one.name {
            "cpu" => assert_eq!(cpu(one), cpu(other)),
            "kvmclock" => {}
            _ => assert_eq!(one, other),
        }
    }
}

#[test]
fn the_rate_word_rules_and_the_dirty_log_sees_it() {
    let Some(()) = qapi_test_support::kvm("the_rate_word_rules_and_the_dirty_log_sees_it") else {
        return;
    };
    let mut b = bench(Accelerator::Kvm, quiet());
    let ram = b.machine.ram()[0].clone();
    let first = guest::WORKING_SET / PAGE_SIZE;
    let mut log = b.machine.dirty_log();
    b.machine.resume().expect("runs");
    b.counts_on();
    log.start().expect("starts");
    log.sync().expect("syncs");
    ram.dirty().clear();
    b.counts_on();
    log.sync().expect("syncs");
    assert!(ram.dirty().test(guest::COUNTER / PAGE_SIZE), "the control block is written all the time");
    assert_eq!((0..b.word(guest::LIMIT)).filter(|n| ram.dirty().test(first + n)).count(), 0, "rate 0 dirties nothing");
    b.set(guest::PAGES, 100);
    b.set(guest::RATE, 10_000);
    b.wait("three rounds", |b| b.word(guest::DIRTIED) > 300);
    log.sync().expect("syncs");
    for page in 0..120 {
        assert_eq!(ram.dirty().test(first + page), page < 100, "page {page} of the working set");
    }
    b.machine.pause().expect("pauses");
    log.sync().expect("syncs");
    ram.dirty().clear();
    log.sync().expect("syncs");
    assert_eq!(ram.dirty().count(), 0, "a paused machine dirties nothing");
    log.stop().expect("stops");
    assert_eq!(b.word(guest::ERRORS), 0);
}

#[test]
fn rates_are_kept_roughly() {
    let Some(()) = qapi_test_support::kvm("rates_are_kept_roughly") else {
        return;
    };
    let mut b = bench(Accelerator::Kvm, GuestConfig { rate: 5000, pages: 500 });
    b.machine.resume().expect("runs");
    b.wait("the first page", |b| b.word(guest::DIRTIED) > 0);
    let (begin, before) = (Instant::now(), b.word(guest::DIRTIED));
    std::thread::sleep(Duration::from_secs(1));
    let rate = (b.word(guest::DIRTIED) - before) as f64 / begin.elapsed().as_secs_f64();
    // A busy host takes the CPU away for longer than the guest makes up for, so only the upper end is sharp.
    assert!((1000.0..6000.0).contains(&rate), "{rate} pages/s");
}

#[test]
fn an_nmi_reaches_the_guest() {
    let Some(()) = qapi_test_support::kvm("an_nmi_reaches_the_guest") else {
        return;
    };
    let mut b = bench(Accelerator::Kvm, quiet());
    b.machine.resume().expect("runs");
    b.counts_on();
    b.machine.inject_nmi().expect("injects");
    b.wait("NMI line", |b| b.text().contains("NMI\r\n"));
    b.counts_on();
}

#[test]
fn addresses_translate_and_cpus_have_threads() {
    let Some(()) = qapi_test_support::kvm("addresses_translate_and_cpus_have_threads") else {
        return;
    };
    let mut b = bench(Accelerator::Kvm, quiet());
    assert_eq!(b.machine.translate(0, guest::COUNTER).expect("translates"), Some(guest::COUNTER));
    assert_eq!(b.machine.translate(0, 1 << 40).expect("translates"), None);
    assert!(b.machine.translate(1, 0).is_err());
    b.machine.resume().expect("runs");
    assert_eq!(b.machine.translate(0, guest::COUNTER).expect("translates"), Some(guest::COUNTER));
    let thread = b.machine.cpus().expect("CPUs")[0].thread_id;
    let name = std::fs::read_to_string(format!("/proc/self/task/{thread}/comm")).expect("a thread of this process");
    assert_eq!(name.trim(), "CPU 0/KVM");
}

#[test]
fn a_guest_that_falls_over_asks_for_a_reset() {
    let Some(()) = qapi_test_support::kvm("a_guest_that_falls_over_asks_for_a_reset") else {
        return;
    };
    let mut b = bench(Accelerator::Kvm, quiet());
    // Without a usable interrupt table the first fault becomes a triple fault.
    b.machine.memory().write(0x2000, &[0; 4096]).expect("memory");
    b.machine.resume().expect("runs");
    let event = b.events.recv_timeout(Duration::from_secs(20)).expect("an event");
    assert_eq!(event, MachineEvent::ResetRequested);
    b.machine.reset().expect("resets");
    b.counts_on();
}

#[test]
fn without_kvm_ports_and_memory_still_work() {
    let mut b = bench(Accelerator::Qtest, quiet());
    b.machine.resume().expect("resumes");
    b.machine.port_write(0x3f8, b"!");
    assert_eq!(b.text(), "!");
    b.machine.port_write(0x64, &[0xfe]);
    assert_eq!(b.events.try_recv(), Ok(MachineEvent::ResetRequested));
    b.set(0x8000, 42);
    b.machine.reset().expect("resets");
    assert_eq!(b.word(0x8000), 42, "memory outlives a reset");
    assert_eq!(b.word(guest::MAGIC), 0, "no guest is loaded that nobody runs");
    b.machine.pause().expect("pauses");
    let mut other = bench(Accelerator::Qtest, quiet());
    let sent = b.move_to(&mut other);
    assert_eq!(sent.iter().map(|s| s.name).collect::<Vec<_>>(), ["cpu", "serial"]);
    assert_eq!(sent, other.machine.save_devices().expect("saves"));
}

#[test]
fn unknown_sections_and_impossible_boards_are_refused() {
    let mut b = bench(Accelerator::Qtest, quiet());
    for (name, instance) in [("cpu", 1), ("serial", 1), ("fw_cfg", 0)] {
        let error = b.machine.load_device(name, instance, 1, &mut SliceSource::new(&[])).expect_err("refused");
        assert!(error.to_string().contains(name), "{error}");
    }
    let error = b.machine.load_device("cpu", 0, 12, &mut SliceSource::new(&[0; 1000])).expect_err("too short");
    assert!(error.to_string().contains("cpu"), "{error}");
    let small = RamBlock::anonymous("microvm.ram", 4096).expect("memory");
    let error =
        Machine::new(MachineConfig::new(MachineKind::Microvm, Accelerator::Qtest, small)).err().expect("refused");
    assert!(error.to_string().contains("needs 64 KiB"), "{error}");
    let ram = RamBlock::anonymous("ram", 4096).expect("memory");
    let two = MachineConfig { cpus: 2, ..MachineConfig::new(MachineKind::Microvm, Accelerator::Qtest, ram.clone()) };
    assert!(Machine::new(two).is_err());
    let mut none = Machine::new(MachineConfig::new(MachineKind::None, Accelerator::Qtest, ram)).expect("a machine");
    assert!(none.save_devices().expect("saves").is_empty() && none.cpus().expect("CPUs").is_empty());
    none.resume().expect("resumes");
    none.reset().expect("resets");
}

#[test]
fn a_mutilated_cpu_is_refused_or_runs_into_trouble_and_can_be_reset() {
    let Some(()) = qapi_test_support::kvm("a_mutilated_cpu_is_refused_or_runs_into_trouble_and_can_be_reset") else {
        return;
    };
    let mut b = bench(Accelerator::Kvm, quiet());
    b.machine.resume().expect("runs");
    b.counts_on();
    b.machine.pause().expect("pauses");
    let saved = b.machine.save_devices().expect("saves");
    let good = &saved.iter().find(|s| s.name == "cpu").expect("a CPU section").payload;
    let mut random = 1u64;
    let (mut refused, mut taken) = (0, 0);
    for round in 0..300 {
        let mut payload = good.clone();
        // From one damaged byte to a hundred.
        for _ in 0..=round / 3 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = (random >> 33) as usize % payload.len();
            payload[at] ^= (random >> 24) as u8;
        }
        match b.machine.load_device("cpu", 0, 12, &mut SliceSource::new(&payload)) {
            Err(_) => refused += 1,
            Ok(()) => {
                taken += 1;
                b.machine.resume().expect("runs");
                std::thread::sleep(Duration::from_millis(1));
                b.machine.pause().expect("pauses");
            }
        }
    }
    assert!(refused > 0 && taken > 0, "{refused} refused, {taken} taken");
    b.machine.reset().expect("resets");
    while b.events.try_recv().is_ok() {}
    b.machine.resume().expect("runs");
    b.counts_on();
}
