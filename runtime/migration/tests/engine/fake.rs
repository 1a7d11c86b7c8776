//! A machine for tests: RAM, a thread that dirties it, and one toy device.

use std::{
    fs::File,
    os::unix::fs::FileExt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
};

use memory::{DirtyBitmap, DirtyLog, PAGE_SIZE, RamBlock};
use qapi_migration::{DeviceSection, TimerState, Vm, VmError, codec::SectionHeader};
use vmstate::{Fields, Source, VmState};

/// A device of one register and an optional subsection.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Toy {
    pub(crate) level: u32,
    pub(crate) extra: Option<u64>,
}

struct Extra(u64);

impl VmState for Extra {
    fn name(&self) -> &'static str {
        "toy/extra"
    }
    fn version(&self) -> u32 {
        1
    }
    fn fields(&mut self, v: &mut dyn Fields) -> vmstate::Result {
        v.u64("extra", &mut self.0)
    }
}

impl VmState for Toy {
    fn name(&self) -> &'static str {
        "toy"
    }
    fn version(&self) -> u32 {
        1
    }
    fn fields(&mut self, v: &mut dyn Fields) -> vmstate::Result {
        v.u32("level", &mut self.level)?;
        let mut extra = Extra(self.extra.unwrap_or(0));
        if v.subsection(self.extra.is_some(), &mut extra)? {
            self.extra = Some(extra.0);
        }
        Ok(())
    }
}

/// What an accelerator does: notes writes while it is on, and hands them over when asked.
pub(crate) struct FakeLog {
    pub(crate) on: Arc<AtomicBool>,
    pending: Arc<DirtyBitmap>,
    block: Arc<RamBlock>,
    /// Pages that a guest is taken to have written whenever the log is looked at.
    pub(crate) dirty_at_sync: u64,
}

impl DirtyLog for FakeLog {
    fn start(&mut self) -> memory::Result {
        self.on.store(true, Ordering::SeqCst);
        Ok(())
    }
    fn sync(&mut self) -> memory::Result {
        assert!(self.on.load(Ordering::SeqCst), "a log that is off knows nothing");
        for word in 0..self.pending.words() {
            self.block.dirty().merge(word, &[self.pending.take_word(word)]);
        }
        self.pending.set_range(0, self.dirty_at_sync);
        Ok(())
    }
    fn stop(&mut self) -> memory::Result {
        self.on.store(false, Ordering::SeqCst);
        Ok(())
    }
}

/// A guest thread that writes until it is told to stop.
pub(crate) struct Guest {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

/// The machine.
pub(crate) struct FakeVm {
    pub(crate) block: Arc<RamBlock>,
    pub(crate) log: FakeLog,
    pub(crate) toy: Toy,
    pub(crate) timer: Option<TimerState>,
    pub(crate) machine: &'static str,
    /// What stopping the guest runs into.
    pub(crate) stop_error: Option<&'static str>,
    /// A run state that it cannot go on in.
    pub(crate) refused_state: Option<&'static str>,
    /// The page that the guest writes to last of all.
    pub(crate) last_page: Option<u64>,
    pub(crate) writes: Arc<AtomicU64>,
    pub(crate) guest: Mutex<Option<Guest>>,
}

impl FakeVm {
    pub(crate) fn new(size: u64) -> Self {
        let block = RamBlock::memfd("ram", size, true).unwrap();
        let log = FakeLog {
            on: Arc::default(),
            pending: Arc::new(DirtyBitmap::new(block.pages())),
            block: Arc::clone(&block),
            dirty_at_sync: 0,
        };
        Self {
            block,
            log,
            toy: Toy::default(),
            timer: None,
            machine: "fake",
            stop_error: None,
            refused_state: None,
            last_page: None,
            writes: Arc::default(),
            guest: Mutex::new(None),
        }
    }

    /// Every third page is zero, the others differ.
    pub(crate) fn fill(&self) {
        for page in (0..self.block.pages()).filter(|page| page % 3 != 0) {
            let bytes: Vec<u8> = (0..PAGE_SIZE).map(|at| (page * 31 + at * 7) as u8).collect();
            self.block.write(page * PAGE_SIZE, &bytes).unwrap();
        }
    }

    /// The memory as others see it: what is written here goes around the block's own bitmap, as a vCPU's writes do, so that only the log
    /// can tell of them.
    fn shared_file(&self) -> File {
        File::from(self.block.fd().unwrap().try_clone_to_owned().unwrap())
    }

    /// Starts a guest that writes to `pages` pages in turn, resting after each `burst`.
    pub(crate) fn run_guest(&self, pages: u64, burst: u64) {
        let stop = Arc::new(AtomicBool::new(false));
        let shared = self.shared_file();
        let (stopped, writes) = (Arc::clone(&stop), Arc::clone(&self.writes));
        let (pending, on) = (Arc::clone(&self.log.pending), Arc::clone(&self.log.on));
        let thread = thread::spawn(move || {
            let mut count = 0u64;
            while !stopped.load(Ordering::SeqCst) {
                let page = count * 7919 % pages;
                shared.write_all_at(&count.to_le_bytes(), page * PAGE_SIZE + 8).unwrap();
                if on.load(Ordering::SeqCst) {
                    pending.set(page);
                }
                count += 1;
                writes.store(count, Ordering::SeqCst);
                if count.is_multiple_of(burst) {
                    thread::yield_now();
                }
            }
            count
        });
        *self.guest.lock().unwrap() = Some(Guest { stop, thread });
    }

    /// Stops the guest; how often it has written, when it ran.
    pub(crate) fn stop_guest(&self) -> Option<u64> {
        let guest = self.guest.lock().unwrap().take()?;
        guest.stop.store(true, Ordering::SeqCst);
        Some(guest.thread.join().unwrap())
    }

    pub(crate) fn content(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.block.size() as usize];
        self.block.read(0, &mut bytes).unwrap();
        bytes
    }
}

impl Vm for FakeVm {
    fn ram(&self) -> Vec<Arc<RamBlock>> {
        vec![Arc::clone(&self.block)]
    }
    fn dirty_log(&mut self) -> &mut dyn DirtyLog {
        &mut self.log
    }
    fn machine_name(&self) -> String {
        self.machine.to_owned()
    }
    fn stop(&mut self) -> Result<String, VmError> {
        if let Some(error) = self.stop_error {
            return Err(error.into());
        }
        self.stop_guest();
        if let Some(page) = self.last_page {
            self.shared_file().write_all_at(b"last words", page * PAGE_SIZE)?;
            self.log.pending.set(page);
        }
        Ok("running".to_owned())
    }
    fn timer(&mut self) -> Option<TimerState> {
        self.timer
    }
    fn save_devices(&mut self) -> Result<Vec<DeviceSection>, VmError> {
        Ok(vec![DeviceSection::of("toy", 3, &mut self.toy)?])
    }
    fn accept_run_state(&mut self, run_state: &str) -> Result<(), VmError> {
        match self.refused_state {
            Some(refused) if refused == run_state => Err(format!("no machine is {run_state}").into()),
            _ => Ok(()),
        }
    }
    fn load_device(&mut self, section: &SectionHeader, source: &mut dyn Source) -> Result<bool, VmError> {
        if &*section.name != "toy" || section.instance != 3 {
            return Ok(false);
        }
        vmstate::load(&mut self.toy, section.version, source)?;
        Ok(true)
    }
}
