//! What settings of database servers have in common: a host, a port, a database, a login; each by itself or all in one URL.

use super::{Config, Key, Kind};
use datahall_core::connection::Database;
use datahall_core::{Error, Result};
use url::{Host, Url};

/// How connections are secured, from the least to the most.
pub(super) const SSL_MODES: &[&str] = &["disable", "prefer", "require", "verify-ca", "verify-full"];

/// Connections kept open at most, unless said.
const POOL: u64 = 5;

/// The settings; what differs is handed in.
pub(super) const fn keys(port: u64, url: &'static str, user: &'static str) -> [Key; 8] {
    [
        Key::text("host", "Host name or address.").required().also(&["hostname", "server"]),
        Key::new("port", Kind::Whole { least: 1, most: 65_535, default: port }, "TCP port."),
        Key::text("database", "The database on it.").required().also(&["dbname", "db"]),
        Key::text("user", user).required().also(&["username"]),
        Key::text("password", "With what.").secret().also(&["pass", "pwd"]),
        Key::new(
            "sslmode",
            Kind::Text,
            "How the connection is secured: disable, prefer (unless said), require, verify-ca or verify-full.",
        )
        .also(&["ssl_mode", "ssl-mode"]),
        Key::new("pool_size", Kind::Whole { least: 1, most: 100, default: POOL }, "Connections kept open at most.")
            .also(&["max_connections"]),
        Key::text("url", url).also(&["uri", "dsn", "connection_string"]),
    ]
}

/// The settings of a database server; `schemes` are those that its URLs have.
///
/// # Errors
/// `Invalid`, naming the setting that is wrong.
pub(super) fn database(config: &Config<'_>, schemes: &[&str]) -> Result<Database> {
    let url = config.text("url")?.map(|text| parts(config, &text, schemes)).transpose()?.unwrap_or_default();
    let either = |name: &str, from_url: Option<String>| match (config.text(name)?, from_url) {
        (Some(given), Some(other)) if given != other => Err(config.wrong(name, "is not what config.url says")),
        (given, from_url) => Ok(given.or(from_url)),
    };
    let needed = |name: &str, value: Option<String>| value.ok_or_else(|| config.wrong(name, "is missing"));
    let port = match (config.text("port")?, url.port) {
        (Some(_), Some(port)) if config.whole("port")? != u64::from(port) => {
            return Err(config.wrong("port", "is not what config.url says"));
        }
        (None, Some(port)) => port,
        _ => u16::try_from(config.whole("port")?).map_err(Error::internal)?,
    };
    Ok(Database {
        host: host(config, &needed("host", either("host", url.host)?)?)?,
        port,
        database: needed("database", either("database", url.database)?)?,
        user: needed("user", either("user", url.user)?)?,
        password: either("password", url.password)?,
        sslmode: either("sslmode", url.sslmode)?.map(|mode| ssl_mode(config, &mode)).transpose()?,
        pool: usize::try_from(config.whole("pool_size")?).map_err(Error::internal)?,
    })
}

/// What a URL says.
#[derive(Default)]
struct Parts {
    host: Option<String>,
    port: Option<u16>,
    database: Option<String>,
    user: Option<String>,
    password: Option<String>,
    sslmode: Option<String>,
}

fn parts(config: &Config<'_>, text: &str, schemes: &[&str]) -> Result<Parts> {
    // What the parser says of it could quote the password.
    let form = || config.wrong("url", &format!("must be {}://user:password@host:port/database", schemes.join(" or ")));
    let url = Url::parse(text).map_err(|_| form())?;
    if !schemes.contains(&url.scheme()) || url.fragment().is_some() {
        return Err(form());
    }
    let decoded = |part: &str| Some(decode(part)).filter(|part| !part.is_empty());
    let mut parts = Parts {
        host: url.host_str().and_then(decoded),
        port: url.port(),
        database: decoded(url.path().trim_start_matches('/')),
        user: decoded(url.username()),
        password: url.password().and_then(decoded),
        sslmode: None,
    };
    for (name, value) in url.query_pairs() {
        let value = Some(value.into_owned()).filter(|value| !value.is_empty());
        match &*name {
            "sslmode" | "ssl-mode" => parts.sslmode = value,
            // These two lead elsewhere than the URL seems to.
            "host" | "hostaddr" => return Err(config.wrong("url", "must name its host before the path")),
            "user" => parts.user = value.or(parts.user),
            "password" => parts.password = value.or(parts.password),
            "port" => parts.port = value.and_then(|port| port.parse().ok()).or(parts.port),
            "dbname" => parts.database = value.or(parts.database),
            _ => {}
        }
    }
    Ok(parts)
}

/// Percent signs undone.
fn decode(text: &str) -> String {
    // A query string of one nameless value is decoded the same way, but for the plus sign.
    let escaped = text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    url::form_urlencoded::parse(escaped.as_bytes()).next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}

/// One host, by name or address; a folder, for sockets of this machine.
fn host(config: &Config<'_>, text: &str) -> Result<String> {
    if text.starts_with('/') && !text.contains("..") {
        return Ok(text.to_owned());
    }
    // Brackets are around addresses alone.
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if bare.parse::<std::net::Ipv6Addr>().is_ok() {
        return Ok(bare.to_owned());
    }
    let fits = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_');
    if text.chars().all(fits) && Host::parse(text).is_ok() {
        return Ok(text.to_owned());
    }
    Err(config.wrong("host", "must be one host name or address, without scheme, port or path"))
}

/// MySQL's names and those of PostgreSQL.
fn ssl_mode(config: &Config<'_>, text: &str) -> Result<String> {
    let folded = text.to_ascii_lowercase().replace('_', "-");
    let mode = match folded.as_str() {
        "disabled" => "disable",
        // Both take what they get.
        "allow" | "preferred" => "prefer",
        "required" => "require",
        "verify-identity" => "verify-full",
        other => other,
    };
    let wrong = || config.wrong("sslmode", &format!("must be one of {}", SSL_MODES.join(", ")));
    SSL_MODES.iter().find(|known| **known == mode).map(|known| (*known).to_owned()).ok_or_else(wrong)
}
