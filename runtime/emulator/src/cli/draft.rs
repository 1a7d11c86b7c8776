//! What the options said so far, and the options that only note something down.

use std::path::PathBuf;

use machine::{Accelerator, MachineKind};
use migration::Settings;
use qapi_runtime::{Policy, from_option};

use super::chardev as char;
use super::keyval::Keyval;
use crate::config::{Backend, Chardev, MemoryBackend, PassedFd};

/// An option's argument, kept with the option's text for errors found later.
pub(super) struct Noted<T> {
    pub(super) option: String,
    pub(super) value: T,
}

/// Which character device a monitor or serial port uses.
pub(super) enum Peer {
    /// One of its own.
    Own(Backend),
    /// The one with this identifier.
    Named(String),
    /// None at all.
    Nothing,
}

/// A QMP monitor.
pub(super) struct Monitor {
    pub(super) peer: Peer,
    /// Laid out for people.
    pub(super) pretty: bool,
}

/// What the options said so far.
#[derive(Default)]
pub(super) struct Draft {
    /// The option being read and its argument, for errors found later.
    pub(super) current: String,
    pub(super) board: Option<MachineKind>,
    pub(super) machine_accelerators: Option<Noted<Vec<Accelerator>>>,
    pub(super) accelerators: Vec<Accelerator>,
    pub(super) memory: Option<Noted<u64>>,
    pub(super) memory_backend: Option<Noted<String>>,
    pub(super) objects: Vec<MemoryBackend>,
    pub(super) stopped: bool,
    pub(super) preconfig: bool,
    pub(super) name: Option<String>,
    pub(super) uuid: Option<[u8; 16]>,
    pub(super) passed_fds: Vec<PassedFd>,
    pub(super) chardevs: Vec<Noted<Chardev>>,
    pub(super) monitors: Vec<Noted<Monitor>>,
    pub(super) serial: Option<Noted<Peer>>,
    pub(super) nographic: bool,
    pub(super) nodefaults: bool,
    pub(super) no_reboot: bool,
    pub(super) no_shutdown: bool,
    pub(super) pidfile: Option<PathBuf>,
    pub(super) daemonize: bool,
    pub(super) incoming: Option<String>,
    pub(super) migration: Settings,
    pub(super) compat: Policy,
}

impl Draft {
    /// Keeps `value` with the option that is being read.
    pub(super) fn noted<T>(&self, value: T) -> Noted<T> {
        Noted { option: self.current.clone(), value }
    }
}

/// An option that was noted and prints nothing.
pub(super) type Done = Result<Option<String>, String>;

pub(super) fn name(draft: &mut Draft, text: &str) -> Done {
    let mut keys = Keyval::parse(text, Some("guest"), &[])?;
    // Threads carry their names whether this asks for it or not.
    keys.take_bool("debug-threads")?;
    if let Some(name) = keys.take("guest") {
        draft.name = Some(name);
    }
    keys.finish().map(|()| None)
}

pub(super) fn uuid(draft: &mut Draft, text: &str) -> Done {
    draft.uuid = Some(parse_uuid(text).ok_or("failed to parse UUID string: wrong format")?);
    Ok(None)
}

/// 8-4-4-4-12 hexadecimal digits.
fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let digits = groups.concat();
    if lengths != [8, 4, 4, 4, 12] || !digits.bytes().all(|c| c.is_ascii_hexdigit()) {
        return None;
    }
    Some(u128::from_str_radix(&digits, 16).ok()?.to_be_bytes())
}

pub(super) fn compat(draft: &mut Draft, text: &str) -> Done {
    draft.compat = from_option(text, None).map_err(|error| error.to_string())?;
    Ok(None)
}

pub(super) fn chardev(draft: &mut Draft, text: &str) -> Done {
    let device = char::long(text, &draft.current)?;
    if draft.chardevs.iter().any(|other| other.value.id == device.id) {
        return Err(format!("Duplicate ID '{}' for chardev", device.id));
    }
    draft.chardevs.push(draft.noted(device));
    Ok(None)
}

pub(super) fn mon(draft: &mut Draft, text: &str) -> Done {
    let mut keys = Keyval::parse(text, Some("chardev"), &[])?;
    let chardev = keys.require("chardev")?;
    match keys.take("mode").as_deref() {
        Some("control") => {}
        None | Some("readline") => {
            return Err("the human monitor is not supported: add mode=control for QMP".into());
        }
        Some(other) => {
            return Err(format!("Parameter 'mode' does not accept value '{other}'"));
        }
    }
    let pretty = keys.take_bool("pretty")?.unwrap_or(false);
    keys.finish()?;
    draft.monitors.push(draft.noted(Monitor { peer: Peer::Named(chardev), pretty }));
    Ok(None)
}

pub(super) fn qmp(draft: &mut Draft, text: &str) -> Done {
    monitor(draft, text, false)
}

pub(super) fn qmp_pretty(draft: &mut Draft, text: &str) -> Done {
    monitor(draft, text, true)
}

fn monitor(draft: &mut Draft, text: &str, pretty: bool) -> Done {
    if text != "none" {
        draft.monitors.push(draft.noted(Monitor { peer: peer(text)?, pretty }));
    }
    Ok(None)
}

pub(super) fn serial(draft: &mut Draft, text: &str) -> Done {
    if text.starts_with("mon:") {
        return Err("a serial port cannot share its device with a monitor here: \
             use -serial stdio and a separate -qmp"
            .into());
    }
    if draft.serial.is_some() {
        return Err("the machine has one serial port, and -serial was given before".into());
    }
    let peer = match text {
        "none" => Peer::Nothing,
        _ => peer(text)?,
    };
    draft.serial = Some(draft.noted(peer));
    Ok(None)
}

fn peer(text: &str) -> Result<Peer, String> {
    match text.strip_prefix("chardev:") {
        Some(id) => Ok(Peer::Named(id.to_owned())),
        None => char::short(text).map(Peer::Own),
    }
}

pub(super) fn display(_: &mut Draft, text: &str) -> Done {
    match text {
        "none" => Ok(None),
        _ => Err(format!("Parameter 'type' does not accept value '{text}' (there is no display: use none)")),
    }
}

pub(super) fn pidfile(draft: &mut Draft, text: &str) -> Done {
    if text.is_empty() {
        return Err("needs the path of a file".into());
    }
    draft.pidfile = Some(text.into());
    Ok(None)
}

pub(super) fn incoming(draft: &mut Draft, text: &str) -> Done {
    if draft.incoming.is_some() {
        return Err("a migration can come from one place only".into());
    }
    draft.incoming = Some(text.to_owned());
    Ok(None)
}
