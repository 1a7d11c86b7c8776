//! Tests of the saved state, with no kernel around.

use vmstate::{SliceSource, load, save};

use super::*;

/// Section `cpu` as QEMU 7.2 wrote it on KVM, with its firmware waiting in a halt.
static FROM_QEMU: &[u8] = include_bytes!("../../testdata/cpu-qemu-7.2-kvm.bin");

fn loaded(bytes: &[u8]) -> CpuState {
    let mut state = CpuState::default();
    let mut source = SliceSource::new(bytes);
    load(&mut state, 12, &mut source).expect("loads");
    assert!(source.rest().is_empty(), "{} bytes left", source.rest().len());
    state
}

/// A state in which no two fields agree, so that a mix-up shows. What KVM cannot hold is left alone.
fn distinct() -> CpuState {
    let mut next = 0x0102_0304_0506_0708u64;
    let mut word = || {
        next = next.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        next
    };
    let mut s = CpuState { regs: std::array::from_fn(|_| word()), ..CpuState::default() };
    (s.rip, s.cr2, s.cr3, s.tsc) = (word(), word(), word(), word());
    s.rflags = 0x246;
    (s.cr0, s.cr4, s.efer) = (0x8000_0033, 0x620, 0x500);
    for segment in &mut s.segments {
        *segment =
            Segment { selector: word() as u32 & 0xfff8 | 3, base: word(), limit: word() as u32, flags: 0x00a0_fb00 };
    }
    s.ldt = Segment { selector: 0x48, base: word(), limit: 0x67, flags: 0x8200 };
    s.tr = Segment { selector: 0x40, base: word(), limit: 0x67, flags: 0x8b00 };
    s.gdt.base = word();
    s.idt.base = word();
    for register in &mut s.fpu_registers {
        *register = FpRegister { mantissa: word(), exponent: word() as u16 };
    }
    (s.fpu_status, s.fpu_tags, s.fpu_opcode) = (0x3800, 0x5a, 0x123);
    (s.fpu_instruction, s.fpu_operand) = (word(), word());
    s.xmm = std::array::from_fn(|_| Vector { low: word(), high: word() });
    s.ymm_high = std::array::from_fn(|_| Vector { low: word(), high: word() });
    (s.mxcsr, s.xcr0, s.xstate_bv) = (0x1fa0, 7, 7);
    s.dr[..4].copy_from_slice(&[word(), word(), word(), word()]);
    (s.exception, s.has_error_code, s.error_code) = (14, 1, 6);
    (s.interrupt_injected, s.soft_interrupt) = (0x81, 1);
    (s.nmi_injected, s.nmi_pending, s.mp_state) = (1, 1, 3);
    s.hflags2 |= 4;
    for number in ALL_MSRS {
        let value = word();
        s.set_msr(number, value);
    }
    s.tsc_khz = 2_596_144;
    // Ring 3, 64 bits, SSE, monitor coprocessor, interrupt shadow.
    s.hflags = 0x0040_c2bb;
    s
}

/// What a kernel holds that has nothing of its own to keep.
fn nothing() -> Raw {
    Raw {
        regs: Default::default(),
        sregs: Default::default(),
        xsave: Box::default(),
        xcrs: Default::default(),
        debug: Default::default(),
        events: Default::default(),
        mp_state: Default::default(),
    }
}

#[test]
fn qemus_section_loads_and_saves_to_the_same_bytes() {
    assert_eq!(FROM_QEMU.len(), 1842);
    let mut state = loaded(FROM_QEMU);
    assert_eq!((state.rip, state.mp_state, state.tsc_khz), (0xf_01e1, 3, 0x27_9d30));
    assert_eq!(state.segments[1].flags, 0x00c0_9b00);
    assert!(save(&mut state).expect("saves") == FROM_QEMU, "the bytes differ");
}

#[test]
fn every_field_travels() {
    let mut state = distinct();
    let bytes = save(&mut state).expect("saves");
    assert_eq!(loaded(&bytes), state);
}

#[test]
fn the_kernels_structures_hold_what_travels() {
    let state = distinct();
    let raw = state.scatter(&nothing());
    let mut copy = CpuState::default();
    // Fields that the kernel keeps elsewhere.
    for number in ALL_MSRS.into_iter().chain([TSC]) {
        copy.set_msr(number, state.clone().msr(number).expect("a register that travels"));
    }
    copy.tsc_khz = state.tsc_khz;
    copy.gather(&raw);
    let mut wanted = state;
    (wanted.dr[4], wanted.dr[5]) = (wanted.dr[6], wanted.dr[7]);
    assert_eq!(copy, wanted);
}

#[test]
fn mode_bits_are_qemus() {
    // The halted firmware of the sample runs in flat 32-bit protected mode.
    let state = loaded(FROM_QEMU);
    let mut copy = state.clone();
    copy.hflags = 0;
    copy.gather(&state.scatter(&nothing()));
    assert_eq!(copy.hflags, state.hflags);
    assert_eq!(copy, state);
}

#[test]
fn an_emulators_unmarked_components_are_loaded_too() {
    let mut state = CpuState::default();
    state.xmm[3].low = 7;
    let raw = state.scatter(&nothing());
    assert_eq!(raw.xsave.region[128], 2, "only SSE is not in its initial state");
}

#[test]
fn bad_sections_are_refused() {
    for cut in [0, 1, 143, 1000, 1807] {
        let error =
            load(&mut CpuState::default(), 12, &mut SliceSource::new(&FROM_QEMU[..cut])).expect_err("too short");
        assert!(error.to_string().starts_with("cpu"), "{error}");
    }
    assert!(load(&mut CpuState::default(), 13, &mut SliceSource::new(FROM_QEMU)).is_err(), "newer");
    assert!(load(&mut CpuState::default(), 11, &mut SliceSource::new(FROM_QEMU)).is_err(), "older");
    let mut bytes = FROM_QEMU.to_vec();
    bytes[155] = 1;
    let error = load(&mut CpuState::default(), 12, &mut SliceSource::new(&bytes)).expect_err("refused");
    assert!(error.to_string().contains("80-bit"), "{error}");
    let mut bytes = FROM_QEMU.to_vec();
    let at = bytes.len() - 8 - 4 - "tsc_khz".len();
    bytes[at] = b'x';
    let error = load(&mut CpuState::default(), 12, &mut SliceSource::new(&bytes)).expect_err("refused");
    assert!(error.to_string().contains("cpu/xsc_khz"), "{error}");
}
