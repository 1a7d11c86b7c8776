//! Descriptor sets before the first command: `-add-fd`.

use std::collections::HashMap;

use qapi_runtime::fds::FdSets;

use crate::config::PassedFd;
use crate::errno::plain;
use crate::inherited;

/// The sets that the command line asks for. They hold duplicates, since a descriptor may be named more than once; the
/// originals are closed.
pub(crate) fn passed(options: &[PassedFd]) -> Result<FdSets, String> {
    let sets = FdSets::default();
    let mut originals = HashMap::new();
    for PassedFd { option, fd, set, opaque } in options {
        if !originals.contains_key(fd) {
            let taken = inherited::take(*fd).ok_or_else(|| format!("{option}: fd is not valid or already in use"))?;
            originals.insert(*fd, taken);
        }
        if let Some(original) = originals.get(fd) {
            let fd = original.try_clone().map_err(|error| format!("{option}: {}", plain(&error)))?;
            let added = sets.add(fd, Some(*set), opaque.as_deref().map(Into::into));
            added.map_err(|error| format!("{option}: {error}"))?;
        }
    }
    Ok(sets)
}
