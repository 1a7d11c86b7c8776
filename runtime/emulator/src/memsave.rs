//! `memsave` and `pmemsave`: guest memory to a file, written on a thread that may wait.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;

use memory::{GuestMemory, PAGE_SIZE};
use qapi_runtime::Error;
use qapi_schema::{Memsave, Pmemsave};

use crate::errno::plain;
use crate::hardware::Hardware;

/// Writes a range of physical addresses. What no memory backs reads as zero.
pub(crate) async fn physical_range(memory: &Arc<GuestMemory>, args: Pmemsave) -> Result<(), Error> {
    let size = size(args.size)?;
    let memory = Arc::clone(memory);
    // A negative address is one of the upper half, as in QEMU.
    let start = args.val.cast_unsigned();
    in_background(move || {
        save(Path::new(args.filename.as_str()), start, size, |address, page| {
            read_or_zero(&memory, address, page);
            Ok(())
        })
    })
    .await
}

/// Writes a range of addresses as a processor sees them.
pub(crate) async fn virtual_range(hardware: &Hardware, memory: &Arc<GuestMemory>, args: Memsave) -> Result<(), Error> {
    let cpu = args.cpu_index.unwrap_or(0);
    let cpus = hardware.ask(|machine| machine.cpus()).await?;
    let cpus = cpus.map_err(|error| Error::generic(error.to_string()))?;
    let cpu = usize::try_from(cpu)
        .ok()
        .filter(|cpu| *cpu < cpus.len())
        .ok_or_else(|| Error::expects("cpu-index", "a CPU number"))?;
    let total = args.size;
    let size = size(total)?;
    let (hardware, memory) = (hardware.clone(), Arc::clone(memory));
    let start = args.val.cast_unsigned();
    in_background(move || {
        save(Path::new(args.filename.as_str()), start, size, |address, page| {
            let unmapped = || Error::generic(format!("Invalid addr 0x{address:016x}/size {total} specified"));
            let physical = hardware.machine().translate(cpu, address);
            let physical = physical.map_err(|error| Error::generic(error.to_string()))?.ok_or_else(unmapped)?;
            read_or_zero(&memory, physical, page);
            Ok(())
        })
    })
    .await
}

/// The file is written by a thread, since a disk may keep it waiting.
async fn in_background(work: impl FnOnce() -> Result<(), Error> + Send + 'static) -> Result<(), Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::generic(format!("saving memory failed: {error}")))?
}

fn size(size: i64) -> Result<u64, Error> {
    u64::try_from(size).map_err(|_| Error::expects("size", "a size that is not negative"))
}

/// Writes `size` bytes from `start` to a new file, filled in page by page by `read`.
fn save(
    path: &Path,
    start: u64,
    size: u64,
    mut read: impl FnMut(u64, &mut [u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    let file = File::create(path).map_err(|error| {
        let (path, reason) = (path.display(), plain(&error));
        Error::generic(format!("Could not open '{path}': {reason}"))
    })?;
    let written = |_: io::Error| Error::generic("An IO error has occurred");
    let mut file = BufWriter::with_capacity(64 << 10, file);
    let (mut address, mut left) = (start, size);
    let mut page = [0; PAGE_SIZE as usize];
    while left > 0 {
        // Up to the end of a page: the next one may be mapped elsewhere.
        let length = left.min(PAGE_SIZE - address % PAGE_SIZE);
        // At most a page, so the cast is exact.
        let part = &mut page[..length as usize];
        read(address, part)?;
        file.write_all(part).map_err(written)?;
        address = address.wrapping_add(length);
        left -= length;
    }
    file.flush().map_err(written)
}

fn read_or_zero(memory: &GuestMemory, address: u64, bytes: &mut [u8]) {
    // Memory comes in whole pages and a part never crosses one, so it is there or it is not.
    if memory.read(address, bytes).is_err() {
        bytes.fill(0);
    }
}
