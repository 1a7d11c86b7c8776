//! Which features the guest is offered: those of the host whose state [`CpuState`](crate::CpuState) carries.
//!
//! Register bits are those of the processor manuals' CPUID chapter, KVM's own leaves those of the kernel's `cpuid` documentation.

use kvm_bindings::{CpuId, KVM_MAX_CPUID_ENTRIES, kvm_cpuid_entry2};
use kvm_ioctls::VcpuFd;

use crate::{KvmError, Result, Vm};

/// State components that travel: x87, SSE, AVX.
const XCR0: u32 = 0b111;
const XCR0_AVX: u32 = 0b100;
/// Bytes of the extended state area with SSE, and with AVX.
const AREA_SSE: u32 = 576;
const AREA_AVX: u32 = 832;

const fn bits(numbers: &[u32]) -> u32 {
    let (mut mask, mut i) = (0, 0);
    while i < numbers.len() {
        mask |= 1 << numbers[i];
        i += 1;
    }
    mask
}

/// Leaf 1 ECX: DTES64, MWAIT, DS-CPL, VMX, SMX, EIST, TM2, PDCM: own state or nothing behind them.
const LEAF1_ECX_OUT: u32 = bits(&[2, 3, 4, 5, 6, 7, 8, 15]);
/// Leaf 1 EDX: machine check exception and architecture (no banks are set up), debug store, ACPI, thermal.
const LEAF1_EDX_OUT: u32 = bits(&[7, 14, 21, 22, 29]);
/// The guest runs under a hypervisor.
const LEAF1_ECX_HYPERVISOR: u32 = 1 << 31;
/// Leaf 7 EBX: SGX, MPX, processor trace, all of AVX-512.
const LEAF7_EBX_OUT: u32 = bits(&[2, 14, 16, 17, 21, 25, 26, 27, 28, 30, 31]);
/// Leaf 7 ECX: AVX-512 parts, protection keys, WAITPKG, shadow stacks, key locker, bus lock detection, SGX, supervisor keys.
const LEAF7_ECX_OUT: u32 = bits(&[1, 3, 4, 5, 6, 7, 11, 12, 14, 23, 24, 30, 31]);
/// Leaf 7 EDX: AVX-512 parts, user interrupts, TSX control, branch records, indirect branch tracking, AMX, capability registers.
const LEAF7_EDX_OUT: u32 = bits(&[2, 3, 5, 8, 9, 11, 13, 19, 20, 22, 23, 24, 25, 29, 30]);
/// Leaf 7.1: what is plain instructions on state that travels.
const LEAF7_1_EAX_IN: u32 = bits(&[4, 10, 11, 12, 23]);
const LEAF7_1_EDX_IN: u32 = bits(&[4, 5, 14]);
/// Leaf 0x80000001 ECX: SVM, IBS, OSVW, SKINIT, WDT, LWP, topology, performance counters, MONITORX.
const EXTENDED1_ECX_OUT: u32 = bits(&[2, 9, 10, 12, 13, 15, 22, 23, 24, 26, 27, 28, 29]);
/// Leaf 0x80000001 EDX, where AMD repeats leaf 1: machine check.
const EXTENDED1_EDX_OUT: u32 = bits(&[7, 14]);
/// Leaf 0x80000008 EBX: virtualized speculation control, whose register does not travel.
const EXTENDED8_EBX_OUT: u32 = bits(&[25]);
/// KVM's features: its clock, both spellings, its stability, and no delay after port accesses.
const KVM_IN: u32 = bits(&[0, 1, 3, 24]);

/// Leaf that tells the width of physical addresses, and the width without it.
const WIDTHS: u32 = 0x8000_0008;
const USUAL_WIDTH: u32 = 36;

