//! Board section: the reset line.

use std::sync::{Arc, Mutex};

use devices::PortBus;
use devices::i8042::{FIRST_PORT, I8042, LAST_PORT};

use crate::config::EventSink;
use crate::{MachineEvent, Result};

/// Puts the controller on the bus. It has no state to reset or save.
pub(crate) fn attach(bus: &mut PortBus, events: &EventSink) -> Result {
    let events = events.clone();
    let device = I8042::new(move || events(MachineEvent::ResetRequested));
    Ok(bus.insert(FIRST_PORT..=LAST_PORT, Arc::new(Mutex::new(device)))?)
}
