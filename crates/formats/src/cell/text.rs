//! Text and binary, and how text becomes a JSON string.

use super::Cell;
use arrow::array::{
    Array, AsArray, BinaryViewArray, FixedSizeBinaryArray, GenericBinaryArray, GenericStringArray, OffsetSizeTrait,
    StringViewArray,
};

pub(super) fn strings<O: OffsetSizeTrait>(array: &dyn Array) -> Box<dyn Cell> {
    Box::new(Strings(array.as_string::<O>().clone()))
}

pub(super) fn string_views(array: &dyn Array) -> Box<dyn Cell> {
    Box::new(Strings(array.as_string_view().clone()))
}

pub(super) fn binaries<O: OffsetSizeTrait>(array: &dyn Array) -> Box<dyn Cell> {
    Box::new(Binaries(array.as_binary::<O>().clone()))
}

pub(super) fn binary_views(array: &dyn Array) -> Box<dyn Cell> {
    Box::new(Binaries(array.as_binary_view().clone()))
}

pub(super) fn fixed_binaries(array: &dyn Array) -> Box<dyn Cell> {
    Box::new(Binaries(array.as_fixed_size_binary().clone()))
}

/// An array whose rows are bytes.
trait Bytes {
    fn bytes(&self, row: usize) -> &[u8];
}

impl<O: OffsetSizeTrait> Bytes for GenericStringArray<O> {
    fn bytes(&self, row: usize) -> &[u8] {
        self.value(row).as_bytes()
    }
}

impl Bytes for StringViewArray {
    fn bytes(&self, row: usize) -> &[u8] {
        self.value(row).as_bytes()
    }
}

impl<O: OffsetSizeTrait> Bytes for GenericBinaryArray<O> {
    fn bytes(&self, row: usize) -> &[u8] {
        self.value(row)
    }
}

impl Bytes for BinaryViewArray {
    fn bytes(&self, row: usize) -> &[u8] {
        self.value(row)
    }
}

impl Bytes for FixedSizeBinaryArray {
    fn bytes(&self, row: usize) -> &[u8] {
        self.value(row)
    }
}

struct Strings<A>(A);

impl<A: Bytes> Cell for Strings<A> {
    fn json(&self, row: usize, out: &mut Vec<u8>) {
        push_string(self.0.bytes(row), out);
    }

    fn text(&self, row: usize, out: &mut Vec<u8>) -> bool {
        out.extend_from_slice(self.0.bytes(row));
        true
    }

    fn plain(&self) -> bool {
        false
    }
}

struct Binaries<A>(A);

impl<A: Bytes> Cell for Binaries<A> {
    fn json(&self, row: usize, out: &mut Vec<u8>) {
        let bytes = self.0.bytes(row);
        if std::str::from_utf8(bytes).is_ok() { push_string(bytes, out) } else { out.extend_from_slice(b"null") }
    }

    fn text(&self, row: usize, out: &mut Vec<u8>) -> bool {
        let bytes = self.0.bytes(row);
        let is_text = std::str::from_utf8(bytes).is_ok();
        if is_text {
            out.extend_from_slice(bytes);
        }
        is_text
    }

    fn plain(&self) -> bool {
        false
    }
}

/// Appends `text` (UTF-8) as a JSON string, with its quotes.
#[inline]
pub(crate) fn push_string(text: &[u8], out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    if needs_escape(text) {
        push_escaped(text, out)
    } else {
        out.extend_from_slice(text)
    }
    out.push(b'"');
}

