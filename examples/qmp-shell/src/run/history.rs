//! Where the history of lines is kept.

use std::ffi::OsString;
use std::path::PathBuf;

/// The file, below the folder that the XDG base directory specification names for state; `None` if there is no home.
pub(super) fn file() -> Option<PathBuf> {
    below(std::env::var_os("XDG_STATE_HOME"), std::env::var_os("HOME"))
}

fn below(state: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    // The specification has relative paths ignored.
    let state = state.map(PathBuf::from).filter(|path| path.is_absolute());
    let home = home.map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = state.or_else(|| home.map(|home| home.join(".local/state")))?;
    Some(folder.join("qmp-shell/history"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_goes_where_it_belongs() {
        let below = |state: Option<&str>, home: Option<&str>| {
            below(state.map(OsString::from), home.map(OsString::from)).map(|path| path.display().to_string())
        };
        assert_eq!(below(Some("/s"), Some("/h")).unwrap(), "/s/qmp-shell/history");
        assert_eq!(below(Some("s"), Some("/h")).unwrap(), "/h/.local/state/qmp-shell/history");
        assert_eq!(below(None, Some("/h")).unwrap(), "/h/.local/state/qmp-shell/history");
        assert_eq!(below(Some(""), None), None);
    }
}
