//! Between the kernel's structures and the saved state. No kernel call in here.

use kvm_bindings::{
    KVM_MP_STATE_SIPI_RECEIVED, KVM_VCPUEVENT_VALID_NMI_PENDING, KVM_VCPUEVENT_VALID_SHADOW,
    KVM_VCPUEVENT_VALID_SIPI_VECTOR, kvm_debugregs, kvm_dtable, kvm_mp_state, kvm_regs, kvm_segment, kvm_sregs,
    kvm_vcpu_events, kvm_xcrs, kvm_xsave,
};

use super::{CpuState, FpRegister, Segment, Vector};

/// What the kernel holds of a vCPU, except for model-specific registers.
pub(crate) struct Raw {
    pub(crate) regs: kvm_regs,
    pub(crate) sregs: kvm_sregs,
    pub(crate) xsave: Box<kvm_xsave>,
    pub(crate) xcrs: kvm_xcrs,
    pub(crate) debug: kvm_debugregs,
    pub(crate) events: kvm_vcpu_events,
    pub(crate) mp_state: kvm_mp_state,
}

/// Bits of `hflags` (QEMU's layout).
const H_INHIBIT: u32 = 1 << 3;
const H_CS32: u32 = 1 << 4;
const H_SS32: u32 = 1 << 5;
const H_ADDSEG: u32 = 1 << 6;
const H_PE: u32 = 1 << 7;
const H_LMA: u32 = 1 << 14;
const H_CS64: u32 = 1 << 15;
const H_OSFXSR: u32 = 1 << 22;
/// Bit of `hflags2`: NMIs are masked.
const H2_NMI_MASKED: u32 = 1 << 2;

const CR0_PE: u64 = 1;
const CR4_OSFXSR: u64 = 1 << 9;
const EFER_LMA: u64 = 1 << 10;
/// Trap, I/O privilege and virtual-8086 flags, which stand at the same places in `hflags`.
const RFLAGS_COPIED: u64 = 0x0002_3100;
const RFLAGS_VM: u64 = 1 << 17;

const FLAG_DB: u32 = 1 << 22;
const FLAG_L: u32 = 1 << 21;

/// Offsets in the extended state area (processor manuals, "XSAVE area").
const FCW: usize = 0;
const FSW: usize = 2;
const FTW: usize = 4;
const FOP: usize = 6;
const FIP: usize = 8;
const FDP: usize = 16;
const MXCSR: usize = 24;
const ST: usize = 32;
const XMM: usize = 160;
const XSTATE_BV: usize = 512;
const YMM_HIGH: usize = 576;

/// Components of the extended state.
const X87: u64 = 1;
const SSE: u64 = 2;
const AVX: u64 = 4;

/// Reads `N` bytes of the area, which the kernel's structure holds as words.
fn get<const N: usize>(area: &kvm_xsave, offset: usize) -> [u8; N] {
    std::array::from_fn(|i| area.region[(offset + i) / 4].to_le_bytes()[(offset + i) % 4])
}

fn put(area: &mut kvm_xsave, offset: usize, bytes: &[u8]) {
    for (place, byte) in (offset..).zip(bytes) {
        let word = &mut area.region[place / 4];
        let mut image = word.to_le_bytes();
        image[place % 4] = *byte;
        *word = u32::from_le_bytes(image);
    }
}

fn from_segment(s: &kvm_segment) -> Segment {
    let bits = |value: u8, shift: u32| u32::from(value) << shift;
    let flags = bits(s.type_, 8)
        | bits(s.s, 12)
        | bits(s.dpl, 13)
        | bits(s.present, 15)
        | bits(s.avl, 20)
        | bits(s.l, 21)
        | bits(s.db, 22)
        | bits(s.g, 23);
    Segment {
        selector: s.selector.into(),
        base: s.base,
        limit: s.limit,
        flags: if s.unusable != 0 { 0 } else { flags },
    }
}

