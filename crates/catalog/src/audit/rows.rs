//! Entries in the database: adding them, and deleting what is past retention.

use super::AuditEntry;
use crate::record::{Layout, Value, bound};
use crate::store::{errors, run};
use crate::{Actor, Millis};
use datahall_core::Result;
use sqlx::AnyConnection;

/// The columns of the log.
pub(crate) fn layout() -> Layout {
    let text = ["principal", "address", "action", "object_type", "object", "organisation", "before", "after", "detail"];
    let mut columns = vec![("id".to_owned(), false), ("at".to_owned(), false)];
    columns.extend(text.iter().chain(&["outcome", "request_id"]).map(|name| ((*name).to_owned(), true)));
    Layout { table: "audit", columns }
}

/// Adds entries, in their order.
pub(crate) async fn insert(connection: &mut AnyConnection, actor: &Actor, at: Millis, entries: Vec<AuditEntry>) -> Result<()> {
    let mut layout = layout();
    // The database numbers them.
    layout.columns.remove(0);
    let mut entries = entries.into_iter().map(|entry| values(actor, at, entry)).peekable();
    while entries.peek().is_some() {
        let some: Vec<_> = entries.by_ref().take(layout.at_once()).collect();
        bound(layout.insert(some.len()), some.into_iter().flatten())?.execute(&mut *connection).await.map_err(errors::general)?;
    }
    Ok(())
}

/// In the order of the columns, without the number.
fn values(actor: &Actor, at: Millis, entry: AuditEntry) -> [Value; 12] {
    let json = |json: Option<serde_json::Value>| Value::Text(json.map(|json| json.to_string()));
    // An entry must not be lost for what somebody put into a name.
    let clean = |text: String| Value::from(text.replace('\0', "\u{fffd}"));
    [
        at.into(),
        clean(actor.principal.clone()),
        actor.address.clone().map_or(Value::Text(None), clean),
        clean(entry.action),
        clean(entry.object_type),
        clean(entry.object),
        entry.organisation.map_or(Value::Text(None), clean),
        json(entry.before),
        json(entry.after),
        json(entry.detail),
        entry.outcome.as_str().into(),
        clean(actor.request_id.clone()),
    ]
}

/// Deletes the entries older than `before`; gives how many there were.
pub(crate) async fn prune(connection: &mut AnyConnection, before: Millis) -> Result<u64> {
    let open = "UPDATE \"audit_guard\" SET \"before\" = $1";
    sqlx::query(open).bind(before.0).execute(&mut *connection).await.map_err(errors::general)?;
    let delete = sqlx::query("DELETE FROM \"audit\" WHERE \"at\" < $1").bind(before.0);
    let done = delete.execute(&mut *connection).await.map_err(errors::general)?;
    run(connection, "UPDATE \"audit_guard\" SET \"before\" = 0").await.map_err(errors::general)?;
    Ok(done.rows_affected())
}
