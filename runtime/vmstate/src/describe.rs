//! The describing visitor: the JSON that follows a stream so that tools can take it apart.

use serde_json::{Map, Value};

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
        let mut visitor = Self { version, fields: Vec::new(), subsections: Vec::new(), size: 0 };
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

    /// A structure field of `length` equal elements; `place` is what tells it from its neighbours (`array_len` or `index`).
    fn structure_field(&mut self, name: &str, place: Option<(&str, usize)>, element: (Value, usize), length: usize) {
        let (description, size) = element;
        let mut field = Map::new();
        field.insert("name".into(), name.into());
        field.insert("type".into(), "struct".into());
        field.insert("struct".into(), description);
        field.insert("size".into(), size.into());
        if let Some((key, value)) = place {
            field.insert(key.into(), value.into());
        }
        self.fields.push(field.into());
        self.size += size * length;
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
        let element = Self::run(state)?;
        self.structure_field(name, None, element, 1);
        Ok(())
    }

    fn structures(&mut self, name: &str, states: &mut [&mut dyn VmState]) -> Result {
        let length = states.len();
        let mut elements = states.iter_mut().map(|state| Self::run(*state)).collect::<Result<Vec<_>>>()?;
        // Elements that look alike are described once; they can differ by their subsections.
        if elements.windows(2).all(|pair| pair[0] == pair[1]) {
            if let Some(element) = elements.pop() {
                self.structure_field(name, Some(("array_len", length)), element, length);
            }
            return Ok(());
        }
        for (index, element) in elements.into_iter().enumerate() {
            self.structure_field(name, Some(("index", index)), element, 1);
        }
        Ok(())
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
