//! From what the queue of operations notices to the events of the schema.

use qapi_runtime::EventSink;
use qapi_schema::{Powerdown, Reset, Resume, Shutdown, ShutdownCause, StopEvent};

use super::lifecycle::Notice;

/// Tells all clients.
pub(super) fn emit(events: &EventSink, notice: Notice) {
    match notice {
        Notice::Stop => events.emit(&StopEvent {}),
        Notice::Resume => events.emit(&Resume {}),
        Notice::Powerdown => events.emit(&Powerdown {}),
        Notice::Reset(reason) => events.emit(&Reset { guest: by_guest(&reason), reason }),
        Notice::Shutdown(reason) => events.emit(&Shutdown { guest: by_guest(&reason), reason }),
    }
}

/// Whether the guest brought it about.
fn by_guest(cause: &ShutdownCause) -> bool {
    matches!(cause, ShutdownCause::GuestShutdown | ShutdownCause::GuestReset | ShutdownCause::GuestPanic)
}
