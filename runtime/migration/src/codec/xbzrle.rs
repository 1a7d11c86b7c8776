//! Changes to a page: runs of bytes that stay and runs of bytes that are new, in turns.
//!
//! Each run begins with its length (one or two bytes, seven bits each, lowest first); new bytes follow theirs. The first run is one that
//! stays, possibly empty; the bytes after the last run stay too.

use super::PAGE_SIZE;

/// The only encoding there is, as the record has it.
pub const ENCODING: u8 = 1;

/// Applies changes to a page. `None` when they do not fit it; the page is then partly changed.
#[must_use]
pub fn apply(changes: &[u8], page: &mut [u8; PAGE_SIZE]) -> Option<()> {
    let mut rest = changes;
    let mut at = 0;
    while !rest.is_empty() {
        at += run_length(&mut rest)?;
        let length = run_length(&mut rest)?;
        // A run of new bytes is never empty, so a page's worth of runs is the most that there can be.
        let new = rest.split_off(..length).filter(|new| !new.is_empty())?;
        page.get_mut(at..at + length)?.copy_from_slice(new);
        at += length;
    }
    Some(())
}

/// Takes a length off the front.
fn run_length(rest: &mut &[u8]) -> Option<usize> {
    let low = usize::from(*rest.split_off_first()?);
    if low & 0x80 == 0 {
        return Some(low);
    }
    let high = usize::from(*rest.split_off_first()?);
    // A third byte would follow a page longer than ours.
    (high & 0x80 == 0).then_some(low & 0x7f | high << 7)
}
