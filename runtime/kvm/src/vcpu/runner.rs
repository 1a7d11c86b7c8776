//! The vCPU's thread: the state machine and the loop around KVM_RUN.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError};

use kvm_ioctls::{VcpuExit, VcpuFd};

use super::registers::Registers;
use super::run_page::RunPage;
use super::{Answer, Request, VcpuConfig, VcpuEvent, cpuid, kick};
use crate::{CpuState, Flow, KvmError, Result, Vm};

/// Between requests. The third state, stopped, is the end of the thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Paused,
    Running,
}

/// Why KVM_RUN came back.
enum Exit {
    /// An access was answered.
    Answered(Flow),
    /// Somebody kicked.
    Interrupted,
    /// The CPU cannot go on by itself.
    Ended(VcpuEvent),
}

/// What the thread owns.
pub(super) struct Runner {
    // Dropped before the machine whose memory it uses.
    registers: Registers,
    page: Arc<RunPage>,
    config: VcpuConfig,
    vm: Vm,
    state: State,
}

impl Runner {
    pub(super) fn new(vm: Vm, fd: VcpuFd, page: Arc<RunPage>, config: VcpuConfig, tsc_khz: Option<u32>) -> Self {
        let registers = Registers::new(config.index, fd, tsc_khz);
        Self { registers, page, config, vm, state: State::Paused }
    }

    /// The thread's body.
    pub(super) fn run(mut self, inbox: &Receiver<Request>, outbox: &Sender<Answer>) {
        if let Err(error) = self.set_up() {
            tracing::error!(cpu = self.config.index, %error, "the CPU cannot be set up");
            if !matches!(inbox.recv(), Ok(Request::Stop) | Err(_)) {
                let _ = outbox.send(Answer::Failed(error));
            }
            return;
        }
        while self.turn(inbox, outbox) {}
    }

    fn set_up(&mut self) -> Result {
        kick::admit()?;
        let width = cpuid::set(&self.vm, self.registers.fd(), self.config.index)?;
        self.registers.learn(width)?;
        self.registers.reset(&*self.config.entry)
    }

    /// One step of the state machine. False when the thread is to end.
    fn turn(&mut self, inbox: &Receiver<Request>, outbox: &Sender<Answer>) -> bool {
        let request = match self.state {
            State::Paused => inbox.recv().map_err(|_| TryRecvError::Disconnected),
            State::Running => inbox.try_recv(),
        };
        let answer = match request {
            Ok(Request::Stop) | Err(TryRecvError::Disconnected) => return false,
            Err(TryRecvError::Empty) => {
                self.run_guest();
                return true;
            }
            Ok(request) => self.answer(request),
        };
        outbox.send(answer).is_ok()
    }

    /// Runs the guest until somebody kicks or the CPU pauses itself.
    fn run_guest(&mut self) {
        loop {
            match self.enter() {
                Exit::Answered(Flow::Continue) => {}
                Exit::Interrupted => {
                    self.page.set_immediate_exit(false);
                    return;
                }
                Exit::Answered(Flow::Park) => {
                    self.finish_instruction();
                    self.state = State::Paused;
                    return;
                }
                Exit::Ended(event) => {
                    self.state = State::Paused;
                    (self.config.events)(event);
                    return;
                }
            }
        }
    }

