//! What a connection may reach: what its maker may. Connections of the instance's administrators are exempt from the policy about
//! networks; who else makes or changes one names folders below the allowed roots, public hosts, and no code.

use super::Connections;
use super::types::Type;
use crate::{Service, home};
use datahall_catalog::Connection as Record;
use datahall_core::connection::Reach;
use datahall_core::engine::Access;
use datahall_core::network::{is_local_name, is_public};
use datahall_core::{Error, Result};
use std::path::{Path, PathBuf};
use url::{Host, Url};

/// In a record's body: where it leads was said by an administrator of the instance.
const TRUSTED: &str = "trusted";

pub(super) fn is_trusted(record: &Record) -> bool {
    record.body.get(TRUSTED).is_some_and(|value| value == true)
}

pub(super) fn set_trusted(record: &mut Record, trusted: bool) {
    record.body.insert(TRUSTED.to_owned(), trusted.into());
}

impl Service {
    /// Where settings of an organisation's connection lead, and what it may reach; `trusted` is whether an administrator of the instance
    /// said where. `stated` is what the settings say by themselves.
    pub(super) fn settled(&self, organisation: &str, mut stated: Reach, trusted: bool) -> (Reach, Access) {
        let mut access = self.connection_access(trusted);
        if let Reach::S3 { options, .. } = &mut stated {
            options.public_only = !access.private_networks;
        }
        if stated != (Reach::Lakehouse { root: None }) {
            return (stated, access);
        }
        // The server's own lakehouse is nobody's to name, and everybody's in the organisation to read.
        let root = self.connections.lakehouse_of(organisation);
        if let Some(roots) = &mut access.roots {
            roots.push(root.clone());
        }
        (Reach::Lakehouse { root: Some(root) }, access)
    }

    fn connection_access(&self, trusted: bool) -> Access {
        let security = &self.settings.security;
        match trusted {
            true => self.configured_access(),
            false => Access {
                roots: Some(security.allowed_roots.clone().unwrap_or_default()),
                private_networks: security.allow_private_networks,
            },
        }
    }

    /// Judges what can be judged of settings without asking anybody; the engine judges the rest when it connects.
    ///
    /// # Errors
    /// `Forbidden` for what only an administrator of the instance may make; `Invalid` for paths and hosts that are out of reach.
    pub(super) fn judge_connection(&self, kind: &Type, stated: &Reach, trusted: bool) -> Result<()> {
        if kind.trusted_only && !trusted {
            let why = format!("forbidden: a connector of type {} needs the privilege ADMIN on the instance", kind.name);
            return Err(Error::forbidden(why));
        }
        let access = self.connection_access(trusted);
        match stated {
            Reach::Postgresql(database) | Reach::Mysql(database) => check_host("config.host", &database.host, &access),
            Reach::Sqlite { path } => self.check_path("config.path", path, &access, trusted),
            Reach::Filesystem { root } | Reach::Lakehouse { root: Some(root) } => {
                self.check_path("config.root", root, &access, trusted)
            }
            Reach::Lakehouse { root: None } | Reach::Adbc(_) => Ok(()),
            Reach::Http { root } => check_url("config.base_url", root, &access),
            Reach::S3 { options, .. } => {
                if !trusted && options.access_key_id.is_none() {
                    let why =
                        "config.access_key_id: is missing; the server's own credentials are for administrators' connections";
                    return Err(Error::invalid(why));
                }
                options.endpoint.as_ref().map_or(Ok(()), |endpoint| check_url("config.endpoint", endpoint, &access))
            }
        }
    }

    fn check_path(&self, name: &str, path: &Path, access: &Access, trusted: bool) -> Result<()> {
        let below = |root: &PathBuf| path.starts_with(root) || root.canonicalize().is_ok_and(|root| path.starts_with(root));
        let allowed = access.roots.as_ref().is_none_or(|roots| roots.iter().any(below));
        // Whatever the roots say, the server's own records are no source of data.
        if allowed && (trusted || !path.starts_with(&self.connections.data_dir)) {
            return Ok(());
        }
        Err(Error::invalid(format!("{name}: is not below a folder that may be read here ([security] allowed_roots)")))
    }
}

impl Connections {
    /// The part of the server's own lakehouse that the organisation of that id has.
    fn lakehouse_of(&self, organisation: &str) -> PathBuf {
        match organisation {
            home::ORGANISATION => self.data_dir.join("lakehouse"),
            other => self.data_dir.join("lakehouses").join(other),
        }
    }
}

fn check_host(name: &str, host: &str, access: &Access) -> Result<()> {
    let allowed = match Host::parse(host) {
        // Sockets of this machine.
        _ if host.starts_with('/') => false,
        Ok(Host::Ipv4(address)) => is_public(address.into()),
        Ok(Host::Ipv6(address)) => is_public(address.into()),
        Ok(Host::Domain(domain)) => !is_local_name(&domain),
        Err(_) => host.parse().is_ok_and(is_public),
    };
    if allowed || access.private_networks { Ok(()) } else { Err(refused(name)) }
}

fn check_url(name: &str, url: &str, access: &Access) -> Result<()> {
    let url = Url::parse(url).map_err(|_| Error::invalid(format!("{name}: is no URL")))?;
    let host = url.host_str().ok_or_else(|| Error::invalid(format!("{name}: has no host")))?;
    check_host(name, host, access)
}

/// The same whatever is, or is not, behind the address.
fn refused(name: &str) -> Error {
    Error::invalid(format!("{name}: leads to an address that is not public, which is not allowed here"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_in_every_disguise_are_judged_as_what_they_are() {
        let (closed, open) = (Access::default(), Access { private_networks: true, ..Access::default() });
        for host in [
            "127.0.0.1",
            "0177.0.0.1",
            "0x7f.1",
            "2130706433",
            "127.1",
            "10.0.0.1",
            "169.254.169.254",
            "::1",
            "[::1]",
            "::ffff:127.0.0.1",
            "fe80::1",
            "localhost",
            "LOCALHOST.",
            "db.localhost",
            "0.0.0.0",
            "/var/run/postgresql",
        ] {
            assert!(check_host("config.host", host, &closed).unwrap_err().message().starts_with("config.host: leads"), "{host}");
            assert!(check_host("config.host", host, &open).is_ok(), "{host}");
        }
        for host in ["db.example.com", "8.8.8.8", "2606:4700::1111", "[2606:4700::1111]"] {
            assert!(check_host("config.host", host, &closed).is_ok(), "{host}");
        }
        assert!(check_url("u", "http://[::ffff:10.0.0.1]/", &closed).is_err() && check_url("u", "https://h/x", &closed).is_ok());
    }
}
