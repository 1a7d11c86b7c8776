//! Saved states of the 8259, the I/O APIC and the 8254: QEMU's sections `i8259` v1, `ioapic` v3 and `i8254` v3.

use kvm_bindings::{KVM_PIT_FLAGS_HPET_LEGACY, kvm_ioapic_state, kvm_pic_state, kvm_pit_channel_state, kvm_pit_state2};
use vmstate::{Fields, Result, VmState};

/// One 8259. Fields are the chip's registers and its initialization state, as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PicState {
    /// Levels of the lines, for finding edges.
    pub last_irr: u8,
    /// Requests.
    pub irr: u8,
    /// Masked lines.
    pub imr: u8,
    /// In service.
    pub isr: u8,
    /// Line of highest priority.
    pub priority_add: u8,
    /// First vector.
    pub irq_base: u8,
    /// Reading shows what is in service.
    pub read_reg_select: u8,
    /// The next read polls.
    pub poll: u8,
    /// Special mask mode.
    pub special_mask: u8,
    /// Step of the initialization.
    pub init_state: u8,
    /// Interrupts end by themselves.
    pub auto_eoi: u8,
    /// And rotate priorities.
    pub rotate_on_auto_eoi: u8,
    /// Special fully nested mode.
    pub special_fully_nested_mode: u8,
    /// The initialization has a fourth word.
    pub init4: u8,
    /// Level-triggered lines.
    pub elcr: u8,
}

impl PicState {
    pub(super) fn gather(k: &kvm_pic_state) -> Self {
        Self {
            last_irr: k.last_irr,
            irr: k.irr,
            imr: k.imr,
            isr: k.isr,
            priority_add: k.priority_add,
            irq_base: k.irq_base,
            read_reg_select: k.read_reg_select,
            poll: k.poll,
            special_mask: k.special_mask,
            init_state: k.init_state,
            auto_eoi: k.auto_eoi,
            rotate_on_auto_eoi: k.rotate_on_auto_eoi,
            special_fully_nested_mode: k.special_fully_nested_mode,
            init4: k.init4,
            elcr: k.elcr,
        }
    }

    /// Which lines can be level-triggered stays the kernel's.
    pub(super) fn scatter(&self, k: &mut kvm_pic_state) {
        let elcr_mask = k.elcr_mask;
        *k = kvm_pic_state {
            last_irr: self.last_irr,
            irr: self.irr,
            imr: self.imr,
            isr: self.isr,
            priority_add: self.priority_add,
            irq_base: self.irq_base,
            read_reg_select: self.read_reg_select,
            poll: self.poll,
            special_mask: self.special_mask,
            init_state: self.init_state,
            auto_eoi: self.auto_eoi,
            rotate_on_auto_eoi: self.rotate_on_auto_eoi,
            special_fully_nested_mode: self.special_fully_nested_mode,
            init4: self.init4,
            elcr: self.elcr,
            elcr_mask,
        };
    }
}

impl VmState for PicState {
    fn name(&self) -> &'static str {
        "i8259"
    }

    fn version(&self) -> u32 {
        1
    }

    fn fields(&mut self, v: &mut dyn Fields) -> Result {
        v.u8("last_irr", &mut self.last_irr)?;
        v.u8("irr", &mut self.irr)?;
        v.u8("imr", &mut self.imr)?;
        v.u8("isr", &mut self.isr)?;
        v.u8("priority_add", &mut self.priority_add)?;
        v.u8("irq_base", &mut self.irq_base)?;
        v.u8("read_reg_select", &mut self.read_reg_select)?;
        v.u8("poll", &mut self.poll)?;
        v.u8("special_mask", &mut self.special_mask)?;
        v.u8("init_state", &mut self.init_state)?;
        v.u8("auto_eoi", &mut self.auto_eoi)?;
        v.u8("rotate_on_auto_eoi", &mut self.rotate_on_auto_eoi)?;
        v.u8("special_fully_nested_mode", &mut self.special_fully_nested_mode)?;
        v.u8("init4", &mut self.init4)?;
        // The kernel's chip has no single mode.
        v.u8("single_mode", &mut 0)?;
        v.u8("elcr", &mut self.elcr)
    }
}

/// The I/O APIC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IoApicState {
    /// Identification.
    pub id: u8,
    /// Register that the data window shows.
    pub select: u8,
    /// Requests, a bit per line.
    pub irr: u32,
    /// Redirection entries.
    pub entries: [u64; 24],
}

impl IoApicState {
    pub(super) fn gather(k: &kvm_ioapic_state) -> Self {
        Self {
            // Both registers have eight bits or fewer.
            id: k.id as u8,
            select: k.ioregsel as u8,
            irr: k.irr,
            // SAFETY: the union is one 64-bit word under two names.
            entries: k.redirtbl.map(|entry| unsafe { entry.bits }),
        }
    }

    /// The address stays the kernel's.
    pub(super) fn scatter(&self, k: &mut kvm_ioapic_state) {
        k.id = self.id.into();
        k.ioregsel = self.select.into();
        k.irr = self.irr;
        for (entry, bits) in k.redirtbl.iter_mut().zip(self.entries) {
            entry.bits = bits;
        }
    }
}

