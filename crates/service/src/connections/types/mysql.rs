//! MySQL and MariaDB.

use super::{Config, Key, Type, database};
use datahall_core::Result;
use datahall_core::connection::Reach;

pub(super) const TYPE: Type = Type {
    name: "mysql",
    also: &["mariadb"],
    title: "MySQL or MariaDB",
    about: "Tables, views and queries of one server; filters, projections and limits run there.",
    keys: KEYS,
    instead: Some("url"),
    trusted_only: false,
    reach,
};

const KEYS: &[Key] =
    &database::keys(3306, "All of it at once: mysql://user:password@host:3306/database.", "Who logs in; needs to read only.");

fn reach(config: &Config<'_>) -> Result<Reach> {
    Ok(Reach::Mysql(database::database(config, &["mysql", "mariadb"])?))
}

#[cfg(test)]
mod tests {
    use super::super::config::testing::{reach, wrong};
    use super::*;
    use serde_json::json;

    #[test]
    fn its_own_port_and_its_own_names_of_modes() {
        let config = json!({"host": "h", "database": "d", "user": "u", "password": "p", "ssl-mode": "VERIFY_IDENTITY"});
        let Reach::Mysql(database) = reach(&TYPE, config).unwrap() else { panic!("another type") };
        assert_eq!((database.port, database.sslmode.as_deref()), (3306, Some("verify-full")));
        let Reach::Mysql(database) = reach(&TYPE, json!({"url": "mysql://u:p@h:1/d?ssl-mode=REQUIRED"})).unwrap() else {
            panic!("another type")
        };
        assert_eq!((database.port, database.sslmode.as_deref()), (1, Some("require")));
        assert!(wrong(&TYPE, json!({"url": "postgres://u:p@h/d"})).starts_with("config.url: must be mysql or mariadb"));
    }
}
