//! A virtual CPU's saved state: QEMU's section `cpu`, version 12.
//!
//! The guest is offered only features whose state is in here (see the vCPU's CPUID), so nothing of a CPU is lost on the way. Fields
//! that only other accelerators or features need are carried from the stream they came with to the next one.

mod convert;
mod msrs;
mod parts;
#[cfg(test)]
mod tests;

pub(crate) use convert::Raw;
pub(crate) use msrs::{ALL as ALL_MSRS, TSC, is_range_mask};
pub use parts::{FpRegister, MtrrPair, Segment, Vector};

use parts::{ErrorCode, FpPointers, Value};
use vmstate::{Fields, Result, VmState, VmStateError};

/// Banks of the machine-check registers on the wire, four registers each.
const MCE_REGISTERS: usize = 40;

/// Everything of one x86 CPU that travels with it. Names follow the architecture manuals; `i32` fields use -1 for "none".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CpuState {
    /// RAX RCX RDX RBX RSP RBP RSI RDI R8-R15.
    pub regs: [u64; 16],
    /// Instruction pointer.
    pub rip: u64,
    /// Flags.
    pub rflags: u64,
    /// Mode bits in QEMU's layout; they follow from the rest, except for the interrupt shadow (bit 3).
    pub hflags: u32,
    /// x87 control word.
    pub fpu_control: u16,
    /// x87 status word.
    pub fpu_status: u16,
    /// x87 tags, one bit per register: 1 = holds a value.
    pub fpu_tags: u16,
    /// x87 stack registers.
    pub fpu_registers: [FpRegister; 8],
    /// ES CS SS DS FS GS.
    pub segments: [Segment; 6],
    /// Local descriptor table.
    pub ldt: Segment,
    /// Task state segment.
    pub tr: Segment,
    /// Global descriptor table: base and limit.
    pub gdt: Segment,
    /// Interrupt descriptor table: base and limit.
    pub idt: Segment,
    /// SYSENTER code segment.
    pub sysenter_cs: u32,
    /// SYSENTER stack pointer.
    pub sysenter_esp: u64,
    /// SYSENTER entry point.
    pub sysenter_eip: u64,
    /// CR0.
    pub cr0: u64,
    /// CR2.
    pub cr2: u64,
    /// CR3.
    pub cr3: u64,
    /// CR4.
    pub cr4: u64,
    /// DR0-DR7; DR4 and DR5 repeat DR6 and DR7.
    pub dr: [u64; 8],
    /// Address line 20: all ones = open.
    pub a20_mask: i32,
    /// SSE control and status.
    pub mxcsr: u32,
    /// Low 128 bits of the vector registers.
    pub xmm: [Vector<false>; 16],
    /// Extended features.
    pub efer: u64,
    /// SYSCALL segments.
    pub star: u64,
    /// SYSCALL entry, 64-bit.
    pub lstar: u64,
    /// SYSCALL entry, compatibility mode.
    pub cstar: u64,
    /// SYSCALL flag mask.
    pub fmask: u64,
    /// What SWAPGS swaps in.
    pub kernel_gs_base: u64,
    /// System management base.
    pub smbase: u32,
    /// Page attribute table.
    pub pat: u64,
    /// More mode bits in QEMU's layout; bit 2 = NMIs are masked.
    pub hflags2: u32,
    /// Nested virtualization of other accelerators: `vm_hsave`, `vm_vmcb`, `tsc_offset`, `intercept`.
    pub svm: [u64; 4],
    /// Its intercepts: CR reads, CR writes, DR reads, DR writes.
    pub svm_intercepts: [u16; 4],
    /// Its exception intercepts.
    pub svm_exceptions: u32,
    /// Its virtual task priority.
    pub svm_tpr: u8,
    /// Fixed memory type ranges.
    pub mtrr_fixed: [u64; 11],
    /// Default memory type.
    pub mtrr_default: u64,
    /// Variable memory type ranges.
    pub mtrr_variable: [MtrrPair; 8],
    /// Vector of an interrupt on its way in, or -1.
    pub interrupt_injected: i32,
    /// KVM's run state of the CPU: 0 runnable, 3 halted.
    pub mp_state: u32,
    /// Time stamp counter.
    pub tsc: u64,
    /// Vector of an exception on its way in, or -1.
    pub exception: i32,
    /// The interrupt on its way in is an INT instruction's.
    pub soft_interrupt: u8,
    /// An NMI is on its way in.
    pub nmi_injected: u8,
    /// An NMI waits.
    pub nmi_pending: u8,
    /// The exception on its way in has an error code.
    pub has_error_code: u8,
    /// Start-up vector of a CPU that waits for one.
    pub sipi_vector: u32,
    /// Machine check capabilities; 0 = none are offered.
    pub mcg_cap: u64,
    /// Machine check status.
    pub mcg_status: u64,
    /// Machine check control.
    pub mcg_ctl: u64,
    /// Machine check banks.
    pub mce_banks: [u64; MCE_REGISTERS],
    /// What RDTSCP returns beside the counter.
    pub tsc_aux: u64,
    /// KVM clock: address of the guest's time page, bit 0 = on.
    pub system_time: u64,
    /// KVM clock: address of the guest's wall clock.
    pub wall_clock: u64,
    /// State components that the guest has turned on.
    pub xcr0: u64,
    /// State components that are not in their initial state.
    pub xstate_bv: u64,
    /// Bits 128-255 of the vector registers.
    pub ymm_high: [Vector<true>; 16],
    /// Error code of the exception on its way in.
    pub error_code: u32,
    /// x87: last opcode.
    pub fpu_opcode: u16,
    /// x87: last instruction's address.
    pub fpu_instruction: u64,
    /// x87: last operand's address.
    pub fpu_operand: u64,
    /// TSC adjustment by the guest.
    pub tsc_adjust: u64,
    /// Miscellaneous enables.
    pub misc_enable: u64,
    /// Speculation control.
    pub spec_ctrl: u64,
    /// TSC frequency, kHz; 0 = unknown.
    pub tsc_khz: i64,
}

