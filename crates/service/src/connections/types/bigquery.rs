//! BigQuery: a preset of its ADBC driver. Never run against the real service.

use super::{Config, Key, Type, adbc};
use datahall_core::Result;
use datahall_core::connection::Reach;

pub(super) const TYPE: Type = Type {
    name: "bigquery",
    also: &[],
    title: "Google BigQuery",
    about: "By the ADBC driver adbc_driver_bigquery, which must be installed on the server's machine. Only an administrator of the \
            instance makes these. This preset was never run against the real service.",
    keys: KEYS,
    instead: None,
    trusted_only: true,
    reach,
};

const KEYS: &[Key] = &[
    Key::text("project_id", "The project that is asked.").required().also(&["project"]),
    Key::text("dataset_id", "The dataset that names without one mean.").also(&["dataset"]),
    Key::text("location", "As in EU."),
    Key::text("quota_project", "The project that pays; unset: the one that is asked."),
    Key::text("credentials", "The key of a service account, whole, as JSON text.").secret().also(&["credentials_json"]),
    Key::text("credentials_file", "The same in a file of the server's machine."),
    Key::text("client_id", "For a user's own login."),
    Key::text("client_secret", "For a user's own login.").secret(),
    Key::text("refresh_token", "For a user's own login.").secret(),
    adbc::DRIVER,
    adbc::ENTRYPOINT,
    adbc::OPTIONS,
];

const NAMES: &[(&str, &str)] = &[
    ("project_id", "adbc.bigquery.sql.project_id"),
    ("dataset_id", "adbc.bigquery.sql.dataset_id"),
    ("location", "adbc.bigquery.sql.location"),
    ("quota_project", "adbc.bigquery.sql.auth.quota_project"),
    ("credentials", CREDENTIALS),
    ("credentials_file", CREDENTIALS),
    ("client_id", "adbc.bigquery.sql.auth.client_id"),
    ("client_secret", "adbc.bigquery.sql.auth.client_secret"),
    ("refresh_token", "adbc.bigquery.sql.auth.refresh_token"),
];

const CREDENTIALS: &str = "adbc.bigquery.sql.auth_credentials";
const AUTH_TYPE: &str = "adbc.bigquery.sql.auth_type";

fn reach(config: &Config<'_>) -> Result<Reach> {
    if config.text("credentials")?.is_some() && config.text("credentials_file")?.is_some() {
        return Err(config.wrong("credentials_file", "says the same as config.credentials: send one of them"));
    }
    let reach = adbc::driver(config, Some("adbc_driver_bigquery"), NAMES)?;
    let Reach::Adbc(mut driver) = reach else { return Ok(reach) };
    let how = if config.text("credentials")?.is_some() {
        "json_credential_string"
    } else if config.text("credentials_file")?.is_some() {
        "json_credential_file"
    } else if config.text("refresh_token")?.is_some() {
        "user_authentication"
    } else {
        "auth_bigquery"
    };
    driver.options.entry(AUTH_TYPE.to_owned()).or_insert_with(|| format!("{AUTH_TYPE}.{how}"));
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
        let (path, options) = of(&TYPE, json!({"project": "p", "dataset_id": "d", "credentials": "{}"}));
        let expected = [
            (CREDENTIALS, "{}"),
            (AUTH_TYPE, "adbc.bigquery.sql.auth_type.json_credential_string"),
            ("adbc.bigquery.sql.dataset_id", "d"),
            ("adbc.bigquery.sql.project_id", "p"),
        ];
        assert_eq!((path.as_str(), options), ("adbc_driver_bigquery", expected.map(|(a, b)| (a.into(), b.into())).into()));
        let how = |config| of(&TYPE, config).1.into_iter().find(|(name, _)| name == AUTH_TYPE).unwrap().1;
        let mut config = json!({"project_id": "p"});
        assert!(how(config.clone()).ends_with(".auth_bigquery"));
        config["refresh_token"] = "t".into();
        assert!(how(config.clone()).ends_with(".user_authentication"));
        config["credentials_file"] = "/f".into();
        assert!(how(config.clone()).ends_with(".json_credential_file"));
        config[AUTH_TYPE] = "own".into();
        assert_eq!(how(config), "own");
        assert_eq!(wrong(&TYPE, json!({"dataset_id": "d"})), "config.project_id: is missing");
        assert!(wrong(&TYPE, json!({"project_id": "p", "credentials": "{}", "credentials_file": "/f"})).contains("one of them"));
    }
}
