//! Which model-specific register is which field of the saved state.

use super::CpuState;

/// IA32_TIME_STAMP_COUNTER. Written last, so that little time passes after it.
pub(crate) const TSC: u32 = 0x10;

/// The registers that travel, by number (KVM's own begin with 0x4b56), in the order in which they are written; the time stamp
/// counter is not among them.
pub(crate) const ALL: [u32; 43] = [
    SYSENTER_CS,
    0x0000_0175, // SYSENTER_ESP
    0x0000_0176, // SYSENTER_EIP
    0xc000_0081, // STAR
    0xc000_0082, // LSTAR
    0xc000_0083, // CSTAR
    0xc000_0084, // FMASK
    0xc000_0102, // KERNEL_GS_BASE
    0xc000_0103, // TSC_AUX
    0x0000_0277, // PAT
    0x0000_01a0, // MISC_ENABLE
    0x0000_0048, // SPEC_CTRL
    0x0000_003b, // TSC_ADJUST
    0x0000_02ff, // MTRRdefType
    0x0000_0250, // MTRRfix64K_00000
    0x0000_0258,
    0x0000_0259,
    0x0000_0268,
    0x0000_0269,
    0x0000_026a,
    0x0000_026b,
    0x0000_026c,
    0x0000_026d,
    0x0000_026e,
    0x0000_026f, // MTRRfix4K_F8000
    0x0000_0200, // MTRRphysBase0
    0x0000_0201, // MTRRphysMask0
    0x0000_0202,
    0x0000_0203,
    0x0000_0204,
    0x0000_0205,
    0x0000_0206,
    0x0000_0207,
    0x0000_0208,
    0x0000_0209,
    0x0000_020a,
    0x0000_020b,
    0x0000_020c,
    0x0000_020d,
    0x0000_020e,
    0x0000_020f,
    0x4b56_4d01, // KVM system time
    0x4b56_4d00, // KVM wall clock
];

/// IA32_SYSENTER_CS.
const SYSENTER_CS: u32 = 0x174;
/// First of the variable memory type registers: base and mask in turn.
const MTRR_VARIABLE: u32 = 0x200;

/// Whether a register is the mask of a variable memory type range.
///
/// On the wire such masks are as wide as physical addresses can be (52 bits), so that they cover the same range on a host with wider
/// addresses; a register takes only its own host's width.
pub(crate) fn is_range_mask(number: u32) -> bool {
    (MTRR_VARIABLE..MTRR_VARIABLE + 16).contains(&number) && !number.is_multiple_of(2)
}

impl CpuState {
    /// The value of one of [`ALL`] or the time stamp counter, `None` for others. Changes nothing: one table of places serves both
    /// directions.
    pub(crate) fn msr(&mut self, number: u32) -> Option<u64> {
        // The only field narrower than its register.
        if number == SYSENTER_CS { Some(self.sysenter_cs.into()) } else { self.msr_place(number).copied() }
    }

    /// Stores the value of one of [`ALL`] or the time stamp counter; others are ignored.
    pub(crate) fn set_msr(&mut self, number: u32, value: u64) {
        if number == SYSENTER_CS {
            // Bits above 15 do not exist in the selector.
            self.sysenter_cs = value as u32;
        } else if let Some(place) = self.msr_place(number) {
            *place = value;
        }
    }

    fn msr_place(&mut self, number: u32) -> Option<&mut u64> {
        Some(match number {
            TSC => &mut self.tsc,
            0x175 => &mut self.sysenter_esp,
            0x176 => &mut self.sysenter_eip,
            0xc000_0081 => &mut self.star,
            0xc000_0082 => &mut self.lstar,
            0xc000_0083 => &mut self.cstar,
            0xc000_0084 => &mut self.fmask,
            0xc000_0102 => &mut self.kernel_gs_base,
            0xc000_0103 => &mut self.tsc_aux,
            0x277 => &mut self.pat,
            0x1a0 => &mut self.misc_enable,
            0x048 => &mut self.spec_ctrl,
            0x03b => &mut self.tsc_adjust,
            0x2ff => &mut self.mtrr_default,
            0x250 => &mut self.mtrr_fixed[0],
            0x258 | 0x259 => &mut self.mtrr_fixed[(number - 0x257) as usize],
            0x268..=0x26f => &mut self.mtrr_fixed[(number - 0x265) as usize],
            0x200..=0x20f => {
                let pair = &mut self.mtrr_variable[((number - MTRR_VARIABLE) / 2) as usize];
                if number.is_multiple_of(2) { &mut pair.base } else { &mut pair.mask }
            }
            0x4b56_4d01 => &mut self.system_time,
            0x4b56_4d00 => &mut self.wall_clock,
            _ => return None,
        })
    }
}
