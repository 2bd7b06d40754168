//! Datasets that were made through APIs: durable records, found in the catalog when somebody asks for them, opened when somebody reads.
//!
//! - `add.rs`, `replace.rs`, `remove.rs`: making one, telling that its rows are others, deleting it
//! - `find.rs`: from a name to an entry; `renew.rs`: what becomes of entries when records change
//! - `source.rs`, `options.rs`, `details.rs`, `columns.rs`: what records say, and how
//! - `list.rs`, `info.rs`: showing them; `elsewhere.rs`: what is left out of lists; `grants.rs`: sharing them; `import.rs`, `batch.rs`: taking tables over; `cache.rs`: keeping rows of outside systems

mod add;
mod batch;
mod cache;
mod columns;
mod details;
mod elsewhere;
mod find;
pub(crate) mod grants;
mod import;
mod info;
mod list;
mod name;
mod of_record;
mod open;
mod options;
mod pages;
mod remove;
mod renew;
mod replace;
mod schedule;
mod source;
mod statuses;

#[cfg(test)]
mod tests;

pub use add::NewDataset;
pub use batch::{BatchInfo, NewBatch, OnConflict};
pub use columns::{ColumnInfo, column_type};
pub use details::{DatasetKind, DetailsChange, RefreshMode, RefreshSetting, TextsChange};
pub use grants::{GranteeType, NewShare, ShareInfo};
pub use import::{ImportFault, NewImport};
pub use info::DatasetInfo;
pub use list::{DatasetFilter, DatasetOrder};
pub use name::dataset_name;
pub use replace::NewRows;
pub use source::StoredSource;

pub(crate) use batch::ImportTable;
pub(crate) use columns::to_json as columns_to_json;
pub(crate) use elsewhere::Elsewhere;
pub(crate) use info::settings_seen;
pub(crate) use of_record::OfRecord;
pub(crate) use pages::Pages;
pub(crate) use remove::is_one_of;
pub(crate) use schedule::uncache;
