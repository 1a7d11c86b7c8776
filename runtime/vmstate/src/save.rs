//! The saving visitor.

use crate::{FieldInfo, Fields, Result, SUBSECTION, VmState, VmStateError};

/// The payload of `state`: its fields and the subsections it needs.
///
/// Takes the state mutably because one function visits the fields for all purposes; nothing in it changes.
///
/// # Errors
/// Only what the state itself refuses to save.
pub fn save(state: &mut dyn VmState) -> Result<Vec<u8>> {
    let mut visitor = Saver { out: Vec::new(), version: state.version() };
    state.fields(&mut visitor)?;
    Ok(visitor.out)
}

struct Saver {
    out: Vec<u8>,
    version: u32,
}

impl Saver {
    fn nested(&mut self, state: &mut dyn VmState) -> Result {
        let outer = std::mem::replace(&mut self.version, state.version());
        state.fields(self)?;
        self.version = outer;
        Ok(())
    }
}

impl Fields for Saver {
    fn loading(&self) -> bool {
        false
    }

    fn stream_version(&self) -> u32 {
        self.version
    }

    fn raw(&mut self, _field: FieldInfo<'_>, image: &mut [u8]) -> Result {
        self.out.extend_from_slice(image);
        Ok(())
    }

    fn structure(&mut self, _name: &str, state: &mut dyn VmState) -> Result {
        self.nested(state)
    }

    fn structures(&mut self, _name: &str, states: &mut [&mut dyn VmState]) -> Result {
        states.iter_mut().try_for_each(|state| self.nested(*state))
    }

    fn subsection(&mut self, needed: bool, state: &mut dyn VmState) -> Result<bool> {
        if needed {
            let name = state.name();
            let length = u8::try_from(name.len())
                .map_err(|_| VmStateError::invalid(name, "name", "a subsection's name has at most 255 bytes"))?;
            self.out.extend_from_slice(&[SUBSECTION, length]);
            self.out.extend_from_slice(name.as_bytes());
            self.out.extend_from_slice(&state.version().to_be_bytes());
            self.nested(state)?;
        }
        Ok(needed)
    }
}
