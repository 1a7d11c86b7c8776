//! `-machine`, `-accel`, `-m` and `-smp`.

use machine::{Accelerator, MachineKind};

use super::draft::{Done, Draft};
use super::keyval::Keyval;
use super::size;
use crate::config::{BOARDS, board_named, description};

/// Memory comes in such pieces; a size is rounded up, as in QEMU.
const MEMORY_GRANULE: u64 = 8192;

pub(super) fn machine(draft: &mut Draft, text: &str) -> Done {
    if matches!(text, "help" | "?") {
        return Ok(Some(list()));
    }
    let mut keys = Keyval::parse(text, Some("type"), &[])?;
    if let Some(name) = keys.take("type") {
        let board = board_named(&name)
            .ok_or_else(|| format!("unsupported machine type '{name}' (use -machine help to list them)"))?;
        draft.board = Some(board);
    }
    if let Some(names) = keys.take("accel") {
        let names = names.split(':').map(accelerator);
        let accelerators = names.collect::<Result<_, _>>()?;
        draft.machine_accelerators = Some(draft.noted(accelerators));
    }
    if let Some(id) = keys.take("memory-backend") {
        draft.memory_backend = Some(draft.noted(id));
    }
    // Neither changes anything here: there is no USB and no core dump of guest memory.
    keys.take_bool("usb")?;
    keys.take_bool("dump-guest-core")?;
    keys.finish().map_err(|_| "the machine has no such property (see -help)".to_owned())?;
    Ok(None)
}

fn list() -> String {
    let line = |board: MachineKind| format!("{:20} {}\n", board.name(), description(board));
    let boards: String = BOARDS.into_iter().map(line).collect();
    format!("Supported machines are:\n{boards}")
}

pub(super) fn accel(draft: &mut Draft, text: &str) -> Done {
    if matches!(text, "help" | "?") {
        return Ok(Some("Accelerators supported:\nkvm\nqtest\n".into()));
    }
    let mut keys = Keyval::parse(text, Some("accel"), &[])?;
    let name = keys.require("accel")?;
    keys.finish()?;
    // `a:b` belongs to -machine, but nobody can mean anything else by it.
    for name in name.split(':') {
        draft.accelerators.push(accelerator(name)?);
    }
    Ok(None)
}

fn accelerator(name: &str) -> Result<Accelerator, String> {
    match name {
        "kvm" => Ok(Accelerator::Kvm),
        "qtest" => Ok(Accelerator::Qtest),
        _ => Err(format!("invalid accelerator {name} (kvm and qtest are supported)")),
    }
}

pub(super) fn memory(draft: &mut Draft, text: &str) -> Done {
    let mut keys = Keyval::parse(text, Some("size"), &[])?;
    if keys.take("slots").is_some() || keys.take("maxmem").is_some() {
        return Err("memory cannot be added later: slots and maxmem are not supported".into());
    }
    let size = keys.require("size")?;
    keys.finish()?;
    let bytes =
        size::parse(&size, 1 << 20).and_then(|bytes| bytes.checked_next_multiple_of(MEMORY_GRANULE)).ok_or_else(
            || format!("Parameter 'size' expects a number of MiB or one with suffix k, M, G or T, not '{size}'"),
        )?;
    draft.memory = Some(draft.noted(bytes));
    Ok(None)
}

pub(super) fn smp(_: &mut Draft, text: &str) -> Done {
    let mut keys = Keyval::parse(text, Some("cpus"), &[])?;
    let mut counts = Vec::new();
    for key in ["cpus", "maxcpus", "sockets", "dies", "clusters", "cores", "threads"] {
        if let Some(value) = keys.take(key) {
            let count: u64 = value.parse().map_err(|_| format!("Parameter 'smp.{key}' expects integer"))?;
            counts.push(count);
        }
    }
    keys.finish()?;
    match counts.iter().find(|&&count| count != 1) {
        None => Ok(None),
        Some(0) => Err("CPU topology parameters must be greater than zero".into()),
        Some(count) => Err(format!("Invalid SMP CPUs {count}. The max CPUs supported is 1")),
    }
}
