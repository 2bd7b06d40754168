//! `limit` and `offset`, or `page` and `page_size`.

use crate::dialects::platform::fault::Fault;

pub(super) const DEFAULT_LIMIT: u64 = 100;
/// More is not refused but cut down to this.
const MOST: u64 = 10_000;
/// Beyond the last row of anything, and still a number that every engine can count to.
const MAX_OFFSET: u64 = i64::MAX as u64;

/// Limit and offset from what was sent under the four names, at most `most` rows.
pub(super) fn page(sent: impl Fn(&str) -> Option<String>, most: u64) -> Result<(u64, u64), Fault> {
    let given = |name: &'static str, least: u64| -> Result<Option<u64>, Fault> {
        let Some(text) = sent(name) else { return Ok(None) };
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = is_number.then(|| text.parse().unwrap_or(u64::MAX)).filter(|number| *number >= least);
        number.map(Some).ok_or_else(|| Fault::parameter(name, &format!("{name}: must be a whole number from {least}")))
    };
    let (limit, offset) = (given("limit", 0)?, given("offset", 0)?);
    let (number, size) = (given("page", 1)?, given("page_size", 1)?);
    if limit.is_some() && size.is_some() {
        return Err(Fault::parameter("page_size", "limit and page_size say the same: send one of them"));
    }
    if number.is_some() && offset.is_some() {
        return Err(Fault::parameter("page", "offset and page say the same: send one of them"));
    }
    let limit = limit.or(size).unwrap_or(DEFAULT_LIMIT).min(MOST).min(most);
    let offset = number.map_or(offset.unwrap_or(0), |number| (number - 1).saturating_mul(limit));
    Ok((limit, offset.min(MAX_OFFSET)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sent: &[(&str, &str)]) -> Option<(u64, u64)> {
        let find = |name: &str| sent.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        page(find, 20_000).ok()
    }

    #[test]
    fn both_spellings_come_to_the_same() {
        assert_eq!(of(&[]), Some((100, 0)));
        assert_eq!(of(&[("limit", "5"), ("offset", "7")]), Some((5, 7)));
        assert_eq!(of(&[("limit", "0")]), Some((0, 0)));
        assert_eq!(of(&[("limit", "99999999999999999999999")]), Some((10_000, 0)));
        assert_eq!(of(&[("page", "3"), ("page_size", "10")]), Some((10, 20)));
        assert_eq!(of(&[("page", "2")]), Some((100, 100)));
        assert_eq!(of(&[("page", "2"), ("limit", "30")]), Some((30, 30)));
        assert_eq!(of(&[("page", "18446744073709551615"), ("page_size", "10000")]), Some((10_000, MAX_OFFSET)));
        for wrong in [
            &[("limit", "-1")][..],
            &[("limit", "x")],
            &[("limit", "")],
            &[("limit", "1.0")],
            &[("offset", "-1")],
            &[("page", "0")],
            &[("page_size", "0")],
            &[("limit", "1"), ("page_size", "1")],
            &[("offset", "1"), ("page", "1")],
        ] {
            assert_eq!(of(wrong), None, "{wrong:?}");
        }
        assert_eq!(page(|_| None, 7).ok(), Some((7, 0)));
    }
}
