//! Progress of a migration: counters that its thread writes and anybody reads.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Declares the counters and their copy in one go, so that none is forgotten in a reset.
macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The live counters.
        #[derive(Debug, Default)]
        pub(crate) struct Counters {
            $(pub(crate) $name: Counter,)*
        }

        impl Counters {
            pub(crate) fn reset(&self) {
                $(self.$name.set(0);)*
            }

            pub(crate) fn snapshot(&self) -> MigrationStats {
                MigrationStats { $($name: self.$name.get(),)* total_time: Duration::ZERO }
            }
        }

        /// Progress of a migration at one moment.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct MigrationStats {
            $($(#[$doc])* pub $name: u64,)*
            /// Since the migration began; stands still once it is over.
            pub total_time: Duration,
        }
    };
}

counters! {
    /// Bytes of RAM to migrate.
    total,
    /// Bytes of RAM that are dirty, as far as known.
    remaining,
    /// Bytes of the stream so far.
    transferred,
    /// Pages sent as zero pages.
    duplicate,
    /// Pages sent whole.
    normal,
    /// Pages that the guest dirtied per second between the last two looks.
    dirty_pages_rate,
    /// Looks at the dirty log, which begin the passes.
    dirty_sync_count,
    /// Pages sent per second in the last pass.
    pages_per_second,
    /// Bits per second in the last pass, or over the whole migration once it is over.
    bits_per_second,
    /// Bytes sent while the guest ran.
    precopy_bytes,
    /// Bytes sent while the guest stood still.
    downtime_bytes,
    /// Milliseconds from the beginning to the first page.
    setup_time,
    /// Milliseconds that the guest stood still.
    downtime,
    /// Milliseconds that it would stand still if it were stopped now.
    expected_downtime,
}

impl MigrationStats {
    /// Throughput in megabits per second, as `query-migrate` reports it.
    pub fn mbps(&self) -> f64 {
        self.bits_per_second as f64 / 1e6
    }

    /// Bytes of the pages sent whole.
    pub fn normal_bytes(&self) -> u64 {
        self.normal * memory::PAGE_SIZE
    }
}

/// A number with one writer and any readers; readers may see counters of slightly different moments.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// Adds; for the one writer only.
    pub(crate) fn add(&self, value: u64) {
        self.set(self.get() + value);
    }
}
