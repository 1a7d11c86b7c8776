//! The answer to `query-migrate`.

use migration::{MigrationStats, Status};
use qapi_schema::{MigrationInfo, MigrationStats as Ram, MigrationStatus};

/// The status in the schema's terms. While the devices move a client sees `active`, as in QEMU 7.2
/// unless it asked for a pause there.
pub(super) fn status(status: Status) -> MigrationStatus {
    match status {
        Status::Setup => MigrationStatus::Setup,
        Status::Active | Status::Device => MigrationStatus::Active,
        Status::Completed => MigrationStatus::Completed,
        Status::Failed => MigrationStatus::Failed,
        Status::Cancelling => MigrationStatus::Cancelling,
        Status::Cancelled => MigrationStatus::Cancelled,
        _ => MigrationStatus::None,
    }
}

/// What is told of an outgoing migration that stands at `status`.
pub(super) fn outgoing(status: MigrationStatus, stats: &MigrationStats, error: Option<String>) -> MigrationInfo {
    let mut info = MigrationInfo::default();
    match status {
        MigrationStatus::None => return info,
        MigrationStatus::Failed => info.error_desc = error.map(Into::into),
        MigrationStatus::Active | MigrationStatus::Cancelling => {
            info.ram = Some(ram(stats));
            info.setup_time = Some(int(stats.setup_time));
            info.total_time = Some(milliseconds(stats));
            info.expected_downtime = Some(int(stats.expected_downtime));
        }
        MigrationStatus::Completed => {
            info.ram = Some(ram(stats));
            info.setup_time = Some(int(stats.setup_time));
            info.total_time = Some(milliseconds(stats));
            info.downtime = Some(int(stats.downtime));
        }
        _ => {}
    }
    info.status = Some(status);
    info
}

fn ram(stats: &MigrationStats) -> Ram {
    Ram {
        transferred: int(stats.transferred),
        remaining: int(stats.remaining),
        total: int(stats.total),
        duplicate: int(stats.duplicate),
        normal: int(stats.normal),
        normal_bytes: int(stats.normal_bytes()),
        dirty_pages_rate: int(stats.dirty_pages_rate),
        mbps: stats.mbps(),
        dirty_sync_count: int(stats.dirty_sync_count),
        page_size: int(memory::PAGE_SIZE),
        pages_per_second: stats.pages_per_second,
        precopy_bytes: stats.precopy_bytes,
        downtime_bytes: stats.downtime_bytes,
        ..Ram::default()
    }
}

fn milliseconds(stats: &MigrationStats) -> i64 {
    i64::try_from(stats.total_time.as_millis()).unwrap_or(i64::MAX)
}

fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
