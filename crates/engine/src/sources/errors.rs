//! What went wrong with a source, in words for the caller, and how such an error is found again inside DataFusion's own.

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datahall_core::{Code, Error};
use object_store::client::{HttpError, HttpErrorKind};

const CHANGED: &str = "source changed since it was loaded: ";
const RELOAD: &str = "; reload the dataset";

/// The source's `file` is no longer what it was when the dataset was opened.
pub(crate) fn changed(file: &str) -> Error {
    Error::unavailable(format!("{CHANGED}{file}{RELOAD}"))
}

/// `error` on its way through an object store, to be found again by [`explain`].
pub(crate) fn through_store(error: Error) -> object_store::Error {
    object_store::Error::Generic { store: "source", source: Box::new(error) }
}

/// `error` on its way through DataFusion, to be found again by [`explain`].
pub(crate) fn through_query(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// What `error` says of the source, when it comes from reading one while a query runs.
pub(crate) fn explain(error: &DataFusionError) -> Option<Error> {
    if let Some(found) = find(error, |inner| inner.downcast_ref::<Error>().cloned()) {
        return Some(found);
    }
    if let Some(text) = marked(&error.to_string()) {
        return Some(changed(&text).with_detail(error));
    }
    if let Some(phrase) = find(error, |inner| inner.downcast_ref::<object_store::Error>().map(store_phrase)) {
        return Some(Error::unavailable(format!("the source cannot be read: {phrase}")).with_detail(error));
    }
    let corrupt = find(error, |inner| {
        let own = inner.downcast_ref::<parquet::errors::ParquetError>().is_some();
        let arrow = matches!(inner.downcast_ref::<ArrowError>(), Some(ArrowError::ParquetError(_)));
        (own || arrow).then_some(())
    });
    corrupt.map(|()| Error::unavailable("the source cannot be read: corrupt data").with_detail(error))
}

/// What `error` says of a source that is being opened: everything but a change under our hands is the caller's to mend.
pub(crate) fn explain_at_open(location: &str, error: &DataFusionError) -> Error {
    let location = super::http::shown_location(location);
    match explain(error) {
        Some(found) if found.message().starts_with(CHANGED) => found,
        Some(found) if found.code() == Code::Unavailable => {
            let detail = found.detail().unwrap_or_default().to_owned();
            Error::invalid(format!("{location}: {}", found.message())).with_detail(detail)
        }
        Some(found) => found,
        None => Error::invalid(format!("{location}: cannot be read")).with_detail(error),
    }
}

/// Walks `error` and all it stands for until `pick` gives something.
pub(crate) fn find<T>(
    error: &(dyn std::error::Error + 'static),
    pick: impl Fn(&(dyn std::error::Error + 'static)) -> Option<T>,
) -> Option<T> {
    let mut next = Some(error);
    while let Some(inner) = next {
        if let Some(found) = pick(inner) {
            return Some(found);
        }
        // `io::Error::source` skips the error it was made of.
        next = match inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(held) => Some(held as &(dyn std::error::Error + 'static)),
            None => inner.source(),
        };
    }
    None
}

/// Some layers keep only the text of an error; the sentence is recognisable in it.
fn marked(text: &str) -> Option<String> {
    let from = text.find(CHANGED)? + CHANGED.len();
    let rest = &text[from..];
    Some(rest[..rest.find(RELOAD)?].to_owned())
}

/// What a store's error comes down to, without addresses, keys or paths.
pub(crate) fn store_phrase(error: &object_store::Error) -> &'static str {
    let text = error.to_string();
    match error {
        object_store::Error::NotFound { .. } if text.contains("NoSuchBucket") => "no such bucket",
        object_store::Error::NotFound { .. } => "not found",
        object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => "access denied",
        object_store::Error::Precondition { .. } => "changed while it was read",
        object_store::Error::NotSupported { .. } => "the server does not support reading parts of a file",
        _ => generic_phrase(error, &text),
    }
}

fn generic_phrase(error: &object_store::Error, text: &str) -> &'static str {
    match find(error, |inner| inner.downcast_ref::<HttpError>().map(HttpError::kind)) {
        Some(HttpErrorKind::Timeout) => return "unreachable: the endpoint does not answer in time",
        Some(_) if text.contains("URL scheme is not allowed") => return "an http:// endpoint needs allow_http = true",
        Some(_) => return "unreachable: could not connect to the endpoint",
        None => {}
    }
    if text.contains("NoSuchBucket") {
        "no such bucket"
    } else if text.contains("without LOCATION")
        || text.contains("AuthorizationHeaderMalformed")
        || text.contains("PermanentRedirect")
    {
        "the bucket is in another region"
    } else if text.contains("metadata") || text.contains("credential") {
        "access denied: no credentials"
    } else {
        "the endpoint did not answer as S3 does"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_change_is_found_however_deep_it_is_wrapped() {
        let store = || through_store(changed("part-0.parquet"));
        let wrapped = [
            DataFusionError::ObjectStore(Box::new(store())),
            DataFusionError::from(parquet::errors::ParquetError::External(Box::new(store()))),
            DataFusionError::from(arrow::error::ArrowError::ExternalError(Box::new(store()))),
            DataFusionError::from(std::io::Error::other(store())),
            DataFusionError::Shared(Arc::new(DataFusionError::External(Box::new(store())))).context("reading"),
            DataFusionError::Execution(format!("Failed to fetch: {}", store())),
        ];
        for error in wrapped {
            let found = explain(&error).unwrap();
            assert_eq!(found.code(), Code::Unavailable);
            assert_eq!(found.message(), "source changed since it was loaded: part-0.parquet; reload the dataset");
            assert_eq!(explain_at_open("x", &error).message(), found.message());
        }
    }

    #[test]
    fn what_is_not_of_the_source_is_left_to_others() {
        assert!(explain(&DataFusionError::Plan("no such function".into())).is_none());
        assert!(explain(&DataFusionError::ResourcesExhausted("memory".into())).is_none());
    }
}
