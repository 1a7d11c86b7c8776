//! The run state: `query-status`.

use qapi_runtime::{Context, Error};
use qapi_schema::StatusInfo;
use qapi_schema::run_state::Commands;

use super::Handlers;
use crate::owner::Request;

impl Commands for Handlers {
    async fn query_status(&self, _: &Context) -> Result<StatusInfo, Error> {
        self.owner.ask(Request::Status).await
    }
}
