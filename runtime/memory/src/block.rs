//! One contiguous piece of guest memory.

use std::{
    fs::File,
    io,
    os::fd::{AsFd, BorrowedFd},
    path::Path,
    sync::Arc,
};

use rustix::{
    fs::{MemfdFlags, Mode, OFlags},
    mm::{MapFlags, ProtFlags},
};
use vm_memory::{Bytes, FileOffset, MmapRegion, VolatileMemory, mmap::MmapRegionError};

use crate::{DirtyBitmap, MemoryError, PAGE_SIZE, Result, is_zero};

/// A contiguous mapping of the host that is RAM of the guest.
///
/// All accesses are by copy and may race with the guest. Methods that write mark the pages dirty.
#[derive(Debug)]
pub struct RamBlock {
    name: String,
    mapping: Arc<MmapRegion<DirtyBitmap>>,
    shared: bool,
}

impl RamBlock {
    /// Zeroed memory of this process alone.
    ///
    /// # Errors
    /// A size that is no multiple of 4096, or more than the host maps.
    pub fn anonymous(name: &str, size: u64) -> Result<Arc<Self>> {
        Self::map(name, size, None, false)
    }

    /// Memory in a file. An empty or missing file is made `size` bytes long; in a directory an unnamed file is made.
    /// Without `share` the guest's writes stay in this process.
    ///
    /// # Errors
    /// Also when the file cannot be opened for writing, or when it is shorter than `size` without being empty.
    pub fn file(name: &str, path: &Path, size: u64, share: bool) -> Result<Arc<Self>> {
        check_size(name, size)?;
        let failed = |action, source: rustix::io::Errno| MemoryError::File {
            block: name.to_owned(),
            action,
            path: path.to_owned(),
            source: source.into(),
        };
        let flags = if path.is_dir() { OFlags::TMPFILE } else { OFlags::CREATE };
        let mode = Mode::RUSR | Mode::WUSR;
        let fd = rustix::fs::open(path, flags | OFlags::RDWR | OFlags::CLOEXEC, mode)
            .map_err(|source| failed("open", source))?;
        let stat = rustix::fs::fstat(&fd).map_err(|source| failed("examine", source))?;
        match u64::try_from(stat.st_size).unwrap_or(0) {
            0 => rustix::fs::ftruncate(&fd, size).map_err(|source| failed("resize", source))?,
            found if found < size => {
                return Err(MemoryError::FileTooSmall { block: name.to_owned(), path: path.to_owned(), found, size });
            }
            _ => {}
        }
        Self::map(name, size, Some(File::from(fd)), share)
    }

    /// Memory in an unnamed file of the kernel, whose descriptor other processes can be given.
    ///
    /// # Errors
    /// As [`anonymous`](Self::anonymous), or the kernel's own.
    pub fn memfd(name: &str, size: u64, share: bool) -> Result<Arc<Self>> {
        check_size(name, size)?;
        let map_error =
            |source: rustix::io::Errno| MemoryError::Map { block: name.to_owned(), size, source: source.into() };
        let fd = rustix::fs::memfd_create("guest-ram", MemfdFlags::CLOEXEC).map_err(map_error)?;
        rustix::fs::ftruncate(&fd, size).map_err(map_error)?;
        Self::map(name, size, Some(File::from(fd)), share)
    }

    fn map(name: &str, size: u64, file: Option<File>, shared: bool) -> Result<Arc<Self>> {
        let length = check_size(name, size)?;
        let mapping = match file {
            None => MmapRegion::new(length),
            Some(file) => {
                // Guests are given more memory than they touch, so swap space is not reserved for all of it.
                let flags = MapFlags::NORESERVE | if shared { MapFlags::SHARED } else { MapFlags::PRIVATE };
                let access = ProtFlags::READ | ProtFlags::WRITE;
                let start = FileOffset::new(file, 0);
                MmapRegion::build(Some(start), length, access.bits().cast_signed(), flags.bits().cast_signed())
            }
        };
        let mapping = mapping.map_err(|error| {
            let source = match error {
                MmapRegionError::Mmap(source) => source,
                other => io::Error::other(other),
            };
            MemoryError::Map { block: name.to_owned(), size, source }
        })?;
        Ok(Arc::new(Self { name: name.to_owned(), mapping: Arc::new(mapping), shared }))
    }

