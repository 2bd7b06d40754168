//! Byte ranges of a file: what a `Range` header asks for.

/// What part of a representation is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ranged {
    /// All of it: no range, or none that can be understood.
    Whole,
    /// From `start` up to and including `end`.
    Part {
        /// First byte.
        start: u64,
        /// Last byte.
        end: u64,
    },
    /// The range lies outside.
    Unsatisfiable,
}

/// Reads a `Range` header for a representation of `len` bytes. Of several ranges the first counts.
pub(crate) fn parse(header: &str, len: u64) -> Ranged {
    let Some((unit, set)) = header.split_once('=') else { return Ranged::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Ranged::Whole;
    }
    let mut first = None;
    for spec in set.split(',').map(str::trim).filter(|spec| !spec.is_empty()) {
        match parse_one(spec, len) {
            // One range that cannot be read makes the whole header one that cannot be read.
            Ranged::Whole => return Ranged::Whole,
            ranged => first = first.or(Some(ranged)),
        }
    }
    first.unwrap_or(Ranged::Whole)
}

fn parse_one(spec: &str, len: u64) -> Ranged {
    let Some((start, end)) = spec.split_once('-') else { return Ranged::Whole };
    match (number(start), number(end)) {
        (Position::Given(start), Position::Given(end)) if start > end => Ranged::Whole,
        (Position::Given(start), _) if start >= len && number(end) != Position::Bad => Ranged::Unsatisfiable,
        (Position::Given(start), Position::Given(end)) => Ranged::Part { start, end: end.min(len - 1) },
        (Position::Given(start), Position::Open) => Ranged::Part { start, end: len - 1 },
        (Position::Open, Position::Given(0)) => Ranged::Unsatisfiable,
        (Position::Open, Position::Given(_)) if len == 0 => Ranged::Unsatisfiable,
        (Position::Open, Position::Given(last)) => Ranged::Part { start: len.saturating_sub(last), end: len - 1 },
        _ => Ranged::Whole,
    }
}

#[derive(PartialEq, Eq)]
enum Position {
    Open,
    Given(u64),
    Bad,
}

fn number(text: &str) -> Position {
    let text = text.trim();
    if text.is_empty() {
        return Position::Open;
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Position::Bad;
    }
    // More digits than fit mean a position beyond the end of anything.
    Position::Given(text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_open_and_suffix_ranges() {
        assert_eq!(parse("bytes=0-0", 10), Ranged::Part { start: 0, end: 0 });
        assert_eq!(parse("bytes=2-5", 10), Ranged::Part { start: 2, end: 5 });
        assert_eq!(parse("Bytes = 2-5", 10), Ranged::Part { start: 2, end: 5 });
        assert_eq!(parse("bytes=2-500", 10), Ranged::Part { start: 2, end: 9 });
        assert_eq!(parse("bytes=7-", 10), Ranged::Part { start: 7, end: 9 });
        assert_eq!(parse("bytes=-4", 10), Ranged::Part { start: 6, end: 9 });
        assert_eq!(parse("bytes=-400", 10), Ranged::Part { start: 0, end: 9 });
        assert_eq!(parse("bytes=0-99999999999999999999999999", 10), Ranged::Part { start: 0, end: 9 });
    }

    #[test]
    fn ranges_outside_cannot_be_satisfied() {
        for header in ["bytes=10-", "bytes=10-12", "bytes=-0", "bytes=99999999999999999999999-"] {
            assert_eq!(parse(header, 10), Ranged::Unsatisfiable, "{header}");
        }
        assert_eq!(parse("bytes=0-", 0), Ranged::Unsatisfiable);
        assert_eq!(parse("bytes=-1", 0), Ranged::Unsatisfiable);
    }

    #[test]
    fn of_several_the_first_counts() {
        assert_eq!(parse("bytes=1-2, 4-5", 10), Ranged::Part { start: 1, end: 2 });
        assert_eq!(parse("bytes=20-, 4-5", 10), Ranged::Unsatisfiable);
    }

    #[test]
    fn what_cannot_be_read_is_ignored() {
        for header in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=5-2",
            "bytes=a-b",
            "bytes=1-b",
            "items=0-1",
            "bytes=1",
            "bytes=0-1,x",
            "bytes=20-x",
        ] {
            assert_eq!(parse(header, 10), Ranged::Whole, "{header}");
        }
    }
}
