//! The monitor itself: `query-version`, `quit`.

use qapi_runtime::{Context, Error};
use qapi_schema::control::Commands;
use qapi_schema::{ShutdownCause, VersionInfo, VersionTriple};

use super::Handlers;
use crate::owner::lifecycle::Operation;
use crate::version;

impl Commands for Handlers {
    async fn query_version(&self, _: &Context) -> Result<VersionInfo, Error> {
        let (major, minor, micro) = version::QEMU;
        Ok(VersionInfo { qemu: VersionTriple { major, minor, micro }, package: version::PACKAGE.into() })
    }

    async fn quit(&self, _: &Context) -> Result<(), Error> {
        let operation = Operation::Shutdown(ShutdownCause::HostQmpQuit);
        self.owner.operate(operation).await
    }
}
