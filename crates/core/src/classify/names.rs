//! What the name of a column says: its words, in several languages, in whatever case and with whatever between them.

use super::{Guess, SemanticType as S, Shape};

/// The whole name is known.
const CERTAIN: f64 = 0.95;
/// Known words are part of it.
const LIKELY: f64 = 0.85;
/// A word that may mean something else.
const WEAK: f64 = 0.6;

/// Words, or several in a row with `_` between them, that say what a column holds; the first that is found counts.
const WORDS: &[(S, f64, &[&str])] = &[
    (
        S::Password,
        LIKELY,
        &[
            "password",
            "passwd",
            "pwd",
            "passphrase",
            "passcode",
            "secret",
            "api_key",
            "apikey",
            "private_key",
            "access_token",
            "auth_token",
            "kennwort",
            "passwort",
            "kata_sandi",
        ],
    ),
    (
        S::Email,
        LIKELY,
        &["email", "emails", "e_mail", "mail", "mailaddress", "emailaddress", "mail_address", "correo", "courriel", "surel"],
    ),
    (
        S::CreditCard,
        LIKELY,
        &[
            "credit_card",
            "creditcard",
            "debit_card",
            "card_number",
            "cardnumber",
            "card_no",
            "card_num",
            "cc_number",
            "cc_num",
            "cc_no",
            "ccn",
            "kartennummer",
        ],
    ),
    (S::CreditCard, WEAK, &["pan"]),
    (S::Iban, LIKELY, &["iban", "ibans", "iban_number"]),
    (S::Passport, LIKELY, &["passport", "passport_number", "passport_no", "paspor", "reisepass", "passeport"]),
    (
        S::NationalId,
        LIKELY,
        &[
            "nik",
            "no_ktp",
            "ktp",
            "ssn",
            "social_security",
            "social_security_number",
            "socialsecurity",
            "national_id",
            "nationalid",
            "national_identity",
            "national_insurance",
            "nino",
            "identity_number",
            "identity_card",
            "id_card",
            "id_card_number",
            "personal_id",
            "personal_number",
            "personnummer",
            "citizen_id",
            "tax_id",
            "taxpayer_id",
            "tax_number",
            "npwp",
            "cpf",
            "curp",
            "rfc_number",
            "pesel",
            "bsn",
            "ahv",
            "ahv_number",
            "avs_number",
            "aadhaar",
            "aadhar",
            "codice_fiscale",
            "codicefiscale",
            "steuer_id",
            "steuernummer",
            "dni",
            "nie",
            "nir",
        ],
    ),
    (S::NationalId, WEAK, &["nin", "tin", "sin"]),
    (
        S::DateOfBirth,
        LIKELY,
        &[
            "dob",
            "date_of_birth",
            "dateofbirth",
            "birth_date",
            "birthdate",
            "birthday",
            "birth_day",
            "born",
            "born_on",
            "geburtsdatum",
            "geburtstag",
            "tanggal_lahir",
            "tgl_lahir",
            "fecha_nacimiento",
            "date_naissance",
        ],
    ),
    (S::IpAddress, LIKELY, &["ip", "ip_address", "ipaddress", "ip_addr", "ipaddr", "ipv4", "ipv6", "remote_addr", "remote_ip"]),
    (
        S::Phone,
        LIKELY,
        &[
            "phone",
            "phones",
            "phone_number",
            "phonenumber",
            "telephone",
            "telephone_number",
            "mobile",
            "mobile_number",
            "cellphone",
            "cell_phone",
            "msisdn",
            "whatsapp",
            "fax",
            "telefon",
            "telefono",
            "handynummer",
            "telepon",
            "no_hp",
            "no_telp",
            "nomor_hp",
        ],
    ),
    (S::Phone, WEAK, &["tel", "cell", "hp", "handy"]),
    (
        S::PostalCode,
        LIKELY,
        &[
            "postal_code",
            "postalcode",
            "postcode",
            "post_code",
            "zip",
            "zipcode",
            "zip_code",
            "plz",
            "postleitzahl",
            "kode_pos",
            "codigo_postal",
            "code_postal",
        ],
    ),
    (S::Url, LIKELY, &["url", "urls", "uri", "website", "web_site", "homepage", "hyperlink", "webpage"]),
    (S::Url, WEAK, &["link", "href"]),
    (
        S::Address,
        LIKELY,
        &[
            "address",
            "addresses",
            "street_address",
            "home_address",
            "postal_address",
            "mailing_address",
            "street",
            "address_line",
            "alamat",
            "adresse",
            "anschrift",
            "strasse",
            "direccion",
            "indirizzo",
        ],
    ),
    (S::Address, WEAK, &["addr"]),
    (
        S::Geo,
        LIKELY,
        &[
            "latitude",
            "longitude",
            "geolocation",
            "geo_location",
            "geo_point",
            "geopoint",
            "gps",
            "coordinates",
            "geo_coordinates",
            "lat_lon",
            "lat_lng",
            "latlng",
            "latlon",
        ],
    ),
    (S::Geo, WEAK, &["lat", "lon", "lng", "geo"]),
    (
        S::Name,
        LIKELY,
        &[
            "first_name",
            "firstname",
            "last_name",
            "lastname",
            "full_name",
            "fullname",
            "middle_name",
            "maiden_name",
            "given_name",
            "givenname",
            "family_name",
            "familyname",
            "surname",
            "forename",
            "vorname",
            "nachname",
            "nama_lengkap",
            "nama_depan",
            "nama_belakang",
            "prenom",
            "apellido",
            "cognome",
        ],
    ),
    (S::Name, WEAK, &["name", "nama"]),
];

