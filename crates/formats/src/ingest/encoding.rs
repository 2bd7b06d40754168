//! How text is encoded, and making it UTF-8.

use super::compression::Scratch;
use super::{Fault, Limits, Result};
use encoding_rs::{DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Bytes looked at at once.
const PIECE: usize = 1 << 20;
/// Stands in UTF-8 that we made for what could not be decoded: no UTF-8 has it, so the row it is in will be reported.
const UNDECODABLE: u8 = 0xff;

/// How a file's text is encoded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) encoding: &'static Encoding,
    /// The bytes of the mark at its start.
    pub(crate) mark: u64,
}

/// Finds the encoding of the text at `path`: by its mark, by the zeros that UTF-16 is full of, else by reading all of it. What is
/// not UTF-8 is Windows-1252 (which Latin-1 is part of) unless that would make nonsense of it.
pub(crate) fn find(path: &Path, declared: Option<&'static Encoding>) -> Result<Found> {
    let mut file = File::open(path).map_err(Fault::io)?;
    let mut piece = vec![0; PIECE];
    let read = fill(&mut file, &mut piece)?;
    let head = &piece[..read];
    if let Some((encoding, mark)) = Encoding::for_bom(head) {
        let wanted = declared.unwrap_or(encoding);
        return Ok(Found { encoding: wanted, mark: if wanted == encoding { mark as u64 } else { 0 } });
    }
    if let Some(encoding) = declared.or_else(|| wide(&head[..head.len().min(4096)])) {
        return Ok(Found { encoding, mark: 0 });
    }
    let mut tally = Tally::default();
    let mut read = read;
    while read > 0 {
        tally.feed(&piece[..read]);
        read = fill(&mut file, &mut piece)?;
    }
    Ok(Found { encoding: tally.encoding(), mark: 0 })
}

/// UTF-16 without a mark, where most text is of one script: every other byte is zero.
fn wide(head: &[u8]) -> Option<&'static Encoding> {
    let zeros = |first: usize| head.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, half) = (zeros(0), zeros(1), head.len() / 2);
    if half == 0 {
        None
    } else if odd * 10 >= half * 6 && even * 20 <= half {
        Some(UTF_16LE)
    } else if even * 10 >= half * 6 && odd * 20 <= half {
        Some(UTF_16BE)
    } else {
        None
    }
}

fn fill(file: &mut File, piece: &mut [u8]) -> Result<usize> {
    let mut read = 0;
    while read < piece.len() {
        match file.read(&mut piece[read..]) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Fault::io(error)),
        }
    }
    Ok(read)
}

/// What speaks for UTF-8, and what against it.
#[derive(Default)]
struct Tally {
    letters: u64,
    wrong: u64,
    /// Of these, those that mean nothing, or next to nothing, in Windows-1252.
    senseless: u64,
    /// A letter that began at the end of the last piece.
    cut: Vec<u8>,
}

impl Tally {
    fn feed(&mut self, piece: &[u8]) {
        let joined;
        let mut rest = if self.cut.is_empty() {
            piece
        } else {
            joined = [&self.cut, piece].concat();
            &joined[..]
        };
        let mut cut = Vec::new();
        loop {
            let (valid, wrong) = match std::str::from_utf8(rest) {
                Ok(_) => (rest.len(), None),
                Err(error) => (error.valid_up_to(), Some(error.error_len())),
            };
            if !rest[..valid].is_ascii() {
                self.letters += rest[..valid].iter().filter(|byte| **byte >= 0xc0).count() as u64;
            }
            match wrong {
                None => break,
                Some(None) => {
                    cut = rest[valid..].to_vec();
                    break;
                }
                Some(Some(length)) => {
                    self.wrong += 1;
                    self.senseless += u64::from(matches!(rest[valid], 0x81 | 0x8d | 0x8f | 0x90 | 0x9d | 0xfe | 0xff));
                    rest = &rest[valid + length..];
                }
            }
        }
        self.cut = cut;
    }

    fn encoding(&self) -> &'static Encoding {
        let wrong = self.wrong + u64::from(!self.cut.is_empty());
        if wrong > self.letters && self.senseless * 4 <= wrong { WINDOWS_1252 } else { UTF_8 }
    }
}

