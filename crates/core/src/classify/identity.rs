//! Numbers that states give to persons: formats of several countries, each with its check where it has one.

use super::numbers::{digits, luhn};

/// Whether it is the number of a person in one of the countries that are known here.
pub(super) fn is_national_id(text: &str) -> bool {
    if text.len() > 24 || !text.is_ascii() {
        return false;
    }
    let upper = text.to_ascii_uppercase();
    us_ssn(text)
        || gb_nino(&upper)
        || es_dni(&upper)
        || it_codice_fiscale(&upper)
        || upper.strip_suffix('X').and_then(digits).is_some_and(|digits| digits.len() == 17 && cn_ric(&digits, Some(10)))
        || digits(text).is_some_and(|digits| by_digits(text, &digits))
}

fn by_digits(text: &str, digits: &[u8]) -> bool {
    let plain = digits.len() == text.len();
    match digits.len() {
        // Nine digits alone are too many things, but for those with a check that one in eleven passes.
        9 => plain && nl_bsn(digits),
        10 => !plain && text.contains('-') && se_personnummer(digits),
        11 => (plain && (pl_pesel(digits) || de_steuer_id(digits))) || br_cpf(digits),
        12 => in_aadhaar(digits) || (text.contains('-') && se_personnummer(&digits[2..])),
        13 => ch_ahv(digits),
        15 => fr_nir(digits),
        16 => plain && id_nik(digits),
        18 => plain && cn_ric(digits, None),
        _ => false,
    }
}

fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |number, digit| number * 10 + u64::from(*digit))
}

fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| u32::from(*digit) * weight).sum()
}

fn same(digits: &[u8]) -> bool {
    digits.iter().all(|digit| *digit == digits[0])
}

fn is_day(month: u64, day: u64) -> bool {
    (1..=12).contains(&month) && (1..=31).contains(&day)
}

/// United States: `AAA-GG-SSSS`, written with dashes.
fn us_ssn(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [area, group, serial] = parts.as_slice() else { return false };
    let is_number = |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    is_number(area, 3)
        && is_number(group, 2)
        && is_number(serial, 4)
        && !matches!(*area, "000" | "666")
        && !area.starts_with('9')
        && *group != "00"
        && *serial != "0000"
}

/// United Kingdom: two letters, six digits, a letter from A to D.
fn gb_nino(upper: &str) -> bool {
    let compact: Vec<u8> = upper.bytes().filter(|byte| *byte != b' ').collect();
    let [first, second, middle @ .., last] = compact.as_slice() else { return false };
    middle.len() == 6
        && middle.iter().all(u8::is_ascii_digit)
        && first.is_ascii_uppercase()
        && !b"DFIQUV".contains(first)
        && second.is_ascii_uppercase()
        && !b"DFIOQUV".contains(second)
        && matches!(last, b'A'..=b'D')
}

/// Spain: eight digits (foreigners X, Y or Z and seven) and a letter that checks them.
fn es_dni(upper: &str) -> bool {
    let compact: Vec<u8> = upper.bytes().filter(|byte| !matches!(byte, b'-' | b' ')).collect();
    if compact.len() != 9 {
        return false;
    }
    let first = match compact[0] {
        b'X' => b'0',
        b'Y' => b'1',
        b'Z' => b'2',
        other => other,
    };
    let body: Vec<u8> = std::iter::once(first).chain(compact[1..8].iter().copied()).collect();
    if !body.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let number = body.iter().fold(0usize, |number, digit| number * 10 + usize::from(digit - b'0'));
    b"TRWAGMYFPDXBNJZSQVHLCKE"[number % 23] == compact[8]
}

/// Italy: sixteen letters and digits, the last of which checks the others.
fn it_codice_fiscale(upper: &str) -> bool {
    const ODD: [u32; 26] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let bytes = upper.as_bytes();
    let letters = [0, 1, 2, 3, 4, 5, 8, 11, 15];
    if bytes.len() != 16
        || !bytes.iter().all(u8::is_ascii_alphanumeric)
        || !letters.iter().all(|at| bytes[*at].is_ascii_uppercase())
    {
        return false;
    }
    let value = |byte: u8| usize::from(if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' });
    let sum: u32 =
        bytes[..15].iter().enumerate().map(|(at, byte)| if at % 2 == 0 { ODD[value(*byte)] } else { value(*byte) as u32 }).sum();
    u32::from(bytes[15] - b'A') == sum % 26
}

/// Netherlands: the sum with weights 9 to 2 and -1 is divisible by 11.
fn nl_bsn(digits: &[u8]) -> bool {
    !same(digits) && weighted(&digits[..8], &[9, 8, 7, 6, 5, 4, 3, 2]) % 11 == u32::from(digits[8])
}

/// Sweden: a day of birth, a serial number, Luhn.
fn se_personnummer(digits: &[u8]) -> bool {
    // Of coordination numbers the day is larger by 60.
    is_day(number(&digits[2..4]), number(&digits[4..6]) % 60) && luhn(digits)
}

/// Poland: a day of birth with the century in the month, and a check digit.
fn pl_pesel(digits: &[u8]) -> bool {
    let sum = weighted(&digits[..10], &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]);
    is_day(number(&digits[2..4]) % 20, number(&digits[4..6])) && (10 - sum % 10) % 10 == u32::from(digits[10])
}

