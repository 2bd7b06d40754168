//! Where a request comes from: the connection's other end, or what a proxy that the configuration trusts says of it. Nobody
//! else's `X-Forwarded-…` means anything, and none is ever an identity.

use axum::extract::ConnectInfo;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use datahall_service::Settings;
use std::net::{IpAddr, SocketAddr};

/// Longer chains are nobody's; the rest is left unread.
const MOST_HOPS: usize = 32;

/// Who sent a request, as far as can be told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sender {
    /// His address.
    pub(crate) address: Option<IpAddr>,
    /// Whether it came to the proxy over TLS.
    pub(crate) over_tls: bool,
}

/// Who sent the request with these `parts`.
pub(crate) fn sender(parts: &Parts, settings: &Settings) -> Sender {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip().to_canonical());
    let networks = &settings.security.trusted_proxies;
    let is_trusted = |address: IpAddr| networks.iter().any(|network| network.contains(address));
    match peer.filter(|peer| is_trusted(*peer)) {
        None => Sender { address: peer, over_tls: false },
        Some(peer) => Sender { address: Some(client(&parts.headers, peer, is_trusted)), over_tls: over_tls(&parts.headers) },
    }
}

/// The last address that a trusted proxy saw and that is no trusted proxy itself.
fn client(headers: &HeaderMap, peer: IpAddr, is_trusted: impl Fn(IpAddr) -> bool) -> IpAddr {
    let mut last = peer;
    for hop in values(headers, "x-forwarded-for").take(MOST_HOPS) {
        // What is not an address was not written by a proxy; whatever stands before it is anybody's word.
        let Some(address) = address(hop) else { return last };
        last = address;
        if !is_trusted(address) {
            return last;
        }
    }
    last
}

/// With or without a port, in brackets or not.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let found = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    found.map(|address| address.to_canonical())
}

fn over_tls(headers: &HeaderMap) -> bool {
    values(headers, "x-forwarded-proto").take(MOST_HOPS).any(|scheme| scheme.eq_ignore_ascii_case("https"))
}

/// The items of a header that is a list, in one line or several, from the last to the first.
fn values<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    let lines: Vec<&str> = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default()).collect();
    lines.into_iter().rev().flat_map(|line| line.rsplit(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn told(peer: &str, headers: &[(&str, &str)]) -> (String, bool) {
        let mut settings = Settings::default();
        settings.security.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()];
        let mut request = Request::builder().uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut parts = request.body(()).unwrap().into_parts().0;
        parts.extensions.insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
        let sender = sender(&parts, &settings);
        (sender.address.unwrap().to_string(), sender.over_tls)
    }

    #[test]
    fn only_trusted_proxies_are_believed_and_only_as_far_as_they_saw() {
        let forwarded = |value| [("x-forwarded-for", value)];
        for (peer, chain, expected) in [
            ("192.0.2.1:5", "198.51.100.7", "192.0.2.1"),
            ("10.0.0.1:5", "198.51.100.7", "198.51.100.7"),
            ("[::ffff:10.0.0.1]:5", "198.51.100.7", "198.51.100.7"),
            ("10.0.0.1:5", "203.0.113.9, 198.51.100.7, 10.1.1.1", "198.51.100.7"),
            ("10.0.0.1:5", "127.0.0.1, 198.51.100.7", "198.51.100.7"),
            ("10.0.0.1:5", "10.2.2.2", "10.2.2.2"),
            ("10.0.0.1:5", "198.51.100.7, nonsense, 10.1.1.1", "10.1.1.1"),
            ("10.0.0.1:5", "", "10.0.0.1"),
            ("10.0.0.1:5", "198.51.100.7:8080", "198.51.100.7"),
            ("[::1]:5", "[2001:db8::1]:443", "2001:db8::1"),
            ("[::1]:5", "[2001:db8::1]", "2001:db8::1"),
        ] {
            assert_eq!(told(peer, &forwarded(chain)).0, expected, "{peer} {chain}");
        }
        let lines = [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "198.51.100.7, 10.1.1.1")];
        assert_eq!(told("10.0.0.1:5", &lines).0, "198.51.100.7");
        let long = vec!["10.1.1.1"; 5000].join(",");
        assert_eq!(told("10.0.0.1:5", &forwarded(long.as_str())).0, "10.1.1.1");
    }

    #[test]
    fn tls_is_believed_of_the_same() {
        let proto = [("x-forwarded-proto", "https")];
        assert!(told("10.0.0.1:5", &proto).1 && !told("192.0.2.1:5", &proto).1);
        assert!(!told("10.0.0.1:5", &[("x-forwarded-proto", "http")]).1);
        assert!(!told("10.0.0.1:5", &[("forwarded", "proto=https")]).1);
    }
}
