//! The assembled machine: order of construction, start, stop, reset, save and load in one place.

use std::sync::Arc;

use devices::{Device, PortBus};
use kvm::Vm;
use memory::{DirtyLog, GuestMemory, NoDirtyLog, RamBlock};
use vmstate::Source;

use crate::clock::{self, Clock};
use crate::cpus::{self, Cpus, Entry};
use crate::guest::Guest;
use crate::irqchip::{self, IrqChip};
use crate::{
    Accelerator, CpuInfo, MachineConfig, MachineError, MachineKind, Result, SavedDevice, SerialPort, i8042, ram, serial,
};

/// A machine, paused at first. Everything is called by its one owner; only [`SerialPort`]s and dirty logs go to other threads.
///
/// A machine that fails to pause, reset or load is in no defined state and can only be reset or dropped.
pub struct Machine {
    // CPUs first: their threads end before what they use goes.
    cpus: Cpus,
    kvm: Option<Kernel>,
    ports: Arc<PortBus>,
    serial: Option<SerialPort>,
    guest: Option<Guest>,
    memory: Arc<GuestMemory>,
    ram: Option<Arc<RamBlock>>,
    kind: MachineKind,
    accelerator: Accelerator,
    running: bool,
    started: bool,
}

/// What the kernel holds of a machine.
struct Kernel {
    vm: Vm,
    irqchip: IrqChip,
    clock: Clock,
}

impl Machine {
    /// Builds a machine, paused at power-on with the built-in guest in its memory.
    ///
    /// CPUs are set up on their own threads meanwhile: a CPU that the host cannot have shows at the first [`resume`](Self::resume)
    /// or other request to it.
    ///
    /// # Errors
    /// [`MachineError::NoKvm`] when the accelerator cannot be used at all; [`MachineError::Config`] for what the board cannot have.
    pub fn new(config: MachineConfig) -> Result<Self> {
        let MachineConfig { kind, accelerator, ram, cpus, serial, guest, events } = config;
        let memory = ram::map(kind, ram.as_ref())?;
        if kind == MachineKind::None {
            if accelerator == Accelerator::Kvm {
                Vm::probe().map_err(MachineError::NoKvm)?;
            }
            let cpus = Cpus::parked(0, Arc::new(|_| ()));
            let ports = Arc::new(PortBus::new());
            return Ok(Self {
                cpus,
                kvm: None,
                ports,
                serial: None,
                guest: None,
                memory,
                ram,
                kind,
                accelerator,
                running: false,
                started: false,
            });
        }
        if cpus != 1 {
            let problem = format!("Invalid SMP CPUs {cpus}. The max CPUs supported by machine '{}' is 1", kind.name());
            return Err(MachineError::Config { machine: kind.name(), problem });
        }
        let kernel = match accelerator {
            Accelerator::Kvm => Some(Kernel::new(&memory)?),
            Accelerator::Qtest => None,
        };
        let mut bus = PortBus::new();
        i8042::attach(&mut bus, &events)?;
        let serial = match serial {
            Some(sink) => Some(SerialPort::new(&mut bus, irq_line(kernel.as_ref(), serial::IRQ), sink)?),
            None => None,
        };
        let ports = Arc::new(bus);
        let entry: Entry = Arc::new(Guest::enter);
        let cpus = match &kernel {
            Some(kernel) => Cpus::kvm(&kernel.vm, cpus, ports.clone(), &entry, &events)?,
            None => Cpus::parked(cpus, entry),
        };
        // A guest that nobody runs would only be in a test's way.
        let guest = kernel.as_ref().map(|_| Guest::new(guest, cpus.tsc_khz(), memory.total()));
        let machine = Self {
            cpus,
            kvm: kernel,
            ports,
            serial,
            guest,
            memory,
            ram,
            kind,
            accelerator,
            running: false,
            started: false,
        };
        machine.load_guest()?;
        Ok(machine)
    }

    /// Board.
    pub fn kind(&self) -> MachineKind {
        self.kind
    }

    /// Who runs the guest.
    pub fn accelerator(&self) -> Accelerator {
        self.accelerator
    }

    /// The guest-physical address space.
    pub fn memory(&self) -> &Arc<GuestMemory> {
        &self.memory
    }

    /// The blocks that a migration sends.
    pub fn ram(&self) -> Vec<Arc<RamBlock>> {
        self.ram.clone().into_iter().collect()
    }

    /// A log of the guest's writes, independent of the machine's owner, not yet started.
    pub fn dirty_log(&self) -> Box<dyn DirtyLog> {
        match &self.kvm {
            Some(kernel) => Box::new(kernel.vm.dirty_log()),
            None => Box::new(NoDirtyLog),
        }
    }

    /// The first serial port, when there is one.
    pub fn serial(&self) -> Option<&SerialPort> {
        self.serial.as_ref()
    }

    /// The CPUs. Waits for their set-up the first time.
    ///
    /// # Errors
    /// A CPU that could not be set up.
    pub fn cpus(&self) -> Result<Vec<CpuInfo>> {
        self.cpus.info()
    }

    /// Whether CPUs run; one may have paused itself, see [`MachineEvent`](crate::MachineEvent).
    pub fn is_running(&self) -> bool {
        self.running
    }

    /// Runs the CPUs. Nothing happens to those that run.
    ///
    /// # Errors
    /// A CPU that could not be set up or has failed.
    pub fn resume(&mut self) -> Result {
        if !self.running {
            let first = !self.started;
            self.each_device(|device| if first { device.start() } else { device.resume() });
            self.started = true;
        }
        self.running = true;
        self.cpus.resume()
    }

