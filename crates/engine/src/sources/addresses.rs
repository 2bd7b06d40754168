//! Which network addresses a URL may lead to: only public ones, unless private networks are allowed.

use datahall_core::network::{is_local_name, is_public};
use datahall_core::{Error, Result};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::SocketAddr;
use url::{Host, Url};

/// Checks what `url` itself says: its scheme, and its host when that is an address. Host names are judged by
/// [`PublicOnly`] when they are resolved.
///
/// # Errors
/// `Invalid`; the message is the same whatever is, or is not, behind the address.
pub(crate) fn check(url: &Url, private_networks: bool) -> Result<()> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Error::invalid("only http and https URLs are fetched"));
    }
    let allowed = match url.host() {
        None => return Err(Error::invalid("the URL has no host")),
        Some(Host::Ipv4(address)) => is_public(address.into()),
        Some(Host::Ipv6(address)) => is_public(address.into()),
        Some(Host::Domain(name)) => !is_local_name(name),
    };
    if allowed || private_networks { Ok(()) } else { Err(refused()) }
}

/// What is said of every address that may not be reached.
pub(crate) fn refused() -> Error {
    Error::invalid("the URL leads to an address that is not public, which is not allowed here")
}

/// Resolves host names to public addresses alone. A name with any other address is refused as a whole, since which of its
/// addresses is used is up to the one who answers for the name.
#[derive(Debug)]
pub(crate) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if addresses.iter().any(|address| !is_public(address.ip())) {
                return Err(Box::new(refused()) as Box<dyn std::error::Error + Send + Sync>);
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: &[&str] = &[
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "2130706433",
        "017700000001",
        "127.255.255.254",
        "0.0.0.0",
        "0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "012.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.0.1",
        "192.168.255.255",
        "0xc0.0xa8.0.1",
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "169.254.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::ffff:10.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b::169.254.169.254]",
        "[64:ff9b:1::1]",
        "[2002:7f00:1::]",
        "[2002:a00:1::]",
        "[2001::1]",
        "[2001:db8::1]",
        "[3fff::1]",
        "[fe80::1]",
        "[fec0::1]",
        "[fc00::1]",
        "[fd00::1]",
        "[fd12:3456::1]",
        "[ff02::1]",
        "[100::1]",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "１２７.0.0.1",
        "127。0。0。1",
    ];

    const PUBLIC: &[&str] = &[
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "126.255.255.255",
        "128.0.0.1",
        "172.15.0.1",
        "172.32.0.1",
        "192.167.0.1",
        "192.169.0.1",
        "100.63.0.1",
        "100.128.0.1",
        "198.17.0.1",
        "223.255.255.255",
        "169.253.0.1",
        "0x08.8.8.8",
        "[2606:4700::1111]",
        "[2a00:1450::1]",
        "[::ffff:8.8.8.8]",
        "[64:ff9b::808:808]",
        "[2002:808:808::]",
        "example.org",
    ];

    #[test]
    fn only_public_addresses_pass_in_whatever_form_they_are_written() {
        for host in REFUSED {
            let url = Url::parse(&format!("http://{host}:8080/x.parquet")).unwrap();
            let error = check(&url, false).expect_err(host);
            assert_eq!(error.message(), super::refused().message(), "{host}");
            assert!(check(&url, true).is_ok(), "{host}");
        }
        for host in PUBLIC {
            let url = Url::parse(&format!("https://{host}/x.parquet")).unwrap();
            assert!(check(&url, false).is_ok(), "{host}");
        }
    }

    #[test]
    fn other_schemes_are_not_fetched_at_all() {
        for text in ["ftp://example.org/x", "file:///etc/passwd", "gopher://example.org/"] {
            assert!(check(&Url::parse(text).unwrap(), true).is_err());
        }
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_this_machine_is_refused() {
        let error = PublicOnly.resolve("localhost".parse().unwrap()).await.err().unwrap();
        assert_eq!(error.to_string(), refused().message());
    }
}
