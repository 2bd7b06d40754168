//! What a `[[dataset]]` block says, as a record keeps it: without the credentials that reach its source.

use crate::config::Visibility;
use crate::{DatasetBlock, home};
use datahall_catalog::{Dataset, Object, Origin, Visibility as Kept};
use datahall_core::{Error, Result};
use serde_json::Value;

/// Among the options of what was registered at run time: the id of the server that has it.
pub(super) const NODE: &str = "node";

/// Source and options of a block; both are the file's to say. Its policy is kept elsewhere.
pub(super) struct Described {
    pub(super) source: Object,
    pub(super) options: Object,
}

impl Described {
    pub(super) fn of(block: &DatasetBlock) -> Result<Self> {
        let Value::Object(mut options) = serde_json::to_value(block).map_err(Error::internal)? else {
            return Err(Error::internal("a block is an object"));
        };
        for elsewhere in ["name", "description", "visibility", "s3", "masks", "row_filter"] {
            options.remove(elsewhere);
        }
        let Some(Value::Object(source)) = options.remove("source") else {
            return Err(Error::internal("a block has a source"));
        };
        Ok(Self { source, options })
    }
}

/// A new record for the block.
pub(super) fn record(block: &DatasetBlock, origin: Origin) -> Result<Dataset> {
    let Described { source, options } = Described::of(block)?;
    let mut metadata = Object::new();
    if let Some(description) = &block.description {
        metadata.insert("description".into(), description.as_str().into());
    }
    Ok(Dataset {
        project: home::PROJECT.into(),
        name: block.name.clone(),
        origin,
        visibility: kept(block.visibility.unwrap_or_default()),
        source,
        options,
        metadata,
        ..Dataset::default()
    })
}

pub(super) fn kept(visibility: Visibility) -> Kept {
    match visibility {
        Visibility::Public => Kept::Public,
        Visibility::Private => Kept::Private,
    }
}
