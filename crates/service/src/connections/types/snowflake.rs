//! Snowflake: a preset of its ADBC driver. Never run against the real service.

use super::{Config, Key, Type, adbc};
use datahall_core::Result;
use datahall_core::connection::Reach;

pub(super) const TYPE: Type = Type {
    name: "snowflake",
    also: &[],
    title: "Snowflake",
    about: "By the ADBC driver adbc_driver_snowflake, which must be installed on the server's machine. Only an administrator of \
            the instance makes these. This preset was never run against the real service.",
    keys: KEYS,
    instead: None,
    trusted_only: true,
    reach,
};

const KEYS: &[Key] = &[
    Key::text("account", "The account's identifier, as in organisation-account.").required(),
    Key::text("user", "Who logs in.").required().also(&["username"]),
    Key::text("password", "With what.").secret(),
    Key::text("database", "The database.").also(&["db"]),
    Key::text("schema", "The schema that names without one mean."),
    Key::text("warehouse", "The warehouse that does the work."),
    Key::text("role", "As which role."),
    Key::text("region", "Where the account is, when its identifier does not say so."),
    Key::text("private_key", "An RSA key in PKCS#8, whole, in place of the password.").secret(),
    Key::text("private_key_passphrase", "What opens that key.").secret(),
    Key::text("token", "An OAuth or access token in place of the password.").secret(),
    Key::text("authenticator", "How to log in, as the driver names it (auth_oauth, auth_pat, …); unset: by what is given."),
    adbc::DRIVER,
    adbc::ENTRYPOINT,
    adbc::OPTIONS,
];

const NAMES: &[(&str, &str)] = &[
    ("account", "adbc.snowflake.sql.account"),
    ("user", "username"),
    ("password", "password"),
    ("database", "adbc.snowflake.sql.db"),
    ("schema", "adbc.snowflake.sql.schema"),
    ("warehouse", "adbc.snowflake.sql.warehouse"),
    ("role", "adbc.snowflake.sql.role"),
    ("region", "adbc.snowflake.sql.region"),
    ("private_key", "adbc.snowflake.sql.client_option.jwt_private_key_pkcs8_value"),
    ("private_key_passphrase", "adbc.snowflake.sql.client_option.jwt_private_key_pkcs8_password"),
    ("token", "adbc.snowflake.sql.client_option.auth_token"),
    ("authenticator", AUTH_TYPE),
];

const AUTH_TYPE: &str = "adbc.snowflake.sql.auth_type";

fn reach(config: &Config<'_>) -> Result<Reach> {
    let reach = adbc::driver(config, Some("adbc_driver_snowflake"), NAMES)?;
    let Reach::Adbc(mut driver) = reach else { return Ok(reach) };
    let how = match (config.text("private_key")?, config.text("token")?) {
        (Some(_), _) => "auth_jwt",
        (None, Some(_)) => "auth_oauth",
        (None, None) => "auth_snowflake",
    };
    driver.options.entry(AUTH_TYPE.to_owned()).or_insert_with(|| how.to_owned());
    Ok(Reach::Adbc(driver))
}

#[cfg(test)]
mod tests {
    use super::super::config::testing::wrong;
    use super::adbc::testing::of;
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_become_the_drivers_options_and_say_how_to_log_in() {
        let (path, options) = of(&TYPE, json!({"account": "o-a", "username": "u", "password": "p", "warehouse": "w"}));
        let expected = [
            ("adbc.snowflake.sql.account", "o-a"),
            (AUTH_TYPE, "auth_snowflake"),
            ("adbc.snowflake.sql.warehouse", "w"),
            ("password", "p"),
            ("username", "u"),
        ];
        assert_eq!((path.as_str(), options), ("adbc_driver_snowflake", expected.map(|(a, b)| (a.into(), b.into())).into()));
        let how = |key: &str| {
            let options = of(&TYPE, json!({"account": "a", "user": "u", key: "x"})).1;
            options.into_iter().find(|(name, _)| name == AUTH_TYPE).unwrap().1
        };
        assert_eq!(
            (how("private_key"), how("token"), how("authenticator")),
            ("auth_jwt".into(), "auth_oauth".into(), "x".into())
        );
        assert_eq!(wrong(&TYPE, json!({"account": "a"})), "config.user: is missing");
    }
}
