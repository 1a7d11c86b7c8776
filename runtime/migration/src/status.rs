//! The states of a migration and the steps between them.

use std::fmt;

/// Where a migration stands; the names are QEMU's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// There has been no migration.
    None,
    /// Connecting or waiting for a connection.
    Setup,
    /// Memory moves while the guest runs.
    Active,
    /// The guest stands still; the rest of memory and the devices move.
    Device,
    /// The destination has everything.
    Completed,
    /// It went wrong; the guest stays at the source.
    Failed,
    /// Being given up.
    Cancelling,
    /// Given up; the guest stays at the source.
    Cancelled,
}

impl Status {
    /// Every status, for tables and tests.
    pub const ALL: [Self; 8] = [
        Self::None,
        Self::Setup,
        Self::Active,
        Self::Device,
        Self::Completed,
        Self::Failed,
        Self::Cancelling,
        Self::Cancelled,
    ];

    /// QEMU's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Setup => "setup",
            Self::Active => "active",
            Self::Device => "device",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelling => "cancelling",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether a migration is under way.
    pub fn is_running(self) -> bool {
        matches!(self, Self::Setup | Self::Active | Self::Device | Self::Cancelling)
    }

    /// The states that may follow. An incoming migration goes straight from active to completed.
    fn followers(self) -> &'static [Self] {
        match self {
            Self::None | Self::Completed | Self::Failed | Self::Cancelled => &[Self::Setup],
            Self::Setup => &[Self::Active, Self::Failed, Self::Cancelling],
            Self::Active => &[Self::Device, Self::Completed, Self::Failed, Self::Cancelling],
            Self::Device => &[Self::Completed, Self::Failed, Self::Cancelling],
            Self::Cancelling => &[Self::Cancelled],
        }
    }

    /// Whether `next` may follow.
    pub fn allows(self, next: Self) -> bool {
        self.followers().contains(&next)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
