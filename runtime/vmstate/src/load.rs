//! The loading visitor.

use crate::{FieldInfo, Fields, Result, SUBSECTION, Source, VmState, VmStateError};

/// Loads `state` in the format of `version` from `source`, consuming exactly its fields and subsections.
///
/// # Errors
/// A version outside of what the state understands, a stream that ends early, a subsection of this state that it does not know,
/// or whatever the state's own fields refuse. The state is then partly loaded and must be thrown away.
pub fn load(state: &mut dyn VmState, version: u32, source: &mut dyn Source) -> Result {
    let mut visitor = Loader { source, version, path: Vec::new() };
    visitor.nested(state, version)
}

struct Loader<'a> {
    source: &'a mut dyn Source,
    version: u32,
    /// Names of the states being loaded, outermost first.
    path: Vec<&'static str>,
}

impl Loader<'_> {
    fn nested(&mut self, state: &mut dyn VmState, version: u32) -> Result {
        let (name, ours, minimum) = (state.name(), state.version(), state.minimum_version());
        if version > ours {
            return Err(VmStateError::TooNew { state: name.to_owned(), found: version, ours });
        }
        if version < minimum {
            return Err(VmStateError::TooOld { state: name.to_owned(), found: version, minimum });
        }
        let outer = std::mem::replace(&mut self.version, version);
        self.path.push(name);
        state.fields(self)?;
        self.refuse_unknown_subsection(name)?;
        self.path.pop();
        self.version = outer;
        Ok(())
    }

    fn place(&self) -> String {
        self.path.join("/")
    }

    fn read(&mut self, field: &str, image: &mut [u8]) -> Result {
        let position = self.source.position();
        self.source.read_exact(image).map_err(|source| self.read_error(field, position, source))
    }

    fn read_error(&self, field: &str, position: u64, source: std::io::Error) -> VmStateError {
        VmStateError::Read { state: self.place(), field: field.to_owned(), position, source }
    }

    /// Name of the subsection that comes next, if one does. Nothing is consumed.
    fn next_subsection(&mut self) -> Result<Option<Vec<u8>>> {
        let position = self.source.position();
        let peeked = peek_subsection(self.source);
        peeked.map_err(|source| self.read_error("subsection", position, source))
    }

    /// A subsection is ours when its name extends the state's name; anything else belongs to an enclosing state or is no subsection.
    fn refuse_unknown_subsection(&mut self, state: &str) -> Result {
        match self.next_subsection()? {
            Some(found) if found.strip_prefix(state.as_bytes()).is_some_and(|rest| rest.starts_with(b"/")) => {
                Err(VmStateError::UnknownSubsection {
                    state: self.place(),
                    subsection: String::from_utf8_lossy(&found).into_owned(),
                    position: self.source.position(),
                })
            }
            _ => Ok(()),
        }
    }
}

fn peek_subsection(source: &mut dyn Source) -> std::io::Result<Option<Vec<u8>>> {
    if source.peek(1)? != [SUBSECTION] {
        return Ok(None);
    }
    let &[_, length] = source.peek(2)? else {
        return Ok(None);
    };
    let header = 2 + usize::from(length);
    let bytes = source.peek(header)?;
    Ok(bytes.get(2..header).map(<[u8]>::to_vec))
}

impl Fields for Loader<'_> {
    fn loading(&self) -> bool {
        true
    }

    fn stream_version(&self) -> u32 {
        self.version
    }

    fn raw(&mut self, field: FieldInfo<'_>, image: &mut [u8]) -> Result {
        self.read(field.name, image)
    }

    fn structure(&mut self, _name: &str, state: &mut dyn VmState) -> Result {
        let version = state.version();
        self.nested(state, version)
    }

    fn structures(&mut self, name: &str, states: &mut [&mut dyn VmState]) -> Result {
        states.iter_mut().try_for_each(|state| self.structure(name, *state))
    }

    fn subsection(&mut self, _needed: bool, state: &mut dyn VmState) -> Result<bool> {
        let name = state.name();
        if self.next_subsection()?.as_deref() != Some(name.as_bytes()) {
            return Ok(false);
        }
        let mut header = vec![0; 2 + name.len()];
        self.read(name, &mut header)?;
        let mut version = [0; 4];
        self.read(name, &mut version)?;
        self.nested(state, u32::from_be_bytes(version))?;
        Ok(true)
    }
}
