//! Where a database may be: its host must lead to public addresses alone, unless private networks are allowed.

use datahall_core::engine::Access;
use datahall_core::network::is_public;
use datahall_core::{Error, Result};
use std::io::ErrorKind;
use std::net::IpAddr;
use std::time::Duration;
use tokio::net::TcpStream;

/// How long a session may be in coming before it is asked whether anybody listens.
const SOON: Duration = Duration::from_millis(200);

/// Ends when nobody listens at `host`, and only then: a pool would knock there until its own patience ends.
pub(super) async fn refused((host, port): (&str, u16)) -> sqlx::Error {
    if !host.starts_with('/') {
        tokio::time::sleep(SOON).await;
        if let Err(error) = TcpStream::connect((host, port)).await
            && error.kind() == ErrorKind::ConnectionRefused
        {
            return sqlx::Error::Io(error);
        }
    }
    std::future::pending().await
}

/// The host to connect to: `host` itself, or the address that was judged where names are.
///
/// # Errors
/// `Invalid` when an address is not public and only public ones are allowed; `Unavailable` for names that nobody knows.
pub(super) async fn host(name: &str, (host, port): (&str, u16), access: &Access) -> Result<String> {
    if access.private_networks || access.roots.is_none() {
        return Ok(host.to_owned());
    }
    let refused = || {
        Error::invalid(format!("connector '{name}': the host leads to an address that is not public, which is not allowed here"))
    };
    if host.starts_with('/') || host.is_empty() {
        return Err(refused());
    }
    let found = tokio::net::lookup_host((host, port)).await;
    let addresses: Vec<IpAddr> = found.map_err(|error| super::failures::away(name, error))?.map(|address| address.ip()).collect();
    // Which of its addresses is used is up to whoever answers for the name.
    match addresses.first() {
        Some(first) if addresses.iter().all(|address| is_public(*address)) => Ok(first.to_string()),
        Some(_) => Err(refused()),
        None => Err(super::failures::away(name, "the name has no address")),
    }
}
