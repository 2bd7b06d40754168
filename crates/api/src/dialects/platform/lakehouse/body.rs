//! Bodies of upkeep, which may be left out. A field that is not known is refused: a misspelt `dry_run` must not delete.

use super::WRITE;
use crate::dialects::platform::body::checked;
use crate::dialects::platform::datasets::fault::of_access;
use crate::dialects::platform::fault::Fault;
use crate::shared::call::Call;
use serde::de::DeserializeOwned;

/// The dataset's name and the body, which is not read for who may not keep the dataset up.
pub(super) async fn of_upkeep<T: DeserializeOwned + Default>(call: &mut Call) -> Result<(String, T), Fault> {
    let name = call.path_parameter().await?;
    call.service().require_upkeep(&call.ctx, &name).await.map_err(|error| of_access(error, WRITE, &name))?;
    let bytes = call.bytes().await?;
    if bytes.is_empty() {
        return Ok((name, T::default()));
    }
    let body = checked(&call.parts.headers, &bytes)?;
    Ok((name, body))
}