impl VmState for IoApicState {
    fn name(&self) -> &'static str {
        "ioapic"
    }

    fn version(&self) -> u32 {
        3
    }

    fn fields(&mut self, v: &mut dyn Fields) -> Result {
        let Self { id, select, irr, entries } = self;
        v.u8("id", id)?;
        v.u8("ioregsel", select)?;
        v.unused(8)?;
        v.u32("irr", irr)?;
        v.u64s("ioredtbl", entries)
    }
}

/// One channel of the 8254: its registers, as the kernel names them. When it began to count does not travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PitChannel {
    /// Reload value, 1 to 65536.
    pub count: u32,
    /// Value held for reading.
    pub latched_count: u16,
    /// Whether it is held, and how much of it has been read.
    pub count_latched: u8,
    /// Whether the status is held.
    pub status_latched: u8,
    /// Status held.
    pub status: u8,
    /// Which byte is read next.
    pub read_state: u8,
    /// Which byte is written next.
    pub write_state: u8,
    /// First byte written.
    pub write_latch: u8,
    /// Which bytes are read and written.
    pub rw_mode: u8,
    /// Counting mode.
    pub mode: u8,
    /// Counts decimally.
    pub bcd: u8,
    /// Gate input.
    pub gate: u8,
}

impl PitChannel {
    fn gather(k: &kvm_pit_channel_state) -> Self {
        Self {
            count: k.count,
            latched_count: k.latched_count,
            count_latched: k.count_latched,
            status_latched: k.status_latched,
            status: k.status,
            read_state: k.read_state,
            write_state: k.write_state,
            write_latch: k.write_latch,
            rw_mode: k.rw_mode,
            mode: k.mode,
            bcd: k.bcd,
            gate: k.gate,
        }
    }

    fn scatter(&self) -> kvm_pit_channel_state {
        let Self {
            count,
            latched_count,
            count_latched,
            status_latched,
            status,
            read_state,
            write_state,
            write_latch,
            rw_mode,
            mode,
            bcd,
            gate,
        } = *self;
        kvm_pit_channel_state {
            count,
            latched_count,
            count_latched,
            status_latched,
            status,
            read_state,
            write_state,
            write_latch,
            rw_mode,
            mode,
            bcd,
            gate,
            count_load_time: 0,
        }
    }
}

impl VmState for PitChannel {
    fn name(&self) -> &'static str {
        "pit channel"
    }

    fn version(&self) -> u32 {
        2
    }

    fn fields(&mut self, v: &mut dyn Fields) -> Result {
        v.u32("count", &mut self.count)?;
        v.u16("latched_count", &mut self.latched_count)?;
        v.u8("count_latched", &mut self.count_latched)?;
        v.u8("status_latched", &mut self.status_latched)?;
        v.u8("status", &mut self.status)?;
        v.u8("read_state", &mut self.read_state)?;
        v.u8("write_state", &mut self.write_state)?;
        v.u8("write_latch", &mut self.write_latch)?;
        v.u8("rw_mode", &mut self.rw_mode)?;
        v.u8("mode", &mut self.mode)?;
        v.u8("bcd", &mut self.bcd)?;
        v.u8("gate", &mut self.gate)?;
        // Times of a host's clock; a kernel that loads the channel counts from then on.
        v.i64("count_load_time", &mut 0)?;
        v.i64("next_transition_time", &mut 0)
    }
}

/// The 8254.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PitState {
    /// Something else drives the timer interrupt.
    pub irq_disabled: bool,
    /// Channels: timer interrupt, refresh, speaker.
    pub channels: [PitChannel; 3],
}

impl PitState {
    pub(super) fn gather(k: &kvm_pit_state2) -> Self {
        Self {
            irq_disabled: k.flags & KVM_PIT_FLAGS_HPET_LEGACY != 0,
            channels: k.channels.each_ref().map(PitChannel::gather),
        }
    }

    /// The speaker's data line stays the kernel's.
    pub(super) fn scatter(&self, k: &mut kvm_pit_state2) {
        k.flags &= !KVM_PIT_FLAGS_HPET_LEGACY;
        if self.irq_disabled {
            k.flags |= KVM_PIT_FLAGS_HPET_LEGACY;
        }
        k.channels = self.channels.each_ref().map(PitChannel::scatter);
    }
}

impl VmState for PitState {
    fn name(&self) -> &'static str {
        "i8254"
    }

    fn version(&self) -> u32 {
        3
    }

    fn fields(&mut self, v: &mut dyn Fields) -> Result {
        let Self { irq_disabled, channels } = self;
        let mut disabled = u32::from(*irq_disabled);
        v.u32("channels[0].irq_disabled", &mut disabled)?;
        *irq_disabled = disabled != 0;
        v.structures("channels", &mut channels.each_mut().map(|channel| channel as &mut dyn VmState))?;
        v.i64("channels[0].next_transition_time", &mut 0)
    }
}
