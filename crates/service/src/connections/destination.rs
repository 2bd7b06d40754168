//! Where settings lead: whether two lead to the same place, and whether what is sent there is as safe on its way.

use datahall_core::connection::{Database, Driver, Reach};
use std::collections::BTreeMap;
use url::Url;

/// How safe a way is, from the least on.
const SSL_MODES: &[&str] = &["disable", "prefer", "require", "verify-ca", "verify-full"];

/// Whether secrets that were given for `before` may be sent to `after`: to the same server, in no less safe a way.
pub(super) fn may_have_secrets_of(before: &Reach, after: &Reach) -> bool {
    match (before, after) {
        (Reach::Postgresql(before), Reach::Postgresql(after)) | (Reach::Mysql(before), Reach::Mysql(after)) => {
            same_host(before, after) && safety(after) >= safety(before)
        }
        (Reach::S3 { options: before, .. }, Reach::S3 { options: after, .. }) => {
            server(before.endpoint.as_deref()) == server(after.endpoint.as_deref()) && (before.allow_http || !after.allow_http)
        }
        (Reach::Adbc(before), Reach::Adbc(after)) => same_driver(before, after),
        // Nothing is sent anywhere.
        (Reach::Sqlite { .. } | Reach::Filesystem { .. } | Reach::Lakehouse { .. }, _) => true,
        (before, after) => before == after,
    }
}

/// Whether both lead to the same place, so that whoever was allowed the one is allowed the other.
pub(super) fn is_same_place(before: &Reach, after: &Reach) -> bool {
    match (before, after) {
        (Reach::Postgresql(before), Reach::Postgresql(after)) | (Reach::Mysql(before), Reach::Mysql(after)) => {
            same_host(before, after)
        }
        // The server's own credentials are for whoever is trusted; another's are for that one's bucket.
        (Reach::S3 { root, options }, Reach::S3 { root: other_root, options: other }) => {
            root == other_root
                && server(options.endpoint.as_deref()) == server(other.endpoint.as_deref())
                && options.access_key_id.is_some() == other.access_key_id.is_some()
        }
        (before, after) => before == after,
    }
}

fn same_host(before: &Database, after: &Database) -> bool {
    before.host.eq_ignore_ascii_case(&after.host) && before.port == after.port
}

fn safety(database: &Database) -> usize {
    let mode = database.sslmode.as_deref().unwrap_or("prefer");
    SSL_MODES.iter().position(|known| *known == mode).unwrap_or_default()
}

/// Scheme, host and port; an endpoint that is not said is Amazon's.
fn server(endpoint: Option<&str>) -> Option<String> {
    endpoint.map(|text| match Url::parse(text) {
        Ok(url) => url.origin().ascii_serialization(),
        Err(_) => text.to_owned(),
    })
}

/// Which options of a driver lead somewhere, only the driver knows: all that is no plain choice of what to read counts.
fn same_driver(before: &Driver, after: &Driver) -> bool {
    const CHOICES: &[&str] = &[
        "adbc.bigquery.sql.dataset_id",
        "adbc.snowflake.sql.db",
        "adbc.snowflake.sql.role",
        "adbc.snowflake.sql.schema",
        "adbc.snowflake.sql.warehouse",
    ];
    let counted = |driver: &Driver| -> BTreeMap<String, String> {
        let options = driver.options.iter().filter(|(name, _)| !CHOICES.contains(&name.as_str()));
        options.map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    (&before.path, &before.entrypoint, counted(before)) == (&after.path, &after.entrypoint, counted(after))
}

#[cfg(test)]
mod tests {
    use super::super::types::Type;
    use super::*;
    use serde_json::{Value, json};

    fn reach(kind: &str, base: &Value, change: Value) -> Reach {
        let mut config = base.as_object().unwrap().clone();
        config.extend(change.as_object().unwrap().clone());
        Type::named(kind).unwrap().reach(&config).unwrap()
    }

    fn judged(kind: &str, base: Value, change: Value) -> (bool, bool) {
        let (before, after) = (reach(kind, &base, json!({})), reach(kind, &base, change));
        (may_have_secrets_of(&before, &after), is_same_place(&before, &after))
    }

    #[test]
    fn a_database_is_its_host_and_port_and_its_way_must_not_get_worse() {
        let base = json!({"host": "h", "database": "d", "user": "u", "password": "p", "sslmode": "require"});
        let with = |change| judged("postgresql", base.clone(), change);
        assert_eq!(with(json!({"user": "v", "database": "e", "password": "q"})), (true, true));
        assert_eq!(with(json!({"host": "H", "port": 5432, "sslmode": "verify-full"})), (true, true));
        assert_eq!(with(json!({"sslmode": "prefer"})), (false, true));
        assert_eq!((with(json!({"host": "i"})), with(json!({"port": 1}))), ((false, false), (false, false)));
    }

    #[test]
    fn a_bucket_is_its_server_and_its_name() {
        let base = json!({"bucket": "b", "access_key_id": "k", "secret_access_key": "s", "endpoint": "https://h"});
        let with = |change| judged("s3", base.clone(), change);
        assert_eq!(with(json!({"endpoint": "https://H:443/", "region": "r"})), (true, true));
        assert_eq!(with(json!({"bucket": "c"})), (true, false));
        assert_eq!(with(json!({"endpoint": "https://i"})), (false, false));
        assert_eq!(with(json!({"endpoint": null})), (false, false));
        assert_eq!(with(json!({"allow_http": true})), (false, true));
        assert_eq!(with(json!({"access_key_id": null, "secret_access_key": null})), (true, false));
    }

    #[test]
    fn a_driver_is_all_of_its_options_but_choices() {
        let base = json!({"account": "a", "user": "u", "password": "p"});
        let with = |change| judged("snowflake", base.clone(), change).0;
        assert!(with(json!({"warehouse": "w", "role": "r"})));
        assert!(!with(json!({"account": "b"})) && !with(json!({"driver": "/x"})) && !with(json!({"options": {"a": "b"}})));
    }

    #[test]
    fn files_are_told_no_secrets() {
        assert_eq!(judged("sqlite", json!({"path": "/a"}), json!({"path": "/b"})), (true, false));
        assert_eq!(judged("http", json!({"base_url": "https://h"}), json!({"base_url": "https://h/a"})), (false, false));
    }
}