/// Fast string operations: the one miscellaneous enable that is on after power-on.
const MISC_ENABLE_DEFAULT: u64 = 1;

impl Default for CpuState {
    /// Power-on, as the processor manuals define it (real mode at 0xfffffff0), with the passive fields as QEMU sends them.
    fn default() -> Self {
        let data = Segment { selector: 0, base: 0, limit: 0xffff, flags: 0x9300 };
        let code = Segment { selector: 0xf000, base: 0xffff_0000, limit: 0xffff, flags: 0x9b00 };
        let table = Segment { selector: 0, base: 0, limit: 0xffff, flags: 0 };
        Self {
            regs: [0; 16],
            rip: 0xfff0,
            rflags: 2,
            hflags: 0,
            fpu_control: 0x037f,
            fpu_status: 0,
            fpu_tags: 0,
            fpu_registers: [FpRegister::default(); 8],
            segments: [data, code, data, data, data, data],
            ldt: Segment { flags: 0x8200, ..data },
            tr: Segment { flags: 0x8b00, ..data },
            gdt: table,
            idt: table,
            sysenter_cs: 0,
            sysenter_esp: 0,
            sysenter_eip: 0,
            cr0: 0x6000_0010,
            cr2: 0,
            cr3: 0,
            cr4: 0,
            dr: [0, 0, 0, 0, 0xffff_0ff0, 0x400, 0xffff_0ff0, 0x400],
            a20_mask: -1,
            mxcsr: 0x1f80,
            xmm: [Vector::default(); 16],
            efer: 0,
            star: 0,
            lstar: 0,
            cstar: 0,
            fmask: 0,
            kernel_gs_base: 0,
            smbase: 0x30000,
            pat: 0x0007_0406_0007_0406,
            hflags2: 0x101,
            svm: [0; 4],
            svm_intercepts: [0; 4],
            svm_exceptions: 0,
            svm_tpr: 0,
            mtrr_fixed: [0; 11],
            mtrr_default: 0,
            mtrr_variable: [MtrrPair::default(); 8],
            interrupt_injected: -1,
            mp_state: 0,
            tsc: 0,
            exception: -1,
            soft_interrupt: 0,
            nmi_injected: 0,
            nmi_pending: 0,
            has_error_code: 0,
            sipi_vector: 0,
            mcg_cap: 0,
            mcg_status: 0,
            mcg_ctl: 0,
            mce_banks: [0; MCE_REGISTERS],
            tsc_aux: 0,
            system_time: 0,
            wall_clock: 0,
            xcr0: 1,
            xstate_bv: 0,
            ymm_high: [Vector::default(); 16],
            error_code: 0,
            fpu_opcode: 0,
            fpu_instruction: 0,
            fpu_operand: 0,
            tsc_adjust: 0,
            misc_enable: MISC_ENABLE_DEFAULT,
            spec_ctrl: 0,
            tsc_khz: 0,
        }
    }
}

