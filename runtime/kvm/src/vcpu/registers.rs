//! Moving a vCPU's state in and out of the kernel.

use kvm_bindings::{Msrs, kvm_msr_entry};
use kvm_ioctls::VcpuFd;

use crate::state::{ALL_MSRS, Raw, TSC, is_range_mask};
use crate::{ApicState, CpuState, KvmError, Result};

/// The widest physical address there can be.
const PHYSICAL: u64 = (1 << 52) - 1;

/// A vCPU's descriptor and what is known of its registers.
pub(super) struct Registers {
    index: u32,
    fd: VcpuFd,
    tsc_khz: Option<u32>,
    /// Registers of [`ALL_MSRS`] that this host's KVM has, and the time stamp counter last.
    msrs: Vec<u32>,
    /// Bits of a 52-bit physical address that this host's addresses lack.
    beyond: u64,
    /// State right after creation.
    power_on: Box<CpuState>,
    /// The local APIC right after creation.
    apic: ApicState,
    /// Fields that the kernel does not hold, from the state loaded last.
    carried: Box<CpuState>,
}

impl Registers {
    pub(super) fn new(index: u32, fd: VcpuFd, tsc_khz: Option<u32>) -> Self {
        let state = Box::<CpuState>::default();
        Self {
            index,
            fd,
            tsc_khz,
            msrs: Vec::new(),
            beyond: 0,
            power_on: state.clone(),
            apic: ApicState::default(),
            carried: state,
        }
    }

    pub(super) fn fd(&self) -> &VcpuFd {
        &self.fd
    }

    pub(super) fn fd_mut(&mut self) -> &mut VcpuFd {
        &mut self.fd
    }

    /// Finds out which registers there are and takes the power-on state. Comes after CPUID, before everything else. `width` is that
    /// of physical addresses, bits.
    pub(super) fn learn(&mut self, width: u32) -> Result {
        self.beyond = PHYSICAL & u64::MAX.checked_shl(width).unwrap_or(0);
        self.msrs =
            ALL_MSRS.into_iter().filter(|&number| self.read_msrs(&[number]).is_ok_and(|v| v.len() == 1)).collect();
        self.msrs.push(TSC);
        self.power_on = self.save()?;
        self.apic = self.save_apic()?;
        Ok(())
    }

    /// Back to power-on, then to the state that `entry` makes of it.
    pub(super) fn reset(&mut self, entry: &dyn Fn(&mut CpuState)) -> Result {
        let mut state = self.power_on.clone();
        entry(&mut state);
        self.load(state)?;
        self.load_apic(&self.apic)
    }

    /// A copy of the state. The CPU must be between two instructions.
    pub(super) fn save(&self) -> Result<Box<CpuState>> {
        let mut state = self.carried.clone();
        state.gather(&self.raw()?);
        let values = self.read_msrs(&self.msrs)?;
        for (number, value) in self.msrs.iter().zip(values) {
            let fill = if is_range_mask(*number) { self.beyond } else { 0 };
            state.set_msr(*number, value | fill);
        }
        if let Some(khz) = self.tsc_khz {
            state.tsc_khz = khz.into();
        }
        Ok(state)
    }

    /// Replaces the state. The order matters: modes before what depends on them, pending events after the registers (setting those
    /// drops events), time last.
    pub(super) fn load(&mut self, mut state: Box<CpuState>) -> Result {
        let wanted = state.scatter(&self.raw()?);
        self.set_frequency(state.tsc_khz);
        let fd = &self.fd;
        fd.set_sregs(&wanted.sregs).map_err(KvmError::ioctl("set a CPU's system registers"))?;
        fd.set_xcrs(&wanted.xcrs).map_err(KvmError::ioctl("set a CPU's extended control registers"))?;
        // SAFETY: the structure has the size that KVM_SET_XSAVE reads, 4096 bytes, as long as the process never asks the kernel
        // for larger state components, which only a call that nobody here makes does.
        unsafe { fd.set_xsave(&wanted.xsave) }.map_err(KvmError::ioctl("set a CPU's extended state"))?;
        fd.set_regs(&wanted.regs).map_err(KvmError::ioctl("set a CPU's registers"))?;
        fd.set_debug_regs(&wanted.debug).map_err(KvmError::ioctl("set a CPU's debug registers"))?;
        fd.set_mp_state(wanted.mp_state).map_err(KvmError::ioctl("set a CPU's run state"))?;
        fd.set_vcpu_events(&wanted.events).map_err(KvmError::ioctl("set a CPU's pending events"))?;
        self.write_msrs(&mut state)?;
        self.carried = state;
        Ok(())
    }

