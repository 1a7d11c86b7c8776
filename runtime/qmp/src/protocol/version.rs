//! The version a server gives in its greeting.

use crate::visit::Encoder;

/// A program's version, as the greeting shows it to clients.
///
/// Clients decide by it what they may ask for: a program that serves QEMU's schema gives the version of QEMU whose schema
/// that is. The default is the version of this library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// First number.
    pub major: i64,
    /// Second number.
    pub minor: i64,
    /// Third number.
    pub micro: i64,
    /// What else identifies the build, such as a distribution's package version; may be empty.
    pub package: String,
}

impl Version {
    /// A version without a package text.
    pub fn new(major: i64, minor: i64, micro: i64) -> Self {
        Self { major, minor, micro, package: String::new() }
    }

    /// Adds the package text.
    #[must_use]
    pub fn package(mut self, package: impl Into<String>) -> Self {
        self.package = package.into();
        self
    }

    /// Writes the line a client is greeted with.
    pub(crate) fn greet(&self, out: &mut Encoder) {
        out.raw(b"{\"QMP\": {\"version\": {\"qemu\": {\"micro\": ");
        out.i64(self.micro);
        out.raw(b", \"minor\": ");
        out.i64(self.minor);
        out.raw(b", \"major\": ");
        out.i64(self.major);
        out.raw(b"}, \"package\": ");
        out.str(&self.package);
        out.raw(b"}, \"capabilities\": [\"oob\"]}}\r\n");
    }
}

impl Default for Version {
    fn default() -> Self {
        let number = |text: &str| text.parse().unwrap_or_default();
        Self::new(
            number(env!("CARGO_PKG_VERSION_MAJOR")),
            number(env!("CARGO_PKG_VERSION_MINOR")),
            number(env!("CARGO_PKG_VERSION_PATCH")),
        )
    }
}
