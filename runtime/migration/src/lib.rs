//! QEMU's migration stream: codec, engine, transports
