//! What the soak measures: the emulator's size, and the guest's counter without the emulator's help.

use std::fmt;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How much of the system a process has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    /// Memory of its own, without what it shares: the guest's is in a file.
    pub(crate) kilobytes: u64,
    pub(crate) descriptors: usize,
    pub(crate) threads: usize,
}

impl Size {
    pub(crate) fn of(process: u32) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
        let count = |what: &str| std::fs::read_dir(format!("/proc/{process}/{what}")).unwrap().count();
        let kilobytes = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        Self { kilobytes, descriptors: count("fd"), threads: count("task") }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kilobytes, descriptors, threads } = self;
        write!(f, "{kilobytes} kB of its own, {descriptors} descriptors, {threads} threads")
    }
}

/// The size when the clients that just left are noticed, which takes a moment.
pub(crate) fn settled(process: u32, descriptors: usize) -> Size {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let size = Size::of(process);
        if size.descriptors == descriptors || Instant::now() > deadline {
            return size;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Somebody who looks at the built-in guest's counter all the time, in the file that is its memory.
pub(crate) struct Guest {
    over: Arc<AtomicBool>,
    watcher: JoinHandle<Duration>,
}

impl Guest {
    /// From now on, or from when the guest has begun to count.
    pub(crate) fn watch(memory: &Path) -> Self {
        let memory = File::open(memory).unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&over);
        let watcher = thread::spawn(move || {
            let (mut last, mut since, mut longest) = (0, None, Duration::ZERO);
            while !stop.load(Ordering::SeqCst) {
                let mut word = [0; 8];
                memory.read_exact_at(&mut word, machine::guest::COUNTER).unwrap();
                let count = u64::from_le_bytes(word);
                if count != last {
                    longest = since.map_or(longest, |since: Instant| longest.max(since.elapsed()));
                    (last, since) = (count, Some(Instant::now()));
                }
                thread::sleep(Duration::from_millis(1));
            }
            assert!(since.is_some(), "the guest never counted");
            longest.max(since.map_or(longest, |since| since.elapsed()))
        });
        Self { over, watcher }
    }

    /// Ends watching. The watcher's own delays are in the figure.
    pub(crate) fn longest_stall(self) -> Duration {
        self.over.store(true, Ordering::SeqCst);
        self.watcher.join().unwrap()
    }
}
