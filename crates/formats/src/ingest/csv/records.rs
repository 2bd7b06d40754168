//! Rows of fields out of a piece of text that holds whole rows.
//!
//! A field that begins with a quote ends with the next one that is not doubled; what follows up to the delimiter belongs to it as it is. A
//! quote anywhere else is a letter. Rows end with `\n`, `\r\n` or `\r`; blank lines are no rows. This is how Python's `csv` reads.

use super::{Dialect, More};

/// The fields of one row.
#[derive(Debug, Default)]
pub(crate) struct Fields<'a> {
    text: &'a [u8],
    /// Fields that are not as they stand in the text: doubled quotes, something behind the closing one.
    made: Vec<u8>,
    places: Vec<Place>,
    /// Fields that are only counted.
    more: usize,
}

/// Fields whose places are kept: no table has as many, and a row of nothing but delimiters is not to take more memory than text.
const MOST: usize = 100_000;

#[derive(Debug, Clone, Copy)]
struct Place {
    start: usize,
    end: usize,
    made: bool,
}

impl Fields<'_> {
    pub(crate) fn len(&self) -> usize {
        self.places.len() + self.more
    }

    /// A field; empty when there are not so many.
    #[inline]
    pub(crate) fn get(&self, at: usize) -> &[u8] {
        let Some(place) = self.places.get(at) else { return b"" };
        let from = if place.made { &self.made[..] } else { self.text };
        from.get(place.start..place.end).unwrap_or_default()
    }

    /// A field as text, where `valid` is the piece of text it is of, if that is UTF-8 as a whole; `None`: it is no UTF-8.
    #[inline]
    pub(crate) fn text<'t>(&'t self, at: usize, valid: Option<&'t str>) -> Option<&'t str> {
        let Some(place) = self.places.get(at) else { return Some("") };
        match valid {
            Some(valid) if !place.made => valid.get(place.start..place.end),
            _ => std::str::from_utf8(self.get(at)).ok(),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|at| self.get(at))
    }
}

/// One row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    /// The line it begins on, from 0.
    pub(crate) line: u64,
    /// Whether its last field's quote was closed.
    pub(crate) closed: bool,
}

/// The rows of a piece of text.
pub(crate) struct Records<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
    delimiter: u8,
    quote: u8,
    more: More,
    /// What ends a field.
    ends: [bool; 256],
}

impl<'a> Records<'a> {
    pub(crate) fn new(text: &'a [u8], dialect: &Dialect) -> Self {
        let mut ends = [false; 256];
        for byte in [dialect.delimiter, b'\n', b'\r'] {
            ends[usize::from(byte)] = true;
        }
        Self { text, at: 0, line: 0, delimiter: dialect.delimiter, quote: dialect.quote, more: dialect.more, ends }
    }

    /// Ends of lines so far.
    pub(crate) fn lines(&self) -> u64 {
        self.line
    }

    /// Takes the next row apart.
    pub(crate) fn next(&mut self, fields: &mut Fields<'a>) -> Option<Record> {
        while let Some(b'\n' | b'\r') = self.text.get(self.at)
            && !self.more.blanks
        {
            self.end_line();
        }
        if self.at >= self.text.len() {
            return None;
        }
        (fields.text, fields.made, fields.places) =
            (self.text, std::mem::take(&mut fields.made), std::mem::take(&mut fields.places));
        fields.made.clear();
        fields.places.clear();
        fields.more = 0;
        let mut record = Record { line: self.line, closed: true };
        if let Some(b'\n' | b'\r') = self.text.get(self.at) {
            self.end_line();
            return Some(record);
        }
        let slow = self.more.escape.is_some() || self.more.single;
        loop {
            if self.more.trim {
                self.at += self.text[self.at..].iter().take_while(|byte| **byte == b' ').count();
            }
            let quoted = !self.more.unquoted && self.text.get(self.at) == Some(&self.quote);
            let place = match (slow, quoted) {
                (true, _) => self.escaped(quoted, &mut fields.made, &mut record.closed),
                (_, true) => self.quoted(&mut fields.made, &mut record.closed),
                _ => self.plain(),
            };
            if fields.places.len() < MOST {
                fields.places.push(place);
            } else {
                fields.more += 1;
            }
            match self.text.get(self.at) {
                Some(byte) if *byte == self.delimiter => self.at += 1,
                Some(_) => {
                    self.end_line();
                    return Some(record);
                }
                None => return Some(record),
            }
        }
    }

    fn end_line(&mut self) {
        if self.text[self.at..].starts_with(b"\r\n") {
            self.at += 1;
        }
        self.at += 1;
        self.line += 1;
    }

    #[inline]
    fn plain(&mut self) -> Place {
        let start = self.at;
        let rest = &self.text[start..];
        let length = rest.iter().position(|byte| self.ends[usize::from(*byte)]).unwrap_or(rest.len());
        self.at += length;
        Place { start, end: self.at, made: false }
    }

    /// A field letter by letter, where some stand for themselves because of what is before them.
    fn escaped(&mut self, quoted: bool, made: &mut Vec<u8>, closed: &mut bool) -> Place {
        let (start, mut within) = (made.len(), quoted);
        self.at += usize::from(quoted);
        while let Some(byte) = self.text.get(self.at).copied() {
            if !within && self.ends[usize::from(byte)] {
                break;
            }
            let next = self.text.get(self.at + 1).copied();
            let (letter, taken) = match next {
                Some(next) if self.more.escape == Some(byte) => (Some(next), 2),
                Some(next) if within && byte == self.quote && next == byte && !self.more.single => (Some(byte), 2),
                _ if within && byte == self.quote => (None, 1),
                _ => (Some(byte), 1),
            };
            within &= letter.is_some();
            self.line += u64::from(letter == Some(b'\n'));
            made.extend(letter);
            self.at += taken;
        }
        *closed &= !within;
        Place { start, end: made.len(), made: true }
    }

