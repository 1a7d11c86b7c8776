//! A virtual CPU on its own thread.
//!
//! The thread is in one of three states: *paused* (from birth, waiting for requests), *running* (in the guest, or answering one of its
//! accesses) and *stopped* (the thread has ended). Two channels join it to its owner: requests in, one answer to each out. A request
//! to a running CPU kicks it out of the guest. What a CPU does by itself (a triple fault, a failure) pauses it and is told through
//! the callback of [`VcpuConfig`].

mod cpuid;
mod kick;
mod registers;
mod run_page;
mod runner;

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;

use kvm_ioctls::Cap;

use crate::{ApicState, Bus, CpuState, KvmError, Result, Vm};
use kick::Kicker;
use run_page::RunPage;
use runner::Runner;

/// What a CPU did by itself. It is paused afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VcpuEvent {
    /// A fault while delivering a double fault, which resets a real machine.
    TripleFault,
    /// The kernel cannot go on with this CPU; says why.
    Failed(String),
}

/// How a virtual CPU is made.
pub struct VcpuConfig {
    /// Index, also its APIC ID.
    pub index: u32,
    /// Takes its port and memory-mapped accesses.
    pub bus: Arc<dyn Bus>,
    /// Turns the power-on state into the one in which this machine's CPU begins. Called on the CPU's thread at birth and at each reset.
    pub entry: Box<dyn Fn(&mut CpuState) + Send>,
    /// Told what the CPU did by itself, on its thread.
    pub events: Box<dyn Fn(VcpuEvent) + Send>,
}

/// A request to the thread.
enum Request {
    Resume,
    Pause,
    Save,
    Load(Box<CpuState>),
    SaveApic,
    LoadApic(ApicState),
    Reset,
    Nmi,
    Translate(u64),
    Identify,
    Stop,
}

/// The answer to a request.
enum Answer {
    Done,
    Saved(Box<CpuState>),
    SavedApic(ApicState),
    Translated(Option<u64>),
    Identity(i32),
    Failed(KvmError),
}

/// The owner's end of a virtual CPU. Dropping it ends the thread.
pub struct Vcpu {
    index: u32,
    tsc_khz: Option<u32>,
    requests: Sender<Request>,
    answers: Receiver<Answer>,
    kicker: Kicker,
    thread: Option<JoinHandle<()>>,
}

impl Vcpu {
    /// Creates the CPU and starts its thread, paused in the state that `config.entry` makes. Setting up goes on in the thread; its
    /// failure is the answer to the first request.
    ///
    /// # Errors
    /// The kernel's, or no thread.
    pub fn new(vm: &Vm, config: VcpuConfig) -> Result<Self> {
        let index = config.index;
        let fd = vm.inner.fd.create_vcpu(index.into()).map_err(KvmError::ioctl("create a virtual CPU"))?;
        let tsc_khz = if vm.inner.kvm.check_extension(Cap::GetTscKhz) { fd.get_tsc_khz().ok() } else { None };
        kick::install()?;
        let page = Arc::new(RunPage::new(&fd)?);
        let (requests, inbox) = mpsc::channel();
        let (outbox, answers) = mpsc::channel();
        let runner = Runner::new(vm.clone(), fd, page.clone(), config, tsc_khz);
        let thread = std::thread::Builder::new()
            .name(format!("CPU {index}/KVM"))
            .spawn(move || runner.run(&inbox, &outbox))
            .map_err(|source| KvmError::Thread { cpu: index, source })?;
        let kicker = Kicker::new(&thread, page);
        Ok(Self { index, tsc_khz, requests, answers, kicker, thread: Some(thread) })
    }

    /// Index of the CPU.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// Frequency of the guest's time stamp counter, kHz, when the host knows.
    pub fn tsc_khz(&self) -> Option<u32> {
        self.tsc_khz
    }

    /// The host's identifier of the thread.
    ///
    /// # Errors
    /// As for every request: the CPU's set-up failed, or its thread has ended.
    pub fn thread_id(&self) -> Result<i32> {
        match self.request(Request::Identify)? {
            Answer::Identity(id) => Ok(id),
            _ => Err(KvmError::Gone(self.index)),
        }
    }

