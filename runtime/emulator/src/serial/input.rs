//! Input to the serial port, at the pace at which the guest reads it.

use std::io::Read;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use machine::SerialPort;

/// A reset empties the receiver without telling anyone, so room is looked for at least this often.
const RETRY: Duration = Duration::from_millis(200);

/// How the guest's having made room reaches the thread that waits for it.
#[derive(Clone, Default)]
pub(crate) struct Room {
    inner: Arc<(Mutex<bool>, Condvar)>,
}

impl Room {
    /// The guest has made room.
    pub(super) fn made(&self) {
        let (made, changed) = &*self.inner;
        *made.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
    }

    /// Waits until it has, but not for long.
    fn wait(&self) {
        let (made, changed) = &*self.inner;
        let guard = made.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = changed.wait_timeout_while(guard, RETRY, |made| !*made);
        let (mut made, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *made = false;
    }
}

/// Starts a thread that gives what it reads to the serial port.
pub(super) fn spawn(source: impl Read + Send + 'static, port: SerialPort, room: Room) -> Result<(), String> {
    thread::Builder::new()
        .name("serial-input".into())
        .spawn(move || super::feed(source, &port, &room, || false))
        .map(drop)
        .map_err(|error| format!("cannot start the thread that reads serial input: {error}"))
}

/// Gives all of `bytes` to the serial port, however long the guest takes to read them; false when `abandoned` says not to.
pub(super) fn deliver(mut bytes: &[u8], port: &SerialPort, room: &Room, abandoned: &impl Fn() -> bool) -> bool {
    loop {
        let taken = port.receive(bytes);
        bytes = bytes.get(taken..).unwrap_or_default();
        if bytes.is_empty() {
            return true;
        }
        room.wait();
        if abandoned() {
            return false;
        }
    }
}
