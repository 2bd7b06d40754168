//! Numbers that carry a check of their own: cards and account numbers.

/// The digits of a number that is written with blanks or dashes between groups; `None` when there is anything else in it.
pub(super) fn digits(text: &str) -> Option<Vec<u8>> {
    let mut digits = Vec::with_capacity(text.len());
    let mut after_sign = true;
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => {
                digits.push(byte - b'0');
                after_sign = false;
            }
            b' ' | b'-' | b'.' if !after_sign => after_sign = true,
            _ => return None,
        }
    }
    (!after_sign).then_some(digits)
}

/// Whether the last digit checks the others as ISO/IEC 7812 has it.
pub(super) fn luhn(digits: &[u8]) -> bool {
    let doubled = |digit: u8| if digit < 5 { 2 * digit } else { 2 * digit - 9 };
    let value = |(at, digit): (usize, &u8)| u32::from(if at % 2 == 1 { doubled(*digit) } else { *digit });
    digits.len() > 1 && digits.iter().rev().enumerate().map(value).sum::<u32>() % 10 == 0
}

/// Whether it is the number of a payment card: of a network, as long as that network's, and checked.
pub(super) fn is_card(text: &str) -> bool {
    if text.contains('.') {
        return false;
    }
    let Some(digits) = digits(text) else { return false };
    let leading = |length: usize| digits.iter().take(length).fold(0u32, |number, digit| number * 10 + u32::from(*digit));
    let of_network = match (digits.len(), leading(1), leading(2), leading(4)) {
        // Visa.
        (13 | 16 | 19, 4, ..) => true,
        // Mastercard.
        (16, _, 51..=55, _) | (16, _, _, 2221..=2720) => true,
        // American Express, Diners Club.
        (15, _, 34 | 37, _) | (14..=19, _, 36 | 38 | 39, _) | (14..=19, _, _, 3000..=3059) => true,
        // JCB, Discover, UnionPay, Maestro.
        (16..=19, _, _, 3528..=3589) | (16..=19, _, 60 | 62 | 64 | 65, _) => true,
        (12..=19, _, 50 | 56..=58 | 63 | 67, _) => true,
        _ => false,
    };
    let same = digits.iter().all(|digit| *digit == digits[0]);
    of_network && !same && luhn(&digits)
}

/// Countries whose account numbers have a fixed length, and that length.
const IBAN_LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NL", 18),
    (b"NO", 15),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"SA", 24),
    (b"SC", 31),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
];

/// Whether it is an international bank account number: of a country that has them, as long as its are, and checked (ISO 7064, mod 97-10).
pub(super) fn is_iban(text: &str) -> bool {
    let compact: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').map(|byte| byte.to_ascii_uppercase()).collect();
    let Some((country, rest)) = compact.split_first_chunk::<2>() else { return false };
    let known = IBAN_LENGTHS.iter().any(|(known, length)| *known == country && compact.len() == *length);
    if !known || !rest.iter().all(u8::is_ascii_alphanumeric) || !rest.iter().take(2).all(u8::is_ascii_digit) {
        return false;
    }
    // The first four come last, and a letter counts as two digits.
    let moved = compact[4..].iter().chain(&compact[..4]);
    let remainder = moved.fold(0u32, |remainder, byte| match byte {
        b'0'..=b'9' => (remainder * 10 + u32::from(byte - b'0')) % 97,
        letter => (remainder * 100 + u32::from(letter - b'A') + 10) % 97,
    });
    remainder == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_that_networks_publish_for_tests() {
        for card in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "4222222222222",
            "5555-5555-5555-4444",
            "2223003122003222",
            "378282246310005",
            "30569309025904",
            "38520000023237",
            "3530111333300000",
            "6011111111111117",
            "6200000000000005",
            "6759649826438453",
        ] {
            assert!(is_card(card), "{card}");
        }
        for other in [
            "4111111111111112",
            "1234567890123452",
            "4111",
            "411111111111111a",
            "0000000000000000",
            "4111  1111 1111 1111",
            "",
            "79927398713",
            "4111.1111.1111.1111",
        ] {
            assert!(!is_card(other), "{other}");
        }
        assert!(luhn(&digits("79927398713").unwrap()) && !luhn(&digits("79927398710").unwrap()));
    }

    #[test]
    fn accounts_that_the_registry_gives_as_examples() {
        for iban in [
            "GB82 WEST 1234 5698 7654 32",
            "DE89370400440532013000",
            "CH9300762011623852957",
            "FR1420041010050500013M02606",
            "NO9386011117947",
            "NL91ABNA0417164300",
            "mt84malt011000012345mtlcast001s",
            "ES9121000418450200051332",
        ] {
            assert!(is_iban(iban), "{iban}");
        }
        for other in [
            "GB82WEST12345698765433",
            "DE8937040044053201300",
            "XX89370400440532013000",
            "DEAB370400440532013000",
            "GB",
            "",
            "GB82WEST1234569876543é",
        ] {
            assert!(!is_iban(other), "{other}");
        }
    }
}
