//! `-add-fd`: descriptors of the parent process for `/dev/fdset/N`.

use super::draft::{Done, Draft};
use super::keyval::Keyval;
use crate::config::PassedFd;

pub(super) fn add_fd(draft: &mut Draft, text: &str) -> Done {
    let mut keys = Keyval::parse(text, None, &[])?;
    let (set, fd) = (number(&mut keys, "set")?, number(&mut keys, "fd")?);
    let opaque = keys.take("opaque");
    keys.finish()?;
    let required = |name| format!("{name} option is required and must be non-negative");
    let fd = fd.ok_or_else(|| required("fd"))?;
    let set = set.ok_or_else(|| required("set"))?;
    if fd <= 2 {
        return Err("fd cannot be a standard I/O stream".into());
    }
    let fd = i32::try_from(fd).map_err(|_| "fd is not valid or already in use")?;
    draft.passed_fds.push(PassedFd { option: draft.current.clone(), fd, set, opaque });
    Ok(None)
}

/// A number from 0, decimal or hexadecimal; nothing when it is absent or beyond that.
fn number(keys: &mut Keyval, key: &str) -> Result<Option<i64>, String> {
    let Some(text) = keys.take(key) else { return Ok(None) };
    let digits = text.strip_prefix('-').unwrap_or(&text);
    let number = match digits.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    let number = number.map_err(|_| format!("Parameter '{key}' expects a number"))?;
    Ok(i64::try_from(number).ok().filter(|_| digits == text))
}