    /// Pauses the CPUs and returns when all are out of the guest, at most the time of one port access.
    ///
    /// # Errors
    /// A CPU that could not be set up or has failed.
    pub fn pause(&mut self) -> Result {
        self.cpus.pause()?;
        if self.running {
            self.each_device(|device| device.pause());
        }
        self.running = false;
        Ok(())
    }

    /// Back to power-on: CPUs, devices, the guest's image and its counter. Memory outside of the image stays as it is. A running
    /// machine runs on afterwards.
    ///
    /// # Errors
    /// The accelerator's.
    pub fn reset(&mut self) -> Result {
        let running = self.running;
        self.pause()?;
        if let Some(kernel) = &self.kvm {
            kernel.irqchip.reset()?;
        }
        self.each_device(|device| device.reset());
        self.load_guest()?;
        self.cpus.reset()?;
        if running { self.resume() } else { Ok(()) }
    }

    /// Sends a non-maskable interrupt to every CPU.
    ///
    /// # Errors
    /// The accelerator's.
    pub fn inject_nmi(&self) -> Result {
        self.cpus.nmi()
    }

    /// The guest-physical address of a virtual one, as CPU `cpu` sees it now; `None` when it is not mapped.
    ///
    /// # Errors
    /// No such CPU, or the accelerator's.
    pub fn translate(&self, cpu: usize, address: u64) -> Result<Option<u64>> {
        self.cpus.translate(cpu, address)
    }

    /// A copy of a CPU's registers.
    ///
    /// # Errors
    /// No such CPU, or the accelerator's.
    pub fn cpu_state(&self, cpu: usize) -> Result<Box<kvm::CpuState>> {
        self.cpus.save(cpu)
    }

    /// Reads I/O ports as a CPU would.
    pub fn port_read(&self, port: u16, data: &mut [u8]) {
        self.ports.read(port, data);
    }

    /// Writes I/O ports as a CPU would.
    pub fn port_write(&self, port: u16, data: &[u8]) {
        // Nobody is there to be parked.
        let _ = self.ports.write(port, data);
    }

    /// The state of everything but memory, in the order in which it is to be loaded. CPUs must be paused.
    ///
    /// # Errors
    /// The accelerator's, or a CPU in a state that has no place in the stream.
    pub fn save_devices(&self) -> Result<Vec<SavedDevice>> {
        let mut saved = Vec::new();
        for (instance, index) in (0..).zip(0..self.cpus.count()) {
            saved.push(SavedDevice::new(instance, &mut *self.cpus.save(index)?)?);
            if let Some(mut apic) = self.cpus.save_apic(index)? {
                saved.push(SavedDevice::new(instance, &mut apic)?);
            }
        }
        if let Some(kernel) = &self.kvm {
            saved.push(SavedDevice::new(0, &mut kernel.clock.save()?)?);
            saved.extend(kernel.irqchip.save()?);
        }
        if let Some(mut state) = self.serial.as_ref().and_then(|port| port.with(|device| device.save())) {
            saved.push(SavedDevice::new(0, &mut *state)?);
        }
        Ok(saved)
    }

    /// Loads one section, reading exactly its content. CPUs must be paused.
    ///
    /// # Errors
    /// A device that this machine lacks, content that cannot be understood, or state that this host cannot hold.
    pub fn load_device(&mut self, name: &str, instance: u32, version: u32, source: &mut dyn Source) -> Result {
        let index = instance as usize;
        let known = match (name, &self.serial, &self.kvm) {
            (cpus::NAME, ..) if index < self.cpus.count() => {
                self.cpus.load(index, version, source)?;
                true
            }
            (cpus::APIC_NAME, ..) => self.cpus.load_apic(index, version, source)?,
            (serial::NAME, Some(port), _) if instance == 0 => {
                port.with(|device| device.load(version, source))?;
                true
            }
            (clock::NAME, _, Some(kernel)) if instance == 0 => {
                kernel.clock.load(version, source)?;
                true
            }
            (_, _, Some(kernel)) => kernel.irqchip.load(name, instance, version, source)?,
            _ => false,
        };
        if known {
            return Ok(());
        }
        Err(MachineError::UnknownDevice { name: name.to_owned(), instance, machine: self.kind.name() })
    }

    fn load_guest(&self) -> Result {
        match &self.guest {
            Some(guest) => guest.load(&self.memory),
            None => Ok(()),
        }
    }

    fn each_device(&self, action: impl Fn(&mut dyn Device)) {
        if let Some(port) = &self.serial {
            port.with(|device| action(device));
        }
    }
}

impl Kernel {
    fn new(memory: &GuestMemory) -> Result<Self> {
        let vm = Vm::new()?;
        // Memory before the interrupt controllers: the other way round the first region waits for milliseconds.
        for (address, block) in memory.blocks() {
            vm.add_memory(address, block.clone())?;
        }
        let irqchip = IrqChip::new(&vm)?;
        let clock = Clock::new(&vm);
        Ok(Self { vm, irqchip, clock })
    }
}

/// An interrupt line of the kernel's controllers; without them the line ends nowhere.
fn irq_line(kernel: Option<&Kernel>, number: u32) -> Box<dyn devices::IrqLine> {
    match kernel {
        Some(kernel) => Box::new(irqchip::line(&kernel.vm, number)),
        None => Box::new(|_level: bool| ()),
    }
}
