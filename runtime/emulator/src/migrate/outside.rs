//! What happens outside of the owner: the migration's threads, and events they tell of.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use migration::{Address, Listener, MigrationEvent, MigrationState, Settings, Status};
use qapi_runtime::EventSink;
use qapi_schema::{
    InetSocketAddress, MigrationPass, MigrationStatus, SocketAddress, SocketAddressBranch, UnixSocketAddress,
};

use crate::complain;
use crate::errno::plain;

use super::{Ended, Guest, Place, info};

/// Tells clients how a migration goes on, on its thread. The owner tells its beginning, and its end once that has
/// taken effect.
pub(super) fn observer(events: EventSink, tell: Arc<AtomicBool>) -> impl Fn(MigrationEvent) + Send + Sync + 'static {
    move |event| match event {
        MigrationEvent::Status(status @ (Status::Active | Status::Cancelling)) => {
            emit(&events, &tell, info::status(status));
        }
        MigrationEvent::Status(_) => {}
        MigrationEvent::Pass(pass) => {
            if tell.load(Ordering::Relaxed) {
                let pass = i64::try_from(pass).unwrap_or(i64::MAX);
                events.emit(&MigrationPass { pass });
            }
        }
    }
}

/// Emits `MIGRATION`, if clients asked for it.
pub(super) fn emit(events: &EventSink, tell: &AtomicBool, status: MigrationStatus) {
    if tell.load(Ordering::Relaxed) {
        events.emit(&qapi_schema::Migration { status });
    }
}

/// Sends the guest; returns when that is over.
pub(super) fn send(mut guest: Guest, place: Place, settings: &Settings, state: &MigrationState) -> Ended {
    let outcome = match place {
        Place::Address(address) => migration::send_to(&mut guest, &address, settings, state),
        Place::Descriptor(fd) => migration::send_over(&mut guest, fd, settings, state),
    };
    if let Some(error) = &outcome.error {
        complain::say(plain(error));
    }
    Ended::Outgoing { moved: outcome.status == Status::Completed, stopped: outcome.stopped }
}

/// Waits for the guest and loads it.
pub(super) fn receive(mut guest: Guest, listener: Listener, settings: &Settings, state: &MigrationState) -> Ended {
    let outcome = migration::receive_from(&mut guest, listener, settings, state);
    let loaded = match outcome.result {
        Ok(loaded) => loaded,
        Err(error) => return Ended::Lost(plain(&error)),
    };
    match loaded.run_state.map(|name| name.parse()).transpose() {
        Ok(run_state) => Ended::Arrived(run_state),
        Err(error) => Ended::Lost(format!("the stream's run state is unknown: {error}")),
    }
}

/// A listening address in the schema's terms; a file or a descriptor has none.
pub(super) fn addresses(address: Option<&Address>) -> Vec<SocketAddress> {
    let Some(address) = address else { return Vec::new() };
    let branch = match address {
        Address::Unix(path) => SocketAddressBranch::Unix(UnixSocketAddress {
            path: path.to_string_lossy().into(),
            ..UnixSocketAddress::default()
        }),
        Address::Tcp { host, port } => SocketAddressBranch::Inet(InetSocketAddress {
            host: host.as_str().into(),
            port: port.to_string().into(),
            ..InetSocketAddress::default()
        }),
        Address::File { .. } => return Vec::new(),
    };
    vec![SocketAddress { u: branch }]
}
