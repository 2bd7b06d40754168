//! Patterns over paths: `*`, `?` and `[ab]` within one part, `**` for any number of parts.

use datahall_core::{Error, Result};
use glob::{MatchOptions, Pattern};

const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// One part of a pattern.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    /// Exactly this.
    Literal(String),
    /// What matches this.
    Pattern(Pattern),
    /// Any number of parts, none too.
    Any,
}

impl Part {
    /// Whether the one path part `name` fits. Hidden names (`.x`) and working files (`_x`) fit only what names them so.
    pub(crate) fn matches(&self, name: &str) -> bool {
        match self {
            Self::Literal(literal) => literal == name,
            Self::Pattern(pattern) => {
                (!name.starts_with('_') || pattern.as_str().starts_with('_')) && pattern.matches_with(name, OPTIONS)
            }
            Self::Any => !name.starts_with(['.', '_']),
        }
    }
}

/// Whether `text` holds a pattern at all.
pub(crate) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// The parts of `text`.
///
/// # Errors
/// `Invalid` for a pattern that is none, as `a***` or `[`.
pub(crate) fn parse(text: &str) -> Result<Vec<Part>> {
    let parts = text.split('/').filter(|part| !part.is_empty() && *part != ".");
    parts
        .map(|part| match part {
            "**" => Ok(Part::Any),
            _ if !is_pattern(part) => Ok(Part::Literal(part.to_owned())),
            _ if part.contains("**") => Err(Error::invalid("** must stand alone between slashes")),
            _ => Pattern::new(part).map(Part::Pattern).map_err(|error| Error::invalid(format!("bad pattern: {}", error.msg))),
        })
        .collect()
}

/// Whether the whole of `names` fits the whole of `parts`.
pub(crate) fn matches(parts: &[Part], names: &[&str]) -> bool {
    match (parts.split_first(), names.split_first()) {
        (None, None) => true,
        (Some((Part::Any, rest)), _) if matches(rest, names) => true,
        (Some((Part::Any, _)), Some((name, names))) => Part::Any.matches(name) && matches(parts, names),
        (Some((part, rest)), Some((name, names))) => part.matches(name) && matches(rest, names),
        _ => false,
    }
}

/// The part of `text` before its first pattern, up to a slash.
pub(crate) fn literal_prefix(text: &str) -> &str {
    let end = text.find(['*', '?', '[']).unwrap_or(text.len());
    text[..end].rfind('/').map_or("", |slash| &text[..=slash])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, path: &str) -> bool {
        let names: Vec<_> = path.split('/').collect();
        matches(&parse(pattern).unwrap(), &names)
    }

    #[test]
    fn patterns_match_whole_paths_part_by_part() {
        for (pattern, path) in [
            ("a/*.parquet", "a/x.parquet"),
            ("a/part-[02].parquet", "a/part-0.parquet"),
            ("a/part-[!1].parquet", "a/part-2.parquet"),
            ("a/?.csv", "a/x.csv"),
            ("**/x.csv", "x.csv"),
            ("**/x.csv", "a/b/x.csv"),
            ("a/**/x.csv", "a/x.csv"),
            ("a/**", "a/b/c.csv"),
            ("a/**/b/*.csv", "a/q/b/r/b/x.csv"),
            ("year=*/*.csv", "year=2020/x.csv"),
            ("_*/x", "_a/x"),
            (".*/x", ".a/x"),
        ] {
            assert!(fits(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("a/*.parquet", "a/b/x.parquet"),
            ("a/*.parquet", "a/x.parquet.tmp"),
            ("a/part-[02].parquet", "a/part-1.parquet"),
            ("a/?.csv", "a/xx.csv"),
            ("*.csv", ".x.csv"),
            ("*.csv", "_x.csv"),
            ("**/x.csv", "_temporary/x.csv"),
            ("a/**/x.csv", "b/x.csv"),
            ("A/*", "a/x"),
        ] {
            assert!(!fits(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused_and_the_prefix_ends_at_a_slash() {
        for bad in ["a/[", "a/x**", "***"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!(literal_prefix("a/b/c*.csv"), "a/b/");
        assert_eq!(literal_prefix("*.csv"), "");
        assert_eq!(literal_prefix("a/b"), "a/");
    }
}
