//! What a migration can be told.

use std::time::Duration;

/// Knobs of a migration. The defaults make streams that QEMU 7.2 and 10 both read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whether the machine's name is in the stream, and expected there.
    pub send_configuration: bool,
    /// Whether every section ends in a footer, and must.
    pub section_footers: bool,
    /// Whether the source announces the switchover: QEMU 10 expects nothing of it, 7.2 fails on it.
    pub send_switchover_start: bool,
    /// How long the guest may stand still at the end.
    pub downtime_limit: Duration,
    /// Most bytes per second while the guest runs; 0 for no limit.
    pub max_bandwidth: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            send_configuration: true,
            section_footers: true,
            send_switchover_start: false,
            downtime_limit: Duration::from_millis(300),
            max_bandwidth: 0,
        }
    }
}
