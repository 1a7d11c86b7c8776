//! Two engines of ours, one on each end of a connection, with a guest that dirties memory meanwhile.

mod fake;

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    sync::{Arc, Mutex, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use fake::{FakeVm, Toy};
use qapi_migration::{
    Address, IncomingOutcome, Listener, MigrationError, MigrationEvent, MigrationState, Settings, Status, TimerState,
    ZeroPageDetection, receive, receive_from, send, send_to,
};

const MIB: u64 = 1 << 20;

fn begun() -> Arc<MigrationState> {
    let state = MigrationState::new(|_| {});
    state.begin().unwrap();
    state
}

/// A state that notes what its observer hears.
fn observed() -> (Arc<MigrationState>, Arc<Mutex<Vec<MigrationEvent>>>) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&events);
    let state = MigrationState::new(move |event| heard.lock().unwrap().push(event));
    state.begin().unwrap();
    (state, events)
}

/// Sends into memory and gives the bytes.
fn capture(vm: &mut FakeVm, settings: &Settings) -> Vec<u8> {
    let mut bytes = Vec::new();
    let outcome = send(vm, &mut bytes, settings, &begun());
    assert_eq!(outcome.status, Status::Completed, "{:?}", outcome.error);
    bytes
}

fn load(vm: &mut FakeVm, bytes: &[u8]) -> IncomingOutcome {
    receive(vm, bytes, None, &Settings::default(), &begun())
}

fn refusal(vm: &mut FakeVm, bytes: &[u8]) -> String {
    let outcome = load(vm, bytes);
    assert_eq!(outcome.status, Status::Failed);
    outcome.result.unwrap_err().to_string()
}

fn small() -> FakeVm {
    let vm = FakeVm::new(MIB);
    vm.fill();
    vm
}

#[test]
fn a_running_guest_arrives_whole() {
    let mut source = FakeVm::new(32 * MIB);
    source.fill();
    source.toy = Toy { level: 7, extra: Some(9) };
    source.timer = Some(TimerState { cpu_ticks_offset: -5, cpu_clock_offset: 6 });
    source.last_page = Some(5000);
    source.run_guest(2000, 64);
    while source.writes.load(Ordering::SeqCst) == 0 {
        thread::yield_now();
    }
    let (ours, theirs) = UnixStream::pair().unwrap();
    let receiver = thread::spawn(move || {
        let mut target = FakeVm::new(32 * MIB);
        // Memory that is not zero to begin with, as after an earlier attempt.
        target.block.fill(0, 32 << 20, 0xa5).unwrap();
        let back = Box::new(theirs.try_clone().unwrap());
        let outcome = receive(&mut target, theirs, Some(back), &Settings::default(), &begun());
        (target, outcome)
    });
    let (state, events) = observed();
    // With no downtime allowed at all only an empty rest would do; this much makes it iterate.
    let settings = Settings { downtime_limit: Duration::from_millis(5), ..Settings::default() };
    let outcome = send(&mut source, ours, &settings, &state);
    assert_eq!((outcome.status, outcome.stopped), (Status::Completed, true), "{:?}", outcome.error);
    let (target, received) = receiver.join().unwrap();
    assert_eq!(received.status, Status::Completed);
    let loaded = received.result.unwrap();
    assert!(source.content() == target.content(), "memory differs");
    assert_eq!((&target.toy, loaded.run_state.as_deref(), loaded.timer), (&source.toy, Some("running"), source.timer));
    assert!(!source.log.on.load(Ordering::SeqCst), "the log is still on");

    let stats = state.stats();
    assert_eq!((stats.total, stats.remaining), (32 * MIB, 0));
    // 8192 pages at least once, those that the guest wrote again.
    assert!(stats.normal + stats.duplicate > 8192 && stats.duplicate > 2000, "{stats:?}");
    assert!(stats.transferred > stats.normal_bytes() && stats.dirty_sync_count >= 2, "{stats:?}");
    let events = events.lock().unwrap();
    let statuses: Vec<_> = events.iter().filter(|event| matches!(event, MigrationEvent::Status(_))).copied().collect();
    let expected = [Status::Setup, Status::Active, Status::Device, Status::Completed].map(MigrationEvent::Status);
    assert_eq!(statuses, expected);
    let passes = events.iter().filter(|event| matches!(event, MigrationEvent::Pass(_))).count() as u64;
    assert_eq!(passes, stats.dirty_sync_count);
}

