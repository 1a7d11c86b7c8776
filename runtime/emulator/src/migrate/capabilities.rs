//! Migration capabilities: all of QEMU's are listed, those that this emulator has can be turned on.

use qapi_runtime::{Enum, Error};
use qapi_schema::{MigrationCapability, MigrationCapabilityStatus};

/// Capabilities that can be turned on.
const AVAILABLE: &[MigrationCapability] = &[MigrationCapability::Events];

/// Which capabilities are on.
#[derive(Debug, Default)]
pub(super) struct Capabilities {
    on: Vec<MigrationCapability>,
}

impl Capabilities {
    /// Whether it is on.
    pub(super) fn has(&self, capability: &MigrationCapability) -> bool {
        self.on.contains(capability)
    }

    /// All capabilities, in the order of the schema.
    pub(super) fn list(&self) -> Vec<MigrationCapabilityStatus> {
        let count = <MigrationCapability as Enum>::NAMES.len();
        (0..count)
            .map(|index| {
                let capability = MigrationCapability::from_index(index);
                let state = self.has(&capability);
                MigrationCapabilityStatus { capability, state }
            })
            .collect()
    }

    /// Makes all changes, or none when one is refused.
    pub(super) fn set(&mut self, changes: &[MigrationCapabilityStatus]) -> Result<(), Error> {
        let refused = |change: &&MigrationCapabilityStatus| change.state && !AVAILABLE.contains(&change.capability);
        if let Some(change) = changes.iter().find(refused) {
            return Err(Error::generic(format!(
                "Capability '{}' is not supported by this emulator",
                change.capability
            )));
        }
        for change in changes {
            self.on.retain(|capability| *capability != change.capability);
            if change.state {
                self.on.push(change.capability.clone());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(capability: MigrationCapability, state: bool) -> MigrationCapabilityStatus {
        MigrationCapabilityStatus { capability, state }
    }

    #[test]
    fn all_are_listed_in_order_and_off_at_first() {
        let list = Capabilities::default().list();
        let names: Vec<String> = list.iter().map(|c| c.capability.to_string()).collect();
        assert_eq!(names, <MigrationCapability as Enum>::NAMES);
        assert!(list.iter().all(|status| !status.state));
    }

    #[test]
    fn changes_are_made_together_or_not_at_all() {
        let mut capabilities = Capabilities::default();
        let refused = [change(MigrationCapability::Events, true), change(MigrationCapability::Xbzrle, true)];
        let error = capabilities.set(&refused).unwrap_err();
        assert!(error.to_string().contains("'xbzrle'"));
        assert!(!capabilities.has(&MigrationCapability::Events));
        capabilities
            .set(&[change(MigrationCapability::Xbzrle, false), change(MigrationCapability::Events, true)])
            .unwrap();
        assert!(capabilities.has(&MigrationCapability::Events));
        capabilities.set(&[change(MigrationCapability::Events, false)]).unwrap();
        assert!(!capabilities.has(&MigrationCapability::Events));
    }
}
