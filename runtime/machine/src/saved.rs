//! A device's state on its way out of the machine.

use vmstate::VmState;

use crate::Result;

/// One section of a migration stream: header, content and description.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedDevice {
    /// Section name.
    pub name: &'static str,
    /// Instance, counted per name.
    pub instance: u32,
    /// Version of the format.
    pub version: u32,
    /// Content.
    pub payload: Vec<u8>,
    /// What the content is made of, as the stream's trailer shows it (`vmsd_name`, `version`, `fields`, `subsections`).
    pub description: serde_json::Value,
}

impl SavedDevice {
    pub(crate) fn new(instance: u32, state: &mut dyn VmState) -> Result<Self> {
        Ok(Self {
            name: state.name(),
            instance,
            version: state.version(),
            payload: vmstate::save(state)?,
            description: vmstate::describe(state)?,
        })
    }
}
