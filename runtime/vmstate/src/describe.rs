//! The describing visitor: the JSON that follows a stream so that tools can take it apart.

use serde_json::{Map, Value, json};

use crate::{FieldInfo, Fields, Result, VmState};

/// What [`save`](crate::save) writes for `state`, as QEMU describes it: `vmsd_name`, `version`, `fields` and, when there are any, `subsections`.
///
/// # Errors
/// Only what the state itself refuses to save.
pub fn describe(state: &mut dyn VmState) -> Result<Value> {
    Ok(Describer::run(state)?.0)
}

struct Describer {
    version: u32,
    fields: Vec<Value>,
    subsections: Vec<Value>,
    /// Bytes that the fields take, without subsections' headers.
    size: usize,
}

impl Describer {
    /// The description of `state` and the bytes it takes.
    fn run(state: &mut dyn VmState) -> Result<(Value, usize)> {
        let (name, version) = (state.name(), state.version());
        let mut visitor = Self {
            version,
            fields: Vec::new(),
            subsections: Vec::new(),
            size: 0,
        };
        state.fields(&mut visitor)?;
        let mut object = Map::new();
        object.insert("vmsd_name".into(), name.into());
        object.insert("version".into(), version.into());
        object.insert("fields".into(), visitor.fields.into());
        if !visitor.subsections.is_empty() {
            object.insert("subsections".into(), visitor.subsections.into());
        }
        Ok((object.into(), visitor.size))
    }

    /// One element of a structure field; `index` tells the elements of an array apart.
    fn element(&mut self, name: &str, index: Option<usize>, state: &mut dyn VmState) -> Result {
        let (description, size) = Self::run(state)?;
        let mut field =
            json!({ "name": name, "type": "struct", "struct": description, "size": size });
        if let (Some(index), Some(object)) = (index, field.as_object_mut()) {
            object.insert("index".into(), index.into());
        }
        self.fields.push(field);
        self.size += size;
        Ok(())
    }
}

impl Fields for Describer {
    fn loading(&self) -> bool {
        false
    }

    fn stream_version(&self) -> u32 {
        self.version
    }

    fn raw(&mut self, field: FieldInfo<'_>, image: &mut [u8]) -> Result {
        let element = image.len() / field.array_len.unwrap_or(1).max(1);
        let mut object = Map::new();
        object.insert("name".into(), field.name.into());
        object.insert("type".into(), field.kind.into());
        object.insert("size".into(), element.into());
        if let Some(length) = field.array_len {
            object.insert("array_len".into(), length.into());
        }
        self.fields.push(object.into());
        self.size += image.len();
        Ok(())
    }

    fn structure(&mut self, name: &str, state: &mut dyn VmState) -> Result {
        self.element(name, None, state)
    }

    fn structures(&mut self, name: &str, states: &mut [&mut dyn VmState]) -> Result {
        states
            .iter_mut()
            .enumerate()
            .try_for_each(|(index, state)| self.element(name, Some(index), *state))
    }

    fn subsection(&mut self, needed: bool, state: &mut dyn VmState) -> Result<bool> {
        if needed {
            let (description, size) = Self::run(state)?;
            self.subsections.push(description);
            self.size += size;
        }
        Ok(needed)
    }
}
