//! Keys: names and list indices with dots between them.

use crate::Error;

/// Characters that a fragment may have.
const MAX_LEN: usize = 127;

/// A key, taken fragment by fragment.
pub(super) struct Key<'k> {
    key: &'k str,
    /// Where the next fragment begins; one past the end when there is none.
    at: usize,
}

impl<'k> Key<'k> {
    pub(super) fn new(key: &'k str) -> Self {
        Self { key, at: 0 }
    }

    /// Whether no fragment is left.
    pub(super) fn at_end(&self) -> bool {
        self.at > self.key.len()
    }

    /// The key up to the last fragment taken.
    pub(super) fn path(&self) -> &'k str {
        self.key.get(..self.at.saturating_sub(1)).unwrap_or(self.key)
    }

    /// The next fragment; an index comes without leading zeros.
    pub(super) fn next(&mut self) -> Result<&'k str, Error> {
        let rest = self.key.get(self.at..).unwrap_or_default();
        // At the top there are no lists.
        let index = if self.at == 0 { 0 } else { prefix_len(rest, |c| c.is_ascii_digit()) };
        let len = if index > 0 { index } else { name_len(rest).unwrap_or(0) };
        let (fragment, after) = rest.split_at(len);
        if fragment.is_empty() || !(after.is_empty() || after.starts_with('.')) {
            return Err(Error::generic(format!("Invalid parameter '{}'", self.key)));
        }
        if len > MAX_LEN {
            let what = if fragment == self.key { "Parameter" } else { "Parameter fragment" };
            return Err(Error::generic(format!("{what} '{fragment}' is too long")));
        }
        self.at += len + 1;
        Ok(if index > 0 { canonical(fragment) } else { fragment })
    }
}

/// An index as it is kept, so that `01` and `1` are the same element.
fn canonical(digits: &str) -> &str {
    match digits.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    }
}

/// The length of the name that the text begins with, if it does: the schema language's, with a vendor's prefix or without.
fn name_len(text: &str) -> Option<usize> {
    let mut prefix = 0;
    if let Some(vendor) = text.strip_prefix('_') {
        let vendor = vendor.strip_prefix('_')?;
        let domain = prefix_len(vendor, |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
        vendor.get(domain..)?.strip_prefix('_')?;
        prefix = "__".len() + domain + "_".len();
    }
    let name = text.get(prefix..)?;
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        .then(|| prefix + prefix_len(name, |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')))
}

/// How many bytes at the beginning are characters of that sort, which are ASCII.
fn prefix_len(text: &str, of: impl Fn(char) -> bool) -> usize {
    text.find(|c| !of(c)).unwrap_or(text.len())
}
