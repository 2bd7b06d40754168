//! A JSON list cut into its values, or objects that follow one another, without holding more than one of them.

use super::super::{Fault, Result};
use std::io::Read;
use std::ops::ControlFlow;

const PIECE: usize = 1 << 20;

/// What may come next between values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// The list, or the first object.
    Start,
    /// The first value of the list, or its end.
    FirstOrEnd,
    /// A value.
    Value,
    /// A comma or the end of the list.
    CommaOrEnd,
    /// Another object: there is no list.
    Object,
    /// Nothing.
    Nothing,
}

/// Where within a value it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    Value,
    Text,
    /// Behind a backslash within text.
    Escape,
}

struct Cutter {
    expect: Expect,
    /// Brackets and braces open within the value; none: between values, or in one without any.
    depth: u64,
    within: Option<Within>,
    /// Whether the value has neither braces nor brackets nor quotes, so that whatever follows ends it.
    bare: bool,
    line: u64,
    /// The line on which the value began.
    begun: u64,
}

/// Gives each value, with the line it begins on (from 1), to `each`, until it breaks.
///
/// # Errors
/// [`Fault::Broken`] where what is between values makes no sense, or the end comes within one; [`Fault::TooLarge`] for a value
/// beyond `longest` bytes.
pub(crate) fn each(mut input: impl Read, longest: usize, each: &mut dyn FnMut(&[u8], u64) -> ControlFlow<()>) -> Result<()> {
    let mut cutter = Cutter { expect: Expect::Start, depth: 0, within: None, bare: false, line: 1, begun: 1 };
    let (mut held, mut seen, mut start) = (Vec::new(), 0, 0);
    loop {
        let read = input.by_ref().take(PIECE as u64).read_to_end(&mut held).map_err(Fault::io)?;
        while seen < held.len() {
            let inside = cutter.within.is_some();
            let (ended, taken) = cutter.step(&held[seen..])?;
            if !inside && cutter.within.is_some() {
                start = seen;
            }
            seen += taken;
            if ended && each(&held[start..seen], cutter.begun).is_break() {
                return Ok(());
            }
        }
        if read == 0 {
            return cutter.finish();
        }
        // What was handed on is not needed any more.
        let keep = if cutter.within.is_some() { start } else { held.len() };
        held.drain(..keep);
        (seen, start) = (held.len(), 0);
        if held.len() > longest {
            let (line, most) = (cutter.begun, longest >> 20);
            return Err(Fault::TooLarge(format!("the value that begins on line {line} is longer than {most} MiB")));
        }
    }
}

impl Cutter {
    /// Looks at what comes first in `rest`: whether a value ends with it, and how many bytes it has.
    fn step(&mut self, rest: &[u8]) -> Result<(bool, usize)> {
        let byte = rest[0];
        match self.within {
            Some(Within::Escape) => {
                self.within = Some(Within::Text);
                Ok((false, 1))
            }
            Some(Within::Text) => match memchr::memchr3(b'"', b'\\', b'\n', rest) {
                None => Ok((false, rest.len())),
                Some(at) => {
                    match rest[at] {
                        b'"' => self.within = Some(Within::Value),
                        b'\\' => self.within = Some(Within::Escape),
                        _ => self.line += 1,
                    }
                    let ended = rest[at] == b'"' && self.depth == 0;
                    if ended {
                        self.end();
                    }
                    Ok((ended, at + 1))
                }
            },
            Some(Within::Value) => Ok(self.inside(byte)),
            None => self.between(byte).map(|ended| (ended, 1)),
        }
    }

    fn end(&mut self) {
        self.within = None;
        self.expect = if self.expect == Expect::Object { Expect::Object } else { Expect::CommaOrEnd };
    }

