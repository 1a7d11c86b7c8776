//! Versioned device state in QEMU's encoding.
//!
//! A saved state is a plain struct that implements [`VmState`]: one function visits its fields in wire order, and saving, loading and
//! describing are three visitors over it, so that the three cannot disagree. Integers are big-endian, a payload is the concatenation
//! of its fields, and optional parts follow as subsections (`05`, name with a length byte, be32 version, fields).
//!
//! ```
//! use qapi_vmstate::{Fields, Result, SliceSource, VmState};
//!
//! #[derive(Default, Debug, PartialEq)]
//! struct Timer { ticks: i64, offset: u32 }
//!
//! impl VmState for Timer {
//!     fn name(&self) -> &'static str { "timer" }
//!     fn version(&self) -> u32 { 2 }
//!     fn fields(&mut self, v: &mut dyn Fields) -> Result {
//!         v.i64("ticks", &mut self.ticks)?;
//!         v.unused(8)?;
//!         if v.stream_version() >= 2 {
//!             v.u32("offset", &mut self.offset)?;
//!         }
//!         Ok(())
//!     }
//! }
//!
//! let bytes = qapi_vmstate::save(&mut Timer { ticks: -1, offset: 7 })?;
//! let mut copy = Timer::default();
//! qapi_vmstate::load(&mut copy, 2, &mut SliceSource::new(&bytes))?;
//! assert_eq!(copy, Timer { ticks: -1, offset: 7 });
//! # Ok::<(), qapi_vmstate::VmStateError>(())
//! ```
//!
//! What this crate does not do: section headers and footers, and the order of devices in a stream (both belong to the migration crate).

mod describe;
mod error;
mod fields;
mod load;
mod save;
mod source;

pub use describe::describe;
pub use error::{Result, VmStateError};
pub use fields::{FieldInfo, Fields, VmState};
pub use load::load;
pub use save::save;
pub use source::{SliceSource, Source};

/// First byte of a subsection inside a device's payload.
pub const SUBSECTION: u8 = 0x05;