/// Gives the CPU its CPUID. Returns the width of its physical addresses, bits.
pub(super) fn set(vm: &Vm, fd: &VcpuFd, index: u32) -> Result<u32> {
    let supported = vm.inner.kvm.get_supported_cpuid(KVM_MAX_CPUID_ENTRIES);
    let supported = supported.map_err(KvmError::ioctl("learn which CPU features the host supports"))?;
    let offered = offer(supported.as_slice(), index);
    let list =
        CpuId::from_entries(&offered).map_err(|error| KvmError::State(format!("too many CPUID entries: {error:?}")))?;
    fd.set_cpuid2(&list).map_err(KvmError::ioctl("set a CPU's features"))?;
    let widths = offered.iter().find(|entry| entry.function == WIDTHS);
    Ok(widths.map_or(USUAL_WIDTH, |entry| entry.eax & 0xff))
}

/// What the guest sees of what the host supports.
fn offer(supported: &[kvm_cpuid_entry2], index: u32) -> Vec<kvm_cpuid_entry2> {
    let avx = supported.iter().any(|e| e.function == 0xd && e.index == 0 && e.eax & XCR0_AVX != 0);
    supported.iter().filter_map(|entry| adapt(*entry, index, avx)).collect()
}

/// One leaf as the guest sees it, or `None` when it sees none.
fn adapt(mut e: kvm_cpuid_entry2, index: u32, avx: bool) -> Option<kvm_cpuid_entry2> {
    match (e.function, e.index) {
        (1, _) => {
            e.ebx = e.ebx & 0x0000_ffff | 1 << 16 | index << 24;
            e.ecx = e.ecx & !LEAF1_ECX_OUT | LEAF1_ECX_HYPERVISOR;
            e.edx &= !LEAF1_EDX_OUT;
        }
        // One thread per core, one core per package.
        (4, _) => e.eax &= 0x3fff,
        (7, 0) => {
            e.eax = e.eax.min(1);
            e.ebx &= !LEAF7_EBX_OUT;
            e.ecx &= !LEAF7_ECX_OUT;
            e.edx &= !LEAF7_EDX_OUT;
        }
        (7, 1) => (e.eax, e.ebx, e.ecx, e.edx) = (e.eax & LEAF7_1_EAX_IN, 0, 0, e.edx & LEAF7_1_EDX_IN),
        // Topology: level 0 is the thread, level 1 the core.
        (0xb | 0x1f, 0) => (e.eax, e.ebx, e.ecx, e.edx) = (0, 1, 0x100, index),
        (0xb | 0x1f, 1) => (e.eax, e.ebx, e.ecx, e.edx) = (0, 1, 0x201, index),
        (0xb | 0x1f, _) => e.edx = index,
        (0xd, 0) => {
            let size = if avx { AREA_AVX } else { AREA_SSE };
            (e.eax, e.ebx, e.ecx, e.edx) = (e.eax & XCR0, size, size, 0);
        }
        // XSAVEOPT, XSAVEC, XGETBV with an index; the supervisor components stay out.
        (0xd, 1) => (e.eax, e.ebx, e.ecx, e.edx) = (e.eax & 0b111, 0, 0, 0),
        (0xd, 2) if avx => {}
        // Monitor, performance, trace, enclaves, matrix and key extensions, vector extension 10, extended state above AVX.
        (5 | 7 | 0xa | 0xd | 0x12 | 0x14 | 0x19 | 0x1c..=0x1e | 0x23 | 0x24, _) => return None,
        // Timers that do not stop.
        (6, _) => (e.eax, e.ebx, e.ecx, e.edx) = (e.eax & 4, 0, 0, 0),
        (0x4000_0001, _) => (e.eax, e.edx) = (e.eax & KVM_IN, 0),
        (0x8000_0001, _) => {
            e.ecx &= !EXTENDED1_ECX_OUT;
            e.edx &= !EXTENDED1_EDX_OUT;
        }
        (WIDTHS, _) => (e.ebx, e.ecx) = (e.ebx & !EXTENDED8_EBX_OUT, 0),
        // SVM, instruction sampling, lightweight profiling, cache and core topology, encryption, performance counters.
        (0x8000_000a | 0x8000_001b | 0x8000_001c..=0x8000_001f | 0x8000_0022 | 0x8000_0023, _) => {
            return None;
        }
        _ => {}
    }
    Some(e)
}

#[cfg(test)]
mod tests;
