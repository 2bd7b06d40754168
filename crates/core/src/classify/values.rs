//! What a sample of values says: a type that at least four of five values can be.

use super::identity::is_national_id;
use super::names::suits;
use super::numbers::{is_card, is_iban};
use super::{Guess, SemanticType as S, Shape};
use std::net::{Ipv4Addr, Ipv6Addr};

/// How much of a sample must match.
const SHARE: f64 = 0.8;
/// Longer values are none of these.
const LONGEST: usize = 512;

type Test = fn(&str) -> bool;

/// The types that values alone can tell, the most certain first: what is both goes to the first.
const TESTS: &[(S, Test)] = &[
    (S::Email, is_email),
    (S::Url, is_url),
    (S::Iban, is_iban),
    (S::CreditCard, is_card),
    (S::IpAddress, is_ip),
    (S::NationalId, is_national_id),
    (S::Geo, is_geo),
    (S::Phone, is_phone),
    (S::PostalCode, is_postal_code),
];

/// What these values, which are there, may mean, if the column has that shape. The confidence is the share of them that match.
pub fn by_values<'a>(values: impl IntoIterator<Item = &'a str>, shape: Shape) -> Option<Guess> {
    let tests: Vec<&(S, Test)> = TESTS.iter().filter(|(kind, _)| suits(*kind, shape)).collect();
    if tests.is_empty() {
        return None;
    }
    let (mut all, mut matched) = (0u32, vec![0u32; tests.len()]);
    for value in values {
        all += 1;
        let value = value.trim();
        if value.is_empty() || value.len() > LONGEST {
            continue;
        }
        for (count, (_, test)) in matched.iter_mut().zip(&tests) {
            *count += u32::from(test(value));
        }
    }
    // The best; of equals the first.
    let best = matched.iter().zip(&tests).rev().max_by_key(|(count, _)| **count)?;
    let share = f64::from(*best.0) / f64::from(all.max(1));
    (share >= SHARE).then_some(Guess { kind: best.1.0, confidence: share })
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let of_local = |c: char| c.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c);
    (1..=64).contains(&local.len())
        && local.chars().all(of_local)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && is_domain(domain)
}

fn is_domain(text: &str) -> bool {
    let labels: Vec<&str> = text.split('.').collect();
    let is_label = |label: &&str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    labels.len() > 1
        && labels.iter().all(is_label)
        && labels.last().is_some_and(|top| top.chars().count() > 1 && top.chars().any(char::is_alphabetic))
}

fn is_url(text: &str) -> bool {
    let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
    let rest = if lower.starts_with("https://") {
        &text[8..]
    } else if lower.starts_with("http://") {
        &text[7..]
    } else if lower.starts_with("ftp://") {
        &text[6..]
    } else if lower.starts_with("www.") {
        text
    } else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(host, |(name, _)| name);
    !text.chars().any(char::is_whitespace)
        && (is_domain(name)
            || name == "localhost"
            || name.parse::<Ipv4Addr>().is_ok()
            || (name.starts_with('[') && name.ends_with(']')))
}

fn is_ip(text: &str) -> bool {
    text.parse::<Ipv4Addr>().is_ok() || (text.contains(':') && text.parse::<Ipv6Addr>().is_ok())
}

/// Two coordinates together: `lat,lon` with fractions, or a point as text.
fn is_geo(text: &str) -> bool {
    let inner = text.strip_prefix("POINT").map(str::trim).unwrap_or(text);
    let is_point = inner.len() < text.len();
    let inner = inner.strip_prefix(['(', '[']).and_then(|inner| inner.strip_suffix([')', ']'])).unwrap_or(inner);
    let parts: Vec<&str> = inner.split([',', ' ', ';']).filter(|part| !part.is_empty()).collect();
    let [first, second] = parts.as_slice() else { return false };
    let coordinate = |text: &str, most: f64| {
        let written =
            text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.".contains(&byte)) && (is_point || text.contains('.'));
        text.parse::<f64>().ok().filter(|number| written && number.abs() <= most)
    };
    // Points have the longitude first.
    let (latitude, longitude) = if is_point { (second, first) } else { (first, second) };
    coordinate(latitude, 90.0).is_some() && coordinate(longitude, 180.0).is_some()
}

/// A number with a `+`, or of ten digits and more with signs between them as numbers of phones have.
fn is_phone(text: &str) -> bool {
    let signs = |c: char| " -().\u{a0}/".contains(c);
    let (international, rest) = match text.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    if !rest.chars().all(|c| c.is_ascii_digit() || signs(c)) {
        return false;
    }
    let digits = rest.bytes().filter(u8::is_ascii_digit).count();
    let groups: Vec<&str> = rest.split(signs).filter(|group| !group.is_empty()).collect();
    let long = |least| (least..=15).contains(&digits) && digits * 2 > rest.chars().count();
    if international {
        return long(7) && !rest.starts_with('0');
    }
    let decimal = groups.len() == 2 && rest.contains('.');
    // A trunk prefix, or an area code in parentheses, or three groups.
    let written = rest.starts_with(['0', '(']) || (groups.len() >= 3 && groups.iter().all(|group| group.len() <= 4));
    long(9)
        && groups.len() > 1
        && written
        && !decimal
        && !begins_with_date(&groups)
        && (digits >= 10 || rest.starts_with(['0', '(']))
}

