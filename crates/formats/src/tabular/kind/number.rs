//! Numbers and integers as text writes them: signs for decimals and groups, and what stands around a number that is not bare.

use super::super::value::{Cell, Value};
use std::borrow::Cow;

/// How numbers are written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Digits {
    pub(crate) decimal: String,
    pub(crate) group: String,
    /// Whether nothing stands around a number, as `€` or `%`.
    pub(crate) bare: bool,
}

impl Default for Digits {
    fn default() -> Self {
        Self { decimal: ".".to_owned(), group: String::new(), bare: true }
    }
}

impl Digits {
    fn is_plain(&self) -> bool {
        self.bare && self.group.is_empty() && self.decimal == "."
    }

    /// `text` with a point and without groups and what stands around it.
    fn plain<'t>(&self, text: &'t str) -> Option<Cow<'t, str>> {
        let text = text.trim();
        if self.is_plain() {
            return Some(Cow::Borrowed(text));
        }
        let mut text = Cow::Borrowed(text);
        if !self.bare {
            let inner = text.trim_start_matches(|letter: char| letter != '-' && !letter.is_ascii_digit());
            text = Cow::Owned(inner.trim_end_matches(|letter: char| !letter.is_ascii_digit()).to_owned());
        }
        if !self.group.is_empty() {
            text = Cow::Owned(text.replace(&self.group, ""));
        }
        if self.decimal != "." {
            if text.contains('.') {
                return None;
            }
            text = Cow::Owned(text.replace(&self.decimal, "."));
        }
        Some(text)
    }
}

/// What is said of a number that 64 bits do not hold.
const TOO_LARGE: &str = "is beyond what 64 bits hold";

/// A number. Words for those that are not finite are taken as Table Schema has them: `NaN`, `INF` and `-INF`, in any case.
pub(super) fn number(cell: Cell<'_>, digits: &Digits) -> Result<Value<'static>, &'static str> {
    Ok(Value::Float(match cell {
        Cell::Text(text) => float(&digits.plain(text).ok_or("")?)?,
        Cell::Number(text) => float(text)?,
        Cell::Int(value) => value as f64,
        Cell::Float(value) => value,
        _ => return Err(""),
    }))
}

fn float(text: &str) -> Result<f64, &'static str> {
    let value: f64 = text.parse().map_err(|_| "")?;
    // Digits that come to infinity are a number all the same, and one that a float is not.
    if value.is_infinite() && text.bytes().any(|byte| byte.is_ascii_digit()) { Err(TOO_LARGE) } else { Ok(value) }
}

/// A whole number.
pub(super) fn integer(cell: Cell<'_>, digits: &Digits) -> Result<Value<'static>, &'static str> {
    const EDGE: f64 = 9_223_372_036_854_775_808.0;
    Ok(Value::Int(match cell {
        Cell::Text(text) => whole(&digits.plain(text).ok_or("")?)?,
        Cell::Number(text) => match text.split_once('.') {
            Some((text, fraction)) if fraction.bytes().all(|byte| byte == b'0') => whole(text)?,
            Some(_) => return Err(""),
            None => whole(text)?,
        },
        Cell::Int(value) => value,
        Cell::Float(value) if value.fract() == 0.0 && (-EDGE..EDGE).contains(&value) => value as i64,
        Cell::Float(value) if value.fract() == 0.0 => return Err(TOO_LARGE),
        _ => return Err(""),
    }))
}

fn whole(text: &str) -> Result<i64, &'static str> {
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    text.parse::<i64>().map_err(|error| if matches!(error.kind(), PosOverflow | NegOverflow) { TOO_LARGE } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(decimal: &str, group: &str, bare: bool) -> Digits {
        Digits { decimal: decimal.to_owned(), group: group.to_owned(), bare }
    }

    fn float_of(text: &str, digits: &Digits) -> Option<f64> {
        match number(Cell::Text(text), digits) {
            Ok(Value::Float(value)) => Some(value),
            _ => None,
        }
    }

    // What frictionless reads them as.
    #[test]
    fn numbers_as_they_are_written() {
        let plain = Digits::default();
        for (text, value) in
            [("1", 1.0), (" -2.50 ", -2.5), ("+.5", 0.5), ("5.", 5.0), ("1e3", 1000.0), ("-INF", f64::NEG_INFINITY)]
        {
            assert_eq!(float_of(text, &plain), Some(value), "{text}");
        }
        assert!(float_of("NaN", &plain).is_some_and(f64::is_nan));
        for text in ["", "1,5", "1 000", "1_000", "0x10", "€5", "5%", "e5", "1e400", "--1"] {
            assert_eq!(float_of(text, &plain), None, "{text}");
        }
        assert_eq!(float_of("1.234.567,89", &digits(",", ".", true)), Some(1_234_567.89));
        assert_eq!(float_of("1 234,5", &digits(",", " ", true)), Some(1234.5));
        assert_eq!(float_of("1.5", &digits(",", "", true)), None);
        assert_eq!(float_of("$ -1,234.50 each", &digits(".", ",", false)), Some(-1234.5));
        assert_eq!(float_of("95%", &digits(".", "", false)), Some(95.0));
        assert_eq!(float_of("%", &digits(".", "", false)), None);
    }

    #[test]
    fn integers_are_those_of_64_bits() {
        let plain = Digits::default();
        let of = |cell| integer(cell, &plain);
        assert_eq!(of(Cell::Text(" +007 ")), Ok(Value::Int(7)));
        assert_eq!(of(Cell::Text("-9223372036854775808")), Ok(Value::Int(i64::MIN)));
        assert_eq!(of(Cell::Text("9223372036854775808")), Err(TOO_LARGE));
        assert_eq!(of(Cell::Float(5.0)), Ok(Value::Int(5)));
        assert_eq!(of(Cell::Float(9_223_372_036_854_775_808.0)), Err(TOO_LARGE));
        assert_eq!(of(Cell::Number("12.00")), Ok(Value::Int(12)));
        for cell in
            [Cell::Text("1.0"), Cell::Text("1e3"), Cell::Text(""), Cell::Float(0.5), Cell::Float(f64::NAN), Cell::Bool(true)]
        {
            assert_eq!(of(cell), Err(""), "{cell:?}");
        }
        assert_eq!(integer(Cell::Text("#12 each"), &digits(".", "", false)), Ok(Value::Int(12)));
        assert_eq!(integer(Cell::Text("12,345"), &digits(".", ",", true)), Ok(Value::Int(12_345)));
    }
}
