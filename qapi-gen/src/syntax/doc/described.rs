//! What a comment describes by name, found by name.

use super::Section;
use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

/// How many sections are looked through before an index pays. Real comments seldom have more, but a hostile one may have
/// as many as fit in a file.
const FEW: usize = 16;

/// Sections of different names, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Described {
    sections: Vec<Section>,
    /// Places by name; empty while there are few.
    places: BTreeMap<String, usize>,
}

impl Described {
    /// Adds `section`, unless there is one of its name: then that is given back.
    pub(super) fn add(&mut self, section: Section) -> Result<(), Section> {
        if self.place(&section.name).is_some() {
            return Err(section);
        }
        if self.sections.len() == FEW {
            let places = self.sections.iter().enumerate().map(|(place, section)| (section.name.clone(), place));
            self.places = places.collect();
        }
        if self.sections.len() >= FEW {
            self.places.insert(section.name.clone(), self.sections.len());
        }
        self.sections.push(section);
        Ok(())
    }

    /// The section called `name`. Comments mostly keep the order of what they describe, so that `place` is where it is
    /// looked for first.
    pub(crate) fn find(&self, place: usize, name: &str) -> Option<&Section> {
        let guess = self.sections.get(place).filter(|section| section.name == name);
        guess.or_else(|| self.sections.get(self.place(name)?))
    }

    fn place(&self, name: &str) -> Option<usize> {
        match self.sections.len() <= FEW {
            true => self.sections.iter().position(|section| section.name == name),
            false => self.places.get(name).copied(),
        }
    }
}

impl Deref for Described {
    type Target = [Section];

    fn deref(&self) -> &[Section] {
        &self.sections
    }
}

/// For their texts: names stay as they were added.
impl DerefMut for Described {
    fn deref_mut(&mut self) -> &mut [Section] {
        &mut self.sections
    }
}
