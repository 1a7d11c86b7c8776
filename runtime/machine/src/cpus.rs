//! Board section: CPUs, on KVM or parked.

use std::sync::Arc;

use devices::PortBus;
use kvm::{ApicState, Bus, CpuState, Flow, Vcpu, VcpuConfig, VcpuEvent, Vm};
use vmstate::Source;

use crate::config::EventSink;
use crate::{MachineError, MachineEvent, Result};

/// Section name of a CPU.
pub(crate) const NAME: &str = "cpu";

/// Section name of a CPU's local APIC.
pub(crate) const APIC_NAME: &str = "apic";

/// What there is to know about a CPU without asking it anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CpuInfo {
    /// Index of the CPU.
    pub index: u32,
    /// The host's identifier of the thread that runs it.
    pub thread_id: i32,
}

/// Turns power-on state into the state in which a CPU begins.
pub(crate) type Entry = Arc<dyn Fn(&mut CpuState) + Send + Sync>;

/// All CPUs of a machine.
pub(crate) enum Cpus {
    /// On KVM, each on its thread.
    Kvm(Vec<Vcpu>),
    /// With state, but nobody to run them.
    Parked { states: Vec<CpuState>, entry: Entry },
}

impl Cpus {
    /// Creates `count` CPUs on KVM, paused at `entry`.
    pub(crate) fn kvm(vm: &Vm, count: u32, bus: Arc<PortBus>, entry: &Entry, events: &EventSink) -> Result<Self> {
        let bus: Arc<dyn Bus> = Arc::new(Ports(bus));
        let cpus = (0..count).map(|index| {
            let (entry, events) = (entry.clone(), events.clone());
            let config = VcpuConfig {
                index,
                bus: bus.clone(),
                entry: Box::new(move |state| entry(state)),
                events: Box::new(move |event| events(translate(index, event))),
            };
            Vcpu::new(vm, config)
        });
        Ok(Self::Kvm(cpus.collect::<Result<_, _>>()?))
    }

    /// CPUs that nobody runs.
    pub(crate) fn parked(count: u32, entry: Entry) -> Self {
        let mut cpus = Self::Parked { states: vec![CpuState::default(); count as usize], entry };
        cpus.park();
        cpus
    }

