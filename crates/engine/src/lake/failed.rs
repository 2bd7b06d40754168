//! What goes wrong with managed tables, as our errors.

use datahall_core::{Code, Error};
use deltalake::kernel::transaction::TransactionError;
use deltalake::{DeltaTableError, ObjectStoreError};
use std::error::Error as _;

/// The error for whoever asked: a full disk and a store out of reach are told, the rest is ours to look into.
pub(super) fn failed(error: DeltaTableError) -> Error {
    if is_full(&error) {
        return Error::new(Code::StorageFull, "no space is left for managed tables").with_detail(error);
    }
    match &error {
        DeltaTableError::Transaction { source: TransactionError::CommitConflict(_) | TransactionError::MaxCommitAttempts(_) } => {
            Error::new(Code::Conflict, "the table was changed by others at the same time; try again").with_detail(error)
        }
        DeltaTableError::ObjectStore { source: ObjectStoreError::Generic { .. } } => {
            Error::unavailable("the store of managed tables cannot be reached").with_detail(error)
        }
        DeltaTableError::Transaction {
            source: TransactionError::UnsupportedTableFeatures(_) | TransactionError::TableFeaturesRequired(_),
        } => Error::invalid("the table needs writer features that are not supported").with_detail(error),
        DeltaTableError::Transaction { source: TransactionError::DeltaTableAppendOnly } => {
            Error::invalid("the table takes appends only").with_detail(error)
        }
        _ => Error::internal(error),
    }
}

/// The same for what a store says.
pub(super) fn store(error: ObjectStoreError) -> Error {
    match &error {
        ObjectStoreError::PermissionDenied { .. } | ObjectStoreError::Unauthenticated { .. } => {
            Error::invalid("the store of the table does not permit this").with_detail(error)
        }
        _ => failed(DeltaTableError::ObjectStore { source: error }),
    }
}

/// Whether the same on top of the newest version may succeed.
pub(super) fn may_be_repeated(error: &DeltaTableError) -> bool {
    matches!(
        error,
        DeltaTableError::VersionAlreadyExists(_)
            | DeltaTableError::Transaction {
                source: TransactionError::CommitConflict(_) | TransactionError::MaxCommitAttempts(_)
            }
    )
}

fn is_full(error: &DeltaTableError) -> bool {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<std::io::Error>()
            && io.kind() == std::io::ErrorKind::StorageFull
        {
            return true;
        }
        cause = inner.source();
    }
    false
}
