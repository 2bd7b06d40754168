//! Texts that are of a form: addresses, identifiers, bytes as text.

/// A form of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Any text.
    Any,
    Email,
    Uri,
    /// Base64.
    Binary,
    Uuid,
}

impl Form {
    /// The form called `name`; formats that are not known are none.
    pub(in super::super) fn named(name: &str) -> Self {
        match name {
            "email" => Self::Email,
            "uri" => Self::Uri,
            "binary" => Self::Binary,
            "uuid" => Self::Uuid,
            _ => Self::Any,
        }
    }

    /// Its name.
    pub(in super::super) fn name(self) -> &'static str {
        match self {
            Self::Any => "default",
            Self::Email => "email",
            Self::Uri => "uri",
            Self::Binary => "binary",
            Self::Uuid => "uuid",
        }
    }

    /// Whether `text` is of the form.
    pub(super) fn fits(self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Email => email(text),
            Self::Uri => uri(text),
            Self::Binary => base64(text.as_bytes()),
            Self::Uuid => uuid(text.as_bytes()),
        }
    }
}

fn email(text: &str) -> bool {
    let Some((name, domain)) = text.rsplit_once('@') else { return false };
    let letter = |letter: char| letter.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(letter);
    let name_fits = name.len() <= 64 && name.split('.').all(|part| !part.is_empty() && part.chars().all(letter));
    let label = |label: &str| {
        let inner = |letter: char| letter.is_alphanumeric() || letter == '-';
        !label.is_empty() && label.len() <= 63 && label.chars().all(inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    let top = domain.rsplit('.').next().unwrap_or_default();
    let top_fits = top.chars().count() >= 2 && !top.chars().all(|letter| letter.is_ascii_digit());
    name_fits && domain.len() <= 253 && domain.contains('.') && top_fits && domain.split('.').all(label)
}

fn uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let starts = scheme.starts_with(|letter: char| letter.is_ascii_alphabetic());
    let named = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let odd = |letter: char| letter.is_whitespace() || letter.is_control() || "<>\"{}|\\^`".contains(letter);
    starts && named && !rest.is_empty() && !rest.contains(odd)
}

/// Whether bytes are base64, blanks between them passed over.
pub(super) fn base64(text: &[u8]) -> bool {
    let (mut letters, mut padding) = (0usize, 0usize);
    for byte in text {
        match byte {
            b'=' => padding += 1,
            b' ' | b'\n' | b'\r' | b'\t' => {}
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if padding == 0 => letters += 1,
            _ => return false,
        }
    }
    padding <= 2 && (letters + padding).is_multiple_of(4) && letters % 4 != 1
}

/// Bytes as base64.
pub(super) fn as_base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let at = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= three.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

fn uuid(text: &[u8]) -> bool {
    let fits = |(at, byte): (usize, &u8)| if matches!(at, 8 | 13 | 18 | 23) { *byte == b'-' } else { byte.is_ascii_hexdigit() };
    text.len() == 36 && text.iter().enumerate().all(fits)
}

#[cfg(test)]
mod tests {
    use super::Form;

    #[test]
    fn bytes_as_base64() {
        for (bytes, text) in [(&b""[..], ""), (b"f", "Zg=="), (b"fo", "Zm8="), (b"foo", "Zm9v"), (b"\xff\xfe\x00b", "//4AYg==")] {
            assert_eq!(super::as_base64(bytes), text);
        }
    }

    // What frictionless takes and refuses, but for the refused ones marked as stricter here.
    #[test]
    fn each_form() {
        for (form, good, bad) in [
            (Form::Any, &["", "x"][..], &[][..]),
            (
                Form::Email,
                &["a@b.org", "a.b+c@d-e.co.uk"],
                &["a", "@b.org", "a@b", "a b@c.org", "a@-b.org", "a..b@c.org", "a@b.org "],
            ),
            (
                Form::Uri,
                &["http://x.org/a?b#c", "urn:isbn:0-486", "mailto:a@b.org"],
                &["x.org", "//x.org", "1a:b", "http://a b", "http:"],
            ),
            (Form::Binary, &["", "YQ==", "YWI=", "YWJj", "YW\nJj"], &["Y", "YQ", "YQ=", "é", "Y=Q="]),
            (
                Form::Uuid,
                &["12345678-1234-1234-1234-123456789ABC"],
                &["12345678", "12345678-1234-1234-1234-123456789ab", "g2345678-1234-1234-1234-123456789abc"],
            ),
        ] {
            good.iter().for_each(|text| assert!(form.fits(text), "{form:?} {text}"));
            bad.iter().for_each(|text| assert!(!form.fits(text), "{form:?} {text}"));
        }
    }
}
