//! What a person who starts the emulator by hand is told.

use std::path::{Path, PathBuf};

/// The QMP socket made when none is asked for: in the user's own runtime directory where there is one.
pub(crate) fn default_socket() -> PathBuf {
    let directory = std::env::var_os("XDG_RUNTIME_DIR")
        .map(PathBuf::from)
        .filter(|directory| directory.is_dir())
        .unwrap_or_else(std::env::temp_dir);
    directory.join(format!("qapi-emulator-{}.sock", std::process::id()))
}

/// How to connect to the QMP socket at `path` and how to end the emulator, in one line.
pub(crate) fn how_to_connect(path: &Path) -> String {
    format!("QMP: qmp-shell {}   (Ctrl-C or the command 'quit' ends the emulator)", path.display())
}