    /// The block's name in a migration stream.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Size in bytes, a multiple of [`PAGE_SIZE`].
    pub fn size(&self) -> u64 {
        self.mapping.size() as u64
    }

    /// Size in pages.
    pub fn pages(&self) -> u64 {
        self.size() / PAGE_SIZE
    }

    /// Whether writes reach the backing file.
    pub fn shared(&self) -> bool {
        self.shared
    }

    /// Where the host mapped it; valid as long as the block lives. For handing to an accelerator, not for access.
    pub fn host_address(&self) -> *mut u8 {
        self.mapping.as_ptr()
    }

    /// The backing file, when there is one.
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.mapping.file_offset().map(|offset| offset.file().as_fd())
    }

    /// Pages written since they were last taken.
    pub fn dirty(&self) -> &DirtyBitmap {
        self.mapping.bitmap()
    }

    /// The mapping, for building views of `vm-memory`.
    pub(crate) fn mapping(&self) -> &Arc<MmapRegion<DirtyBitmap>> {
        &self.mapping
    }

    /// Copies out of the block.
    ///
    /// # Errors
    /// [`MemoryError::OutOfBlock`] when the range leaves the block; nothing is copied then.
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> Result {
        let start = self.checked(offset, buffer.len())?;
        self.mapping.as_volatile_slice().read_slice(buffer, start).map_err(|_| self.outside(offset, buffer.len()))
    }

    /// Copies into the block and marks the pages dirty.
    ///
    /// # Errors
    /// [`MemoryError::OutOfBlock`] when the range leaves the block; nothing is copied then.
    pub fn write(&self, offset: u64, bytes: &[u8]) -> Result {
        let start = self.checked(offset, bytes.len())?;
        self.mapping.as_volatile_slice().write_slice(bytes, start).map_err(|_| self.outside(offset, bytes.len()))
    }

    /// Sets `length` bytes to `value` and marks the pages dirty.
    ///
    /// # Errors
    /// [`MemoryError::OutOfBlock`] when the range leaves the block; nothing is written then.
    pub fn fill(&self, offset: u64, length: usize, value: u8) -> Result {
        self.checked(offset, length)?;
        let page = [value; PAGE_SIZE as usize];
        let (mut offset, mut left) = (offset, length);
        while left > 0 {
            let part = left.min(page.len());
            self.write(offset, &page[..part])?;
            offset += part as u64;
            left -= part;
        }
        Ok(())
    }

    /// Copies page `number` out.
    ///
    /// # Errors
    /// [`MemoryError::OutOfBlock`] when there is no such page.
    pub fn read_page(&self, number: u64, page: &mut [u8; PAGE_SIZE as usize]) -> Result {
        self.read(number.saturating_mul(PAGE_SIZE), page)
    }

    /// Whether page `number` held only zeros while it was looked at.
    ///
    /// # Errors
    /// [`MemoryError::OutOfBlock`] when there is no such page.
    pub fn is_zero_page(&self, number: u64) -> Result<bool> {
        let base = number.saturating_mul(PAGE_SIZE);
        // Looked at in private copies that stay in the first-level cache: no reference into racing memory, and an early exit.
        let mut part = [0; 512];
        for offset in (0..PAGE_SIZE).step_by(part.len()) {
            self.read(base.saturating_add(offset), &mut part)?;
            if !is_zero(&part) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The offset as the host counts, when the range lies inside of the block.
    fn checked(&self, offset: u64, length: usize) -> Result<usize> {
        match offset.checked_add(length as u64) {
            Some(end) if end <= self.size() => usize::try_from(offset).map_err(|_| self.outside(offset, length)),
            _ => Err(self.outside(offset, length)),
        }
    }

    fn outside(&self, offset: u64, length: usize) -> MemoryError {
        MemoryError::OutOfBlock { block: self.name.clone(), offset, length, size: self.size() }
    }
}

/// Largest block, 16 TiB: its bitmap alone takes 512 MiB, and a mistyped unit must end in an error, not in an aborted allocation.
const MAX_SIZE: u64 = 1 << 44;

fn check_size(name: &str, size: u64) -> Result<usize> {
    match usize::try_from(size) {
        Ok(length) if size > 0 && size.is_multiple_of(PAGE_SIZE) && size <= MAX_SIZE => Ok(length),
        _ => Err(MemoryError::BadSize { block: name.to_owned(), size }),
    }
}
