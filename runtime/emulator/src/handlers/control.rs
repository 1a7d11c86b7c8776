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
        let outcome = self.owner.operate(operation).await;
        // The owner has ended. The server hears of it before this command's reply is written, so that no request behind this
        // one is begun, as with QEMU.
        tokio::task::yield_now().await;
        outcome
    }
}
