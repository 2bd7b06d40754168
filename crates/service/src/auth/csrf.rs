//! Whether a request that a cookie vouches for was meant by whoever uses the browser: pages of other sites can send requests,
//! too, and the browser adds the cookie.

use crate::ctx::RequestPage;
use datahall_core::{Error, Result};

/// Refuses what a page of another site may have sent.
///
/// # Errors
/// `Forbidden` when the method may change something and nothing shows that a page of this server sent it.
pub(super) fn check(page: &RequestPage) -> Result<()> {
    if !page.changes || same_site(page) {
        return Ok(());
    }
    Err(Error::forbidden("forbidden: a session's cookie counts only in requests of this server's own pages"))
}

fn same_site(page: &RequestPage) -> bool {
    // Browsers that know this header let no page set it.
    if let Some(site) = &page.fetch_site {
        return matches!(site.as_str(), "same-origin" | "none");
    }
    let host = page.origin.as_deref().and_then(|origin| {
        let (scheme, host) = origin.split_once("://")?;
        matches!(scheme, "http" | "https").then_some(host)
    });
    match (host, page.host.as_deref()) {
        (Some(origin), Some(host)) => !host.is_empty() && origin.eq_ignore_ascii_case(host),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(changes: bool, fetch_site: Option<&str>, origin: Option<&str>, host: Option<&str>) -> bool {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let page = RequestPage { changes, fetch_site: owned(fetch_site), origin: owned(origin), host: owned(host) };
        check(&page).is_ok()
    }

    #[test]
    fn only_this_servers_pages_change_anything() {
        let host = Some("data.example:8080");
        for (passes_it, site, origin) in [
            (true, Some("same-origin"), None),
            (true, Some("none"), None),
            (false, Some("same-site"), None),
            (false, Some("cross-site"), Some("http://data.example:8080")),
            (false, Some(""), None),
            (true, None, Some("http://data.example:8080")),
            (true, None, Some("https://DATA.example:8080")),
            (false, None, Some("https://data.example")),
            (false, None, Some("https://evil.example")),
            (false, None, Some("https://data.example:8080.evil.example")),
            (false, None, Some("null")),
            (false, None, Some("ftp://data.example:8080")),
            (false, None, None),
        ] {
            assert_eq!(passes(true, site, origin, host), passes_it, "{site:?} {origin:?}");
            assert!(passes(false, site, origin, host), "reading changes nothing");
        }
        assert!(!passes(true, None, Some("http://"), Some("")));
        assert!(!passes(true, None, Some("http://x"), None));
    }
}
