//! The machine: what it consists of, its memory, its buttons.

use machine::{CpuInfo, MachineKind};
use qapi_runtime::{Context, Error};
use qapi_schema::machine::Commands;
use qapi_schema::{
    CpuInfoFast, CpuInfoFastBranch, CpuInstanceProperties, KvmInfo, MachineInfo, MemoryInfo, Memsave, Pmemsave,
    ShutdownCause, SysEmuTarget, TargetInfo, UuidInfo,
};

use super::Handlers;
use crate::config::BOARDS;
use crate::memsave;
use crate::owner::lifecycle::Operation;

impl Commands for Handlers {
    async fn query_cpus_fast(&self, _: &Context) -> Result<Vec<CpuInfoFast>, Error> {
        let cpus = self.hardware.ask(|machine| machine.cpus()).await?;
        let cpus = cpus.map_err(|error| Error::generic(error.to_string()))?;
        let describe = |cpu: CpuInfo| CpuInfoFast {
            cpu_index: cpu.index.into(),
            qom_path: format!("/machine/unattached/device[{}]", cpu.index).into(),
            thread_id: cpu.thread_id.into(),
            props: Some(CpuInstanceProperties {
                socket_id: Some(cpu.index.into()),
                core_id: Some(0),
                thread_id: Some(0),
                ..CpuInstanceProperties::default()
            }),
            u: CpuInfoFastBranch::X86_64,
        };
        Ok(cpus.into_iter().map(describe).collect())
    }

    async fn query_machines(&self, _: &Context) -> Result<Vec<MachineInfo>, Error> {
        Ok(BOARDS.into_iter().map(describe_board).collect())
    }

    async fn query_target(&self, _: &Context) -> Result<TargetInfo, Error> {
        Ok(TargetInfo { arch: SysEmuTarget::X86_64 })
    }

    async fn query_uuid(&self, _: &Context) -> Result<UuidInfo, Error> {
        let uuid = self.config.uuid.unwrap_or_default();
        Ok(UuidInfo { uuid: hyphenated(&uuid).into() })
    }

    async fn system_reset(&self, _: &Context) -> Result<(), Error> {
        let operation = Operation::Reset(ShutdownCause::HostQmpSystemReset);
        self.owner.operate(operation).await
    }

    async fn system_powerdown(&self, _: &Context) -> Result<(), Error> {
        self.owner.operate(Operation::Powerdown).await
    }

    async fn inject_nmi(&self, _: &Context) -> Result<(), Error> {
        if self.config.board == MachineKind::None {
            return Err(Error::generic("this feature or command is not currently supported"));
        }
        let outcome = self.hardware.ask(|machine| machine.inject_nmi()).await?;
        outcome.map_err(|error| Error::generic(error.to_string()))
    }

    async fn query_kvm(&self, _: &Context) -> Result<KvmInfo, Error> {
        Ok(KvmInfo { enabled: self.kvm, present: true })
    }

    async fn memsave(&self, _: &Context, args: Memsave) -> Result<(), Error> {
        memsave::virtual_range(&self.hardware, &self.memory, args).await
    }

    async fn pmemsave(&self, _: &Context, args: Pmemsave) -> Result<(), Error> {
        memsave::physical_range(&self.memory, args).await
    }

    async fn query_memory_size_summary(&self, _: &Context) -> Result<MemoryInfo, Error> {
        Ok(MemoryInfo { base_memory: self.config.memory, plugged_memory: Some(0) })
    }
}

fn describe_board(board: MachineKind) -> MachineInfo {
    MachineInfo {
        name: board.name().into(),
        is_default: (board == MachineKind::Microvm).then_some(true),
        cpu_max: 1,
        default_ram_id: Some(board.ram_name().into()),
        ..MachineInfo::default()
    }
}

/// 8-4-4-4-12 hexadecimal digits.
fn hyphenated(uuid: &[u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (position, byte) in uuid.iter().enumerate() {
        if matches!(position, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}
