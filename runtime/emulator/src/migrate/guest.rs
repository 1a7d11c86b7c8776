//! The machine as a migration sees it: its devices directly, its run state through the owner.

use std::sync::Arc;

use machine::{MachineError, SavedDevice};
use memory::{DirtyLog, RamBlock};
use migration::codec::SectionHeader;
use migration::{DeviceSection, Vm, VmError};
use vmstate::Source;

use crate::hardware::Hardware;
use crate::owner::Reports;
use crate::runstate;

/// What a migration's thread holds of the machine.
pub(crate) struct Guest {
    hardware: Hardware,
    reports: Reports,
    ram: Vec<Arc<RamBlock>>,
    dirty_log: Box<dyn DirtyLog>,
    name: String,
}

impl Guest {
    /// A view of the machine for one migration.
    pub(crate) fn new(hardware: Hardware, reports: Reports) -> Self {
        let machine = hardware.machine();
        let (ram, dirty_log) = (machine.ram(), machine.dirty_log());
        let name = machine.kind().name().to_owned();
        drop(machine);
        Self { hardware, reports, ram, dirty_log, name }
    }
}

impl Vm for Guest {
    fn ram(&self) -> Vec<Arc<RamBlock>> {
        self.ram.clone()
    }

    fn dirty_log(&mut self) -> &mut dyn DirtyLog {
        &mut *self.dirty_log
    }

    fn machine_name(&self) -> String {
        self.name.clone()
    }

    fn stop(&mut self) -> Result<String, VmError> {
        Ok(self.reports.freeze()?)
    }

    fn save_devices(&mut self) -> Result<Vec<DeviceSection>, VmError> {
        let saved = self.hardware.machine().save_devices()?;
        Ok(saved.into_iter().map(section).collect())
    }

    fn accept_run_state(&mut self, run_state: &str) -> Result<(), VmError> {
        let state = run_state.parse().map_err(|_| format!("there is no run state '{run_state}'"))?;
        Ok(runstate::arrive(&state)?)
    }

    fn load_device(&mut self, section: &SectionHeader, source: &mut dyn Source) -> Result<bool, VmError> {
        let mut machine = self.hardware.machine();
        let (name, instance) = (&section.name, section.instance);
        match machine.load_device(name, instance, section.version, source) {
            Ok(()) => Ok(true),
            Err(MachineError::UnknownDevice { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

fn section(device: SavedDevice) -> DeviceSection {
    let SavedDevice { name, instance, version, payload, description } = device;
    DeviceSection { name: name.to_owned(), instance, version, payload, description }
}
