//! Durations of ISO 8601: `P1Y2M3DT4H5M6.5S`, `P3W`, `-PT1S`.

/// Whether `text` is one.
pub(super) fn fits(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let Some(rest) = text.strip_prefix('P') else { return false };
    let (date, time) = match rest.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (rest, None),
    };
    let (Some(dates), Some(times)) = (parts(date, b"YMWD"), parts(time.unwrap_or_default(), b"HMS")) else { return false };
    time.map_or(dates > 0, |_| times > 0)
}

/// How many parts a text is made of, each a number and one of `units`, which come in their order; `None`: it is not.
fn parts(text: &str, units: &[u8]) -> Option<usize> {
    let (mut rest, mut next, mut count) = (text, 0, 0);
    while !rest.is_empty() {
        let end = rest.find(|letter: char| letter.is_ascii_alphabetic())?;
        let unit = rest.as_bytes()[end];
        let at = units.iter().position(|known| *known == unit)?;
        if at < next || !is_number(&rest[..end]) {
            return None;
        }
        (next, count) = (at + 1, count + 1);
        rest = &rest[end + 1..];
    }
    Some(count)
}

fn is_number(text: &str) -> bool {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(fraction)
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn durations_of_iso_8601() {
        for good in ["P1Y", "P1Y2M3DT4H5M6.5S", "PT36H", "P3W", "-PT1S", "P0D", "PT0,5S"] {
            assert!(fits(good), "{good}");
        }
        for bad in ["", "P", "PT", "1Y", "P1", "P1S", "PT1D", "P1D1Y", "P1DT", "P-1D", "P1.D", "p1d", "P1Y 2M"] {
            assert!(!fits(bad), "{bad}");
        }
    }
}
