//! RAM of `-machine none` moves between our engine and QEMU, in both directions.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use memory::{DirtyLog, NoDirtyLog, PAGE_SIZE, RamBlock};
use migration::{
    Address, DeviceSection, Listener, MigrationState, Settings, Status, TimerState, Vm, VmError, codec::SectionHeader,
    receive_from, send_to,
};
use qapi_interop::{Qemu, wait_for};
use serde_json::json;
use vmstate::Source;

const SIZE: u64 = 64 << 20;

/// A machine without CPUs. A thread may dirty its memory as a device would.
struct RamOnly {
    ram: Arc<RamBlock>,
    log: NoDirtyLog,
    writer: Mutex<Option<(Arc<AtomicBool>, JoinHandle<()>)>>,
    timer: Option<TimerState>,
}

impl RamOnly {
    fn new(ram: Arc<RamBlock>) -> Self {
        Self { ram, log: NoDirtyLog, writer: Mutex::new(None), timer: None }
    }

    fn keep_writing(&self) {
        let (stop, ram) = (Arc::new(AtomicBool::new(false)), Arc::clone(&self.ram));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut count = 0u64;
            while !stopped.load(Ordering::SeqCst) {
                count += 1;
                ram.write(count * 7919 % 1000 * PAGE_SIZE, &count.to_le_bytes()).unwrap();
            }
        });
        *self.writer.lock().unwrap() = Some((stop, thread));
    }
}

impl Vm for RamOnly {
    fn ram(&self) -> Vec<Arc<RamBlock>> {
        vec![Arc::clone(&self.ram)]
    }
    fn dirty_log(&mut self) -> &mut dyn DirtyLog {
        &mut self.log
    }
    fn machine_name(&self) -> String {
        "none".to_owned()
    }
    fn stop(&mut self) -> Result<String, VmError> {
        if let Some((stop, thread)) = self.writer.lock().unwrap().take() {
            stop.store(true, Ordering::SeqCst);
            thread.join().map_err(|_| "the writer panicked")?;
        }
        Ok("running".to_owned())
    }
    fn timer(&mut self) -> Option<TimerState> {
        self.timer
    }
    fn save_devices(&mut self) -> Result<Vec<DeviceSection>, VmError> {
        Ok(Vec::new())
    }
    fn load_device(&mut self, _: &SectionHeader, _: &mut dyn Source) -> Result<bool, VmError> {
        Ok(false)
    }
}

/// Fills a file with pages of zeros, of one byte, and of noise.
fn write_ram(path: &Path, size: u64) {
    let mut bytes = vec![0u8; size as usize];
    let mut noise = 0x9e37_79b9_7f4a_7c15u64;
    for (number, page) in bytes.chunks_exact_mut(PAGE_SIZE as usize).enumerate() {
        match number % 4 {
            0 => {}
            1 => page[number % 4096] = 1,
            _ => page.chunks_exact_mut(8).for_each(|word| {
                noise ^= noise << 13;
                noise ^= noise >> 7;
                noise ^= noise << 17;
                word.copy_from_slice(&noise.to_le_bytes());
            }),
        }
    }
    fs::write(path, bytes).unwrap();
}

fn same(a: &Path, b: &Path) -> bool {
    fs::read(a).unwrap() == fs::read(b).unwrap()
}

fn begun() -> Arc<MigrationState> {
    let state = MigrationState::new(|_| {});
    state.begin().unwrap();
    state
}

/// Options of a machine whose RAM is in a file.
fn none_machine(ram: &Path, size: u64) -> Vec<String> {
    let object = format!("memory-backend-file,id=ram0,size={size},mem-path={},share=on", ram.display());
    let memory = format!("{}k", size / 1024);
    ["-machine", "none,memory-backend=ram0", "-object", &object, "-m", &memory, "-S"].map(str::to_owned).to_vec()
}

fn incoming(folder: &Path, ram: &Path, size: u64, qemu: &Path) -> (Qemu, Address) {
    let uri = format!("unix:{}", folder.join("migration").display());
    let mut options = none_machine(ram, size);
    options.extend(["-incoming".to_owned(), uri.clone()]);
    let mut process = Qemu::start(qemu, folder, "target", options);
    process.qmp();
    (process, uri.parse().unwrap())
}

fn files(folder: &Path) -> (PathBuf, PathBuf) {
    (folder.join("source.ram"), folder.join("target.ram"))
}

#[test]
fn qemu_takes_what_we_send() {
    let Some(qemu) = qapi_test_support::qemu("qemu_takes_what_we_send") else {
        return;
    };
    let timer = Some(TimerState { cpu_ticks_offset: 1, cpu_clock_offset: 2 });
    for (name, writing, timer) in [("still", false, None), ("writing", true, timer)] {
        let folder = tempfile::tempdir().unwrap();
        let (ours, theirs) = files(folder.path());
        write_ram(&ours, SIZE);
        let (mut target, address) = incoming(folder.path(), &theirs, SIZE, &qemu);
        let mut source = RamOnly::new(RamBlock::file("ram0", &ours, SIZE, true).unwrap());
        source.timer = timer;
        if writing {
            source.keep_writing();
        }
        let state = begun();
        let outcome = send_to(&mut source, &address, &Settings::default(), &state);
        assert_eq!(outcome.status, Status::Completed, "{name}: {:?}, QEMU: {}", outcome.error, target.said());
        let mut qmp = target.qmp();
        let info = qmp.wait("query-migrate", |info| info["status"] != "active" && info["status"] != "setup");
        assert_eq!(info["status"], "completed", "{name}: {}", target.said());
        // Started with -S, a guest that was running arrives stopped.
        let status = qmp.execute("query-status", json!({})).unwrap();
        assert_eq!((&status["running"], &status["status"]), (&json!(false), &json!("paused")), "{name}");
        assert!(same(&ours, &theirs), "{name}: memory differs");
        let stats = state.stats();
        // A quarter of the pages is zero, but the writer may have come first to its thousand.
        let zeros = SIZE / PAGE_SIZE / 4 - if writing { 1000 } else { 0 };
        assert!(stats.duplicate >= zeros && stats.remaining == 0, "{name}: {stats:?}");
        assert_eq!(target.said(), "", "{name}");
    }
}

