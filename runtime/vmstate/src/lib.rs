//! Versioned device state in QEMU's encoding
