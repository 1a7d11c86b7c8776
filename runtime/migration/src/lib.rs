//! QEMU's migration stream: codec, engine, transports.
//!
//! - [`codec`] is the wire format alone: records to and from bytes.
//! - [`send`] and [`receive`] move a machine, seen through the [`Vm`] trait, over anything that writes or reads. They block; give them a thread.
//! - [`MigrationState`] is what others see of it: status, progress, and a way to cancel.
//! - [`connect`] and [`Listener`] make connections from QEMU's migration URIs; [`send_to`] and [`receive_from`] put both together.
//!
//! A migration that fails or is cancelled leaves the guest at the source: the end of the stream, without which no destination starts, is
//! the last thing sent, and cancelling is refused from then on.
//!
//! What this crate does not do: it knows no device, and it neither pauses nor resumes a guest other than through [`Vm::stop`].

pub mod codec;
mod error;
mod incoming;
mod outgoing;
mod settings;
mod state;
mod stats;
mod status;
mod stream;
mod transport;
mod vm;

pub use error::{MigrationError, VmError};
pub use incoming::{IncomingOutcome, Loaded, receive, receive_from};
pub use outgoing::{Outcome, send, send_over, send_to};
pub use settings::{Settings, ZeroPageDetection};
pub use state::{MigrationEvent, MigrationState};
pub use stats::MigrationStats;
pub use status::Status;
pub use stream::{PageKind, StreamReader, StreamWriter};
pub use transport::{Address, Channel, Listener, Pipe, connect};
pub use vm::{DeviceSection, TimerState, Vm};
