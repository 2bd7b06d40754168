//! The part of a JSON document that is below some keys, found and cut out as it is read.

use std::io::{self, Read};

/// Bytes read at once.
const PIECE: usize = 64 << 10;
/// Bytes of a key at most that is compared; longer ones are none that anybody asks for.
const LONGEST: usize = 4096;

/// Reads the value below `keys` of the JSON that `input` is, and nothing else. Where there is no such value, or what is before it is no JSON, nothing
/// comes.
pub(super) struct Below<R> {
    input: R,
    keys: Vec<Vec<u8>>,
    held: Vec<u8>,
    at: usize,
    /// Keys found so far.
    found: usize,
    /// Braces and brackets open.
    depth: usize,
    /// The key being read, or the last that was read, at the depth where the next is looked for.
    key: Vec<u8>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Where a value begins.
    Value,
    /// Within an object that is looked into: where a key begins.
    Key,
    /// Within such a key; whether behind a backslash.
    InKey(bool),
    /// Behind such a key.
    Colon,
    /// Within a text that does not matter; whether behind a backslash.
    Text(bool),
    /// Within or behind a value that does not matter.
    Other,
    /// The value is found.
    Found,
    /// Within a text of it; whether behind a backslash.
    FoundText(bool),
    Done,
}

impl<R: Read> Below<R> {
    pub(super) fn new(input: R, keys: &[String]) -> Self {
        // As they stand in a document: escaped.
        let escaped = |key: &String| serde_json::to_string(key).unwrap_or_default().into_bytes();
        let inner = |key: Vec<u8>| key.get(1..key.len().saturating_sub(1)).unwrap_or_default().to_vec();
        let keys = keys.iter().map(escaped).map(inner).collect();
        Self { input, keys, held: Vec::new(), at: 0, found: 0, depth: 0, key: Vec::new(), state: State::Value }
    }

    fn fill(&mut self) -> io::Result<bool> {
        self.held.resize(PIECE, 0);
        let read = loop {
            match self.input.read(&mut self.held) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.held.truncate(read);
        self.at = 0;
        Ok(read > 0)
    }

    /// Looks at a byte; whether it is of the value.
    fn step(&mut self, byte: u8) -> bool {
        match self.state {
            State::Found | State::FoundText(_) => return self.step_found(byte),
            State::Text(escaped) => self.state = in_text(byte, escaped).map_or(State::Other, State::Text),
            State::InKey(escaped) => match in_text(byte, escaped) {
                Some(escaped) => {
                    self.state = State::InKey(escaped);
                    if self.key.len() <= LONGEST {
                        self.key.push(byte);
                    }
                }
                None => self.state = State::Colon,
            },
            _ if byte.is_ascii_whitespace() => {}
            State::Colon if byte == b':' && self.keys.get(self.found) == Some(&self.key) => {
                self.found += 1;
                self.state = State::Value;
            }
            State::Colon => self.state = if byte == b':' { State::Other } else { State::Done },
            State::Value if self.found == self.keys.len() => {
                // Only a list can be rows.
                self.state = if byte == b'[' { State::Found } else { State::Done };
                self.depth = 1;
                return byte == b'[';
            }
            State::Value if byte == b'{' => {
                self.depth = self.found + 1;
                self.state = State::Key;
            }
            State::Key if byte == b'"' => {
                self.key.clear();
                self.state = State::InKey(false);
            }
            State::Other => self.step_other(byte),
            _ => self.state = State::Done,
        }
        false
    }

    fn step_other(&mut self, byte: u8) {
        match byte {
            b'"' => self.state = State::Text(false),
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth <= self.found {
                    // The object ends, and the key was not in it.
                    self.state = State::Done;
                }
            }
            b',' if self.depth == self.found + 1 => self.state = State::Key,
            _ => {}
        }
    }

    fn step_found(&mut self, byte: u8) -> bool {
        match (self.state, byte) {
            (State::FoundText(escaped), _) => self.state = in_text(byte, escaped).map_or(State::Found, State::FoundText),
            (_, b'"') => self.state = State::FoundText(false),
            (_, b'{' | b'[') => self.depth += 1,
            (_, b'}' | b']') => {
                self.depth -= 1;
                if self.depth == 0 {
                    self.state = State::Done;
                }
            }
            _ => {}
        }
        true
    }
}

/// Whether a text goes on behind `byte`, and whether what follows is escaped.
fn in_text(byte: u8, escaped: bool) -> Option<bool> {
    match byte {
        _ if escaped => Some(false),
        b'\\' => Some(true),
        b'"' => None,
        _ => Some(false),
    }
}

impl<R: Read> Read for Below<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut written = 0;
        while written < out.len() && self.state != State::Done {
            if self.at == self.held.len() && (written > 0 || !self.fill()?) {
                break;
            }
            let byte = self.held[self.at];
            self.at += 1;
            if self.step(byte) {
                out[written] = byte;
                written += 1;
            }
        }
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn below(text: &str, keys: &[&str]) -> String {
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        let mut out = String::new();
        Below::new(text.as_bytes(), &keys).read_to_string(&mut out).unwrap();
        out
    }

    #[test]
    fn values_are_found_wherever_they_are() {
        let text = r#" {"x": {"b": [9], "a": "}]\"{"}, "a" : {"n": [[1]], "b": [ {"c": "]\"}"}, [2] ], "z": 1}, "b": [3]} "#;
        assert_eq!(below(text, &["a", "b"]), r#"[ {"c": "]\"}"}, [2] ]"#);
        assert_eq!(below(text, &["b"]), "[3]");
        assert_eq!(below(text, &["x", "b"]), "[9]");
        assert_eq!(below(r#"{"a\"b":[1]}"#, &["a\"b"]), "[1]");
    }

    #[test]
    fn where_there_is_none_nothing_comes() {
        for (text, keys) in [
            (r#"{"a": 1}"#, &["a"][..]),
            (r#"{"a": {"b": [1]}}"#, &["b"]),
            (r#"{"a": [{"b": [1]}]}"#, &["a", "b"]),
            (r#"{"a": {"c": 1}, "b": [1]}"#, &["a", "b"]),
            ("[1]", &["a"]),
            ("", &["a"]),
            ("{", &["a"]),
            (r#"{"a" [1]}"#, &["a"]),
        ] {
            assert_eq!(below(text, keys), "", "{text}");
        }
    }
}