/// Whether a JSON string cannot hold `text` as it is. Eight bytes are judged at once.
#[inline]
fn needs_escape(text: &[u8]) -> bool {
    let (words, _) = text.as_chunks::<8>();
    let Some(last) = text.last_chunk::<8>() else {
        return text.iter().any(|byte| ESCAPES[usize::from(*byte)] != 0);
    };
    words.iter().chain([last]).any(|word| has_special(u64::from_le_bytes(*word)))
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = ONES << 7;

/// Whether one of the eight bytes is below 0x20, a quote or a backslash.
#[inline]
fn has_special(word: u64) -> bool {
    let zero_byte = |word: u64| word.wrapping_sub(ONES) & !word;
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (control | zero_byte(word ^ (ONES * u64::from(b'"'))) | zero_byte(word ^ (ONES * u64::from(b'\\')))) & HIGHS != 0
}

/// The character that stands for a byte after a backslash; `u`: its code follows; 0: the byte stands for itself.
const ESCAPES: [u8; 256] = {
    let mut escapes = [0; 256];
    let mut byte = 0;
    while byte < 0x20 {
        escapes[byte] = b'u';
        byte += 1;
    }
    escapes[b'"' as usize] = b'"';
    escapes[b'\\' as usize] = b'\\';
    escapes[b'\n' as usize] = b'n';
    escapes[b'\r' as usize] = b'r';
    escapes[b'\t' as usize] = b't';
    escapes[0x08] = b'b';
    escapes[0x0c] = b'f';
    escapes
};

fn push_escaped(text: &[u8], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut written = 0;
    for (at, byte) in text.iter().enumerate() {
        let short = ESCAPES[usize::from(*byte)];
        if short == 0 {
            continue;
        }
        out.extend_from_slice(&text[written..at]);
        written = at + 1;
        out.extend_from_slice(&[b'\\', short]);
        if short == b'u' {
            out.extend_from_slice(&[b'0', b'0', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
    out.extend_from_slice(&text[written..]);
}

/// Appends what `write` appends, which is text, as a JSON string.
pub(super) fn push_quoted(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    let start = out.len();
    write(out);
    if needs_escape(&out[start..]) {
        let text = out.split_off(start);
        push_escaped(&text, out);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::push_string;
    use crate::cell::{json, written};
    use arrow::array::*;

    #[test]
    fn every_byte_that_needs_it_is_escaped_wherever_it_stands() {
        for special in (0u8..0x20).chain([b'"', b'\\']) {
            for length in 1..20 {
                for at in 0..length {
                    let mut text = vec![b'a'; length];
                    text[at] = special;
                    let mut out = Vec::new();
                    push_string(&text, &mut out);
                    let back: String = serde_json::from_slice(&out).unwrap();
                    assert_eq!(back.as_bytes(), text);
                }
            }
        }
    }

    #[test]
    fn ordinary_text_is_untouched() {
        let texts = ["", "a", "Zürich, straße", "日本語のテキスト", "🙂🙂🙂", "\u{7f}\u{2028}", "exactly8", "a / b ! # [ ] ~"];
        for text in texts {
            let mut out = Vec::new();
            push_string(text.as_bytes(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), format!("\"{text}\""));
        }
    }

    #[test]
    fn all_kinds_of_text() {
        let rows = [Some("a"), None, Some(""), Some("say \"hi\"\n\u{1}"), Some("a text longer than twelve bytes")];
        let expected = ["\"a\"", "null", "\"\"", r#""say \"hi\"\n\u0001""#, "\"a text longer than twelve bytes\""];
        assert_eq!(json(&StringArray::from(rows.to_vec())), expected);
        assert_eq!(json(&LargeStringArray::from(rows.to_vec())), expected);
        assert_eq!(json(&StringViewArray::from(rows.to_vec())), expected);
        assert_eq!(json(&StringArray::from(rows.to_vec()).slice(1, 3)), expected[1..4]);
        assert_eq!(written(&StringArray::from(rows.to_vec())).1[3].as_deref(), Some("say \"hi\"\n\u{1}"));
    }

    #[test]
    fn binary_is_text_or_null() {
        let rows: Vec<Option<&[u8]>> = vec![Some(b"ok"), None, Some(b"\xff\xfe"), Some("é".as_bytes())];
        let expected = ["\"ok\"", "null", "null", "\"é\""];
        assert_eq!(json(&BinaryArray::from(rows.clone())), expected);
        assert_eq!(json(&LargeBinaryArray::from(rows.clone())), expected);
        assert_eq!(json(&BinaryViewArray::from(rows.clone())), expected);
        assert_eq!(written(&BinaryArray::from(rows.clone())).1, [Some("ok".to_owned()), None, None, Some("é".to_owned())]);
        let fixed = FixedSizeBinaryArray::try_from_sparse_iter_with_size(rows.into_iter(), 2).unwrap();
        assert_eq!(json(&fixed.slice(1, 3)), expected[1..]);
    }
}
