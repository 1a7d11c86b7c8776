//! Migration: asked of the owner, which starts and follows it.

use qapi_runtime::{Context, Error};
use qapi_schema::migration::Commands;
use qapi_schema::{Migrate, MigrateIncoming, MigrateSetCapabilities, MigrationCapabilityStatus, MigrationInfo};

use super::Handlers;
use crate::migrate::Names;
use crate::owner::Request;

impl Commands for Handlers {
    async fn query_migrate(&self, _: &Context) -> Result<MigrationInfo, Error> {
        self.owner.ask(Request::MigrationInfo).await
    }

    async fn migrate_set_capabilities(&self, _: &Context, args: MigrateSetCapabilities) -> Result<(), Error> {
        let changes = args.capabilities;
        self.owner.ask(|reply| Request::SetCapabilities(changes, reply)).await?
    }

    async fn query_migrate_capabilities(&self, _: &Context) -> Result<Vec<MigrationCapabilityStatus>, Error> {
        self.owner.ask(Request::Capabilities).await
    }

    async fn migrate_cancel(&self, _: &Context) -> Result<(), Error> {
        self.owner.ask(Request::CancelMigration).await?
    }

    async fn migrate(&self, ctx: &Context, args: Migrate) -> Result<(), Error> {
        let names = Names::of(&self.named_fds, ctx);
        self.owner.ask(|reply| Request::Migrate(args, names, reply)).await?
    }

    async fn migrate_incoming(&self, ctx: &Context, args: MigrateIncoming) -> Result<(), Error> {
        let names = Names::of(&self.named_fds, ctx);
        self.owner.ask(|reply| Request::Incoming(args.uri.into(), names, reply)).await?
    }

    fn migrate_pause(&self, _: &Context) -> Result<(), Error> {
        // Postcopy is no capability of this engine, so no migration is ever in that phase.
        Err(Error::generic("migrate-pause is currently only supported during postcopy-active state"))
    }
}
