//! Tests of what the guest is offered.

use super::*;

fn leaf(function: u32, index: u32) -> kvm_cpuid_entry2 {
    kvm_cpuid_entry2 { function, index, eax: !0, ebx: !0, ecx: !0, edx: !0, ..Default::default() }
}

#[test]
fn nothing_is_offered_whose_state_would_be_lost() {
    let host: Vec<_> = [
        (1, 0),
        (7, 0),
        (7, 1),
        (7, 2),
        (0xa, 0),
        (0xd, 0),
        (0xd, 1),
        (0xd, 2),
        (0xd, 5),
        (0x8000_0001, 0),
        (0x8000_000a, 0),
    ]
    .map(|(f, i)| leaf(f, i))
    .to_vec();
    let guest = offer(&host, 3);
    let find = |f, i| guest.iter().find(|e| (e.function, e.index) == (f, i)).copied();
    let one = find(1, 0).expect("leaf 1");
    assert_eq!(one.ebx >> 24, 3, "APIC ID");
    assert_eq!(one.ecx >> 5 & 1, 0, "VMX");
    assert_eq!(one.ecx >> 31, 1, "hypervisor");
    assert_eq!(find(7, 0).expect("leaf 7").ebx >> 16 & 1, 0, "AVX-512");
    assert_eq!(find(0xd, 0).expect("leaf 0xd").eax, 7, "x87, SSE and AVX only");
    assert_eq!(find(0xd, 1).expect("leaf 0xd.1").ecx, 0, "no supervisor components");
    assert!(find(0xd, 2).is_some());
    for absent in [(7, 2), (0xa, 0), (0xd, 5), (0x8000_000a, 0)] {
        assert_eq!(find(absent.0, absent.1), None, "{absent:x?}");
    }
    assert_eq!(find(0x8000_0001, 0).expect("leaf").ecx >> 2 & 1, 0, "SVM");
}

#[test]
fn a_host_without_avx_offers_the_smaller_area() {
    let mut area = leaf(0xd, 0);
    area.eax = 0b011;
    let guest = offer(&[area, leaf(0xd, 2)], 0);
    assert_eq!(guest.len(), 1);
    assert_eq!((guest[0].eax, guest[0].ebx), (0b011, AREA_SSE));
}