#[test]
fn a_guest_that_dirties_too_fast_goes_on_until_cancelled() {
    let mut source = FakeVm::new(8 * MIB);
    source.fill();
    source.log.dirty_at_sync = 100;
    source.run_guest(2000, 64);
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let drain = thread::spawn(move || {
        let mut sink = vec![0; 1 << 16];
        let mut last = Vec::new();
        while let Ok(length @ 1..) = theirs.read(&mut sink) {
            last = sink[..length].to_vec();
        }
        last
    });
    let (state, _) = observed();
    let canceller = {
        let state = Arc::clone(&state);
        thread::spawn(move || {
            let started = Instant::now();
            while state.stats().dirty_sync_count < 5 && started.elapsed() < Duration::from_secs(20) {
                thread::sleep(Duration::from_millis(1));
            }
            assert!(state.cancel());
        })
    };
    let settings = Settings { downtime_limit: Duration::ZERO, ..Settings::default() };
    let outcome = send(&mut source, ours, &settings, &state);
    canceller.join().unwrap();
    assert_eq!((outcome.status, outcome.stopped), (Status::Cancelled, false));
    assert!(outcome.error.is_none() && state.stats().dirty_sync_count >= 5);
    assert!(!source.log.on.load(Ordering::SeqCst), "the log is still on");
    let before = source.writes.load(Ordering::SeqCst);
    thread::sleep(Duration::from_millis(20));
    assert!(source.stop_guest().unwrap() > before, "the guest does not run any more");
    assert!(!drain.join().unwrap().ends_with(b"}"), "a cancelled stream has an end");
    state.begin().unwrap();
    assert_eq!(state.stats().transferred, 0);
}

#[test]
fn cancelling_wakes_a_sender_whose_peer_does_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let address = Address::Unix(folder.path().join("socket"));
    let listener = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
    let state = begun();
    let sender = {
        let (state, address) = (Arc::clone(&state), address.clone());
        thread::spawn(move || {
            let mut source = FakeVm::new(32 * MIB);
            source.fill();
            send_to(&mut source, &address, &Settings::default(), &state)
        })
    };
    let (_silent, _) = listener.accept().unwrap();
    while state.status() != Status::Active {
        thread::yield_now();
    }
    // Time to fill the socket; if it is not enough, the sender notices by itself, which is as good.
    thread::sleep(Duration::from_millis(100));
    assert!(state.cancel());
    assert_eq!(state.status(), Status::Cancelling);
    assert_eq!(sender.join().unwrap().status, Status::Cancelled);
    assert_eq!(state.status(), Status::Cancelled);
    assert!(!state.cancel(), "there is nothing left to cancel");
}

/// Takes some bytes, then breaks.
struct Breaking(usize);