/// Visits an array of nested states.
fn each<T: VmState, const N: usize>(v: &mut dyn Fields, name: &str, states: &mut [T; N]) -> Result {
    v.structures(name, &mut states.each_mut().map(|state| state as &mut dyn VmState))
}

impl VmState for CpuState {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn version(&self) -> u32 {
        12
    }

    fn fields(&mut self, v: &mut dyn Fields) -> Result {
        self.integer_fields(v)?;
        self.system_fields(v)?;
        self.msr_fields(v)?;
        self.event_fields(v)?;
        self.extended_fields(v)?;
        self.subsections(v)
    }
}

impl CpuState {
    /// General registers, x87.
    fn integer_fields(&mut self, v: &mut dyn Fields) -> Result {
        v.u64s("env.regs", &mut self.regs)?;
        v.u64("env.eip", &mut self.rip)?;
        v.u64("env.eflags", &mut self.rflags)?;
        v.u32("env.hflags", &mut self.hflags)?;
        v.u16("env.fpuc", &mut self.fpu_control)?;
        v.u16("env.fpus_vmstate", &mut self.fpu_status)?;
        v.u16("env.fptag_vmstate", &mut self.fpu_tags)?;
        let mut format = 0;
        v.u16("env.fpregs_format_vmstate", &mut format)?;
        if format != 0 {
            return Err(VmStateError::invalid("cpu", "env.fpregs_format_vmstate", "only the 80-bit format is known"));
        }
        each(v, "env.fpregs", &mut self.fpu_registers)
    }

    /// Segments, tables, control and debug registers, SSE.
    fn system_fields(&mut self, v: &mut dyn Fields) -> Result {
        each(v, "env.segs", &mut self.segments)?;
        v.structure("env.ldt", &mut self.ldt)?;
        v.structure("env.tr", &mut self.tr)?;
        v.structure("env.gdt", &mut self.gdt)?;
        v.structure("env.idt", &mut self.idt)?;
        v.u32("env.sysenter_cs", &mut self.sysenter_cs)?;
        v.u64("env.sysenter_esp", &mut self.sysenter_esp)?;
        v.u64("env.sysenter_eip", &mut self.sysenter_eip)?;
        v.u64("env.cr[0]", &mut self.cr0)?;
        v.u64("env.cr[2]", &mut self.cr2)?;
        v.u64("env.cr[3]", &mut self.cr3)?;
        v.u64("env.cr[4]", &mut self.cr4)?;
        v.u64s("env.dr", &mut self.dr)?;
        v.i32("env.a20_mask", &mut self.a20_mask)?;
        v.u32("env.mxcsr", &mut self.mxcsr)?;
        each(v, "env.xmm_regs[0]", &mut self.xmm)
    }

