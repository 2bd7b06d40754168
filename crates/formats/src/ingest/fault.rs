//! Why a file is not taken.

use datahall_core::{Code, Error};

/// Why a file is not taken.
#[derive(Debug, Clone)]
pub enum Fault {
    /// It is of no type that is taken, or not of the type it claims; the words say what it looks like.
    Unsupported(String),
    /// It is of its type and cannot be read all the same: what is wrong, and where.
    Broken(String),
    /// It would unpack or spread to more than is taken.
    TooLarge(String),
    /// What the caller said of it is wrong: an unknown encoding, a delimiter of two letters.
    Hints(String),
    /// Not the file's fault: a disk that is full, a fault of ours.
    Failed(Error),
}

impl Fault {
    /// What reading or writing a file of ours failed with.
    pub(crate) fn io(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                let full = Error::new(Code::StorageFull, "there is no space left for the file");
                Self::Failed(full.with_detail(error))
            }
            _ => Self::Failed(Error::internal(error)),
        }
    }

    /// A fault of Datahall's.
    pub(crate) fn internal(detail: impl std::fmt::Display) -> Self {
        Self::Failed(Error::internal(detail))
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error.code() {
            Code::Invalid => Self::Broken(error.message().to_owned()),
            Code::TooLarge | Code::LimitExceeded => Self::TooLarge(error.message().to_owned()),
            _ => Self::Failed(error),
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unsupported(words) | Self::Broken(words) | Self::TooLarge(words) | Self::Hints(words) => f.write_str(words),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Fault {}