impl Write for Breaking {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0 == 0 {
            return Err(std::io::ErrorKind::BrokenPipe.into());
        }
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        Ok(taken)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_connection_that_breaks_anywhere_fails_and_leaves_the_guest() {
    let whole = capture(&mut small(), &Settings::default());
    let (end, whole) = (whole.iter().rposition(|byte| *byte == 0x7e).unwrap() + 5, whole.len());
    for at in (0..end).step_by(end / 40).chain([end]) {
        let mut source = small();
        let state = begun();
        let outcome = send(&mut source, Breaking(at), &Settings::default(), &state);
        assert_eq!((outcome.status, state.status()), (Status::Failed, Status::Failed), "broken at {at}");
        assert!(matches!(outcome.error, Some(MigrationError::Write { .. })), "{:?}", outcome.error);
        assert!(state.error().unwrap().contains("roken pipe"), "{:?}", state.error());
        assert!(!source.log.on.load(Ordering::SeqCst), "the log is still on");
    }
    // The destination has the end and may run: two guests would be worse than a description that is missing.
    for at in [end + 1, whole - 1] {
        let outcome = send(&mut small(), Breaking(at), &Settings::default(), &begun());
        assert_eq!(outcome.status, Status::Completed, "broken at {at}: {:?}", outcome.error);
    }
}

/// Cancels when the end of the stream is handed over: a zero byte by itself.
struct CancelAtEnd {
    state: Arc<MigrationState>,
    answer: Option<bool>,
}

impl Write for &mut CancelAtEnd {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if bytes == [0] {
            self.answer = Some(self.state.cancel());
        }
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn nothing_is_taken_back_once_the_destination_may_run() {
    let state = begun();
    let mut channel = CancelAtEnd { state: Arc::clone(&state), answer: None };
    let outcome = send(&mut small(), &mut channel, &Settings::default(), &state);
    assert_eq!((outcome.status, channel.answer), (Status::Completed, Some(false)));
}

#[test]
fn a_guest_that_cannot_be_stopped_fails_the_migration() {
    let mut source = small();
    source.stop_error = Some("vCPU 0 does not answer");
    let state = begun();
    let outcome = send(&mut source, Vec::new(), &Settings::default(), &state);
    assert_eq!((outcome.status, outcome.stopped), (Status::Failed, true));
    assert_eq!(state.error().unwrap(), "cannot stop the guest: vCPU 0 does not answer");
}

#[test]
fn one_migration_at_a_time() {
    let state = begun();
    assert!(matches!(state.begin(), Err(MigrationError::Busy)));
    assert_eq!(Status::ALL.iter().filter(|status| status.is_running()).count(), 4);
    for from in Status::ALL {
        assert!(!from.allows(Status::None) && !from.allows(from));
        assert_eq!(from.allows(Status::Setup), !from.is_running(), "{from}");
        assert_eq!(from.allows(Status::Cancelling), from.is_running() && from != Status::Cancelling, "{from}");
    }
}

#[test]
fn a_stream_cut_anywhere_is_refused() {
    let mut source = FakeVm::new(64 << 10);
    source.fill();
    source.toy.extra = Some(1);
    let bytes = capture(&mut source, &Settings::default());
    let end = bytes.iter().rposition(|byte| *byte == 0x7e).unwrap() + 5;
    assert_eq!(bytes[end], 0, "end of the stream");
    for cut in (0..=end).step_by(97).chain(end - 200..=end) {
        let mut target = FakeVm::new(64 << 10);
        let outcome = load(&mut target, &bytes[..cut]);
        assert_eq!(outcome.status, Status::Failed, "cut at {cut}");
        outcome.result.unwrap_err();
    }
    // The description is optional.
    assert_eq!(load(&mut FakeVm::new(64 << 10), &bytes[..=end]).status, Status::Completed);
}

#[test]
fn damaged_streams_never_panic() {
    let mut source = FakeVm::new(32 << 10);
    source.fill();
    let bytes = capture(&mut source, &Settings::default());
    for at in (0..300).chain(bytes.len().saturating_sub(1500)..bytes.len()) {
        for bit in [0, 3, 7] {
            let mut damaged = bytes.clone();
            if let Some(byte) = damaged.get_mut(at) {
                *byte ^= 1 << bit;
            }
            let _ = load(&mut FakeVm::new(32 << 10), &damaged);
        }
    }
}

#[test]
fn what_does_not_fit_is_said() {
    let bytes = capture(&mut small(), &Settings::default());
    let refused = |mut target: FakeVm| refusal(&mut target, &bytes);
    let size = refused(FakeVm::new(2 * MIB));
    assert!(size.contains("Size mismatch: ram: 0x100000 != 0x200000"), "{size}");
    let machine = refused(FakeVm { machine: "other", ..FakeVm::new(MIB) });
    assert!(machine.contains("Machine type received is 'fake' and local is 'other'"), "{machine}");
    let mut foreign = small();
    foreign.block = memory::RamBlock::anonymous("pc.ram", MIB).unwrap();
    let name = refusal(&mut FakeVm::new(MIB), &capture(&mut foreign, &Settings::default()));
    assert!(name.contains("Unknown ramblock \"pc.ram\", cannot accept migration"), "{name}");
    let garbage = refusal(&mut FakeVm::new(MIB), b"GET / HTTP/1.1\r\n\r\n");
    assert_eq!(garbage, "byte 0 of the migration stream: Not a migration stream");
    let footers = Settings { section_footers: false, ..Settings::default() };
    let missing = refusal(&mut FakeVm::new(MIB), &capture(&mut small(), &footers));
    assert!(missing.contains("Missing section footer for ram"), "{missing}");
}

#[test]
fn every_knob_makes_a_stream_that_the_same_knobs_read() {
    for bits in 0..8u8 {
        let settings = Settings {
            send_configuration: bits & 1 != 0,
            section_footers: bits & 2 != 0,
            send_switchover_start: bits & 4 != 0,
            ..Settings::default()
        };
        let mut source = small();
        let bytes = capture(&mut source, &settings);
        let mut target = FakeVm::new(MIB);
        let outcome = receive(&mut target, bytes.as_slice(), None, &settings, &begun());
        assert_eq!(outcome.status, Status::Completed, "{settings:?}: {:?}", outcome.result);
        assert!(source.content() == target.content());
    }
}

#[test]
fn zero_pages_are_told_or_sent_as_data() {
    for (zero_page_detection, records) in
        [(ZeroPageDetection::None, 0), (ZeroPageDetection::Legacy, 256), (ZeroPageDetection::Multifd, 256)]
    {
        let settings = Settings { zero_page_detection, ..Settings::default() };
        let mut source = FakeVm::new(MIB);
        let state = begun();
        let mut bytes = Vec::new();
        let outcome = send(&mut source, &mut bytes, &settings, &state);
        assert_eq!(outcome.status, Status::Completed, "{:?}", outcome.error);
        let stats = state.stats();
        assert_eq!((stats.duplicate, stats.normal), (records, 256 - records), "{zero_page_detection:?}");
        let mut target = FakeVm::new(MIB);
        target.block.fill(0, MIB as usize, 0xa5).unwrap();
        assert_eq!(load(&mut target, &bytes).status, Status::Completed);
        assert!(source.content() == target.content());
    }
}

#[test]
fn a_source_cannot_make_us_keep_what_it_repeats() {
    let bytes = capture(&mut small(), &Settings::default());
    let names = [5, 26].iter().chain(b"configuration/capabilities").chain(&[0, 0, 0, 1, 0, 0, 0, 0]);
    let names: Vec<u8> = names.copied().collect();
    // File header, then the configuration: type, length, "fake".
    let after_machine = 8 + 1 + 4 + 4;
    let mut twice = bytes.clone();
    twice.splice(after_machine..after_machine, names.iter().chain(&names).copied());
    assert!(refusal(&mut FakeVm::new(MIB), &twice).contains("one that was there already"));
    // Of sections that begin again only the last is known, under its last number.
    let start = |id: u8| {
        let header: [&[u8]; 3] = [&[1, 0, 0, 0, id, 3], b"ram", &[0, 0, 0, 0, 0, 0, 0, 4]];
        [header.concat(), vec![0, 0, 0, 0, 0, 0, 0, 0x10, 0x7e, 0, 0, 0, id]].concat()
    };
    let part = |id: u8| [2, 0, 0, 0, id, 0, 0, 0, 0, 0, 0, 0, 0x10, 0x7e, 0, 0, 0, id];
    let head = &bytes[..after_machine];
    let stream = |last: u8| [head, &start(1), &start(9), &part(last), &[0]].concat();
    assert_eq!(load(&mut FakeVm::new(MIB), &stream(9)).status, Status::Completed);
    assert!(refusal(&mut FakeVm::new(MIB), &stream(1)).contains("Unknown savevm section 1"));
}

#[test]
fn a_run_state_that_the_machine_cannot_have_is_refused_before_the_source_lets_go() {
    let bytes = capture(&mut small(), &Settings::default());
    let mut target = FakeVm { refused_state: Some("running"), ..FakeVm::new(MIB) };
    assert_eq!(
        refusal(&mut target, &bytes),
        "error while loading state for instance 0x0 of device 'globalstate': no machine is running"
    );
}

#[test]
fn a_tiny_busy_guest_is_not_held_up() {
    let mut source = FakeVm::new(16 << 10);
    source.log.dirty_at_sync = 4;
    let state = begun();
    let outcome = send(&mut source, std::io::sink(), &Settings::default(), &state);
    assert_eq!(outcome.status, Status::Completed);
    assert!(state.stats().dirty_sync_count < 5, "{:?}", state.stats());
}

#[test]
fn bandwidth_is_limited_while_the_guest_runs() {
    let mut source = FakeVm::new(4 * MIB);
    source.fill();
    let settings = Settings { max_bandwidth: 8 * MIB, downtime_limit: Duration::ZERO, ..Settings::default() };
    let started = Instant::now();
    let bytes = capture(&mut source, &settings).len() as f64;
    let expected = bytes / (8 * MIB) as f64;
    let took = started.elapsed().as_secs_f64();
    assert!(took > expected * 0.6, "{bytes} bytes in {took} s, {expected} s expected");
}

#[test]
fn a_file_holds_a_machine() {
    let folder = tempfile::tempdir().unwrap();
    let uri = format!("file:{},offset=4K", folder.path().join("saved").display());
    let address: Address = uri.parse().unwrap();
    let mut source = small();
    let outcome = send_to(&mut source, &address, &Settings::default(), &begun());
    assert_eq!(outcome.status, Status::Completed, "{:?}", outcome.error);
    let mut target = FakeVm::new(MIB);
    let listener = Listener::bind(&address).unwrap();
    let outcome = receive_from(&mut target, listener, &Settings::default(), &begun());
    assert_eq!(outcome.status, Status::Completed, "{:?}", outcome.result);
    assert!(source.content() == target.content());
}

#[test]
fn an_address_where_nobody_listens_is_a_failed_migration() {
    let address: Address = "unix:/nonexistent/socket".parse().unwrap();
    let state = begun();
    let outcome = send_to(&mut small(), &address, &Settings::default(), &state);
    assert_eq!((outcome.status, state.status()), (Status::Failed, Status::Failed));
    assert!(state.error().unwrap().contains("/nonexistent/socket"));
}
