//! Starting, stopping and naming the machine, descriptors that clients pass: `stop`, `x-exit-preconfig`, `getfd` and the like.

use qapi_runtime::fds::{Added, FdSet, Member};
use qapi_runtime::{Context, Error};
use qapi_schema::misc::Commands;
use qapi_schema::{AddFd, AddfdInfo, Closefd, FdsetFdInfo, FdsetInfo, Getfd, NameInfo, RemoveFd};

use super::Handlers;
use crate::owner::lifecycle::Operation;

impl Commands for Handlers {
    async fn query_name(&self, _: &Context) -> Result<NameInfo, Error> {
        Ok(NameInfo { name: self.config.name.as_deref().map(Into::into) })
    }

    async fn stop(&self, _: &Context) -> Result<(), Error> {
        self.owner.operate(Operation::Stop).await
    }

    async fn cont(&self, _: &Context) -> Result<(), Error> {
        self.owner.operate(Operation::Cont).await
    }

    async fn getfd(&self, ctx: &Context, args: Getfd) -> Result<(), Error> {
        self.named_fds.getfd(ctx, &args.fdname)
    }

    async fn closefd(&self, ctx: &Context, args: Closefd) -> Result<(), Error> {
        self.named_fds.closefd(ctx, &args.fdname)
    }

    async fn add_fd(&self, ctx: &Context, args: AddFd) -> Result<AddfdInfo, Error> {
        let Added { fdset_id, fd } = self.fd_sets.add_fd(ctx, args.fdset_id, args.opaque)?;
        Ok(AddfdInfo { fdset_id, fd })
    }

    async fn remove_fd(&self, _: &Context, args: RemoveFd) -> Result<(), Error> {
        self.fd_sets.remove_fd(args.fdset_id, args.fd)
    }

    async fn query_fdsets(&self, _: &Context) -> Result<Vec<FdsetInfo>, Error> {
        let member = |Member { fd, opaque }| FdsetFdInfo { fd, opaque };
        let set = |FdSet { fdset_id, fds }| FdsetInfo { fdset_id, fds: fds.into_iter().map(member).collect() };
        Ok(self.fd_sets.query_fdsets().into_iter().map(set).collect())
    }

    async fn x_exit_preconfig(&self, _: &Context) -> Result<(), Error> {
        self.preconfig.end()?;
        self.owner.operate(Operation::ExitPreconfig).await
    }
}
