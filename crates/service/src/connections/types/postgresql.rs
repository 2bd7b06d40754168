//! PostgreSQL.

use super::{Config, Key, Type, database};
use datahall_core::Result;
use datahall_core::connection::Reach;

pub(super) const TYPE: Type = Type {
    name: "postgresql",
    also: &["postgres", "pg"],
    title: "PostgreSQL",
    about: "Tables, views and queries of one database; filters, projections and limits run there.",
    keys: KEYS,
    instead: Some("url"),
    trusted_only: false,
    reach,
};

const KEYS: &[Key] = &database::keys(
    5432,
    "All of it at once: postgresql://user:password@host:5432/database?sslmode=require.",
    "Who logs in; needs to read only.",
);

fn reach(config: &Config<'_>) -> Result<Reach> {
    Ok(Reach::Postgresql(database::database(config, &["postgresql", "postgres"])?))
}

#[cfg(test)]
mod tests {
    use super::super::config::testing::{reach, wrong};
    use super::*;
    use datahall_core::connection::Database;
    use serde_json::{Value, json};

    fn of(config: Value) -> Database {
        match reach(&TYPE, config).unwrap() {
            Reach::Postgresql(database) => database,
            other => panic!("{other:?}"),
        }
    }

    fn expected() -> Database {
        Database {
            host: "db.example.com".into(),
            port: 5432,
            database: "sales".into(),
            user: "ann".into(),
            password: Some("p@ss+w:rd".into()),
            sslmode: None,
            pool: 5,
        }
    }

    #[test]
    fn settings_by_any_of_their_names_and_in_one_url() {
        let database = of(json!({"host": "db.example.com", "database": "sales", "user": "ann", "password": "p@ss+w:rd"}));
        assert_eq!(database, expected());
        let other = json!({"hostname": "db.example.com", "port": "5432", "dbname": "sales", "username": "ann", "pwd": "p@ss+w:rd",
            "application_name": "kept", "password": null});
        assert_eq!(of(other), expected());
        assert_eq!(of(json!({"url": "postgres://ann:p%40ss+w%3Ard@db.example.com/sales"})), expected());
        let more = json!({"dsn": "postgresql://ann@db.example.com:6000/sales?sslmode=verify_full&x=y", "password": "p@ss+w:rd",
            "pool_size": 9});
        let all = Database { port: 6000, sslmode: Some("verify-full".into()), pool: 9, ..expected() };
        assert_eq!(of(more), all);
    }

    #[test]
    fn what_is_wrong_is_named_and_never_quoted_with_its_password() {
        let with = |key: &str, value: Value| {
            let mut config = json!({"host": "h", "database": "d", "user": "u", "password": "hunter2"});
            config[key] = value;
            let said = wrong(&TYPE, config);
            assert!(!said.contains("hunter2"), "{said}");
            said
        };
        assert_eq!(with("host", Value::Null), "config.host: is missing");
        assert_eq!(with("user", json!("")), "config.user: is missing");
        for port in [json!(0), json!(65_536), json!(-1), json!("x"), json!(1.5), json!([])] {
            assert_eq!(with("port", port), "config.port: must be a whole number from 1 to 65535");
        }
        for host in ["a,b", "a:1", "http://a", "a/b", "a b", "ä@b", "@abstract", "a%2f", "[x]"] {
            assert!(with("host", json!(host)).starts_with("config.host: must be one host"), "{host}");
        }
        assert!(with("sslmode", json!("sometimes")).starts_with("config.sslmode: must be one of disable, prefer"));
        assert_eq!(with("pool_size", json!(1000)), "config.pool_size: must be a whole number from 1 to 100");
        for url in ["hunter2", "mysql://u:hunter2@h/d", "postgres://u:hunter2@h:99999/d", "postgres://u:hunter2@h/d#f"] {
            assert!(with("url", json!(url)).starts_with("config.url: must be postgresql or postgres://"), "{url}");
        }
        assert!(with("url", json!("postgres://u:hunter2@h/d?host=other")).contains("before the path"));
        assert_eq!(with("url", json!("postgres://u:hunter2@other/d")), "config.host: is not what config.url says");
    }

    #[test]
    fn addresses_in_brackets_and_without() {
        let host = |host: &str| of(json!({"host": host, "database": "d", "user": "u"})).host;
        assert_eq!((host("[::1]"), host("::1"), host("10.0.0.1")), ("::1".into(), "::1".into(), "10.0.0.1".into()));
        assert_eq!(host("/var/run/postgresql"), "/var/run/postgresql");
    }
}
