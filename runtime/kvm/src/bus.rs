//! Where a vCPU's port and memory-mapped accesses go.

/// What a vCPU does after an access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Goes on with its next instruction.
    Continue,
    /// Finishes this instruction and pauses until it is resumed.
    Park,
}

/// Answers accesses of vCPUs, on their threads. Must not block for long: while it runs, the vCPU can neither be paused nor saved.
pub trait Bus: Send + Sync {
    /// The guest reads `data.len()` (1, 2 or 4) bytes at `port`.
    fn pio_read(&self, port: u16, data: &mut [u8]);
    /// The guest writes `data` (1, 2 or 4 bytes) to `port`.
    fn pio_write(&self, port: u16, data: &[u8]) -> Flow;
    /// The guest reads up to 8 bytes at `address`, where it has no memory.
    fn mmio_read(&self, address: u64, data: &mut [u8]);
    /// The guest writes up to 8 bytes to `address`, where it has no memory.
    fn mmio_write(&self, address: u64, data: &[u8]) -> Flow;
}