/// Last words that say the column is something about a value and not the value.
const ABOUT: &[&str] = &[
    "count",
    "counts",
    "total",
    "sum",
    "avg",
    "flag",
    "verified",
    "valid",
    "confirmed",
    "status",
    "state",
    "type",
    "kind",
    "category",
    "at",
    "sent",
    "opened",
    "clicked",
    "bounced",
    "clicks",
    "opens",
    "rate",
    "ratio",
    "score",
    "length",
    "enabled",
    "optin",
    "opt_in",
    "consent",
    "provider",
    "domain",
    "format",
    "country",
    "version",
    "expired",
    "expiry",
];
/// First words that say so.
const ASKED: &[&str] = &["is", "has", "can", "num", "number_of", "n", "count", "total"];
/// Whose names are those of persons; of anything else's, as of products, nothing is said.
const PERSONS: &[&str] = &[
    "customer",
    "client",
    "user",
    "employee",
    "person",
    "patient",
    "contact",
    "owner",
    "author",
    "holder",
    "cardholder",
    "member",
    "display",
    "nick",
    "legal",
    "preferred",
    "mother",
    "father",
    "parent",
    "spouse",
    "child",
    "guest",
    "passenger",
    "driver",
    "student",
    "teacher",
    "buyer",
    "seller",
    "recipient",
    "sender",
    "applicant",
    "tenant",
    "subscriber",
    "account",
    "billing",
    "shipping",
    "first",
    "last",
    "full",
    "middle",
    "family",
    "given",
    "doctor",
    "agent",
    "staff",
    "worker",
    "candidate",
    "manager",
    "beneficiary",
    "nasabah",
    "pelanggan",
    "pasien",
];

/// What a column of that name may hold, if its values have that shape.
pub fn by_name(name: &str, shape: Shape) -> Option<Guess> {
    let words = words(name);
    let guess = guess(&words)?;
    suits(guess.kind, shape).then_some(guess)
}

fn guess(words: &[String]) -> Option<Guess> {
    let last = words.last()?;
    let first = words.first()?;
    if words.len() > 1 && (ABOUT.contains(&last.as_str()) || ASKED.contains(&first.as_str())) {
        return None;
    }
    for (kind, confidence, known) in WORDS {
        for phrase in *known {
            let parts: Vec<&str> = phrase.split('_').collect();
            if !words.windows(parts.len()).any(|window| window.iter().zip(&parts).all(|(word, part)| word == part)) {
                continue;
            }
            let whole = words.len() == parts.len();
            if *kind == S::Name && *confidence == WEAK && !whole && !words.iter().any(|word| PERSONS.contains(&word.as_str())) {
                continue;
            }
            let confidence = if whole && *confidence == LIKELY { CERTAIN } else { *confidence };
            return Some(Guess { kind: *kind, confidence });
        }
    }
    None
}

