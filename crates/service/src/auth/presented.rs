//! The secret in an `Authorization` header: `Bearer S`, bare `S`, or Basic with user name `S` and no password.

use super::secrets::{self, Shape};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What the header presents.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Presented {
    /// The secret; `None` when the header holds none of the three forms.
    pub(super) secret: Option<String>,
}

impl Presented {
    pub(super) fn of(header: &str) -> Self {
        let secret = match header.trim_start().split_once(' ') {
            None => Some(header.trim().to_owned()),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => Some(rest.trim().to_owned()),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("basic") => user_name(rest.trim()),
            // One of our own secrets with something beside it is a broken one, and not nobody's affair.
            Some((first, _)) => (secrets::shape(first) != Shape::Other).then(|| header.trim().to_owned()),
        };
        Self { secret: secret.filter(|secret| !secret.is_empty()) }
    }
}

fn user_name(encoded: &str) -> Option<String> {
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    // The same with a password.
    match password.is_empty() {
        true => Some(user.to_owned()),
        false => (secrets::shape(user) != Shape::Other).then_some(decoded),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms() {
        let secret = |header: &str| Presented::of(header).secret;
        for header in ["Bearer T", "bearer  T", "T", "Basic VDo="] {
            assert_eq!(secret(header).as_deref(), Some("T"), "{header}");
        }
        for header in ["", "Bearer ", "Basic VDp4", "Basic ???", "Digest T"] {
            assert_eq!(secret(header), None, "{header}");
        }
        // Never one that counts, and never nothing.
        assert_eq!(secret("dh_x y").as_deref(), Some("dh_x y"));
        assert_eq!(secret("Basic ZGhfeDp5").as_deref(), Some("dh_x:y"));
    }
}
