//! What DataFusion says went wrong, told to the caller when it is his to put right.

use super::checked_sum::OVERFLOW;
use arrow::error::ArrowError;
use datafusion::common::{DataFusionError, SchemaError};
use datahall_core::{Code, Error};

/// An error of planning. Nothing is read then, so it is the statement that is wrong, even where the planner did not expect
/// to meet such a one.
pub(super) fn planning(error: &DataFusionError) -> Error {
    match error.find_root() {
        DataFusionError::Internal(text) if text.contains("No functions registered") => {
            Error::invalid("a function is called in a way it does not have; window functions need OVER").with_detail(error)
        }
        _ => explain_execution(error).unwrap_or_else(|| Error::invalid("the statement cannot be planned").with_detail(error)),
    }
}

/// An error of execution when the statement or the values it meets cause it; `None` for a fault of ours or of a source.
pub(crate) fn explain_execution(error: &DataFusionError) -> Option<Error> {
    let invalid = |text: &str| Some(Error::invalid(plain(text)).with_detail(error));
    match error {
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => explain_execution(inner),
        DataFusionError::Shared(inner) => explain_execution(inner),
        DataFusionError::Collection(errors) => errors.iter().find_map(explain_execution),
        DataFusionError::External(inner) => match inner.downcast_ref::<DataFusionError>() {
            Some(inner) => explain_execution(inner),
            None if inner.to_string().contains("regex parse error") => invalid("not a valid regular expression"),
            None => inner.downcast_ref::<ArrowError>().and_then(arrow).map(|own| own.with_detail(error)),
        },
        DataFusionError::ArrowError(inner, _) => arrow(inner).map(|own| own.with_detail(error)),
        DataFusionError::SchemaError(inner, _) => Some(schema(inner).with_detail(error)),
        DataFusionError::SQL(inner, _) => invalid(&inner.to_string()),
        DataFusionError::Plan(text) | DataFusionError::NotImplemented(text) => invalid(text),
        DataFusionError::Execution(text) if text.contains(OVERFLOW) => invalid(OVERFLOW),
        // Functions report values they cannot take so; a source that fails has an error type of its own.
        DataFusionError::Execution(text) => invalid(text),
        DataFusionError::ResourcesExhausted(_) => {
            let message = "the statement needs more memory than queries are given";
            Some(Error::new(Code::LimitExceeded, message).with_detail(error))
        }
        _ => None,
    }
}

fn arrow(error: &ArrowError) -> Option<Error> {
    match error {
        ArrowError::DivideByZero => Some(Error::invalid("division by zero")),
        ArrowError::ArithmeticOverflow(text) if text.contains(OVERFLOW) => Some(Error::invalid(OVERFLOW)),
        ArrowError::ArithmeticOverflow(text) => Some(Error::invalid(format!("number out of range: {}", plain(text)))),
        ArrowError::CastError(text)
        | ArrowError::ParseError(text)
        | ArrowError::InvalidArgumentError(text)
        | ArrowError::ComputeError(text)
        | ArrowError::NotYetImplemented(text)
        | ArrowError::SchemaError(text) => Some(Error::invalid(plain(text))),
        // The pool of temporary files has no error of its own.
        ArrowError::IoError(text, _) if text.contains("exceeded the allowable limit") => {
            let message = "the statement needs more memory than queries are given, and more disk in its place";
            Some(Error::new(Code::LimitExceeded, message))
        }
        ArrowError::OffsetOverflowError(_) => Some(Error::new(Code::LimitExceeded, "a column of the answer is too large")),
        ArrowError::ExternalError(inner) => match inner.downcast_ref::<DataFusionError>() {
            Some(inner) => explain_execution(inner),
            None => inner.downcast_ref::<ArrowError>().and_then(arrow),
        },
        _ => None,
    }
}

fn schema(error: &SchemaError) -> Error {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => {
            let name = field.flat_name();
            let folded = field.name.to_lowercase();
            let cased = valid_fields.iter().find(|valid| valid.name.to_lowercase() == folded && valid.name != field.name);
            match cased {
                Some(valid) => {
                    Error::invalid(format!("unknown column: {name}; for the column with capitals write \"{}\"", valid.name))
                }
                None => Error::invalid(format!("unknown column: {name}")),
            }
        }
        SchemaError::AmbiguousReference { field } => {
            Error::invalid(format!("ambiguous column: {}; put its table before it", field.flat_name()))
        }
        SchemaError::DuplicateQualifiedField { name, .. } | SchemaError::DuplicateUnqualifiedField { name } => {
            Error::invalid(format!("column named twice: {name}; give one an alias"))
        }
    }
}

/// The text without what only a developer of the engine needs, and not longer than a caller reads.
fn plain(text: &str) -> String {
    let text = text.split("\n\nbacktrace:").next().unwrap_or(text);
    let text = text.split("\nThis issue was likely caused by a bug").next().unwrap_or(text);
    let text = text.split(" You might need to add explicit type casts").next().unwrap_or(text);
    if text.starts_with("Physical plan does not support logical expression") {
        return "this kind of correlated subquery is not supported; write a join".to_owned();
    }
    // A planner that tries several signatures quotes what it says of each.
    let text = text.trim().trim_start_matches("Internal error: ").replace("Error during planning: ", " ");
    let mut text = text.replace("..", ".").split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((at, _)) = text.char_indices().nth(300) {
        text.truncate(at);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_statement_causes_is_told_and_what_we_cause_is_not() {
        let zero = DataFusionError::ArrowError(Box::new(ArrowError::DivideByZero), None);
        assert_eq!(explain_execution(&zero.context("while running")).unwrap().message(), "division by zero");
        let memory = explain_execution(&DataFusionError::ResourcesExhausted("pool of 12 bytes".into())).unwrap();
        assert_eq!((memory.code(), memory.message().contains("12")), (Code::LimitExceeded, false));
        assert!(explain_execution(&DataFusionError::Internal("x".into())).is_none());
        let several = "Internal error: 'f' fits nothing, errors: Error during planning: one,Error during planning: two..";
        assert_eq!(plain(several), "'f' fits nothing, errors: one, two.");
        assert!(explain_execution(&DataFusionError::IoError(std::io::Error::other("disk"))).is_none());
    }

    #[test]
    fn wrapped_errors_are_seen_through() {
        let inner = DataFusionError::ArrowError(Box::new(ArrowError::CastError("cannot cast 'x'".into())), None);
        let wrapped = DataFusionError::External(Box::new(DataFusionError::Shared(std::sync::Arc::new(inner))));
        let arrow = DataFusionError::ArrowError(Box::new(ArrowError::ExternalError(Box::new(wrapped))), None);
        assert_eq!(explain_execution(&arrow).unwrap().message(), "cannot cast 'x'");
    }
}
