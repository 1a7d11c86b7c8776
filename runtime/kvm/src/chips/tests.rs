//! Tests of the controllers' saved states, with no kernel around.

use kvm_bindings::{kvm_ioapic_state, kvm_lapic_state, kvm_pic_state, kvm_pit_state2};
use vmstate::{SliceSource, load, save};

use super::*;

/// Loads `bytes` whole and saves them again.
fn again<T: VmState>(mut state: T, bytes: &[u8]) -> (T, Vec<u8>) {
    let mut source = SliceSource::new(bytes);
    let version = state.version();
    load(&mut state, version, &mut source).expect("loads");
    assert!(source.rest().is_empty());
    let saved = save(&mut state).expect("saves");
    (state, saved)
}

/// Sections as QEMU 7.2 wrote them on KVM, with its firmware waiting in a halt.
#[test]
fn qemus_sections_load_and_save_to_the_same_bytes() {
    let bytes = include_bytes!("../../testdata/i8259-qemu-7.2-kvm.bin");
    let (pic, saved) = again(PicState::default(), bytes);
    assert_eq!((pic.irr, saved.as_slice()), (1, &bytes[..]));
    let bytes = include_bytes!("../../testdata/ioapic-qemu-7.2-kvm.bin");
    let (ioapic, saved) = again(IoApicState::default(), bytes);
    assert_eq!((ioapic.entries, saved.as_slice()), ([1 << 16; 24], &bytes[..]));
    // Times of QEMU's clock are not kept; the APIC's is at 157, the timer's at its three channels and the end.
    let bytes = include_bytes!("../../testdata/apic-qemu-7.2-kvm.bin");
    let (apic, saved) = again(ApicState::default(), bytes);
    assert_eq!((apic, &saved[..157], &saved[165..]), (ApicState::default(), &bytes[..157], &bytes[165..]));
    let bytes = include_bytes!("../../testdata/i8254-qemu-7.2-kvm.bin");
    let (pit, saved) = again(PitState::default(), bytes);
    assert_eq!((pit.channels[2].mode, pit.channels[2].count, saved.len()), (3, 0x1_0000, bytes.len()));
    for channel in (4..100).step_by(32) {
        assert_eq!(saved[channel..channel + 16], bytes[channel..channel + 16]);
    }
}

#[test]
fn the_kernels_structures_hold_what_travels() {
    let mut next = 0u8;
    let mut byte = || {
        next = next.wrapping_add(37);
        next
    };
    let mut pic = PicState::default();
    let bytes: Vec<u8> = (0..16).map(|i| if i == 14 { 0 } else { byte() }).collect();
    load(&mut pic, 1, &mut SliceSource::new(&bytes)).expect("loads");
    let mut kernel = kvm_pic_state { elcr_mask: 0xf8, ..Default::default() };
    pic.scatter(&mut kernel);
    assert_eq!((PicState::gather(&kernel), kernel.elcr_mask), (pic, 0xf8));

    let mut ioapic = IoApicState { id: 3, select: 0x11, irr: 0x55, entries: [0; 24] };
    ioapic.entries = std::array::from_fn(|i| u64::MAX / (i as u64 + 1));
    let mut kernel = kvm_ioapic_state { base_address: 0xfec0_0000, ..Default::default() };
    ioapic.scatter(&mut kernel);
    assert_eq!((IoApicState::gather(&kernel), kernel.base_address), (ioapic, 0xfec0_0000));

    let mut bytes: Vec<u8> = (0..108).map(|_| byte()).collect();
    bytes[..4].copy_from_slice(&[0, 0, 0, 1]);
    let mut pit = PitState::default();
    load(&mut pit, 3, &mut SliceSource::new(&bytes)).expect("loads");
    let mut kernel = kvm_pit_state2 { flags: 2, ..Default::default() };
    pit.scatter(&mut kernel);
    assert_eq!((PitState::gather(&kernel), kernel.flags), (pit, 3));

    let bytes: Vec<u8> = (0..181).map(|_| byte()).collect();
    let mut apic = ApicState::default();
    load(&mut apic, 3, &mut SliceSource::new(&bytes)).expect("loads");
    apic.destination_format &= 15;
    let mut kernel = kvm_lapic_state::default();
    apic.scatter(&mut kernel);
    assert_eq!(ApicState::gather(&kernel, apic.base.into()), apic);
}
