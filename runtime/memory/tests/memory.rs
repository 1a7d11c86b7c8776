//! Blocks, the address space and dirty tracking, against real mappings.

use std::{fs, sync::Arc};

use qapi_memory::{DirtyBitmap, DirtyLog, GuestMemory, MemoryError, NoDirtyLog, PAGE_SIZE, RamBlock, is_zero};
use vm_memory::{Bytes, GuestAddress};

#[test]
fn bitmap_ranges_match_single_bits() {
    for (first, count) in
        [(0, 0), (0, 1), (3, 70), (63, 1), (63, 2), (64, 64), (1, 200), (129, 1), (130, 5), (u64::MAX, 9)]
    {
        let (ranged, single) = (DirtyBitmap::new(130), DirtyBitmap::new(130));
        ranged.set_range(first, count);
        (first..first.saturating_add(count)).for_each(|page| single.set(page));
        let words = |bitmap: &DirtyBitmap| (0..bitmap.words() + 1).map(|i| bitmap.take_word(i)).collect::<Vec<_>>();
        assert_eq!(words(&ranged), words(&single), "{first}+{count}");
        assert_eq!(ranged.count(), 0);
    }
}

#[test]
fn merging_counts_fresh_pages_and_ignores_the_tail() {
    let bitmap = DirtyBitmap::new(70);
    bitmap.set(1);
    assert_eq!(bitmap.merge(0, &[0b110, u64::MAX]), 1 + 6);
    assert_eq!(bitmap.merge(1, &[u64::MAX, u64::MAX]), 0);
    assert_eq!((bitmap.take_word(0), bitmap.take_word(1), bitmap.take_word(1)), (0b110, 0b11_1111, 0));
    bitmap.set_all();
    assert_eq!(bitmap.count(), 70);
    bitmap.clear();
    assert_eq!(bitmap.count(), 0);
}

#[test]
fn threads_lose_no_page() {
    let bitmap = Arc::new(DirtyBitmap::new(64));
    let setter = Arc::clone(&bitmap);
    let thread = std::thread::spawn(move || (0..64).for_each(|page| setter.set(page)));
    let mut seen = 0;
    while seen != u64::MAX {
        seen |= bitmap.take_word(0);
    }
    thread.join().unwrap();
}

#[test]
fn zero_test_finds_every_byte() {
    let mut page = [0u8; 4096];
    assert!(is_zero(&page) && is_zero(&[]));
    for index in (0..4096).step_by(61).chain([4095]) {
        page[index] = 0x80;
        assert!(!is_zero(&page), "byte {index}");
        assert!(!is_zero(&page[..index + 1]), "byte {index}");
        page[index] = 0;
    }
}

#[test]
fn block_accesses_are_checked_and_mark_pages() {
    let block = RamBlock::anonymous("ram", 3 * PAGE_SIZE).unwrap();
    assert_eq!((block.name(), block.size(), block.pages(), block.dirty().count()), ("ram", 3 * PAGE_SIZE, 3, 0));
    assert!((0..3).all(|page| block.is_zero_page(page).unwrap()));
    block.write(PAGE_SIZE - 1, &[1, 2]).unwrap();
    assert_eq!(block.dirty().take_word(0), 0b11);
    let mut bytes = [0; 4];
    block.read(PAGE_SIZE - 2, &mut bytes).unwrap();
    assert_eq!(bytes, [0, 1, 2, 0]);
    assert!(!block.is_zero_page(0).unwrap() && !block.is_zero_page(1).unwrap() && block.is_zero_page(2).unwrap());
    block.fill(0, 2 * PAGE_SIZE as usize, 0).unwrap();
    assert!(block.is_zero_page(0).unwrap() && block.is_zero_page(1).unwrap());
    for (offset, length) in [(3 * PAGE_SIZE, 1), (3 * PAGE_SIZE - 1, 2), (u64::MAX, 2), (u64::MAX, 1)] {
        let mut buffer = vec![0; length];
        assert!(matches!(block.read(offset, &mut buffer), Err(MemoryError::OutOfBlock { .. })), "{offset:#x}");
        assert!(matches!(block.write(offset, &buffer), Err(MemoryError::OutOfBlock { .. })), "{offset:#x}");
    }
    assert!(block.is_zero_page(3).is_err() && block.is_zero_page(u64::MAX).is_err());
}

#[test]
fn sizes_are_checked() {
    for size in [0, 1, PAGE_SIZE + 1, u64::MAX, 1 << 63, 1 << 45] {
        assert!(matches!(RamBlock::anonymous("ram", size), Err(MemoryError::BadSize { .. })), "{size:#x}");
    }
}

