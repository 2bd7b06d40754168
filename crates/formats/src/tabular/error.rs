//! What is wrong with a row, in the words of goodtables: codes and numbers that tools of data packages know.

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is the code of that name")]
pub enum ErrorCode {
    TypeOrFormatError,
    RequiredConstraint,
    UniqueConstraint,
    EnumerableConstraint,
    PatternConstraint,
    MinimumConstraint,
    MaximumConstraint,
    MinimumLengthConstraint,
    MaximumLengthConstraint,
    MissingValue,
    ExtraValue,
    BlankRow,
    DuplicateHeader,
    BlankHeader,
    MissingHeader,
    ExtraHeader,
    NonMatchingHeader,
    EncodingError,
    SourceError,
}

impl ErrorCode {
    /// The code, as `type-or-format-error`.
    pub fn name(self) -> &'static str {
        match self {
            Self::TypeOrFormatError => "type-or-format-error",
            Self::RequiredConstraint => "required-constraint",
            Self::UniqueConstraint => "unique-constraint",
            Self::EnumerableConstraint => "enumerable-constraint",
            Self::PatternConstraint => "pattern-constraint",
            Self::MinimumConstraint => "minimum-constraint",
            Self::MaximumConstraint => "maximum-constraint",
            Self::MinimumLengthConstraint => "minimum-length-constraint",
            Self::MaximumLengthConstraint => "maximum-length-constraint",
            Self::MissingValue => "missing-value",
            Self::ExtraValue => "extra-value",
            Self::BlankRow => "blank-row",
            Self::DuplicateHeader => "duplicate-header",
            Self::BlankHeader => "blank-header",
            Self::MissingHeader => "missing-header",
            Self::ExtraHeader => "extra-header",
            Self::NonMatchingHeader => "non-matching-header",
            Self::EncodingError => "encoding-error",
            Self::SourceError => "source-error",
        }
    }
}

/// Something wrong with a cell, a row or the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellError {
    /// What kind of thing.
    pub code: ErrorCode,
    /// What is wrong, with the row and the column.
    pub message: String,
    /// Which row, from 1; none for what is wrong with the header.
    ///
    /// As goodtables counts: in delimited text every row counts, the header, blank ones and comments too, so that what follows a
    /// header of one row begins with 2. In workbooks it is the row that the program shows. Where rows name their own columns (objects of JSON,
    /// Parquet, Arrow) there is no header, and the first row is 1.
    pub row_number: Option<u64>,
    /// Which column, from 1.
    pub column_number: Option<u64>,
}

/// A row's error before it is known which row of the file it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) code: ErrorCode,
    /// What is wrong with the row or the column, as a clause.
    pub(super) clause: String,
    /// The row, from 1, in the piece that was read.
    pub(super) row: u32,
    /// The column from 1, and its name.
    pub(super) column: Option<(u64, String)>,
}

impl Found {
    /// It, where `before` rows came before the piece.
    pub(super) fn placed(self, before: u64) -> CellError {
        let row = before + u64::from(self.row);
        let clause = self.clause;
        let message = match &self.column {
            Some((number, name)) if name.is_empty() => format!("row {row}, column {number}: {clause}"),
            Some((number, name)) => format!("row {row}, column {number} ({name}): {clause}"),
            None => format!("row {row}: {clause}"),
        };
        let column_number = self.column.map(|(number, _)| number);
        CellError { code: self.code, message, row_number: Some(row), column_number }
    }
}