    fn inside(&mut self, byte: u8) -> (bool, usize) {
        if self.bare && (byte.is_ascii_whitespace() || matches!(byte, b',' | b']' | b'}')) {
            // It is none of the value: looked at again, between values.
            self.end();
            return (true, 0);
        }
        match byte {
            b'\n' => self.line += 1,
            b'"' => self.within = Some(Within::Text),
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    self.end();
                    return (true, 1);
                }
            }
            _ => {}
        }
        (false, 1)
    }

    fn between(&mut self, byte: u8) -> Result<bool> {
        if byte.is_ascii_whitespace() {
            self.line += u64::from(byte == b'\n');
            return Ok(false);
        }
        match (self.expect, byte) {
            (Expect::Start, b'[') => self.expect = Expect::FirstOrEnd,
            (Expect::FirstOrEnd | Expect::CommaOrEnd, b']') => self.expect = Expect::Nothing,
            (Expect::CommaOrEnd, b',') => self.expect = Expect::Value,
            (Expect::Start | Expect::Object, b'{') => {
                self.expect = Expect::Object;
                self.begin(byte);
            }
            (Expect::FirstOrEnd | Expect::Value, byte) if !matches!(byte, b',' | b']' | b'}' | b':') => self.begin(byte),
            _ => return Err(self.unexpected(byte)),
        }
        Ok(false)
    }

    fn begin(&mut self, byte: u8) {
        self.begun = self.line;
        self.bare = !matches!(byte, b'{' | b'[' | b'"');
        self.depth = u64::from(matches!(byte, b'{' | b'['));
        self.within = Some(if byte == b'"' { Within::Text } else { Within::Value });
    }

    fn unexpected(&self, byte: u8) -> Fault {
        let wanted = match self.expect {
            Expect::Start => "a list or an object",
            Expect::FirstOrEnd => "a value or the end of the list",
            Expect::Value => "a value",
            Expect::CommaOrEnd => "a comma or the end of the list",
            Expect::Object => "another object",
            Expect::Nothing => "nothing more",
        };
        let line = self.line;
        Fault::Broken(format!("line {line}: expected {wanted}, found '{}'", byte.escape_ascii()))
    }

    fn finish(&self) -> Result<()> {
        let line = self.line;
        match (self.within, self.expect) {
            (None, Expect::Object | Expect::Nothing) => Ok(()),
            (Some(_), _) => {
                let begun = self.begun;
                Err(Fault::Broken(format!("the file ends within the value that begins on line {begun}")))
            }
            _ => Err(Fault::Broken(format!("line {line}: the file ends within the list"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Result<Vec<(String, u64)>> {
        let mut values = Vec::new();
        each(text.as_bytes(), 1 << 20, &mut |value, line| {
            values.push((String::from_utf8(value.to_vec()).unwrap(), line));
            ControlFlow::Continue(())
        })?;
        Ok(values)
    }

    fn value(text: &str, line: u64) -> (String, u64) {
        (text.to_owned(), line)
    }

    #[test]
    fn lists_and_objects_are_cut() {
        assert_eq!(values("[]").unwrap(), []);
        assert_eq!(
            values(" [ {\"a\": [1, {}]} ,\n{\"b\":\"]}\\\"\"}]\n").unwrap(),
            [value("{\"a\": [1, {}]}", 1), value("{\"b\":\"]}\\\"\"}", 2)]
        );
        assert_eq!(values("{\"a\":\n1}\n{\"b\":2}").unwrap(), [value("{\"a\":\n1}", 1), value("{\"b\":2}", 3)]);
        assert_eq!(
            values("[1, \"x,y\",null,[2]]").unwrap(),
            [value("1", 1), value("\"x,y\"", 1), value("null", 1), value("[2]", 1)]
        );
    }

    #[test]
    fn pieces_may_end_anywhere() {
        let long = "x".repeat(700_000);
        let text = format!("[{{\"a\":\"{long}\"}},{{\"a\":\"{long}\\\\\"}},\n{{\"b\":\"{long}\"}}]");
        let values = values(&text).unwrap();
        assert_eq!(
            values.iter().map(|(value, line)| (value.len(), *line)).collect::<Vec<_>>(),
            [(700_008, 1), (700_010, 1), (700_008, 2)]
        );
    }

    #[test]
    fn what_makes_no_sense_is_told_with_its_line() {
        for (text, expected) in [
            ("[{}\n{}]", "line 2: expected a comma or the end of the list, found '{'"),
            ("[{},]", "line 1: expected a value, found ']'"),
            ("[{}] x", "line 1: expected nothing more, found 'x'"),
            ("[{}", "line 1: the file ends within the list"),
            ("[\n{\"a\":1", "the file ends within the value that begins on line 2"),
            ("{} 1", "line 1: expected another object, found '1'"),
            ("x", "line 1: expected a list or an object, found 'x'"),
            ("", "line 1: the file ends within the list"),
        ] {
            assert_eq!(values(text).unwrap_err().to_string(), expected);
        }
        let fault = values(&format!("[\n\"{}\"]", "x".repeat(3 << 20))).unwrap_err();
        assert_eq!(fault.to_string(), "the value that begins on line 2 is longer than 1 MiB");
    }
}
