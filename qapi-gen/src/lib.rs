//! Compiler for QEMU's QAPI schema language
