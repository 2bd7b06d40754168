//! What is done to the values of a masked column.

use crate::error::{Error, Result};
use arrow::datatypes::{DataType, Field};

/// The names that [`Strategy::parse`] takes.
pub const STRATEGIES: [&str; 9] = ["partial", "full", "hash", "redact", "none", "null", "email", "bucket", "tokenise"];

/// How a mask is asked for. What each does to the text of a value is in the platform contract, section 2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Strategy {
    /// A few characters at both ends stay.
    Partial,
    /// `***`.
    Full,
    /// The first 12 hexadecimal digits of SHA-256.
    Hash,
    /// Null.
    Redact,
    /// The value as it is.
    None,
    /// Only what follows the `@`.
    Email,
    /// The range that a number is in, or the year of a moment.
    Bucket {
        /// How wide a range is; positive.
        width: f64,
    },
    /// A stable token, another one in each organisation.
    Tokenise,
}

impl Strategy {
    /// How wide a bucket is when nothing is said.
    pub const BUCKET_WIDTH: f64 = 10.0;

    /// By its name and, for `bucket`, its width.
    ///
    /// # Errors
    /// `Invalid` for an unknown name, a width that is no positive number, a width where there is none to give.
    pub fn parse(name: &str, width: Option<f64>) -> Result<Self> {
        let strategy = match name {
            "partial" => Self::Partial,
            "full" => Self::Full,
            "hash" => Self::Hash,
            "redact" | "null" => Self::Redact,
            "none" => Self::None,
            "email" => Self::Email,
            "bucket" => Self::Bucket { width: width.unwrap_or(Self::BUCKET_WIDTH) },
            "tokenise" => Self::Tokenise,
            _ => return Err(Error::invalid(format!("unknown masking strategy: {name} (known: {})", STRATEGIES.join(", ")))),
        };
        match (strategy, width) {
            (Self::Bucket { width }, _) if !(width.is_finite() && width > 0.0) => {
                Err(Error::invalid("the width of a bucket must be a positive number"))
            }
            (Self::Bucket { .. }, _) | (_, None) => Ok(strategy),
            (_, Some(_)) => Err(Error::invalid(format!("masking strategy {name} takes no width"))),
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Partial => "partial",
            Self::Full => "full",
            Self::Hash => "hash",
            Self::Redact => "redact",
            Self::None => "none",
            Self::Email => "email",
            Self::Bucket { .. } => "bucket",
            Self::Tokenise => "tokenise",
        }
    }
}

/// What is done to a column for one caller: a [`Strategy`] with all that it needs.
#[derive(Clone, PartialEq)]
pub struct Masking {
    /// How.
    pub strategy: Strategy,
    /// What tokens are made with; used by [`Strategy::Tokenise`] alone.
    pub key: [u8; 32],
}

impl Masking {
    /// The column as who is masked sees it: text that may be missing, or nothing of the type it had. Nothing of it depends on
    /// the values.
    pub fn field(&self, field: &Field) -> Field {
        let data_type = match self.strategy {
            Strategy::None | Strategy::Redact => plain(field.data_type()),
            _ => DataType::Utf8,
        };
        Field::new(field.name(), data_type, true).with_metadata(field.metadata().clone())
    }
}

/// The type without dictionary: whether a table keeps text in one depends on its values.
pub(super) fn plain(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Dictionary(_, values) => values.as_ref().clone(),
        other => other.clone(),
    }
}

impl std::fmt::Debug for Masking {
    // Written by hand so that no log can print the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.strategy.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_known_and_nonsense_is_refused() {
        for name in STRATEGIES {
            let strategy = Strategy::parse(name, None).unwrap();
            assert_eq!(Strategy::parse(strategy.name(), None).unwrap(), strategy);
        }
        assert!(Strategy::parse("scramble", None).unwrap_err().message().contains("scramble"));
        for width in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Strategy::parse("bucket", Some(width)).is_err());
        }
        assert!(Strategy::parse("full", Some(1.0)).is_err());
    }
}
