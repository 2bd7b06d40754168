//! What the values of a column mean, and how sensitive that is: judged by the column's name and by a sample of its values.
//!
//! Nothing here masks anything: it is a suggestion, and whoever knows better overrides it.

mod identity;
mod names;
mod numbers;
mod values;

use arrow::datatypes::DataType;

pub use names::by_name;
pub use values::by_values;

/// What values mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each is what its name says")]
pub enum SemanticType {
    Email,
    Phone,
    Address,
    IpAddress,
    DateOfBirth,
    Geo,
    NationalId,
    CreditCard,
    Iban,
    Passport,
    Password,
    Name,
    Url,
    PostalCode,
}

/// How much harm comes of telling a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[allow(missing_docs, reason = "the usual four")]
pub enum Sensitivity {
    #[default]
    Low,
    Medium,
    High,
    Critical,
}

/// What shape the values of a column have: it tells what they cannot mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Text.
    Text,
    /// Whole numbers and decimals without a fraction.
    Whole,
    /// Other numbers.
    Number,
    /// Dates and moments.
    Moment,
    /// Anything else: flags, times of day, lists.
    Other,
}

impl Shape {
    /// That of values of an Arrow type.
    pub fn of(kind: &DataType) -> Self {
        match kind {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::Text,
            kind if kind.is_integer() => Self::Whole,
            DataType::Decimal32(_, 0) | DataType::Decimal64(_, 0) | DataType::Decimal128(_, 0) | DataType::Decimal256(_, 0) => {
                Self::Whole
            }
            kind if kind.is_numeric() => Self::Number,
            DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => Self::Moment,
            DataType::Dictionary(_, values) => Self::of(values),
            _ => Self::Other,
        }
    }
}

/// Where a judgement comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// Somebody said so.
    Override,
    /// The column's name.
    Name,
    /// The values.
    Values,
}

/// A guess at what values mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guess {
    /// What they mean.
    pub kind: SemanticType,
    /// How sure that is, from 0 to 1.
    pub confidence: f64,
}

/// What a column was judged to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judgement {
    /// What its values mean; `None`: nothing that is known here.
    pub kind: Option<SemanticType>,
    /// How sure that is, from 0 to 1.
    pub confidence: f64,
    /// What it comes from; [`Evidence::Name`] where nothing was found.
    pub evidence: Evidence,
}

/// Every type.
pub const TYPES: [SemanticType; 14] = [
    SemanticType::Email,
    SemanticType::Phone,
    SemanticType::Address,
    SemanticType::IpAddress,
    SemanticType::DateOfBirth,
    SemanticType::Geo,
    SemanticType::NationalId,
    SemanticType::CreditCard,
    SemanticType::Iban,
    SemanticType::Passport,
    SemanticType::Password,
    SemanticType::Name,
    SemanticType::Url,
    SemanticType::PostalCode,
];

impl SemanticType {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Address => "address",
            Self::IpAddress => "ip_address",
            Self::DateOfBirth => "date_of_birth",
            Self::Geo => "geo",
            Self::NationalId => "national_id",
            Self::CreditCard => "credit_card",
            Self::Iban => "iban",
            Self::Passport => "passport",
            Self::Password => "password",
            Self::Name => "name",
            Self::Url => "url",
            Self::PostalCode => "postal_code",
        }
    }

    /// That of this name.
    pub fn parse(name: &str) -> Option<Self> {
        TYPES.into_iter().find(|kind| kind.name() == name)
    }

    /// How sensitive such values are.
    pub fn sensitivity(self) -> Sensitivity {
        match self {
            Self::NationalId | Self::CreditCard | Self::Iban | Self::Passport | Self::Password => Sensitivity::Critical,
            Self::Email | Self::Phone | Self::Address | Self::IpAddress | Self::DateOfBirth | Self::Geo => Sensitivity::High,
            Self::Name | Self::Url | Self::PostalCode => Sensitivity::Medium,
        }
    }
}

impl Sensitivity {
    /// All of them, the least first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// That of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }
}

/// Puts together what the name and the values say. Where both say the same it is surer than either; where they do not, the values
/// win unless that would make less of it than the name says.
pub fn judge(name: Option<Guess>, values: Option<Guess>) -> Judgement {
    let of = |guess: Guess, evidence| Judgement { kind: Some(guess.kind), confidence: guess.confidence, evidence };
    match (name, values) {
        (None, None) => Judgement { kind: None, confidence: 0.0, evidence: Evidence::Name },
        (Some(name), None) => of(name, Evidence::Name),
        (None, Some(values)) => of(values, Evidence::Values),
        (Some(name), Some(values)) if name.kind == values.kind => {
            let both = 1.0 - (1.0 - name.confidence) * (1.0 - values.confidence);
            of(Guess { confidence: both.min(0.99).max(values.confidence), ..name }, Evidence::Name)
        }
        (Some(name), Some(values)) if values.kind.sensitivity() >= name.kind.sensitivity() => of(values, Evidence::Values),
        (Some(name), Some(_)) => of(Guess { confidence: name.confidence / 2.0, ..name }, Evidence::Name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_and_levels_are_in_order() {
        for kind in TYPES {
            assert_eq!(SemanticType::parse(kind.name()), Some(kind));
            assert!(kind.sensitivity() > Sensitivity::Low);
        }
        assert_eq!(SemanticType::parse("none"), None);
        assert!(
            Sensitivity::ALL.is_sorted() && Sensitivity::ALL.iter().all(|level| Sensitivity::parse(level.name()) == Some(*level))
        );
    }

    #[test]
    fn values_win_unless_they_would_make_less_of_it() {
        let guess = |kind, confidence| Some(Guess { kind, confidence });
        use SemanticType as S;
        assert_eq!(judge(None, None).kind, None);
        let both = judge(guess(S::Email, 0.9), guess(S::Email, 0.9));
        assert_eq!((both.kind, both.evidence), (Some(S::Email), Evidence::Name));
        assert!(both.confidence > 0.98 && both.confidence <= 1.0);
        let values = judge(guess(S::Name, 0.6), guess(S::Email, 0.9));
        assert_eq!((values.kind, values.evidence), (Some(S::Email), Evidence::Values));
        let name = judge(guess(S::NationalId, 0.9), guess(S::Phone, 1.0));
        assert_eq!((name.kind, name.evidence, name.confidence), (Some(S::NationalId), Evidence::Name, 0.45));
    }
}
