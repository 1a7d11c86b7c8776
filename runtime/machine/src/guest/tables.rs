//! What the processor needs before the guest's first instruction: descriptor tables, page tables, registers (processor manuals,
//! volume 3, "System descriptors" and "Paging").

use kvm::{CpuState, Segment};

use super::Entries;

/// Global descriptor table, and the task state segment behind it in the same page.
const GDT: u64 = 0x1000;
const TSS: u64 = 0x1100;
/// Interrupt descriptor table, one page.
const IDT: u64 = 0x2000;
/// Page tables: one top level, one second level, four third levels of 2 MiB pages: 4 GiB.
const LEVEL4: u64 = 0x3000;
const LEVEL3: u64 = 0x4000;
const LEVEL2: u64 = 0x5000;
const GIBIBYTES: u64 = 4;
/// End of ring 0's stack, which has the page below.
const STACK: u64 = 0xa000;

/// Selectors. The order of descriptors is Linux's, which paravirtual hypervisors know best.
const KERNEL_CODE: u32 = 0x10;
const KERNEL_DATA: u32 = 0x18;
const TASK: u32 = 0x40;

/// Descriptors: flat, 4 GiB, accessed.
const DESCRIPTORS: [u64; 8] = [
    0,
    0x00cf_9b00_0000_ffff, // 0x08 ring 0 code, 32 bits
    0x00af_9b00_0000_ffff, // 0x10 ring 0 code, 64 bits
    0x00cf_9300_0000_ffff, // 0x18 ring 0 data
    0x00cf_fb00_0000_ffff, // 0x20 ring 3 code, 32 bits
    0x00cf_f300_0000_ffff, // 0x28 ring 3 data
    0x00af_fb00_0000_ffff, // 0x30 ring 3 code, 64 bits
    0,
];
/// Last offset in the task state segment.
const TASK_LIMIT: u32 = 0x67;
/// Present, busy 64-bit task state segment.
const TASK_FLAGS: u32 = 0x8b00;

/// Page table entries: present, writable, open to ring 3.
const OPEN: u64 = 0x7;
/// This entry is a 2 MiB page.
const LARGE: u64 = 0x80;

const CR0: u64 = 0x8000_0033; // paging, numeric errors, extension type, monitor coprocessor, protection
const CR4: u64 = 0x0000_0620; // SSE exceptions, SSE, physical address extension
const EFER: u64 = 0x0000_0500; // long mode active and enabled

/// The tables with their addresses.
pub(super) fn build(entries: Entries) -> Vec<(u64, Vec<u8>)> {
    let mut level2 = Vec::new();
    for page in 0..GIBIBYTES * 512 {
        level2.push(page << 21 | LARGE | OPEN);
    }
    let level3: Vec<u64> = (0..GIBIBYTES).map(|n| (LEVEL2 + n * 4096) | OPEN).collect();
    let mut gdt = DESCRIPTORS.to_vec();
    gdt.extend(task_descriptor());
    vec![
        (GDT, bytes(&gdt)),
        (TSS, task_state()),
        (IDT, interrupt_table(entries)),
        (LEVEL4, bytes(&[LEVEL3 | OPEN])),
        (LEVEL3, bytes(&level3)),
        (LEVEL2, bytes(&level2)),
    ]
}

fn bytes(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// The two words of the task state segment's descriptor.
fn task_descriptor() -> [u64; 2] {
    let flags = u64::from(TASK_FLAGS) << 32;
    let low = u64::from(TASK_LIMIT) | (TSS & 0xff_ffff) << 16 | flags | (TSS >> 24 & 0xff) << 56;
    [low, TSS >> 32]
}

/// A task state segment that knows ring 0's stack and no I/O permissions.
fn task_state() -> Vec<u8> {
    let mut tss = vec![0; TASK_LIMIT as usize + 1];
    tss[4..12].copy_from_slice(&STACK.to_le_bytes());
    tss[0x66..0x68].copy_from_slice(&(TASK_LIMIT as u16 + 1).to_le_bytes());
    tss
}

fn interrupt_table(entries: Entries) -> Vec<u8> {
    let gate = |vector| {
        let target = match vector {
            2 => entries.nmi,
            6 => entries.beat,
            _ => entries.unexpected,
        };
        let low = target & 0xffff | u64::from(KERNEL_CODE) << 16 | 0x8e << 40 | (target >> 16 & 0xffff) << 48;
        [low, target >> 32]
    };
    bytes(&(0..256).flat_map(gate).collect::<Vec<_>>())
}

/// Everything but the instruction pointer.
pub(super) fn enter(state: &mut CpuState) {
    let data = Segment { selector: KERNEL_DATA, base: 0, limit: 0xffff_ffff, flags: 0x00c0_9300 };
    let code = Segment { selector: KERNEL_CODE, base: 0, limit: 0xffff_ffff, flags: 0x00a0_9b00 };
    state.segments = [data, code, data, data, data, data];
    state.tr = Segment { selector: TASK, base: TSS, limit: TASK_LIMIT, flags: TASK_FLAGS };
    state.gdt = Segment { base: GDT, limit: 0x4f, ..Segment::default() };
    state.idt = Segment { base: IDT, limit: 0xfff, ..Segment::default() };
    (state.cr0, state.cr3, state.cr4, state.efer) = (CR0, LEVEL4, CR4, EFER);
    state.regs = [0; 16];
    state.regs[4] = STACK;
    state.rflags = 2;
}