fn to_segment(s: &Segment) -> kvm_segment {
    let bits = |shift: u32, mask: u32| (s.flags >> shift & mask) as u8;
    kvm_segment {
        base: s.base,
        limit: s.limit,
        selector: s.selector as u16,
        type_: bits(8, 15),
        s: bits(12, 1),
        dpl: bits(13, 3),
        present: bits(15, 1),
        avl: bits(20, 1),
        l: bits(21, 1),
        db: bits(22, 1),
        g: bits(23, 1),
        unusable: u8::from(bits(15, 1) == 0),
        padding: 0,
    }
}

fn from_table(t: &kvm_dtable) -> Segment {
    Segment { selector: 0, base: t.base, limit: t.limit.into(), flags: 0 }
}

fn to_table(t: &Segment) -> kvm_dtable {
    kvm_dtable { base: t.base, limit: t.limit as u16, padding: [0; 3] }
}

impl CpuState {
    /// Takes over what the kernel holds. Fields that the kernel does not have stay as they are.
    pub(crate) fn gather(&mut self, raw: &Raw) {
        let r = &raw.regs;
        self.regs = [
            r.rax, r.rcx, r.rdx, r.rbx, r.rsp, r.rbp, r.rsi, r.rdi, r.r8, r.r9, r.r10, r.r11, r.r12, r.r13, r.r14,
            r.r15,
        ];
        self.rip = r.rip;
        self.rflags = r.rflags;
        let s = &raw.sregs;
        self.segments = [s.es, s.cs, s.ss, s.ds, s.fs, s.gs].map(|segment| from_segment(&segment));
        self.ldt = from_segment(&s.ldt);
        self.tr = from_segment(&s.tr);
        self.gdt = from_table(&s.gdt);
        self.idt = from_table(&s.idt);
        (self.cr0, self.cr2, self.cr3, self.cr4, self.efer) = (s.cr0, s.cr2, s.cr3, s.cr4, s.efer);
        let d = &raw.debug;
        self.dr = [d.db[0], d.db[1], d.db[2], d.db[3], d.dr6, d.dr7, d.dr6, d.dr7];
        self.mp_state = raw.mp_state.mp_state;
        let used = raw.xcrs.xcrs.iter().take(raw.xcrs.nr_xcrs as usize);
        self.xcr0 = used.filter(|x| x.xcr == 0).map(|x| x.value).next().unwrap_or(X87);
        self.gather_events(&raw.events);
        self.gather_extended(&raw.xsave);
        self.hflags = self.mode_bits(raw.events.interrupt.shadow != 0);
    }

    fn gather_events(&mut self, e: &kvm_vcpu_events) {
        self.exception = if e.exception.injected != 0 { e.exception.nr.into() } else { -1 };
        self.has_error_code = e.exception.has_error_code;
        self.error_code = if e.exception.injected != 0 { e.exception.error_code } else { 0 };
        self.interrupt_injected = if e.interrupt.injected != 0 { e.interrupt.nr.into() } else { -1 };
        self.soft_interrupt = e.interrupt.soft;
        self.nmi_injected = e.nmi.injected;
        self.nmi_pending = e.nmi.pending;
        self.sipi_vector = e.sipi_vector;
        self.hflags2 = if e.nmi.masked != 0 { self.hflags2 | H2_NMI_MASKED } else { self.hflags2 & !H2_NMI_MASKED };
    }

