//! The kernel's virtual machine: memory slots and interrupt controllers.

use std::sync::{Arc, Mutex, PoisonError};

use kvm_bindings::{
    KVM_MEM_LOG_DIRTY_PAGES, KVM_PIT_SPEAKER_DUMMY, kvm_clock_data, kvm_pit_config, kvm_userspace_memory_region,
};
use kvm_ioctls::{Cap, Kvm, VmFd};
use memory::RamBlock;

use crate::{KvmDirtyLog, KvmError, OpenError, Result};

/// The only version of the API there has ever been since it became stable.
const API_VERSION: i32 = 12;
/// Three pages that Intel's real-mode emulation needs, below the firmware and out of everybody's way.
const TSS_ADDRESS: usize = 0xfeff_d000;
/// One page that Intel's unpaged-mode emulation needs.
const IDENTITY_MAP_ADDRESS: u64 = 0xfeff_c000;

/// What [`Vm::new`] insists on, with the names that an error shows.
const NEEDED: [(Cap, &str); 9] = [
    (Cap::UserMemory, "user memory regions"),
    (Cap::Irqchip, "an interrupt controller in the kernel"),
    (Cap::Pit2, "an interval timer in the kernel"),
    (Cap::ImmediateExit, "immediate exits"),
    (Cap::Xsave, "access to extended CPU state"),
    (Cap::VcpuEvents, "access to pending CPU events"),
    (Cap::Debugregs, "access to debug registers"),
    (Cap::MpState, "access to CPU run states"),
    (Cap::AdjustClock, "access to the guest's clock"),
];

/// One memory slot. The block is held so that its mapping outlives the kernel's use of it.
pub(crate) struct Slot {
    pub(crate) number: u32,
    pub(crate) address: u64,
    pub(crate) block: Arc<RamBlock>,
}

/// What everybody who uses the virtual machine shares. Fields drop in order: the kernel lets go of memory before the memory goes.
pub(crate) struct Inner {
    pub(crate) fd: VmFd,
    pub(crate) kvm: Kvm,
    slots: Mutex<Vec<Slot>>,
}

impl Inner {
    /// Runs `action` over the memory slots.
    pub(crate) fn slots<T>(&self, action: impl FnOnce(&mut Vec<Slot>) -> T) -> T {
        action(&mut self.slots.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tells the kernel about a slot, with logging of writes or without.
    pub(crate) fn set_slot(&self, slot: &Slot, log: bool) -> Result<(), vmm_sys_util::errno::Error> {
        let region = kvm_userspace_memory_region {
            slot: slot.number,
            flags: if log { KVM_MEM_LOG_DIRTY_PAGES } else { 0 },
            guest_phys_addr: slot.address,
            memory_size: slot.block.size(),
            userspace_addr: slot.block.host_address() as u64,
        };
        // SAFETY: the range is one mapping of `block`, which lives at least as long as anybody can make the kernel use it: slots
        // are never removed, and the kernel touches memory on behalf of this descriptor, which this struct drops first, or of a
        // vCPU's, which its thread uses and drops while it holds this struct. A run page that is still mapped then keeps the
        // kernel's machine, but runs nothing.
        unsafe { self.fd.set_user_memory_region(region) }
    }
}

/// A virtual machine. Clones are handles to the same one.
#[derive(Clone)]
pub struct Vm {
    pub(crate) inner: Arc<Inner>,
}

impl Vm {
    /// Opens `/dev/kvm` and creates a virtual machine without memory and CPUs.
    ///
    /// # Errors
    /// [`KvmError::Open`] when KVM cannot be used at all, so that a caller may fall back to another accelerator.
    pub fn new() -> Result<Self> {
        let kvm = open()?;
        let fd = kvm.create_vm().map_err(KvmError::ioctl("create a virtual machine"))?;
        if kvm.check_extension(Cap::SetTssAddr) {
            fd.set_tss_address(TSS_ADDRESS).map_err(KvmError::ioctl("place the task state segment"))?;
        }
        if kvm.check_extension(Cap::SetIdentityMapAddr) {
            fd.set_identity_map_address(IDENTITY_MAP_ADDRESS).map_err(KvmError::ioctl("place the identity map"))?;
        }
        Ok(Self { inner: Arc::new(Inner { fd, kvm, slots: Mutex::new(Vec::new()) }) })
    }

    /// Whether KVM can be used by this process.
    ///
    /// # Errors
    /// Why not.
    pub fn probe() -> Result<(), OpenError> {
        open().map(drop)
    }

    /// Gives the guest `block` as memory at `address` (guest-physical, page-aligned).
    ///
    /// # Errors
    /// The kernel's: an overlap with another region, or an address that is not aligned.
    pub fn add_memory(&self, address: u64, block: Arc<RamBlock>) -> Result {
        self.inner.slots(|slots| {
            let number = u32::try_from(slots.len()).map_err(|_| KvmError::State("too many memory regions".into()))?;
            let slot = Slot { number, address, block };
            self.inner.set_slot(&slot, false).map_err(KvmError::ioctl("give memory to the guest"))?;
            slots.push(slot);
            Ok(())
        })
    }

    /// Creates the interrupt controllers (two 8259, an I/O APIC, a local APIC per CPU) and the 8254 timer in the kernel. Comes after
    /// memory and before CPUs.
    ///
    /// # Errors
    /// The kernel's.
    pub fn create_irqchip(&self) -> Result {
        self.inner.fd.create_irq_chip().map_err(KvmError::ioctl("create the interrupt controllers"))?;
        let config = kvm_pit_config { flags: KVM_PIT_SPEAKER_DUMMY, ..Default::default() };
        self.inner.fd.create_pit2(config).map_err(KvmError::ioctl("create the interval timer"))
    }

    /// Drives interrupt line `line` of the controllers made by [`create_irqchip`](Self::create_irqchip).
    ///
    /// # Errors
    /// The kernel's: no such line, or no controllers.
    pub fn set_irq_line(&self, line: u32, level: bool) -> Result {
        self.inner.fd.set_irq_line(line, level).map_err(KvmError::ioctl("drive an interrupt line"))
    }

    /// The guest's paravirtual clock, nanoseconds since the machine began.
    ///
    /// # Errors
    /// The kernel's.
    pub fn clock(&self) -> Result<u64> {
        self.inner.fd.get_clock().map(|data| data.clock).map_err(KvmError::ioctl("read the guest's clock"))
    }

    /// Sets the guest's paravirtual clock, nanoseconds. No vCPU may run.
    ///
    /// # Errors
    /// The kernel's.
    pub fn set_clock(&self, clock: u64) -> Result {
        let data = kvm_clock_data { clock, ..Default::default() };
        self.inner.fd.set_clock(&data).map_err(KvmError::ioctl("set the guest's clock"))
    }

    /// A log of the guest's writes, not yet started.
    pub fn dirty_log(&self) -> KvmDirtyLog {
        KvmDirtyLog::new(self.inner.clone())
    }
}

fn open() -> Result<Kvm, OpenError> {
    let kvm = Kvm::new().map_err(OpenError::new)?;
    match kvm.get_api_version() {
        API_VERSION => {}
        other => return Err(OpenError::Version(other)),
    }
    for (cap, name) in NEEDED {
        if !kvm.check_extension(cap) {
            return Err(OpenError::Lacks(name));
        }
    }
    Ok(kvm)
}