    fn quoted(&mut self, made: &mut Vec<u8>, closed: &mut bool) -> Place {
        let start = self.at + 1;
        let (mut from, made_start, mut is_made) = (start, made.len(), false);
        let end = loop {
            let Some(found) = memchr::memchr(self.quote, &self.text[from..]) else {
                *closed = false;
                break self.text.len();
            };
            let quote = from + found;
            if self.text.get(quote + 1) != Some(&self.quote) {
                break quote;
            }
            made.extend_from_slice(&self.text[from..=quote]);
            is_made = true;
            from = quote + 2;
        };
        self.line += memchr::memchr_iter(b'\n', &self.text[start..end]).count() as u64;
        self.at = end + usize::from(*closed);
        let tail = self.plain();
        if is_made || tail.start < tail.end {
            made.extend_from_slice(&self.text[from..end]);
            made.extend_from_slice(&self.text[tail.start..tail.end]);
            return Place { start: made_start, end: made.len(), made: true };
        }
        Place { start, end, made: false }
    }
}

#[cfg(test)]
mod tests {
    use super::super::More;
    use super::*;

    fn rows(text: &str) -> Vec<(u64, Vec<String>)> {
        rows_with(text, More::NONE)
    }

    fn rows_with(text: &str, more: More) -> Vec<(u64, Vec<String>)> {
        let dialect = Dialect { delimiter: b',', quote: b'"', header: false, more };
        let (mut records, mut fields) = (Records::new(text.as_bytes(), &dialect), Fields::default());
        let mut rows = Vec::new();
        while let Some(record) = records.next(&mut fields) {
            let texts = (0..fields.len()).map(|at| fields.text(at, Some(text)).unwrap().to_owned());
            rows.push((record.line, texts.collect()));
        }
        rows
    }

    fn row(line: u64, fields: &[&str]) -> (u64, Vec<String>) {
        (line, fields.iter().map(|field| (*field).to_owned()).collect())
    }

    #[test]
    fn fields_as_python_cuts_them() {
        assert_eq!(rows("a,b\n1,\"x,y\"\n"), [row(0, &["a", "b"]), row(1, &["1", "x,y"])]);
        assert_eq!(rows("\"a\"\"b\",\"\",c"), [row(0, &["a\"b", "", "c"])]);
        assert_eq!(rows("a\"b,\"c\"d\"e,f"), [row(0, &["a\"b", "cd\"e", "f"])]);
        assert_eq!(rows("a,\n,b\n"), [row(0, &["a", ""]), row(1, &["", "b"])]);
        assert_eq!(rows("\"\"\"x\"\"\"\n"), [row(0, &["\"x\""])]);
    }

    #[test]
    fn lines_are_counted_whatever_ends_them() {
        assert_eq!(rows("a\r\nb\rc\n\n\nd"), [row(0, &["a"]), row(1, &["b"]), row(2, &["c"]), row(5, &["d"])]);
        assert_eq!(rows("\"x\ny\",1\nz,2"), [row(0, &["x\ny", "1"]), row(2, &["z", "2"])]);
        assert_eq!(rows("\n\n"), []);
        assert_eq!(rows("\"\"\n"), [row(0, &[""])]);
    }

    #[test]
    fn what_callers_say_changes_how_fields_are_cut() {
        let escape = More { escape: Some(b'\\'), ..More::NONE };
        assert_eq!(rows_with("a\\,b,\"c\\\"d\"\n\"x\ny\",2", escape), [row(0, &["a,b", "c\"d"]), row(1, &["x\ny", "2"])]);
        assert_eq!(rows_with("\"a\"\"b\",c", More { single: true, ..escape }), [row(0, &["a\"b\"", "c"])]);
        assert_eq!(rows_with("\"a\"\"b\",c", escape), [row(0, &["a\"b", "c"])]);
        assert_eq!(
            rows_with("a,  \"b, c\"\n 1, 2", More { trim: true, ..More::NONE }),
            [row(0, &["a", "b, c"]), row(1, &["1", "2"])]
        );
        assert_eq!(rows_with("\"a,b\"", More { unquoted: true, ..More::NONE }), [row(0, &["\"a", "b\""])]);
        let blanks = More { blanks: true, ..More::NONE };
        assert_eq!(rows_with("\na\r\n\r\nb\n", blanks), [row(0, &[]), row(1, &["a"]), row(2, &[]), row(3, &["b"])]);
    }

    #[test]
    fn a_row_of_delimiters_is_counted() {
        let dialect = Dialect { delimiter: b',', quote: b'"', header: false, more: More::NONE };
        let text = ",".repeat(MOST + 5);
        let mut fields = Fields::default();
        Records::new(text.as_bytes(), &dialect).next(&mut fields).unwrap();
        assert_eq!((fields.len(), fields.places.len()), (MOST + 6, MOST));
        assert_eq!((fields.get(MOST + 2), fields.text(MOST + 2, None)), (&b""[..], Some("")));
    }

    #[test]
    fn a_quote_that_is_never_closed_is_told() {
        let dialect = Dialect { delimiter: b',', quote: b'"', header: false, more: More::NONE };
        let mut fields = Fields::default();
        let mut records = Records::new(b"a,\"b\nc", &dialect);
        assert_eq!(records.next(&mut fields), Some(Record { line: 0, closed: false }));
        assert_eq!(fields.get(1), b"b\nc");
        assert_eq!(records.next(&mut fields), None);
    }
}
