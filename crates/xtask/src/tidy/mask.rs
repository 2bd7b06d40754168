//! Looking at Rust text without parsing it: comments and literals blanked, blocks found by their braces.

use std::ops::RangeInclusive;

/// `text` with comments and the insides of string and character literals replaced by spaces; lines stay where they are.
pub(super) fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = literal_end(bytes, at);
        if end > at {
            out[at..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
            at = end;
        } else {
            at += 1;
        }
    }
    String::from_utf8(out).unwrap_or_default()
}

// Where the comment or literal that begins at `at` ends; `at` itself when none does.
fn literal_end(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let inside_name = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    match rest {
        [b'/', b'/', ..] => at + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()),
        [b'/', b'*', ..] => block_comment_end(bytes, at),
        [b'"', ..] => string_end(bytes, at + 1),
        [b'r', b'"' | b'#', ..] if !inside_name => raw_string_end(bytes, at + 1).unwrap_or(at),
        [b'b', b'r', ..] if !inside_name => raw_string_end(bytes, at + 2).unwrap_or(at),
        [b'\'', b'\\', _, tail @ ..] => at + 4 + tail.iter().position(|byte| *byte == b'\'').unwrap_or(0),
        [b'\'', tail @ ..] => character_end(tail).map_or(at, |length| at + 1 + length),
        _ => at,
    }
}

// A character literal ends within one character; what does not is a lifetime.
fn character_end(tail: &[u8]) -> Option<usize> {
    let width = match tail.first()? {
        0..0x80 => 1,
        0x80..0xe0 => 2,
        0xe0..0xf0 => 3,
        _ => 4,
    };
    (tail.get(width) == Some(&b'\'')).then_some(width + 1)
}

fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn raw_string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let hashes = bytes[at..].iter().take_while(|byte| **byte == b'#').count();
    if bytes.get(at + hashes) != Some(&b'"') {
        return None;
    }
    let mut closing = vec![b'"'];
    closing.resize(hashes + 1, b'#');
    let body = at + hashes + 1;
    let length = bytes[body..].windows(closing.len()).position(|window| window == closing);
    Some(length.map_or(bytes.len(), |length| body + length + closing.len()))
}

fn block_comment_end(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0usize);
    while at < bytes.len() {
        match &bytes[at..] {
            [b'/', b'*', ..] => (at, depth) = (at + 2, depth + 1),
            [b'*', b'/', ..] if depth == 1 => return at + 2,
            [b'*', b'/', ..] => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Where `word` stands on its own in `line`.
pub(super) fn find_word(line: &str, word: &str) -> Option<usize> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let bytes = line.as_bytes();
    line.match_indices(word).map(|(at, _)| at).find(|at| {
        let free_before = *at == 0 || !is_name(bytes[at - 1]) || !word.starts_with(|first: char| first.is_alphanumeric());
        let after = at + word.len();
        free_before && (bytes.get(after).is_none_or(|byte| !is_name(*byte)) || !word.ends_with(char::is_alphanumeric))
    })
}

/// A function in blanked code: its name and the lines from `fn` to its closing brace.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) lines: RangeInclusive<usize>,
}

/// Every function that has a body.
pub(super) fn functions(code: &str) -> Vec<Function> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = find_word(&code[from..], "fn").map(|at| at + from) {
        from = at + 2;
        let rest = code[from..].trim_start();
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if name.is_empty() {
            continue;
        }
        if let Some(end) = body_start(code, from).and_then(|open| block_end(code, open)) {
            found.push(Function { name, lines: line_of(code, at)..=line_of(code, end) });
        }
    }
    found
}

/// The lines of items marked `#[cfg(test)]`.
pub(super) fn test_lines(code: &str) -> Vec<RangeInclusive<usize>> {
    let marks = code.match_indices("#[cfg(test)]").map(|(at, _)| at);
    let blocks = marks.filter_map(|at| {
        let start = at + "#[cfg(test)]".len();
        let end = body_start(code, start).and_then(|open| block_end(code, open));
        Some(line_of(code, at)..=line_of(code, end?))
    });
    blocks.collect()
}

// The `{` of an item, unless `;` ends the item before. Brackets may hold either (`[u8; 4]`).
fn body_start(code: &str, from: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (at, byte) in code.bytes().enumerate().skip(from) {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            b'{' if depth == 0 => return Some(at),
            b';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

fn block_end(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn line_of(code: &str, at: usize) -> usize {
    1 + code.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_and_lines_stay() {
        let text = "let a = \"x // {\"; // fn no()\nlet b: &'a str = r#\"\" } \"#; /* { /* } */ \n */ let c = '{'; let d = '\\''; f('é')";
        let code = blank(text);
        assert_eq!(code.lines().count(), 3);
        assert!(!code.contains(['{', '}', '"', 'é']), "{code}");
        assert!(code.contains("&'a str") && code.contains("let d") && code.ends_with(')'), "{code}");
    }

    #[test]
    fn functions_are_measured_to_their_closing_brace() {
        let code = "fn one(a: [u8; 2]) -> u8 {\n if true { 1 }\n}\ntrait T { fn none(&self); }\nlet f: fn(u8) = g;\n";
        assert_eq!(functions(code), [Function { name: "one".into(), lines: 1..=3 }]);
    }

    #[test]
    fn test_modules_are_found() {
        assert_eq!(test_lines("fn a() {}\n#[cfg(test)]\nmod tests {\n fn b() {}\n}\nfn c() {}\n"), [2..=5]);
        assert!(test_lines("#[cfg(test)]\nmod tests;\nfn c() {}\n").is_empty());
    }

    #[test]
    fn words_stand_alone() {
        assert_eq!(find_word("use axum::Router", "axum"), Some(4));
        assert_eq!(find_word("use my_axum::Router", "axum"), None);
        assert_eq!(find_word("eprintln!(1)", "println!"), None);
    }
}