/// Writes the text at `path` as UTF-8, without its mark, to a file at `to`.
pub(crate) fn to_utf8(path: &Path, found: Found, to: PathBuf, limits: &Limits) -> Result<Scratch> {
    let mut file = File::open(path).map_err(Fault::io)?;
    file.seek(SeekFrom::Start(found.mark)).map_err(Fault::io)?;
    let (scratch, mut out) = Scratch::create(to)?;
    let mut decoder = found.encoding.new_decoder_without_bom_handling();
    let (mut piece, mut text) = (vec![0; PIECE], vec![0; PIECE * 2]);
    let mut total = 0;
    loop {
        let read = fill(&mut file, &mut piece)?;
        let last = read == 0;
        let mut rest = &piece[..read];
        loop {
            let (result, taken, written) = decoder.decode_to_utf8_without_replacement(rest, &mut text, last);
            rest = &rest[taken..];
            out.write_all(&text[..written]).map_err(Fault::io)?;
            total += written as u64;
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => out.write_all(&[UNDECODABLE]).map_err(Fault::io)?,
            }
        }
        if total > limits.unpacked_bytes {
            let most = limits.unpacked_bytes >> 20;
            return Err(Fault::TooLarge(format!("the text is longer than {most} MiB as UTF-8, the most that is taken")));
        }
        if last {
            return out.flush().map(|()| scratch).map_err(Fault::io);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf8(bytes: &[u8], declared: Option<&'static Encoding>) -> (&'static str, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in");
        std::fs::write(&path, bytes).unwrap();
        let found = find(&path, declared).unwrap();
        let scratch = to_utf8(&path, found, folder.path().join("out"), &Limits::default()).unwrap();
        (found.encoding.name(), std::fs::read(&scratch.path).unwrap())
    }

    fn utf16(text: &str, little: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    }

    #[test]
    fn encodings_are_found() {
        let text = "name,città\r\nZoë,5 €\n";
        let (latin, _, _) = WINDOWS_1252.encode(text);
        for (bytes, name) in [
            (text.as_bytes().to_vec(), "UTF-8"),
            ([b"\xef\xbb\xbf", text.as_bytes()].concat(), "UTF-8"),
            (latin.into_owned(), "windows-1252"),
            (utf16(text, true), "UTF-16LE"),
            (utf16(text, false), "UTF-16BE"),
            ([vec![0xff, 0xfe], utf16(text, true)].concat(), "UTF-16LE"),
            ([vec![0xfe, 0xff], utf16(text, false)].concat(), "UTF-16BE"),
        ] {
            let (found, read) = utf8(&bytes, None);
            assert_eq!((found, std::str::from_utf8(&read).unwrap()), (name, text), "{name}");
        }
        assert_eq!(utf8(b"a,b\n1,2\n", None).0, "UTF-8");
        assert_eq!(utf8(b"", None).0, "UTF-8");
    }

    #[test]
    fn damage_is_not_taken_for_another_encoding() {
        assert_eq!(utf8(b"a\n\xff\xfe\n", None).0, "UTF-8");
        assert_eq!(utf8("é è ü ö\n".repeat(9).as_bytes(), None).0, "UTF-8");
        assert_eq!(utf8(&[&"é è ü ö\n".repeat(9).into_bytes()[..], b"caf\xe9"].concat(), None).0, "UTF-8");
        assert_eq!(utf8(b"caf\xe9,1\n", None).0, "windows-1252");
        assert_eq!(utf8(b"caf\xe9,1\n", Some(UTF_8)).0, "UTF-8");
    }

    #[test]
    fn a_letter_between_two_pieces_is_one() {
        let mut text = "x".repeat(PIECE - 1);
        text.push('é');
        assert_eq!(utf8(text.as_bytes(), None), ("UTF-8", text.clone().into_bytes()));
    }

    #[test]
    fn what_cannot_be_decoded_is_left_to_be_reported() {
        let mut bytes = utf16("a\nb", true);
        bytes.extend([0x00, 0xd8, b'c', 0]);
        let (_, read) = utf8(&bytes, Some(UTF_16LE));
        assert_eq!(read, b"a\nb\xffc");
        assert_eq!(utf8(b"a\0b", Some(UTF_16LE)).1, b"a\xff");
    }
}
