//! Board section: memory.

use std::sync::Arc;

use memory::{GuestMemory, RamBlock};

use crate::{MachineError, MachineKind, Result, guest};

/// Where a microvm's interrupt controllers and other memory-mapped things begin; its RAM ends below.
const DEVICES: u64 = 0xc000_0000;

/// The guest-physical address space of a board with this RAM.
pub(crate) fn map(kind: MachineKind, ram: Option<&Arc<RamBlock>>) -> Result<Arc<GuestMemory>> {
    let refuse = |problem| Err(MachineError::Config { machine: kind.name(), problem });
    let size = ram.map_or(0, |ram| ram.size());
    if kind == MachineKind::Microvm && size > DEVICES {
        return refuse(format!("{} MiB of memory are too many, 3072 MiB is the most", size >> 20));
    }
    if kind == MachineKind::Microvm && size < guest::MINIMUM_RAM {
        let needed = guest::MINIMUM_RAM >> 10;
        return refuse(format!("{} KiB of memory are too few, the built-in guest needs {needed} KiB", size >> 10));
    }
    let mut memory = GuestMemory::new();
    if let Some(ram) = ram {
        memory.insert(0, ram.clone())?;
    }
    Ok(Arc::new(memory))
}
