//! Why a file is not taken.

use datahall_core::{Code, Error};
use datahall_formats::ingest::{Fault, Report};

/// Why a file is not taken. Nothing was changed.
#[derive(Debug, Clone)]
pub enum Refused {
    /// It is of no type that is taken, or not of the type that its name says.
    Unsupported(String),
    /// It is of its type and cannot be read all the same.
    Broken(String),
    /// Some of its rows are wrong, and the caller did not ask to leave those out.
    Rows(Report),
    /// It holds, or would unpack to, more than is taken.
    TooLarge(String),
    /// Whatever else went wrong, the file aside.
    Failed(Error),
}

impl Refused {
    /// The failure in words, whatever it is.
    pub fn to_error(&self) -> Error {
        match self {
            Self::Unsupported(words) | Self::Broken(words) => Error::invalid(words),
            Self::TooLarge(words) => Error::new(Code::TooLarge, words),
            Self::Failed(error) => error.clone(),
            Self::Rows(report) => {
                let (total, first) = (report.total, report.first.first());
                let rows = if total == 1 { "1 row is".to_owned() } else { format!("{total} rows are") };
                let example = first.map(|first| {
                    let column = first.column.as_deref().map(|column| format!(", column {column}")).unwrap_or_default();
                    format!(": line {}{column}: {}", first.line, first.message)
                });
                Error::invalid(format!("{rows} wrong{}", example.unwrap_or_default()))
            }
        }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unsupported(words) => Self::Unsupported(words),
            Fault::Broken(words) => Self::Broken(words),
            Fault::TooLarge(words) => Self::TooLarge(words),
            Fault::Hints(words) => Self::Failed(Error::invalid(words)),
            Fault::Failed(error) => Self::Failed(error),
        }
    }
}