    /// Runs the guest. Nothing happens when it is running.
    ///
    /// # Errors
    /// As [`thread_id`](Self::thread_id).
    pub fn resume(&self) -> Result {
        self.request(Request::Resume).map(drop)
    }

    /// Returns when the CPU is out of the guest with its last access finished. Nothing happens when it is paused.
    ///
    /// # Errors
    /// As [`thread_id`](Self::thread_id).
    pub fn pause(&self) -> Result {
        self.request(Request::Pause).map(drop)
    }

    /// Back to power-on and the machine's entry state.
    ///
    /// # Errors
    /// As [`thread_id`](Self::thread_id); [`KvmError::Running`].
    pub fn reset(&self) -> Result {
        self.request(Request::Reset).map(drop)
    }

    /// A copy of the CPU's state; a running CPU goes on.
    ///
    /// # Errors
    /// As [`thread_id`](Self::thread_id), or the kernel's.
    pub fn save(&self) -> Result<Box<CpuState>> {
        match self.request(Request::Save)? {
            Answer::Saved(state) => Ok(state),
            _ => Err(KvmError::Gone(self.index)),
        }
    }

    /// Puts the CPU into a state.
    ///
    /// # Errors
    /// As [`thread_id`](Self::thread_id); [`KvmError::Running`]; the kernel's when it refuses a value. The CPU's state is then
    /// undefined until a reset or another load.
    pub fn load(&self, state: Box<CpuState>) -> Result {
        self.request(Request::Load(state)).map(drop)
    }

    /// A copy of the state of the CPU's local APIC.
    ///
    /// # Errors
    /// As [`thread_id`](Self::thread_id), or the kernel's.
    pub fn save_apic(&self) -> Result<ApicState> {
        match self.request(Request::SaveApic)? {
            Answer::SavedApic(state) => Ok(state),
            _ => Err(KvmError::Gone(self.index)),
        }
    }

    /// Puts the CPU's local APIC into a state.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_apic(&self, state: ApicState) -> Result {
        self.request(Request::LoadApic(state)).map(drop)
    }

    /// Sends a non-maskable interrupt.
    ///
    /// # Errors
    /// As [`thread_id`](Self::thread_id), or the kernel's.
    pub fn nmi(&self) -> Result {
        self.request(Request::Nmi).map(drop)
    }

    /// The guest-physical address of a virtual one as this CPU sees it now, `None` when it is not mapped.
    ///
    /// # Errors
    /// As [`thread_id`](Self::thread_id), or the kernel's.
    pub fn translate(&self, address: u64) -> Result<Option<u64>> {
        match self.request(Request::Translate(address))? {
            Answer::Translated(physical) => Ok(physical),
            _ => Err(KvmError::Gone(self.index)),
        }
    }

    fn request(&self, request: Request) -> Result<Answer> {
        self.send(request)?;
        self.receive()
    }

    fn send(&self, request: Request) -> Result {
        self.requests.send(request).map_err(|_| KvmError::Gone(self.index))?;
        self.kicker.kick();
        Ok(())
    }

    fn receive(&self) -> Result<Answer> {
        match self.answers.recv() {
            Ok(Answer::Failed(error)) => Err(error),
            Ok(answer) => Ok(answer),
            Err(_) => Err(KvmError::Gone(self.index)),
        }
    }
}

impl Drop for Vcpu {
    fn drop(&mut self) {
        // A thread that has ended already takes no request and needs none.
        let _ = self.send(Request::Stop);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(cpu = self.index, "the CPU's thread had panicked");
        }
    }
}

/// Pauses several CPUs: all are kicked before the first is waited for.
///
/// # Errors
/// The first CPU's that fails; the others are paused nevertheless.
pub fn pause_all(cpus: &[Vcpu]) -> Result {
    let sent: Vec<Result> = cpus.iter().map(|cpu| cpu.send(Request::Pause)).collect();
    let mut result = Ok(());
    for (cpu, sent) in cpus.iter().zip(sent) {
        let answer = sent.and_then(|()| cpu.receive().map(drop));
        result = result.and(answer);
    }
    result
}
