//! The run states of a machine and which may follow which: QEMU's table, as data.

use qapi_schema::RunState;
use qapi_schema::RunState::{
    Colo, Debug, FinishMigrate, GuestPanicked, Inmigrate, InternalError, IoError, Paused, Postmigrate, Prelaunch,
    RestoreVm, Running, SaveVm, Shutdown, Suspended, Watchdog,
};

/// Every state with those that may follow it.
const FOLLOWERS: &[(RunState, &[RunState])] = &[
    (Prelaunch, &[Running, FinishMigrate, Inmigrate]),
    (Debug, &[Running, FinishMigrate, Prelaunch, Suspended]),
    (
        Inmigrate,
        &[
            InternalError,
            IoError,
            Paused,
            Running,
            Shutdown,
            Suspended,
            Watchdog,
            GuestPanicked,
            FinishMigrate,
            Prelaunch,
            Postmigrate,
            Colo,
        ],
    ),
    (InternalError, &[Paused, FinishMigrate, Prelaunch]),
    (IoError, &[Running, FinishMigrate, Prelaunch]),
    (Paused, &[Running, FinishMigrate, Postmigrate, Prelaunch, Colo]),
    (Postmigrate, &[Running, FinishMigrate, Prelaunch]),
    (
        FinishMigrate,
        &[
            Running,
            Paused,
            Postmigrate,
            Prelaunch,
            Colo,
            InternalError,
            IoError,
            Shutdown,
            Suspended,
            Watchdog,
            GuestPanicked,
        ],
    ),
    (RestoreVm, &[Running, Prelaunch]),
    (
        Running,
        &[
            Debug,
            InternalError,
            IoError,
            Paused,
            FinishMigrate,
            RestoreVm,
            SaveVm,
            Shutdown,
            Suspended,
            Watchdog,
            GuestPanicked,
            Colo,
        ],
    ),
    (SaveVm, &[Running]),
    (Shutdown, &[Paused, FinishMigrate, Prelaunch, Colo]),
    (Suspended, &[Running, FinishMigrate, Prelaunch, Colo]),
    (Watchdog, &[Running, FinishMigrate, Prelaunch, Colo]),
    (GuestPanicked, &[Running, FinishMigrate, Prelaunch]),
    (Colo, &[Running, Prelaunch, Shutdown]),
];

/// A transition that the table does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid runstate transition: '{from}' -> '{to}'")]
pub(crate) struct InvalidTransition {
    from: RunState,
    to: RunState,
}

/// The run state of a machine; it changes only as the table allows.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    state: RunState,
}

impl Machine {
    /// A machine that was not started yet.
    pub(crate) fn new() -> Self {
        Self { state: Prelaunch }
    }

    /// The state it is in.
    pub(crate) fn state(&self) -> &RunState {
        &self.state
    }

    /// Whether it is in that state.
    pub(crate) fn is(&self, state: &RunState) -> bool {
        self.state == *state
    }

    /// Whether guest code runs.
    pub(crate) fn is_running(&self) -> bool {
        self.is(&Running)
    }

    /// Whether nothing but a reset brings the guest back.
    pub(crate) fn needs_reset(&self) -> bool {
        matches!(self.state, InternalError | Shutdown)
    }

    /// Goes to `to`. Staying where it is is always allowed.
    pub(crate) fn set(&mut self, to: RunState) -> Result<(), InvalidTransition> {
        if !allowed(&self.state, &to) {
            let from = self.state.clone();
            return Err(InvalidTransition { from, to });
        }
        self.state = to;
        Ok(())
    }
}

/// Whether a guest may arrive by migration in that state. Those that a migration itself leads through would never be left.
pub(crate) fn arrive(state: &RunState) -> Result<(), InvalidTransition> {
    match allowed(&Inmigrate, state) && !matches!(state, Inmigrate | FinishMigrate) {
        true => Ok(()),
        false => Err(InvalidTransition { from: Inmigrate, to: state.clone() }),
    }
}

/// Whether `to` may follow `from`.
fn allowed(from: &RunState, to: &RunState) -> bool {
    let followers = FOLLOWERS.iter().find(|(state, _)| state == from);
    from == to || followers.is_some_and(|(_, followers)| followers.contains(to))
}

#[cfg(test)]
mod tests;
