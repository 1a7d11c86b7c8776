//! Who we are, and which QEMU release's interface we speak.

/// The QEMU release whose interface the schema has.
pub(crate) const QEMU: (i64, i64, i64) = (7, 2, 22);

/// Our name and version, the greeting's `package`.
pub(crate) const PACKAGE: &str = concat!("qapi-emulator ", env!("CARGO_PKG_VERSION"));

/// The line of `--version`.
pub(crate) fn line() -> String {
    let (major, minor, micro) = QEMU;
    format!("{PACKAGE} (QMP of QEMU {major}.{minor}.{micro})")
}
