//! What the command line asked for, checked and complete: everything the emulator needs to start.

use std::path::PathBuf;

use machine::{Accelerator, MachineKind};
use migration::Settings;
use qapi_runtime::Policy;

/// All boards, the default one last.
pub(crate) const BOARDS: [MachineKind; 2] = [MachineKind::None, MachineKind::Microvm];

/// One line about a board, for `-machine help`.
pub(crate) const fn description(board: MachineKind) -> &'static str {
    match board {
        MachineKind::None => "memory only, no processor",
        MachineKind::Microvm => "small PC without PCI (default)",
    }
}

/// Bytes of memory unless `-m` says otherwise, as in QEMU.
pub(crate) const fn default_memory(board: MachineKind) -> u64 {
    match board {
        MachineKind::None => 0,
        MachineKind::Microvm => 128 << 20,
    }
}

/// The board with that name.
pub(crate) fn board_named(name: &str) -> Option<MachineKind> {
    BOARDS.into_iter().find(|board| board.name() == name)
}

/// Where a socket listens or connects to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    /// Path of a local socket.
    Unix(PathBuf),
    /// Host (empty: any) and port.
    Tcp {
        /// Name or number of the host.
        host: String,
        /// Port; 0 lets the system choose.
        port: u16,
    },
    /// An open socket that the parent process left, by its number.
    Fd(i32),
}

/// A descriptor that the parent process left, for a descriptor set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PassedFd {
    /// The option that asks for it, for errors.
    pub(crate) option: String,
    /// Its number.
    pub(crate) fd: i32,
    /// Number of the set.
    pub(crate) set: i64,
    /// A note for whoever lists the sets.
    pub(crate) opaque: Option<String>,
}

/// A character device over a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Socket {
    /// Where.
    pub(crate) address: Address,
    /// Listen rather than connect.
    pub(crate) server: bool,
    /// Do not start the guest before the first client is there.
    pub(crate) wait: bool,
}

/// What a character device is connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Backend {
    /// Nothing: output is dropped.
    Null,
    /// Standard input and output.
    Stdio,
    /// A file that receives the output.
    File {
        /// The file.
        path: PathBuf,
        /// Keep what it holds already.
        append: bool,
    },
    /// A socket.
    Socket(Socket),
}

/// A character device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chardev {
    /// Its identifier.
    pub(crate) id: String,
    /// The option that asks for it, for errors.
    pub(crate) option: String,
    /// What it is connected to.
    pub(crate) backend: Backend,
}

/// A QMP monitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Monitor {
    /// The character device that carries it, by position in [`Config::chardevs`].
    pub(crate) chardev: usize,
    /// Lay out for people what it sends.
    pub(crate) pretty: bool,
}

/// Where main memory comes from when `-machine memory-backend=` names an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MemorySource {
    /// Anonymous memory.
    Ram,
    /// A file, or a directory to create one in.
    File {
        /// The file.
        path: PathBuf,
        /// Writes reach the file.
        share: bool,
    },
    /// A nameless file in memory.
    Memfd {
        /// Other processes that get the descriptor see writes.
        share: bool,
    },
}

/// A memory backend object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MemoryBackend {
    /// Its identifier, which becomes the name of the memory in the migration stream.
    pub(crate) id: String,
    /// The option that asks for it, for errors.
    pub(crate) option: String,
    /// Bytes.
    pub(crate) size: u64,
    /// Where they come from.
    pub(crate) source: MemorySource,
}

/// Everything the emulator needs to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Config {
    /// The board.
    pub(crate) board: MachineKind,
    /// Accelerators to try, in this order.
    pub(crate) accelerators: Vec<Accelerator>,
    /// Bytes of main memory; 0: none at all.
    pub(crate) memory: u64,
    /// The option that decides about memory, for errors.
    pub(crate) memory_option: String,
    /// Object that provides it; none: anonymous memory named by the board.
    pub(crate) backend: Option<MemoryBackend>,
    /// Do not start the guest (`-S`).
    pub(crate) stopped: bool,
    /// Let few commands through, and start nothing, until `x-exit-preconfig`.
    pub(crate) preconfig: bool,
    /// Name of the machine.
    pub(crate) name: Option<String>,
    /// Identifier of the machine.
    pub(crate) uuid: Option<[u8; 16]>,
    /// Descriptors for sets, in the order given.
    pub(crate) passed_fds: Vec<PassedFd>,
    /// All character devices, in the order given.
    pub(crate) chardevs: Vec<Chardev>,
    /// Those that carry QMP.
    pub(crate) monitors: Vec<Monitor>,
    /// The one that the serial port uses, by position in `chardevs`.
    pub(crate) serial: Option<usize>,
    /// A reset ends the process.
    pub(crate) no_reboot: bool,
    /// A shutdown by the guest stops it and keeps the process.
    pub(crate) no_shutdown: bool,
    /// File to write the process identifier to.
    pub(crate) pidfile: Option<PathBuf>,
    /// Go to the background once everything is up.
    pub(crate) daemonize: bool,
    /// Where a migration comes from (`-incoming`), as given.
    pub(crate) incoming: Option<String>,
    /// How migration streams are written and read (`-global migration.…`).
    pub(crate) migration: Settings,
    /// What becomes of deprecated and unstable interface on the monitors.
    pub(crate) compat: Policy,
    /// The QMP socket was not asked for: tell how to connect.
    pub(crate) greet: bool,
}
