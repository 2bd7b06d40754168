//! What there is in a PostgreSQL database, as far as its user may read it.

use datahall_core::connection::OutsideTable;
use sqlx::postgres::PgConnection;

pub(super) async fn schemas(session: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    let sql = "SELECT nspname::text FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' \
               AND has_schema_privilege(oid, 'USAGE') ORDER BY nspname COLLATE \"C\"";
    sqlx::query_scalar(sql).fetch_all(session).await
}

/// Tables, views, foreign and partitioned tables.
pub(super) async fn tables(session: &mut PgConnection, schema: &str) -> sqlx::Result<Vec<OutsideTable>> {
    let sql = "SELECT c.relname::text, c.relkind::text, c.reltuples::float8 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
               WHERE n.nspname = $1 AND c.relkind IN ('r', 'v', 'm', 'f', 'p') AND NOT c.relispartition \
               AND has_table_privilege(c.oid, 'SELECT') ORDER BY c.relname COLLATE \"C\"";
    let found: Vec<(String, String, f64)> = sqlx::query_as(sql).bind(schema).fetch_all(session).await?;
    let table = |(name, kind, rows): (String, String, f64)| OutsideTable {
        schema: schema.to_owned(),
        name,
        kind: if kind == "v" || kind == "m" { "view" } else { "table" },
        // Below 0: nobody has looked yet.
        rows: (rows >= 0.0 && kind != "v").then_some(rows as u64),
    };
    Ok(found.into_iter().map(table).collect())
}