    /// Puts parked CPUs to their entry.
    fn park(&mut self) {
        if let Self::Parked { states, entry } = self {
            for state in states {
                *state = CpuState::default();
                entry(state);
            }
        }
    }

    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Kvm(cpus) => cpus.len(),
            Self::Parked { states, .. } => states.len(),
        }
    }

    pub(crate) fn info(&self) -> Result<Vec<CpuInfo>> {
        match self {
            Self::Kvm(cpus) => {
                cpus.iter().map(|cpu| Ok(CpuInfo { index: cpu.index(), thread_id: cpu.thread_id()? })).collect()
            }
            // Nobody runs them; the process stands for its threads.
            Self::Parked { states, .. } => {
                let thread_id = std::process::id().cast_signed();
                Ok((0..).zip(states).map(|(index, _)| CpuInfo { index, thread_id }).collect())
            }
        }
    }

    /// Frequency of the time stamp counter, kHz, when the host knows.
    pub(crate) fn tsc_khz(&self) -> Option<u32> {
        match self {
            Self::Kvm(cpus) => cpus.first().and_then(Vcpu::tsc_khz),
            Self::Parked { .. } => None,
        }
    }

    pub(crate) fn resume(&self) -> Result {
        match self {
            Self::Kvm(cpus) => Ok(cpus.iter().try_for_each(Vcpu::resume)?),
            Self::Parked { .. } => Ok(()),
        }
    }

    pub(crate) fn pause(&self) -> Result {
        match self {
            Self::Kvm(cpus) => Ok(kvm::pause_all(cpus)?),
            Self::Parked { .. } => Ok(()),
        }
    }

    pub(crate) fn reset(&mut self) -> Result {
        match self {
            Self::Kvm(cpus) => Ok(cpus.iter().try_for_each(Vcpu::reset)?),
            Self::Parked { .. } => {
                self.park();
                Ok(())
            }
        }
    }

    pub(crate) fn nmi(&self) -> Result {
        match self {
            Self::Kvm(cpus) => Ok(cpus.iter().try_for_each(Vcpu::nmi)?),
            Self::Parked { .. } => Ok(()),
        }
    }

    /// The guest-physical address behind a virtual one of CPU `index`.
    pub(crate) fn translate(&self, index: usize, address: u64) -> Result<Option<u64>> {
        let missing = MachineError::NoCpu { count: self.count() };
        match self {
            Self::Kvm(cpus) => Ok(cpus.get(index).ok_or(missing)?.translate(address)?),
            // Paging is the accelerator's business; without one, addresses are physical.
            Self::Parked { states, .. } => states.get(index).map(|_| Some(address)).ok_or(missing),
        }
    }

    /// The state of CPU `index`.
    pub(crate) fn save(&self, index: usize) -> Result<Box<CpuState>> {
        let missing = MachineError::NoCpu { count: self.count() };
        match self {
            Self::Kvm(cpus) => Ok(cpus.get(index).ok_or(missing)?.save()?),
            Self::Parked { states, .. } => states.get(index).cloned().map(Box::new).ok_or(missing),
        }
    }

    /// The state of CPU `index`'s local APIC; `None` for a parked CPU, whose interrupts nobody delivers.
    pub(crate) fn save_apic(&self, index: usize) -> Result<Option<ApicState>> {
        match self {
            Self::Kvm(cpus) => Ok(cpus.get(index).map(Vcpu::save_apic).transpose()?),
            Self::Parked { .. } => Ok(None),
        }
    }

    /// Puts CPU `index`'s local APIC into the state in `source`; false, with nothing read, when there is no such APIC.
    pub(crate) fn load_apic(&self, index: usize, version: u32, source: &mut dyn Source) -> Result<bool> {
        let Self::Kvm(cpus) = self else { return Ok(false) };
        let Some(cpu) = cpus.get(index) else { return Ok(false) };
        let mut state = ApicState::default();
        vmstate::load(&mut state, version, source)?;
        cpu.load_apic(state)?;
        Ok(true)
    }

    /// Puts CPU `index` into the state in `source`.
    pub(crate) fn load(&mut self, index: usize, version: u32, source: &mut dyn Source) -> Result {
        let missing = MachineError::NoCpu { count: self.count() };
        let mut state = self.save(index)?;
        vmstate::load(&mut *state, version, source)?;
        match self {
            Self::Kvm(cpus) => Ok(cpus.get(index).ok_or(missing)?.load(state)?),
            Self::Parked { states, .. } => {
                *states.get_mut(index).ok_or(missing)? = *state;
                Ok(())
            }
        }
    }
}

fn translate(index: u32, event: VcpuEvent) -> MachineEvent {
    match event {
        VcpuEvent::TripleFault => MachineEvent::ResetRequested,
        VcpuEvent::Failed(reason) => MachineEvent::CpuFailed { index, reason },
    }
}

/// The port bus as the accelerator sees it. The board has no memory-mapped device outside of the kernel.
struct Ports(Arc<PortBus>);

impl Bus for Ports {
    fn pio_read(&self, port: u16, data: &mut [u8]) {
        self.0.read(port, data);
    }

    fn pio_write(&self, port: u16, data: &[u8]) -> Flow {
        match self.0.write(port, data) {
            devices::Flow::Continue => Flow::Continue,
            devices::Flow::Park => Flow::Park,
        }
    }

    fn mmio_read(&self, _address: u64, data: &mut [u8]) {
        data.fill(0xff);
    }

    fn mmio_write(&self, _address: u64, _data: &[u8]) -> Flow {
        Flow::Continue
    }
}