    /// A copy of the local APIC's state.
    pub(super) fn save_apic(&self) -> Result<ApicState> {
        let page = self.fd.get_lapic().map_err(KvmError::ioctl("read the local APIC"))?;
        let sregs = self.fd.get_sregs().map_err(KvmError::ioctl("read a CPU's system registers"))?;
        Ok(ApicState::gather(&page, sregs.apic_base))
    }

    /// Replaces the local APIC's state. Its base register first: it says whether there is an APIC at all.
    pub(super) fn load_apic(&self, state: &ApicState) -> Result {
        let mut sregs = self.fd.get_sregs().map_err(KvmError::ioctl("read a CPU's system registers"))?;
        sregs.apic_base = state.base.into();
        // The processor's register of the same content.
        sregs.cr8 = (state.tpr >> 4).into();
        self.fd.set_sregs(&sregs).map_err(KvmError::ioctl("set a CPU's system registers"))?;
        let mut page = self.fd.get_lapic().map_err(KvmError::ioctl("read the local APIC"))?;
        state.scatter(&mut page);
        self.fd.set_lapic(&page).map_err(KvmError::ioctl("set the local APIC"))
    }

    fn raw(&self) -> Result<Raw> {
        let fd = &self.fd;
        Ok(Raw {
            regs: fd.get_regs().map_err(KvmError::ioctl("read a CPU's registers"))?,
            sregs: fd.get_sregs().map_err(KvmError::ioctl("read a CPU's system registers"))?,
            xsave: Box::new(fd.get_xsave().map_err(KvmError::ioctl("read a CPU's extended state"))?),
            xcrs: fd.get_xcrs().map_err(KvmError::ioctl("read a CPU's extended control registers"))?,
            debug: fd.get_debug_regs().map_err(KvmError::ioctl("read a CPU's debug registers"))?,
            events: fd.get_vcpu_events().map_err(KvmError::ioctl("read a CPU's pending events"))?,
            mp_state: fd.get_mp_state().map_err(KvmError::ioctl("read a CPU's run state"))?,
        })
    }

    /// Values in the order of `numbers`; fewer when the kernel does not know one of them.
    fn read_msrs(&self, numbers: &[u32]) -> Result<Vec<u64>> {
        let entries: Vec<_> = numbers.iter().map(|&index| kvm_msr_entry { index, ..Default::default() }).collect();
        let mut list = msr_list(&entries)?;
        let count = self.fd.get_msrs(&mut list).map_err(KvmError::ioctl("read a CPU's model-specific registers"))?;
        Ok(list.as_slice().iter().take(count).map(|entry| entry.data).collect())
    }

    /// Writes every register. One that does not take its value is an error unless it holds it already: some are read-only here
    /// and nobody changed them there.
    fn write_msrs(&self, state: &mut CpuState) -> Result {
        let entries: Vec<_> = self
            .msrs
            .iter()
            .filter_map(|&index| {
                let strip = if is_range_mask(index) { self.beyond } else { 0 };
                state.msr(index).map(|data| kvm_msr_entry { index, data: data & !strip, ..Default::default() })
            })
            .collect();
        let mut rest = entries.as_slice();
        while !rest.is_empty() {
            let count =
                self.fd.set_msrs(&msr_list(rest)?).map_err(KvmError::ioctl("set a CPU's model-specific registers"))?;
            let Some((refused, others)) = rest.get(count..).and_then(<[_]>::split_first) else {
                break;
            };
            if self.read_msrs(&[refused.index])? != [refused.data] {
                return Err(KvmError::Msr { cpu: self.index, msr: refused.index, value: refused.data });
            }
            rest = others;
        }
        Ok(())
    }

    /// Asks for the frequency at which the guest's counter ran. A host that cannot scale keeps its own, and the guest's time then
    /// runs at the ratio of the two.
    fn set_frequency(&self, khz: i64) {
        let Ok(khz) = u32::try_from(khz) else { return };
        if khz == 0 || self.tsc_khz == Some(khz) {
            return;
        }
        if let Err(error) = self.fd.set_tsc_khz(khz) {
            let cpu = self.index;
            tracing::warn!(cpu, khz, ours = self.tsc_khz, %error, "the time stamp counter runs at another frequency here");
        }
    }
}

fn msr_list(entries: &[kvm_msr_entry]) -> Result<Msrs> {
    Msrs::from_entries(entries)
        .map_err(|error| KvmError::State(format!("too many model-specific registers: {error:?}")))
}