#[test]
fn we_take_what_qemu_sends() {
    let Some(qemu) = qapi_test_support::qemu("we_take_what_qemu_sends") else {
        return;
    };
    for return_path in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let (theirs, ours) = files(folder.path());
        write_ram(&theirs, SIZE);
        let mut source = Qemu::start(&qemu, folder.path(), "source", none_machine(&theirs, SIZE));
        let mut qmp = source.qmp();
        let listener = Listener::bind(&"tcp:127.0.0.1:0".parse().unwrap()).unwrap();
        let uri = listener.address().unwrap().to_string();
        let target = {
            let ram = RamBlock::file("ram0", &ours, SIZE, true).unwrap();
            thread::spawn(move || receive_from(&mut RamOnly::new(ram), listener, &Settings::default(), &begun()))
        };
        let capability = json!({ "capabilities": [{ "capability": "return-path", "state": return_path }] });
        qmp.execute("migrate-set-capabilities", capability).unwrap();
        // QEMU's own limit would make this test take seconds.
        qmp.execute("migrate-set-parameters", json!({ "max-bandwidth": 0 })).unwrap();
        qmp.execute("migrate", json!({ "uri": uri })).unwrap();
        let outcome = target.join().unwrap();
        let loaded = outcome.result.unwrap_or_else(|error| panic!("{error}; QEMU: {}", source.said()));
        assert!(same(&theirs, &ours), "memory differs");
        assert_eq!(loaded.run_state.as_deref(), Some("prelaunch"));
        assert!(loaded.timer.is_some() && loaded.description.is_some_and(|text| text.contains("\"globalstate\"")));
        let info = qmp.wait("query-migrate", |info| info["status"] != "active" && info["status"] != "device");
        assert_eq!(info["status"], "completed", "return path {return_path}: {}", source.said());
    }
}

#[test]
fn qemu_refuses_a_wrong_size_and_our_guest_stays() {
    let Some(qemu) = qapi_test_support::qemu("qemu_refuses_a_wrong_size_and_our_guest_stays") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = files(folder.path());
    write_ram(&ours, SIZE);
    let (mut target, address) = incoming(folder.path(), &theirs, SIZE / 2, &qemu);
    let mut source = RamOnly::new(RamBlock::file("ram0", &ours, SIZE, true).unwrap());
    let state = begun();
    let outcome = send_to(&mut source, &address, &Settings::default(), &state);
    assert_eq!((outcome.status, outcome.stopped), (Status::Failed, false), "QEMU: {}", target.said());
    assert!(state.error().is_some_and(|error| error.contains("cannot write the migration stream")));
    assert!(!target.wait().success());
    assert!(target.said().contains("Size mismatch: ram0"), "{}", target.said());
}

#[test]
fn qemu_gives_up_when_we_cancel() {
    let Some(qemu) = qapi_test_support::qemu("qemu_gives_up_when_we_cancel") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = files(folder.path());
    write_ram(&ours, SIZE);
    let (mut target, address) = incoming(folder.path(), &theirs, SIZE, &qemu);
    let state = begun();
    let sender = {
        let state = Arc::clone(&state);
        let ram = RamBlock::file("ram0", &ours, SIZE, true).unwrap();
        // Slow enough to be caught in the middle.
        let settings = Settings { max_bandwidth: 8 << 20, ..Settings::default() };
        thread::spawn(move || send_to(&mut RamOnly::new(ram), &address, &settings, &state))
    };
    wait_for("half of a megabyte", || (state.stats().transferred > 512 << 10).then_some(()));
    assert!(state.cancel());
    let outcome = sender.join().unwrap();
    assert_eq!((outcome.status, outcome.stopped), (Status::Cancelled, false));
    assert!(!target.wait().success(), "QEMU goes on with half a guest");
}

#[test]
fn we_refuse_a_foreign_block_and_qemu_stays() {
    let Some(qemu) = qapi_test_support::qemu("we_refuse_a_foreign_block_and_qemu_stays") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (theirs, _) = files(folder.path());
    write_ram(&theirs, SIZE);
    let mut source = Qemu::start(&qemu, folder.path(), "source", none_machine(&theirs, SIZE));
    let mut qmp = source.qmp();
    let listener = Listener::bind(&Address::Unix(folder.path().join("migration"))).unwrap();
    let uri = listener.address().unwrap().to_string();
    let target = thread::spawn(move || {
        let mut other = RamOnly::new(RamBlock::anonymous("pc.ram", SIZE).unwrap());
        receive_from(&mut other, listener, &Settings::default(), &begun())
    });
    qmp.execute("migrate", json!({ "uri": uri })).unwrap();
    let error = target.join().unwrap().result.unwrap_err().to_string();
    assert!(error.contains("Unknown ramblock \"ram0\", cannot accept migration"), "{error}");
    let info = wait_for("QEMU to give up", || {
        let info = qmp.execute("query-migrate", json!({})).unwrap();
        (info["status"] == "failed").then_some(info)
    });
    assert_eq!(info["status"], "failed");
}
