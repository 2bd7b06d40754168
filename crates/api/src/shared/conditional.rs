//! Conditional requests: entity tags and the dates that stand in for them.

use axum::http::{HeaderMap, header};
use chrono::{DateTime, Utc};

/// Whether `If-None-Match` names `etag` (compared weakly), so that the caller already has the answer.
pub(crate) fn none_match(headers: &HeaderMap, etag: &str) -> bool {
    let wanted = opaque(etag);
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || opaque(tag) == wanted)
}

/// The versions that `If-Match` allows, where entity tags are versions; `None`: any, for the header is not there or is `*`.
pub(crate) fn versions_matched(headers: &HeaderMap) -> Option<Vec<i64>> {
    let values = headers.get_all(header::IF_MATCH);
    let mut tags = values.iter().flat_map(|value| value.to_str().unwrap_or_default().split(',')).map(str::trim).peekable();
    tags.peek()?;
    let tags: Vec<&str> = tags.collect();
    if tags == ["*"] {
        return None;
    }
    // Weak tags never match here, nor do those that are none.
    let version = |tag: &&str| tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok();
    Some(tags.iter().filter_map(version).collect())
}

/// Whether `Range` may be honoured: no `If-Range`, or one that names exactly this strong `etag` or this `modified` date.
pub(crate) fn range_applies(headers: &HeaderMap, etag: &str, modified: &str) -> bool {
    match headers.get(header::IF_RANGE).map(|value| value.to_str().map(str::trim)) {
        None => true,
        Some(Ok(value)) if value.starts_with('"') => value == etag,
        Some(Ok(value)) => value == modified,
        Some(Err(_)) => false,
    }
}

/// `time` as HTTP writes dates.
pub(crate) fn http_date(time: DateTime<Utc>) -> String {
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn if_none_match_compares_weakly_and_takes_lists() {
        for value in ["\"a\"", "W/\"a\"", "\"x\", W/\"a\"", "*"] {
            assert!(none_match(&headers(header::IF_NONE_MATCH, value), "W/\"a\""), "{value}");
        }
        for value in ["\"b\"", "a", ""] {
            assert!(!none_match(&headers(header::IF_NONE_MATCH, value), "\"a\""), "{value}");
        }
        assert!(!none_match(&HeaderMap::new(), "\"a\""));
    }

    #[test]
    fn if_match_gives_versions() {
        assert_eq!(versions_matched(&HeaderMap::new()), None);
        for (value, expected) in [("*", None), ("\"3\", \"4\"", Some(vec![3, 4])), ("W/\"3\"", Some(vec![])), ("x", Some(vec![]))]
        {
            assert_eq!(versions_matched(&headers(header::IF_MATCH, value)), expected, "{value}");
        }
    }

    #[test]
    fn if_range_compares_strongly() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert!(range_applies(&HeaderMap::new(), "\"a\"", date));
        assert!(range_applies(&headers(header::IF_RANGE, "\"a\""), "\"a\"", date));
        assert!(range_applies(&headers(header::IF_RANGE, "Sun, 06 Nov 1994 08:49:37 GMT"), "\"a\"", date));
        for value in ["\"b\"", "W/\"a\"", "Sun, 06 Nov 1994 08:49:38 GMT", "nonsense"] {
            assert!(!range_applies(&headers(header::IF_RANGE, value), "\"a\"", date), "{value}");
        }
    }

    #[test]
    fn dates_are_written_as_http_writes_them() {
        let time = DateTime::from_timestamp(784_111_777, 0).unwrap();
        assert_eq!(http_date(time), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
