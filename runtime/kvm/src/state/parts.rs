//! Pieces of a CPU's saved state.

use vmstate::{Fields, Result, VmState};

/// A segment register with what the CPU cached of its descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Segment {
    /// Selector.
    pub selector: u32,
    /// First linear address.
    pub base: u64,
    /// Last offset, bytes.
    pub limit: u32,
    /// Bits 8-23 of the descriptor's second word: type 8-11, S 12, DPL 13-14, P 15, AVL 20, L 21, D/B 22, G 23.
    pub flags: u32,
}

impl VmState for Segment {
    fn name(&self) -> &'static str {
        "segment"
    }

    fn version(&self) -> u32 {
        1
    }

    fn fields(&mut self, v: &mut dyn Fields) -> Result {
        let Self { selector, base, limit, flags } = self;
        v.u32("selector", selector)?;
        v.u64("base", base)?;
        v.u32("limit", limit)?;
        v.u32("flags", flags)
    }
}

/// An 80-bit x87 register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FpRegister {
    /// Mantissa.
    pub mantissa: u64,
    /// Sign and exponent.
    pub exponent: u16,
}

impl VmState for FpRegister {
    fn name(&self) -> &'static str {
        "fpreg"
    }

    fn version(&self) -> u32 {
        0
    }

    fn fields(&mut self, v: &mut dyn Fields) -> Result {
        let Self { mantissa, exponent } = self;
        v.u64("tmp_mant", mantissa)?;
        v.u16("tmp_exp", exponent)
    }
}

/// 128 bits of a vector register: the low ones, or with `HIGH` those above them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Vector<const HIGH: bool> {
    /// Bits 0-63 of these.
    pub low: u64,
    /// Bits 64-127 of these.
    pub high: u64,
}

impl<const HIGH: bool> VmState for Vector<HIGH> {
    fn name(&self) -> &'static str {
        if HIGH { "ymmh_reg" } else { "xmm_reg" }
    }

    fn version(&self) -> u32 {
        1
    }

    fn fields(&mut self, v: &mut dyn Fields) -> Result {
        let Self { low, high } = self;
        let names = if HIGH { ["_q_ZMMReg[2]", "_q_ZMMReg[3]"] } else { ["_q_ZMMReg[0]", "_q_ZMMReg[1]"] };
        v.u64(names[0], low)?;
        v.u64(names[1], high)
    }
}

/// A variable memory type range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MtrrPair {
    /// First address and type.
    pub base: u64,
    /// Mask, bit 11 = in use.
    pub mask: u64,
}

impl VmState for MtrrPair {
    fn name(&self) -> &'static str {
        "mtrr_var"
    }

    fn version(&self) -> u32 {
        1
    }

    fn fields(&mut self, v: &mut dyn Fields) -> Result {
        let Self { base, mask } = self;
        v.u64("base", base)?;
        v.u64("mask", mask)
    }
}

/// Subsection `cpu/error_code`: the error code of an exception that is on its way in. QEMU 7.2 has no place for it and refuses a
/// stream that has one; the moment is rare, and losing the code would corrupt the guest.
pub(super) struct ErrorCode {
    pub(super) code: u32,
}

impl VmState for ErrorCode {
    fn name(&self) -> &'static str {
        "cpu/error_code"
    }

    fn version(&self) -> u32 {
        1
    }

    fn fields(&mut self, v: &mut dyn Fields) -> Result {
        v.u32("env.error_code", &mut self.code)
    }
}

/// Subsection `cpu/fpop_ip_dp`: where the last x87 instruction was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct FpPointers {
    pub(super) opcode: u16,
    pub(super) instruction: u64,
    pub(super) operand: u64,
}

impl VmState for FpPointers {
    fn name(&self) -> &'static str {
        "cpu/fpop_ip_dp"
    }

    fn version(&self) -> u32 {
        1
    }

    fn fields(&mut self, v: &mut dyn Fields) -> Result {
        let Self { opcode, instruction, operand } = self;
        v.u16("env.fpop", opcode)?;
        v.u64("env.fpip", instruction)?;
        v.u64("env.fpdp", operand)
    }
}

/// A subsection of one 64-bit value, sent when it is not the usual one.
pub(super) struct Value {
    name: &'static str,
    field: &'static str,
    value: u64,
}

impl Value {
    /// Visits `value` as the subsection `name`, absent when it is `usual`.
    pub(super) fn visit(
        v: &mut dyn Fields,
        name: &'static str,
        field: &'static str,
        value: &mut u64,
        usual: u64,
    ) -> Result {
        let mut subsection = Self { name, field, value: *value };
        let came = v.subsection(*value != usual, &mut subsection)?;
        *value = if came { subsection.value } else { usual };
        Ok(())
    }
}

impl VmState for Value {
    fn name(&self) -> &'static str {
        self.name
    }

    fn version(&self) -> u32 {
        1
    }

    fn fields(&mut self, v: &mut dyn Fields) -> Result {
        v.u64(self.field, &mut self.value)
    }
}
