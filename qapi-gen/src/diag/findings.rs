//! Mistakes as they are found. A hostile schema has one per byte, and nobody reads more than a screenful.

use super::Diagnostic;

/// How many mistakes are kept; further ones are counted.
const KEPT: usize = 200;

/// The first mistakes of a schema, in the order in which they were found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Findings {
    list: Vec<Diagnostic>,
    omitted: usize,
}

impl Findings {
    /// Adds a mistake, or counts it if there are many.
    pub(crate) fn push(&mut self, found: Diagnostic) {
        if self.list.len() < KEPT {
            self.list.push(found);
        } else {
            self.omitted += 1;
        }
    }

    /// Moves everything from `other` to the end.
    pub(crate) fn append(&mut self, other: &mut Self) {
        self.extend(std::mem::take(&mut other.list));
        self.omitted += std::mem::take(&mut other.omitted);
    }

    /// True if nothing is wrong.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many mistakes are kept.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// The kept mistakes.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// The kept mistakes, and how many more there were.
    pub(super) fn into_parts(self) -> (Vec<Diagnostic>, usize) {
        (self.list, self.omitted)
    }
}

impl Extend<Diagnostic> for Findings {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, found: I) {
        found.into_iter().for_each(|found| self.push(found));
    }
}
