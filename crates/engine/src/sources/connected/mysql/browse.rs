//! What there is on a MySQL server, as far as its user may see it. Databases are its schemas.

use datahall_core::connection::OutsideTable;
use sqlx::mysql::MySqlConnection;

pub(super) async fn schemas(session: &mut MySqlConnection) -> sqlx::Result<Vec<String>> {
    let sql = "SELECT CAST(schema_name AS CHAR) FROM information_schema.schemata \
               WHERE schema_name NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys') ORDER BY BINARY schema_name";
    sqlx::query_scalar(sql).fetch_all(session).await
}

pub(super) async fn tables(session: &mut MySqlConnection, schema: &str) -> sqlx::Result<Vec<OutsideTable>> {
    let sql = "SELECT CAST(table_name AS CHAR), CAST(table_type AS CHAR), CAST(table_rows AS SIGNED) FROM information_schema.tables \
               WHERE table_schema = ? ORDER BY BINARY table_name";
    let found: Vec<(String, String, Option<i64>)> = sqlx::query_as(sql).bind(schema).fetch_all(session).await?;
    let table = |(name, kind, rows): (String, String, Option<i64>)| OutsideTable {
        schema: schema.to_owned(),
        name,
        kind: if kind.contains("VIEW") { "view" } else { "table" },
        rows: rows.and_then(|rows| u64::try_from(rows).ok()),
    };
    Ok(found.into_iter().map(table).collect())
}
