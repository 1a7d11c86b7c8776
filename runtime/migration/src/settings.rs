//! What a migration can be told.

use std::time::Duration;

/// How pages of zeros are found and told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZeroPageDetection {
    /// Not at all: they are sent as data.
    None,
    /// By the main channel, which tells of them in records of nine bytes; what QEMU up to 8.2 does.
    Legacy,
    /// By each channel for its own pages. With one channel the same as [`Legacy`](Self::Legacy).
    Multifd,
}

/// Knobs of a migration. The defaults make streams that QEMU 7.2 and 10 both read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whether the machine's name is in the stream, and expected there.
    pub send_configuration: bool,
    /// Whether every section ends in a footer, and must.
    pub section_footers: bool,
    /// Whether the source announces the switchover: QEMU 10 expects nothing of it, 7.2 fails on it.
    pub send_switchover_start: bool,
    /// How zero pages are found. On the main channel only [`ZeroPageDetection::None`] makes a difference.
    pub zero_page_detection: ZeroPageDetection,
    /// With several channels: whether each section ends in a meeting of all of them, as up to QEMU 8.0, or each pass in one that
    /// is announced. Nothing of it is seen in a stream of one channel.
    pub multifd_flush_after_each_section: bool,
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
            zero_page_detection: ZeroPageDetection::Legacy,
            multifd_flush_after_each_section: true,
            downtime_limit: Duration::from_millis(300),
            max_bandwidth: 0,
        }
    }
}