    /// Registers of system calls, memory types, nested virtualization.
    fn msr_fields(&mut self, v: &mut dyn Fields) -> Result {
        v.u64("env.efer", &mut self.efer)?;
        v.u64("env.star", &mut self.star)?;
        v.u64("env.lstar", &mut self.lstar)?;
        v.u64("env.cstar", &mut self.cstar)?;
        v.u64("env.fmask", &mut self.fmask)?;
        v.u64("env.kernelgsbase", &mut self.kernel_gs_base)?;
        v.u32("env.smbase", &mut self.smbase)?;
        v.u64("env.pat", &mut self.pat)?;
        v.u32("env.hflags2", &mut self.hflags2)?;
        let names = ["env.vm_hsave", "env.vm_vmcb", "env.tsc_offset", "env.intercept"];
        for (name, value) in names.into_iter().zip(&mut self.svm) {
            v.u64(name, value)?;
        }
        let names = ["cr_read", "cr_write", "dr_read", "dr_write"];
        for (name, value) in names.into_iter().zip(&mut self.svm_intercepts) {
            v.u16(&format!("env.intercept_{name}"), value)?;
        }
        v.u32("env.intercept_exceptions", &mut self.svm_exceptions)?;
        v.u8("env.v_tpr", &mut self.svm_tpr)?;
        v.u64s("env.mtrr_fixed", &mut self.mtrr_fixed)?;
        v.u64("env.mtrr_deftype", &mut self.mtrr_default)?;
        each(v, "env.mtrr_var", &mut self.mtrr_variable)
    }

    /// What is on its way into the CPU, run state, time, machine checks.
    fn event_fields(&mut self, v: &mut dyn Fields) -> Result {
        v.i32("env.interrupt_injected", &mut self.interrupt_injected)?;
        v.u32("env.mp_state", &mut self.mp_state)?;
        v.u64("env.tsc", &mut self.tsc)?;
        v.i32("env.exception_nr", &mut self.exception)?;
        v.u8("env.soft_interrupt", &mut self.soft_interrupt)?;
        v.u8("env.nmi_injected", &mut self.nmi_injected)?;
        v.u8("env.nmi_pending", &mut self.nmi_pending)?;
        v.u8("env.has_error_code", &mut self.has_error_code)?;
        v.u32("env.sipi_vector", &mut self.sipi_vector)?;
        v.u64("env.mcg_cap", &mut self.mcg_cap)?;
        v.u64("env.mcg_status", &mut self.mcg_status)?;
        v.u64("env.mcg_ctl", &mut self.mcg_ctl)?;
        v.u64s("env.mce_banks", &mut self.mce_banks)
    }

    /// Clock registers, extended state.
    fn extended_fields(&mut self, v: &mut dyn Fields) -> Result {
        v.u64("env.tsc_aux", &mut self.tsc_aux)?;
        v.u64("env.system_time_msr", &mut self.system_time)?;
        v.u64("env.wall_clock_msr", &mut self.wall_clock)?;
        v.u64("env.xcr0", &mut self.xcr0)?;
        v.u64("env.xstate_bv", &mut self.xstate_bv)?;
        each(v, "env.xmm_regs[1]", &mut self.ymm_high)
    }

    /// Optional parts, in the order in which QEMU sends them; absent ones have the value that makes them optional.
    fn subsections(&mut self, v: &mut dyn Fields) -> Result {
        let mut error = ErrorCode { code: self.error_code };
        let came = v.subsection(self.error_code != 0, &mut error)?;
        self.error_code = if came { error.code } else { 0 };

        let mut fpu =
            FpPointers { opcode: self.fpu_opcode, instruction: self.fpu_instruction, operand: self.fpu_operand };
        if !v.subsection(fpu != FpPointers::default(), &mut fpu)? {
            fpu = FpPointers::default();
        }
        FpPointers { opcode: self.fpu_opcode, instruction: self.fpu_instruction, operand: self.fpu_operand } = fpu;

        Value::visit(v, "cpu/msr_tsc_adjust", "env.tsc_adjust", &mut self.tsc_adjust, 0)?;
        Value::visit(
            v,
            "cpu/msr_ia32_misc_enable",
            "env.msr_ia32_misc_enable",
            &mut self.misc_enable,
            MISC_ENABLE_DEFAULT,
        )?;
        let mut khz = self.tsc_khz.cast_unsigned();
        Value::visit(v, "cpu/tsc_khz", "env.tsc_khz", &mut khz, 0)?;
        self.tsc_khz = khz.cast_signed();
        Value::visit(v, "cpu/spec_ctrl", "env.spec_ctrl", &mut self.spec_ctrl, 0)?;
        // KVM's halt polling by the guest is not offered; its register's initial value is what QEMU's own accelerator sends.
        let mut poll = 1;
        Value::visit(v, "cpu/poll_control_msr", "env.poll_control_msr", &mut poll, 1)
    }
}
