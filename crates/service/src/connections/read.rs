//! One connection.

use super::info::ConnectionInfo;
use crate::{Ctx, Service};
use datahall_core::Result;

impl Service {
    /// A connection of the caller's organisation, by its id or its name, without its secrets.
    ///
    /// # Errors
    /// `Unauthenticated` for nobody in particular; `NotFound`.
    pub async fn read_connection(&self, ctx: &Ctx, name: &str) -> Result<ConnectionInfo> {
        self.require_known(ctx)?;
        Ok(self.connection_info(self.connection_record(ctx, name).await?))
    }
}
