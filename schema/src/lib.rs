//! The emulator's own QAPI schema, compiled once