    /// One KVM_RUN and the answer to what ended it.
    fn enter(&mut self) -> Exit {
        let Self { registers, page, config, .. } = self;
        let bus = &*config.bus;
        let exit = match registers.fd_mut().run() {
            Ok(exit) => exit,
            Err(error) if matches!(error.errno(), libc::EINTR | libc::EAGAIN) => {
                return Exit::Interrupted;
            }
            Err(error) => return Exit::Ended(VcpuEvent::Failed(format!("KVM_RUN: {error}"))),
        };
        match exit {
            VcpuExit::IoOut(port, data) => {
                // A string instruction comes as several accesses to one port; one that parks the CPU is the last that counts.
                let mut accesses = data.chunks(page.io_width());
                let parked = accesses.any(|access| bus.pio_write(port, access) == Flow::Park);
                Exit::Answered(if parked { Flow::Park } else { Flow::Continue })
            }
            VcpuExit::IoIn(port, data) => {
                data.chunks_mut(page.io_width()).for_each(|access| bus.pio_read(port, access));
                Exit::Answered(Flow::Continue)
            }
            VcpuExit::MmioRead(address, data) => {
                bus.mmio_read(address, data);
                Exit::Answered(Flow::Continue)
            }
            VcpuExit::MmioWrite(address, data) => Exit::Answered(bus.mmio_write(address, data)),
            VcpuExit::Intr => Exit::Interrupted,
            VcpuExit::Shutdown => Exit::Ended(VcpuEvent::TripleFault),
            VcpuExit::InternalError => Exit::Ended(VcpuEvent::Failed(format!(
                "KVM internal error {}: {}",
                page.suberror(),
                suberror(page.suberror())
            ))),
            VcpuExit::FailEntry(reason, _) => Exit::Ended(VcpuEvent::Failed(format!(
                "the processor refused to enter the guest, hardware reason {reason:#x}"
            ))),
            other => Exit::Ended(VcpuEvent::Failed(format!("KVM exit that this machine does not use: {other:?}"))),
        }
    }

    /// Lets KVM finish an instruction whose access was answered, without running the next one. Afterwards the registers are those
    /// between two instructions.
    fn finish_instruction(&mut self) {
        while self.page.unfinished() {
            self.page.set_immediate_exit(true);
            match self.enter() {
                Exit::Answered(Flow::Continue) => {}
                Exit::Answered(Flow::Park) => self.state = State::Paused,
                Exit::Interrupted => break,
                Exit::Ended(event) => {
                    self.state = State::Paused;
                    (self.config.events)(event);
                    break;
                }
            }
        }
        self.page.set_immediate_exit(false);
    }

    fn answer(&mut self, request: Request) -> Answer {
        let result = match request {
            Request::Resume => {
                self.state = State::Running;
                Ok(Answer::Done)
            }
            Request::Pause => {
                self.finish_instruction();
                self.state = State::Paused;
                Ok(Answer::Done)
            }
            Request::Save => {
                self.finish_instruction();
                self.registers.save().map(Answer::Saved)
            }
            Request::Load(state) => self.paused().and_then(|()| self.load(state)),
            Request::SaveApic => self.registers.save_apic().map(Answer::SavedApic),
            Request::LoadApic(state) => {
                self.paused().and_then(|()| self.registers.load_apic(&state)).map(|()| Answer::Done)
            }
            Request::Reset => {
                self.paused().and_then(|()| self.registers.reset(&*self.config.entry)).map(|()| Answer::Done)
            }
            Request::Nmi => {
                let result = self.registers.fd().nmi();
                result.map(|()| Answer::Done).map_err(KvmError::ioctl("send an NMI"))
            }
            Request::Translate(address) => self.translate(address),
            Request::Identify => Ok(Answer::Identity(rustix::thread::gettid().as_raw_nonzero().get())),
            Request::Stop => Ok(Answer::Done),
        };
        result.unwrap_or_else(Answer::Failed)
    }

    fn load(&mut self, state: Box<CpuState>) -> Result<Answer> {
        self.registers.load(state).map(|()| Answer::Done)
    }

    fn translate(&self, address: u64) -> Result<Answer> {
        let found = self.registers.fd().translate_gva(address).map_err(KvmError::ioctl("translate an address"))?;
        Ok(Answer::Translated((found.valid != 0).then_some(found.physical_address)))
    }

    fn paused(&self) -> Result {
        match self.state {
            State::Paused => Ok(()),
            State::Running => Err(KvmError::Running(self.config.index)),
        }
    }
}

impl Drop for Runner {
    /// A panic, which only a mistake in a device can cause, must not leave a CPU that silently stands still.
    fn drop(&mut self) {
        if std::thread::panicking() {
            (self.config.events)(VcpuEvent::Failed("its thread panicked".into()));
        }
    }
}

/// The kernel's reasons in words (its API documentation, KVM_EXIT_INTERNAL_ERROR).
fn suberror(number: u32) -> &'static str {
    match number {
        1 => "an instruction could not be emulated",
        2 => "an exception came while another was handled by the kernel",
        3 => "an event could not be delivered",
        4 => "an exit of the processor that the kernel does not know",
        _ => "unknown reason",
    }
}