/// Whether the first three groups are a day of a month of a year, in either order, as moments begin.
fn begins_with_date(groups: &[&str]) -> bool {
    let [first, middle, third, ..] = groups else { return false };
    let number = |group: &str, length: usize| (group.len() == length).then(|| group.parse::<u32>().ok()).flatten();
    let is_year = |group| number(group, 4).is_some_and(|year| (1000..3000).contains(&year));
    let is_part = |group, most| number(group, 2).is_some_and(|part| (1..=most).contains(&part));
    (is_year(first) && is_part(middle, 12) && is_part(third, 31))
        || (is_year(third) && ((is_part(first, 31) && is_part(middle, 12)) || (is_part(first, 12) && is_part(middle, 31))))
}

/// A code that has letters or signs of its own: United Kingdom, Canada, Netherlands, United States with four more digits, countries'
/// prefixes. Digits alone are too many things.
fn is_postal_code(text: &str) -> bool {
    // As a pattern: `A` for letters, `9` for digits, others as they are.
    let pattern: String = text
        .chars()
        .map(|c| {
            if c.is_ascii_digit() {
                '9'
            } else if c.is_ascii_alphabetic() {
                'A'
            } else {
                c
            }
        })
        .collect();
    matches!(
        pattern.as_str(),
        "A9 9AA"
            | "A99 9AA"
            | "AA9 9AA"
            | "AA99 9AA"
            | "A9A 9AA"
            | "AA9A 9AA"
            | "A9A 9A9"
            | "A9A9A9"
            | "9999 AA"
            | "99999-9999"
            | "A-9999"
            | "AA-9999"
            | "A-99999"
            | "AA-99999"
            | "AA-9999 AA"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(test: Test, yes: &[&str], no: &[&str]) {
        yes.iter().for_each(|text| assert!(test(text), "{text}"));
        no.iter().for_each(|text| assert!(!test(text), "{text}"));
    }

    #[test]
    fn each_type_knows_its_own() {
        all(
            is_email,
            &["a@b.co", "ann.o'neil+tag@mail.example.org", "zoë@bücher.example"],
            &["a@b", "@b.co", "a@@b.co", "a b@c.de", ".a@b.co", "a..b@c.de", "a@b.c1.2", "a@-b.co", "***", "a@b.c"],
        );
        all(
            is_url,
            &[
                "https://example.org",
                "http://a.example/x?y#z",
                "HTTPS://Example.org:8080/",
                "ftp://files.example.org/a",
                "www.example.org",
                "http://127.0.0.1/",
            ],
            &["example.org", "https://", "https://a b.example", "mailto:a@b.co", "http://x"],
        );
        all(is_ip, &["192.168.0.1", "::1", "2001:db8::8a2e:370:7334"], &["1.2.3", "256.1.1.1", "1.2.3.4.5", "12:30", "abc"]);
        all(
            is_geo,
            &["47.3769, 8.5417", "(47.3769,8.5417)", "POINT(8 47)", "-33.86;151.2"],
            &["91.0,8.5", "47,8", "1.5", "1.5,2.5,3.5", "POINT(8 95)", "a,b"],
        );
        all(
            is_phone,
            &[
                "+41 44 668 18 00",
                "+14155552671",
                "(415) 555-2671",
                "415-555-2671",
                "415.555.2671",
                "0044 20 7946 0018",
                "020 7946 0018",
                "089/636-48018",
                "01 42 68 53 00",
                "0049 30 12 34 567",
            ],
            &[
                "2024-01-31",
                "31.01.2024",
                "2024-01-31 10",
                "31.01.2024 10",
                "01/31/2024 10",
                "12345678",
                "4155552671",
                "3.14159265358979",
                "1-2",
                "+1",
                "+123456789012345678",
                "12.50",
                "call me",
            ],
        );
        all(
            is_postal_code,
            &["SW1A 1AA", "M1 1AE", "K1A 0B1", "1012 AB", "94103-1234", "CH-8001", "D-10115"],
            &["94103", "8001", "SW1A1AA1", "AB", ""],
        );
    }

    #[test]
    fn four_of_five_are_enough_and_fewer_are_not() {
        let four = ["a@b.co", "b@b.co", "c@b.co", "d@b.co", "none"];
        let guess = by_values(four, Shape::Text).unwrap();
        assert_eq!((guess.kind, guess.confidence), (S::Email, 0.8));
        assert!(by_values(["a@b.co", "b@b.co", "c@b.co", "none"], Shape::Text).is_none());
        assert!(by_values([], Shape::Text).is_none());
        assert!(by_values([" ", ""], Shape::Text).is_none());
    }

    #[test]
    fn the_shape_of_the_column_counts() {
        let cards = ["4111111111111111", "5555555555554444"];
        assert_eq!(by_values(cards, Shape::Whole).unwrap().kind, S::CreditCard);
        assert!(by_values(cards, Shape::Moment).is_none() && by_values(cards, Shape::Other).is_none());
        assert!(by_values(["47.3769,8.5417"], Shape::Number).unwrap().kind == S::Geo);
        let numbers: Vec<String> = (100_000_000u64..100_001_000).map(|number| number.to_string()).collect();
        assert!(by_values(numbers.iter().map(String::as_str), Shape::Whole).is_none(), "numbers in a row");
        let moments: Vec<String> = (1..29).map(|day| format!("2024-01-{day:02} 10:00:00")).collect();
        assert!(by_values(moments.iter().map(String::as_str), Shape::Text).is_none(), "moments as text");
    }
}
