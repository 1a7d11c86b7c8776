//! QEMU's migration stream: codec, engine, transports

pub mod codec;
