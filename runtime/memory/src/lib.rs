//! Guest memory: RAM blocks and dirty tracking
