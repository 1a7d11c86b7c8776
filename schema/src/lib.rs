//! The emulator's own QAPI schema, compiled once for everyone who speaks it.
//!
//! The schema text lies beside this crate, `emulator.json` first; its interface is that of QEMU 7.2 on Linux. All types, commands and
//! events are here, with a server trait per module in the modules below, and [`service`] puts an implementation behind a QMP server.

// What QEMU's own build defines on Linux, as far as this schema asks.
qapi_runtime::qapi! { schema: "emulator.json", cfg: ["CONFIG_LINUX", "HAVE_IPPROTO_MPTCP"] }

pub use emulator::*;