    fn gather_extended(&mut self, area: &kvm_xsave) {
        self.fpu_control = u16::from_le_bytes(get(area, FCW));
        self.fpu_status = u16::from_le_bytes(get(area, FSW));
        self.fpu_tags = u16::from_le_bytes(get(area, FTW)) & 0xff;
        self.fpu_opcode = u16::from_le_bytes(get(area, FOP));
        self.fpu_instruction = u64::from_le_bytes(get(area, FIP));
        self.fpu_operand = u64::from_le_bytes(get(area, FDP));
        self.mxcsr = u32::from_le_bytes(get(area, MXCSR));
        self.xstate_bv = u64::from_le_bytes(get(area, XSTATE_BV));
        self.fpu_registers = std::array::from_fn(|i| FpRegister {
            mantissa: u64::from_le_bytes(get(area, ST + 16 * i)),
            exponent: u16::from_le_bytes(get(area, ST + 16 * i + 8)),
        });
        self.xmm = std::array::from_fn(|i| vector(area, XMM + 16 * i));
        self.ymm_high = std::array::from_fn(|i| vector(area, YMM_HIGH + 16 * i));
    }

    /// `hflags` as it follows from the other registers.
    fn mode_bits(&self, shadow: bool) -> u32 {
        let [_, cs, ss, ..] = &self.segments;
        let mut bits = ss.flags >> 13 & 3;
        bits |= (self.cr0 & CR0_PE) as u32 * H_PE;
        // MP, EM and TS follow PE in both.
        bits |= ((self.cr0 & 0x0e) as u32) << 8;
        bits |= (self.rflags & RFLAGS_COPIED) as u32;
        if self.cr4 & CR4_OSFXSR != 0 {
            bits |= H_OSFXSR;
        }
        if shadow {
            bits |= H_INHIBIT;
        }
        if self.efer & EFER_LMA != 0 {
            bits |= H_LMA;
        }
        if bits & H_LMA != 0 && cs.flags & FLAG_L != 0 {
            return bits | H_CS32 | H_SS32 | H_CS64;
        }
        if cs.flags & FLAG_DB != 0 {
            bits |= H_CS32;
        }
        if ss.flags & FLAG_DB != 0 {
            bits |= H_SS32;
        }
        let flat = [0, 2, 3].iter().all(|&i| self.segments[i].base == 0);
        if self.cr0 & CR0_PE == 0 || self.rflags & RFLAGS_VM != 0 || cs.flags & FLAG_DB == 0 || !flat {
            bits |= H_ADDSEG;
        }
        bits
    }

    /// What the kernel is to be given. `current` is what it holds: the source of the fields that do not travel here.
    pub(crate) fn scatter(&self, current: &Raw) -> Raw {
        let [rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15] = self.regs;
        let (rip, rflags) = (self.rip, self.rflags);
        let [es, cs, ss, ds, fs, gs] = self.segments.each_ref().map(to_segment);
        let sregs = kvm_sregs {
            cs,
            ds,
            es,
            fs,
            gs,
            ss,
            tr: to_segment(&self.tr),
            ldt: to_segment(&self.ldt),
            gdt: to_table(&self.gdt),
            idt: to_table(&self.idt),
            cr0: self.cr0,
            cr2: self.cr2,
            cr3: self.cr3,
            cr4: self.cr4,
            efer: self.efer,
            // Pending interrupts travel as events; the local APIC's registers are not the CPU's.
            cr8: current.sregs.cr8,
            apic_base: current.sregs.apic_base,
            interrupt_bitmap: [0; 4],
        };
        let [db0, db1, db2, db3, .., dr6, dr7] = self.dr;
        let mut xcrs = kvm_xcrs { nr_xcrs: 1, ..Default::default() };
        xcrs.xcrs[0].value = self.xcr0;
        Raw {
            regs: kvm_regs {
                rax,
                rbx,
                rcx,
                rdx,
                rsi,
                rdi,
                rsp,
                rbp,
                r8,
                r9,
                r10,
                r11,
                r12,
                r13,
                r14,
                r15,
                rip,
                rflags,
            },
            sregs,
            xsave: self.extended(&current.xsave),
            xcrs,
            debug: kvm_debugregs { db: [db0, db1, db2, db3], dr6, dr7, ..Default::default() },
            events: self.events(),
            mp_state: kvm_mp_state { mp_state: self.mp_state },
        }
    }