/// Whether values of that shape can mean it.
pub(super) fn suits(kind: S, shape: Shape) -> bool {
    match shape {
        Shape::Text => true,
        Shape::Whole => {
            matches!(kind, S::Phone | S::NationalId | S::CreditCard | S::PostalCode | S::Passport | S::Password | S::Geo)
        }
        Shape::Number => kind == S::Geo,
        Shape::Moment => kind == S::DateOfBirth,
        Shape::Other => false,
    }
}

/// The words of a name, in lower case: what stands between signs, and in `camelCase` what begins with a capital.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let letters: Vec<char> = name.chars().collect();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| letters[at]);
        let after = letters.get(at + 1);
        if !letter.is_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let begins = letter.is_uppercase()
            && (before.is_some_and(|before| before.is_lowercase() || before.is_ascii_digit())
                || (before.is_some_and(char::is_uppercase) && after.is_some_and(|after| after.is_lowercase())));
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(letter.to_lowercase());
        }
    }
    // `email2`, `address_1`: the number says which one.
    let trimmed = words.iter().map(|word| match word.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "ipv" => word.as_str(),
        trimmed => trimmed,
    });
    trimmed.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str) -> Option<&'static str> {
        by_name(name, Shape::Text).map(|guess| guess.kind.name())
    }

    #[test]
    fn words_are_found_in_every_spelling() {
        assert_eq!(words("customerEmail"), ["customer", "email"]);
        assert_eq!(words("CUSTOMER_EMAIL"), ["customer", "email"]);
        assert_eq!(words("Customer e-mail 2"), ["customer", "e", "mail"]);
        assert_eq!(words("IPAddress"), ["ip", "address"]);
        assert_eq!(words("ipv4"), ["ipv4"]);
        assert_eq!(words("__"), Vec::<String>::new());
    }

    #[test]
    fn known_names() {
        for (name, expected) in [
            ("email", "email"),
            ("customer_email", "email"),
            ("email_address", "email"),
            ("E-Mail", "email"),
            ("workEmail2", "email"),
            ("phone", "phone"),
            ("Phone Number", "phone"),
            ("no_hp", "phone"),
            ("home_address", "address"),
            ("alamat", "address"),
            ("client_ip", "ip_address"),
            ("ipAddress", "ip_address"),
            ("dob", "date_of_birth"),
            ("BirthDate", "date_of_birth"),
            ("latitude", "geo"),
            ("lng", "geo"),
            ("nik", "national_id"),
            ("SSN", "national_id"),
            ("social_security_number", "national_id"),
            ("credit_card_number", "credit_card"),
            ("CardNumber", "credit_card"),
            ("iban", "iban"),
            ("passport_no", "passport"),
            ("password_hash", "password"),
            ("first_name", "name"),
            ("customerName", "name"),
            ("name", "name"),
            ("website", "url"),
            ("profile_url", "url"),
            ("zip", "postal_code"),
            ("Postal Code", "postal_code"),
        ] {
            assert_eq!(kind(name), Some(expected), "{name}");
        }
    }

    #[test]
    fn what_is_about_a_value_or_of_something_else_is_nothing() {
        for name in [
            "email_count",
            "is_email",
            "email_verified",
            "phone_type",
            "email_sent_at",
            "product_name",
            "file_name",
            "city",
            "amount",
            "id",
            "mailbox",
            "shipment",
            "tipping",
            "planet",
            "latency",
            "address_type",
            "zipper",
            "",
            "name_length",
            "country_name",
        ] {
            assert_eq!(kind(name), None, "{name}");
        }
    }

    #[test]
    fn values_must_be_able_to_mean_it() {
        assert!(by_name("email", Shape::Other).is_none() && by_name("email", Shape::Whole).is_none());
        assert!(by_name("dob", Shape::Moment).is_some() && by_name("name", Shape::Moment).is_none());
        assert!(by_name("lat", Shape::Number).is_some() && by_name("phone", Shape::Whole).is_some());
        assert!(by_name("email", Shape::Text).unwrap().confidence > by_name("name", Shape::Text).unwrap().confidence);
    }
}
