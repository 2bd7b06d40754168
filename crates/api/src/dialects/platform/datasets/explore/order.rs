//! `order=a,-b,c:desc` → ordering keys.

use super::names::items;
use datahall_core::query::Order;
use datahall_core::{Error, Result};

/// The keys of `text`; `find` gives the column or output of exactly that name.
///
/// # Errors
/// What `find` says of a name, and `Invalid` for a direction that is none.
pub(super) fn order(text: &str, find: impl Fn(&str) -> Result<String>) -> Result<Vec<Order>> {
    items(text, |item| key(item, &find))
}

fn key(item: &str, find: &impl Fn(&str) -> Result<String>) -> Result<Order> {
    let by = |column: String, descending: bool| Order { column, descending, nulls_first: false };
    // Names come first: they may hold signs and colons themselves.
    let plain = match find(item) {
        Ok(column) => return Ok(by(column, false)),
        Err(error) => error,
    };
    if let Some((name, direction)) = item.rsplit_once(':')
        && let Ok(column) = find(name)
    {
        return match direction.trim() {
            direction if direction.eq_ignore_ascii_case("asc") => Ok(by(column, false)),
            direction if direction.eq_ignore_ascii_case("desc") => Ok(by(column, true)),
            other => Err(Error::invalid(format!("order {name}: must be asc or desc, not {other}"))),
        };
    }
    // A `+` that was not encoded came as a blank.
    let signed =
        item.trim_start().strip_prefix('-').map(|name| (name, true)).or(item.strip_prefix('+').map(|name| (name, false)));
    match signed {
        Some((name, descending)) => find(name).map(|column| by(column, descending)),
        None => Err(plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Vec<(String, bool)>> {
        let known = ["a", "b", "-c", "d:desc", "e,f"];
        let find = |name: &str| match known.contains(&name) {
            true => Ok(name.to_owned()),
            false => Err(Error::invalid(format!("unknown column: {name}"))),
        };
        let keys = order(text, find)?;
        assert!(keys.iter().all(|key| !key.nulls_first));
        Ok(keys.into_iter().map(|key| (key.column, key.descending)).collect())
    }

    #[test]
    fn directions_in_every_spelling() {
        let keys = |pairs: &[(&str, bool)]| pairs.iter().map(|(name, down)| ((*name).to_owned(), *down)).collect::<Vec<_>>();
        assert_eq!(of("a,-b").unwrap(), keys(&[("a", false), ("b", true)]));
        assert_eq!(of("a:desc,b:ASC").unwrap(), keys(&[("a", true), ("b", false)]));
        assert_eq!(of("-c,--c,-c:desc").unwrap(), keys(&[("-c", false), ("-c", true), ("-c", true)]));
        assert_eq!(of("d:desc,d:desc:desc").unwrap(), keys(&[("d:desc", false), ("d:desc", true)]));
        assert_eq!(of("-e,f,+a").unwrap(), keys(&[("e,f", true), ("a", false)]));
        assert!(of("a:down").unwrap_err().message().contains("asc or desc"));
        assert_eq!(of("nope").unwrap_err().message(), "unknown column: nope");
        assert_eq!(of("-nope").unwrap_err().message(), "unknown column: nope");
        assert!(of("a,").is_err());
    }
}