    fn events(&self) -> kvm_vcpu_events {
        let mut e = kvm_vcpu_events::default();
        // Vectors have eight bits; a negative one means none.
        if let Ok(vector) = u8::try_from(self.exception) {
            e.exception.injected = 1;
            e.exception.nr = vector;
            e.exception.has_error_code = self.has_error_code;
            e.exception.error_code = self.error_code;
        }
        if let Ok(vector) = u8::try_from(self.interrupt_injected) {
            e.interrupt.injected = 1;
            e.interrupt.nr = vector;
            e.interrupt.soft = self.soft_interrupt;
        }
        e.interrupt.shadow = u8::from(self.hflags & H_INHIBIT != 0);
        e.nmi.injected = self.nmi_injected;
        e.nmi.pending = self.nmi_pending;
        e.nmi.masked = u8::from(self.hflags2 & H2_NMI_MASKED != 0);
        e.sipi_vector = self.sipi_vector;
        e.flags = KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW;
        if self.mp_state == KVM_MP_STATE_SIPI_RECEIVED {
            e.flags |= KVM_VCPUEVENT_VALID_SIPI_VECTOR;
        }
        e
    }

    fn extended(&self, current: &kvm_xsave) -> Box<kvm_xsave> {
        let mut area = Box::new(kvm_xsave::default());
        // MXCSR_MASK is the host's.
        put(&mut area, MXCSR + 4, &get::<4>(current, MXCSR + 4));
        put(&mut area, FCW, &self.fpu_control.to_le_bytes());
        put(&mut area, FSW, &self.fpu_status.to_le_bytes());
        put(&mut area, FTW, &(self.fpu_tags & 0xff).to_le_bytes());
        put(&mut area, FOP, &self.fpu_opcode.to_le_bytes());
        put(&mut area, FIP, &self.fpu_instruction.to_le_bytes());
        put(&mut area, FDP, &self.fpu_operand.to_le_bytes());
        put(&mut area, MXCSR, &self.mxcsr.to_le_bytes());
        for (i, register) in self.fpu_registers.iter().enumerate() {
            put(&mut area, ST + 16 * i, &register.mantissa.to_le_bytes());
            put(&mut area, ST + 16 * i + 8, &register.exponent.to_le_bytes());
        }
        for (i, register) in self.xmm.iter().enumerate() {
            put_vector(&mut area, XMM + 16 * i, register);
        }
        for (i, register) in self.ymm_high.iter().enumerate() {
            put_vector(&mut area, YMM_HIGH + 16 * i, register);
        }
        put(&mut area, XSTATE_BV, &self.components().to_le_bytes());
        area
    }

    /// The components to load from the area: those marked, and those whose content is not the initial one, since an emulator
    /// without the notion marks none.
    fn components(&self) -> u64 {
        let initial = Self::default();
        let mut bits = self.xstate_bv & (X87 | SSE | AVX);
        let x87 = (self.fpu_control, self.fpu_status, self.fpu_tags);
        if x87 != (initial.fpu_control, 0, 0) || self.fpu_registers != initial.fpu_registers {
            bits |= X87;
        }
        if self.mxcsr != initial.mxcsr || self.xmm != initial.xmm {
            bits |= SSE;
        }
        if self.ymm_high != initial.ymm_high {
            bits |= AVX;
        }
        bits
    }
}

fn vector<const HIGH: bool>(area: &kvm_xsave, offset: usize) -> Vector<HIGH> {
    Vector { low: u64::from_le_bytes(get(area, offset)), high: u64::from_le_bytes(get(area, offset + 8)) }
}

fn put_vector<const HIGH: bool>(area: &mut kvm_xsave, offset: usize, v: &Vector<HIGH>) {
    put(area, offset, &v.low.to_le_bytes());
    put(area, offset + 8, &v.high.to_le_bytes());
}
