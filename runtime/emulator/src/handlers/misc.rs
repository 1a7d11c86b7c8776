//! Starting, stopping and naming the machine: `query-name`, `stop`, `cont`.

use qapi_runtime::{Context, Error};
use qapi_schema::NameInfo;
use qapi_schema::misc::Commands;

use super::Handlers;
use crate::owner::lifecycle::Operation;

impl Commands for Handlers {
    async fn query_name(&self, _: &Context) -> Result<NameInfo, Error> {
        Ok(NameInfo { name: self.config.name.clone() })
    }

    async fn stop(&self, _: &Context) -> Result<(), Error> {
        self.owner.operate(Operation::Stop).await
    }

    async fn cont(&self, _: &Context) -> Result<(), Error> {
        self.owner.operate(Operation::Cont).await
    }
}