#[test]
fn shared_files_show_writes_and_private_ones_do_not() {
    let folder = tempfile::tempdir().unwrap();
    for share in [true, false] {
        let path = folder.path().join(format!("ram-{share}"));
        let block = RamBlock::file("ram", &path, 2 * PAGE_SIZE, share).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), 2 * PAGE_SIZE);
        block.write(PAGE_SIZE, b"guest").unwrap();
        let content = fs::read(&path).unwrap();
        assert_eq!(content[4096..].starts_with(b"guest"), share);
        assert!(block.fd().is_some() && block.shared() == share);
    }
    let unnamed = RamBlock::file("ram", folder.path(), PAGE_SIZE, true).unwrap();
    unnamed.write(0, b"x").unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn file_mistakes_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small");
    fs::write(&path, [7; 4096]).unwrap();
    let error = RamBlock::file("ram0", &path, 2 * PAGE_SIZE, true).unwrap_err().to_string();
    assert!(error.contains("0x1000") && error.contains("0x2000") && error.contains("ram0"), "{error}");
    let missing = folder.path().join("no/such/file");
    assert!(matches!(RamBlock::file("ram", &missing, PAGE_SIZE, true), Err(MemoryError::File { action: "open", .. })));
    let larger = RamBlock::file("ram", &path, PAGE_SIZE, false).unwrap();
    let mut page = [0; 4096];
    larger.read_page(0, &mut page).unwrap();
    assert_eq!(page, [7; 4096]);
}

#[test]
fn memfd_is_shared_through_its_descriptor() {
    let block = RamBlock::memfd("ram", PAGE_SIZE, true).unwrap();
    block.write(0, b"seen").unwrap();
    let mut bytes = [0; 4];
    rustix::io::pread(block.fd().unwrap(), &mut bytes, 0).unwrap();
    assert_eq!(&bytes, b"seen");
}

#[test]
fn the_address_space_crosses_blocks_and_refuses_holes() {
    let mut memory = GuestMemory::new();
    let (low, high) = (RamBlock::anonymous("low", PAGE_SIZE).unwrap(), RamBlock::anonymous("high", PAGE_SIZE).unwrap());
    memory.insert(PAGE_SIZE, Arc::clone(&high)).unwrap();
    memory.insert(0, Arc::clone(&low)).unwrap();
    assert_eq!(
        memory.blocks().map(|(at, block)| (at, block.name())).collect::<Vec<_>>(),
        [(0, "low"), (PAGE_SIZE, "high")]
    );
    memory.write(PAGE_SIZE - 2, b"abcd").unwrap();
    let mut bytes = [0; 4];
    memory.read(PAGE_SIZE - 2, &mut bytes).unwrap();
    assert_eq!(&bytes, b"abcd");
    assert_eq!((low.dirty().take_word(0), high.dirty().take_word(0)), (1, 1));
    assert!(
        matches!(memory.read(2 * PAGE_SIZE - 1, &mut bytes), Err(MemoryError::Unmapped { address }) if address == 2 * PAGE_SIZE)
    );
    assert!(matches!(memory.write(u64::MAX, &bytes), Err(MemoryError::Unmapped { .. })));
    assert_eq!(memory.total(), 2 * PAGE_SIZE);
    assert!(memory.find(2 * PAGE_SIZE).is_none());
}

#[test]
fn blocks_do_not_overlap() {
    let mut memory = GuestMemory::new();
    memory.insert(4 * PAGE_SIZE, RamBlock::anonymous("a", 4 * PAGE_SIZE).unwrap()).unwrap();
    let new = RamBlock::anonymous("b", 4 * PAGE_SIZE).unwrap();
    for page in [1, 4, 7] {
        assert!(memory.insert(page * PAGE_SIZE, Arc::clone(&new)).is_err(), "page {page}");
    }
    assert!(memory.insert(u64::MAX - PAGE_SIZE, Arc::clone(&new)).is_err());
    memory.insert(0, Arc::clone(&new)).unwrap();
    memory.insert(8 * PAGE_SIZE, new).unwrap();
}

#[test]
fn writes_through_vm_memory_mark_pages() {
    let mut memory = GuestMemory::new();
    assert!(memory.view().is_err());
    let block = RamBlock::anonymous("ram", 4 * PAGE_SIZE).unwrap();
    memory.insert(0x10_0000, Arc::clone(&block)).unwrap();
    memory.view().unwrap().write_slice(&[1; 2], GuestAddress(0x10_1fff)).unwrap();
    assert_eq!(block.dirty().take_word(0), 0b110);
}

#[test]
fn the_empty_log_is_always_fine() {
    let mut log = NoDirtyLog;
    log.start().and_then(|()| log.sync()).and_then(|()| log.stop()).unwrap();
}