/// Germany: ISO 7064 mod 11,10, the first digit not zero, a digit of the first ten there twice or thrice.
fn de_steuer_id(digits: &[u8]) -> bool {
    let product = digits[..10].iter().fold(10u32, |product, digit| {
        let sum = (u32::from(*digit) + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    let mut times = [0u8; 10];
    digits[..10].iter().for_each(|digit| times[usize::from(*digit)] += 1);
    let repeated = times.iter().filter(|times| **times > 1).count() == 1 && times.iter().all(|times| *times <= 3);
    digits[0] != 0 && repeated && (11 - product) % 10 == u32::from(digits[10])
}

/// Brazil: two check digits, mod 11.
fn br_cpf(digits: &[u8]) -> bool {
    let check = |length: usize| {
        let weights: Vec<u32> = (2..=length as u32 + 1).rev().collect();
        weighted(&digits[..length], &weights) * 10 % 11 % 10
    };
    !same(digits) && check(9) == u32::from(digits[9]) && check(10) == u32::from(digits[10])
}

/// India: twelve digits, the first from 2, checked as Verhoeff has it.
fn in_aadhaar(digits: &[u8]) -> bool {
    const PERMUTATION: [[u8; 10]; 8] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
        [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
        [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
        [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
        [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
        [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
        [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
    ];
    // The product in the dihedral group of the pentagon.
    let product = |a: u8, b: u8| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => (a + b - 5) % 5 + 5,
        (false, true) => (a - 5 + 5 - b) % 5 + 5,
        (false, false) => (a + 5 - b) % 5,
    };
    let check =
        digits.iter().rev().enumerate().fold(0u8, |check, (at, digit)| product(check, PERMUTATION[at % 8][usize::from(*digit)]));
    digits[0] >= 2 && !same(digits) && check == 0
}

/// Switzerland: 756, nine digits, the check digit of EAN-13.
fn ch_ahv(digits: &[u8]) -> bool {
    let sum = weighted(&digits[..12], &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]);
    number(&digits[..3]) == 756 && (10 - sum % 10) % 10 == u32::from(digits[12])
}

/// France: thirteen digits and what they lack to a multiple of 97.
fn fr_nir(digits: &[u8]) -> bool {
    let month = number(&digits[3..5]);
    matches!(digits[0], 1..=4 | 7 | 8)
        && (matches!(month, 1..=12) || month >= 20)
        && 97 - number(&digits[..13]) % 97 == number(&digits[13..])
}

/// Indonesia: province, regency, district, a day of birth (women's larger by 40), a serial number.
fn id_nik(digits: &[u8]) -> bool {
    let day = number(&digits[6..8]);
    matches!(number(&digits[..2]), 11..=96)
        && is_day(number(&digits[8..10]), if day > 40 { day - 40 } else { day })
        && number(&digits[12..]) > 0
}

/// China: region, a day of birth, a serial number, ISO 7064 mod 11-2; `check` is ten for X.
fn cn_ric(digits: &[u8], check: Option<u32>) -> bool {
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let expected = (12 - weighted(&digits[..17], &weights) % 11) % 11;
    matches!(number(&digits[6..10]), 1800..=2099)
        && is_day(number(&digits[10..12]), number(&digits[12..14]))
        && check.or_else(|| digits.get(17).map(|digit| u32::from(*digit))) == Some(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_authorities_give_as_examples() {
        for id in [
            "123-45-6789",
            "QQ123456C".replace("QQ", "AB").as_str(),
            "AB 12 34 56 C",
            "12345678Z",
            "X1234567L",
            "RSSMRA85T10A562S",
            "111222333",
            "811218-9876",
            "19811218-9876",
            "44051401359",
            "86095742719",
            "529.982.247-25",
            "2341 2341 2346",
            "756.9217.0769.85",
            "180126955222380",
            "3204110609970001",
            "11010519491231002X",
            "440524188001010014",
        ] {
            assert!(is_national_id(id), "{id}");
        }
    }

    #[test]
    fn others_are_none() {
        for other in [
            "000-45-6789",
            "123456789",
            "12345678A",
            "RSSMRA85T10A562T",
            "44051401358",
            "86095742718",
            "529.982.247-26",
            "234123412347",
            "756.9217.0769.84",
            "180126955222381",
            "0004110609970001",
            "440524188001010015",
            "2024-01-31",
            "hello",
            "",
            "1111111111",
            "00000000000",
            "11010519491231003X",
            "12345678901234567X",
        ] {
            assert!(!is_national_id(other), "{other}");
        }
    }
}
