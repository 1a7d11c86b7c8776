//! From what the options said to a [`Config`]: defaults, references between options, contradictions.

use machine::{Accelerator, MachineKind};

use super::UsageError;
use super::draft::{self, Draft, Noted, Peer};
use crate::banner;
use crate::config::{Address, Backend, Chardev, Config, MemoryBackend, Monitor, Socket, default_memory};

/// Completes the draft.
pub(super) fn finish(mut draft: Draft) -> Result<Config, UsageError> {
    let board = draft.board.unwrap_or(MachineKind::Microvm);
    let backend = backend(&mut draft)?;
    let memory = match (&backend, &draft.memory) {
        (Some(backend), Some(noted)) if backend.size != noted.value => {
            return Err(UsageError::new(
                &noted.option,
                "Machine memory size does not match the size of the memory backend",
            ));
        }
        (Some(backend), _) => backend.size,
        // 0 asks for the default, as in QEMU.
        (None, Some(noted)) if noted.value > 0 => noted.value,
        (None, _) => default_memory(board),
    };
    let memory_option = match (&backend, &draft.memory) {
        (Some(backend), _) => backend.option.clone(),
        (None, Some(noted)) => noted.option.clone(),
        (None, None) => format!("-machine {}", board.name()),
    };
    let mut devices = Devices::default();
    for noted in std::mem::take(&mut draft.chardevs) {
        devices.add(&noted.option, noted.value)?;
    }
    // A socket that nobody named has to be found by whoever wants to use it.
    let greet = draft.monitors.is_empty() && !draft.nodefaults;
    let monitors = monitors(&mut draft, &mut devices)?;
    let serial = serial(&mut draft, &mut devices, board)?;
    if draft.daemonize && devices.has_stdio() {
        let message = "a process in the background has no terminal: use no stdio device";
        return Err(UsageError::new("-daemonize", message));
    }
    if draft.preconfig && draft.incoming.as_deref().is_some_and(|uri| uri != "defer") {
        return Err(UsageError::new("-preconfig", "'preconfig' supports '-incoming defer' only"));
    }
    Ok(Config {
        board,
        accelerators: accelerators(&draft, board)?,
        memory,
        memory_option,
        backend,
        stopped: draft.stopped,
        preconfig: draft.preconfig,
        name: draft.name,
        uuid: draft.uuid,
        passed_fds: draft.passed_fds,
        chardevs: devices.list,
        monitors,
        serial,
        no_reboot: draft.no_reboot,
        no_shutdown: draft.no_shutdown,
        pidfile: draft.pidfile,
        daemonize: draft.daemonize,
        incoming: draft.incoming,
        migration: draft.migration,
        compat: draft.compat,
        greet,
    })
}

/// The object that `-machine memory-backend=` names.
fn backend(draft: &mut Draft) -> Result<Option<MemoryBackend>, UsageError> {
    let Some(Noted { option, value: id }) = draft.memory_backend.take() else {
        return Ok(None);
    };
    let found = draft.objects.iter().find(|object| object.id == id).cloned();
    found.map(Some).ok_or_else(|| UsageError::new(option, format!("Memory backend '{id}' not found")))
}

fn accelerators(draft: &Draft, board: MachineKind) -> Result<Vec<Accelerator>, UsageError> {
    match &draft.machine_accelerators {
        Some(noted) if !draft.accelerators.is_empty() => {
            Err(UsageError::new(&noted.option, "The -accel and \"-machine accel=\" options are incompatible"))
        }
        Some(noted) => Ok(noted.value.clone()),
        None if !draft.accelerators.is_empty() => Ok(draft.accelerators.clone()),
        // A board without processors needs nothing to run them.
        None if board == MachineKind::None => Ok(vec![Accelerator::Qtest]),
        None => Ok(vec![Accelerator::Kvm, Accelerator::Qtest]),
    }
}

/// The character devices and who uses them.
#[derive(Default)]
struct Devices {
    list: Vec<Chardev>,
    /// Positions that have a user already.
    used: Vec<usize>,
}

impl Devices {
    fn add(&mut self, option: &str, device: Chardev) -> Result<usize, UsageError> {
        if device.backend == Backend::Stdio && self.has_stdio() {
            let message = "cannot use stdio by multiple character devices";
            return Err(UsageError::new(option, message));
        }
        self.list.push(device);
        Ok(self.list.len() - 1)
    }

    fn has_stdio(&self) -> bool {
        self.list.iter().any(|device| device.backend == Backend::Stdio)
    }

    /// The position of `peer`, made as `own` when it is not one of the list.
    fn claim(&mut self, option: &str, peer: Peer, own: String) -> Result<Option<usize>, UsageError> {
        let position = match peer {
            Peer::Nothing => return Ok(None),
            Peer::Own(backend) => {
                let (id, asked) = (own, option.to_owned());
                let device = Chardev { id, option: asked, backend };
                self.add(option, device)?
            }
            Peer::Named(id) => {
                let found = self.list.iter().position(|device| device.id == id);
                found.ok_or_else(|| UsageError::new(option, format!("chardev \"{id}\" not found")))?
            }
        };
        if self.used.contains(&position) {
            let id = self.list.get(position).map_or("", |device| &device.id);
            return Err(UsageError::new(option, format!("chardev \"{id}\" is in use already")));
        }
        self.used.push(position);
        Ok(Some(position))
    }
}

fn monitors(draft: &mut Draft, devices: &mut Devices) -> Result<Vec<Monitor>, UsageError> {
    let mut monitors = Vec::new();
    for (number, Noted { option, value: draft::Monitor { peer, pretty } }) in draft.monitors.drain(..).enumerate() {
        let own = format!("compat_monitor{number}");
        if let Some(chardev) = devices.claim(&option, peer, own)? {
            let output_only = devices
                .list
                .get(chardev)
                .is_some_and(|device| matches!(device.backend, Backend::File { .. } | Backend::Null));
            if output_only {
                return Err(UsageError::new(option, "QMP needs a socket or stdio"));
            }
            monitors.push(Monitor { chardev, pretty });
        }
    }
    if monitors.is_empty() && !draft.nodefaults {
        let backend =
            Backend::Socket(Socket { address: Address::Unix(banner::default_socket()), server: true, wait: false });
        let peer = Peer::Own(backend);
        let chardev = devices.claim("-qmp", peer, "compat_monitor0".into())?;
        monitors.extend(chardev.map(|chardev| Monitor { chardev, pretty: false }));
    }
    Ok(monitors)
}

fn serial(draft: &mut Draft, devices: &mut Devices, board: MachineKind) -> Result<Option<usize>, UsageError> {
    if let Some(Noted { option, value }) = draft.serial.take() {
        return devices.claim(&option, value, "serial0".into());
    }
    let wanted = (draft.nographic || !draft.nodefaults) && !draft.daemonize;
    if board == MachineKind::None || !wanted || devices.has_stdio() {
        return Ok(None);
    }
    devices.claim("-serial", Peer::Own(Backend::Stdio), "serial0".into())
}
