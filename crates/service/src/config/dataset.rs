//! One `[[dataset]]` block: the same shape in the configuration file and in a request body.

use super::policy::MaskBlocks;
use crate::auth::Starter;
use serde::{Deserialize, Serialize};

/// One `[[dataset]]` block as it was written; what was left out is `None`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetBlock {
    /// Unique, ignoring case.
    pub name: String,
    /// Free text for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Only these columns, in this order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    /// Keep text dictionary-encoded in memory; unset: yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dict_encode: Option<bool>,
    /// Read from the source at each query; unset: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lazy: Option<bool>,
    /// When it is loaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_start: Option<OnStart>,
    /// Who sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
    /// Which rows are seen: an SQL expression over columns and `caller('ATTRIBUTE')`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_filter: Option<String>,
    /// Where its rows come from.
    pub source: SourceBlock,
    /// Which columns get an equality index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<IndexBlock>,
    /// How to reach `s3://`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3: Option<S3Block>,
    /// Options of the format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<OptionsBlock>,
    /// Which columns predicates may name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicate_filter: Option<ColumnFilterBlock>,
    /// Which columns are visible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projection_filter: Option<ColumnFilterBlock>,
    /// Which columns are not shown as they are, or not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub masks: Option<MaskBlocks>,
    /// When it is loaded anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh: Option<RefreshBlock>,
    /// Only for `query` sources: how its rows are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub materialize: Option<MaterializeBlock>,
    /// Only for `query` sources: whose rights it has, as the program writes it; unset: the administrator's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) made_by: Option<Starter>,
}

/// `[dataset.source]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceBlock {
    /// `parquet`, `delta`, `csv`, `tsv`, `json`, `ndjson`, `arrow`, `xlsx`, or `query`.
    pub kind: String,
    /// A path, a glob or a URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The statement of a `query`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sql: Option<String>,
    /// What the statement reads; it may be left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depends_on: Option<Vec<String>>,
}

/// When a dataset of the configuration file is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnStart {
    /// At the start.
    #[default]
    Eager,
    /// When it is first read.
    Lazy,
    /// When a reload asks for it.
    Skip,
}

/// Who sees a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Whoever may read.
    #[default]
    Public,
    /// The administrator and bearers of tokens; for others it is not there.
    Private,
}

/// `[dataset.index]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IndexBlock {
    /// How columns are chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<IndexModeBlock>,
    /// The columns of mode `list`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    /// A column with more distinct values than this gets no index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_cardinality: Option<usize>,
}

/// How index columns are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IndexModeBlock {
    /// All that qualify.
    Auto,
    /// None.
    None,
    /// The listed ones.
    List,
}

/// `[dataset.s3]`.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs, reason = "each is what S3 calls it")]
pub struct S3Block {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addressing_style: Option<AddressingStyle>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_http: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_access_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partitioning: Option<PartitioningBlock>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_bucket_in_host: Option<BucketInHost>,
}

impl std::fmt::Debug for S3Block {
    // Written by hand so that no log can print a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3Block")
            .field("region", &self.region)
            .field("endpoint", &self.endpoint)
            .field("addressing_style", &self.addressing_style)
            .field("allow_http", &self.allow_http)
            .field("partitioning", &self.partitioning)
            .finish_non_exhaustive()
    }
}

/// Where the bucket's name goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AddressingStyle {
    /// Into the host name.
    Virtual,
    /// Into the path.
    Path,
}

/// Whether `key=value` folders become columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PartitioningBlock {
    /// When they are there.
    Auto,
    /// They must be there.
    Hive,
    /// Never.
    None,
}

/// Whether the endpoint's host name holds the bucket already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum BucketInHost {
    /// It does or it does not.
    Known(bool),
    /// Found out from the endpoint.
    Named(BucketInHostName),
}

/// The words for [`BucketInHost`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the words say it")]
pub enum BucketInHostName {
    Auto,
    True,
    False,
}

/// `[dataset.options]`: how text files and workbooks are read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptionsBlock {
    /// The one character between fields of CSV.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<String>,
    /// Whether the first line names the columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    /// The one character round fields of CSV.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// What is written for null.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub null_values: Option<NullValues>,
    /// The sheet of a workbook: its name, or its number from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<SheetOption>,
}

/// What is written for null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[allow(missing_docs, reason = "one or several")]
pub enum NullValues {
    One(String),
    Several(Vec<String>),
}

/// The sheet of a workbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[allow(missing_docs, reason = "by number or name")]
pub enum SheetOption {
    Number(u32),
    Name(String),
}

/// `[dataset.predicate_filter]`, `[dataset.projection_filter]`: one of the two.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ColumnFilterBlock {
    /// Only these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include: Option<Vec<String>>,
    /// All but these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude: Option<Vec<String>>,
}

/// `[dataset.refresh]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RefreshBlock {
    /// Again after so long: `10m`, `1h`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<String>,
    /// At the times of this pattern of five fields, instead of an interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    /// The time zone of `cron`; unset: UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Only for `query` sources: when what it reads was loaded anew; unset: no.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_upstream_reload: Option<bool>,
    /// The longest a load may take; unset: 10 minutes for `query`, for others as long as it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<String>,
    /// Whether the times of an interval are spread a little, so that not all come at once; unset: yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter: Option<bool>,
    /// Only for `query` sources: how long after what it reads; unset: 5 seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub debounce: Option<String>,
}

/// `[dataset.materialize]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MaterializeBlock {
    /// `auto`, `memory` or `lazy`; unset: `auto`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub residency: Option<String>,
    /// The columns that the rows are ordered by, ascending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort_by: Option<Vec<String>>,
    /// Whether the rows of the last run are served again after a start, when they would be the same; unset: the statement runs at each start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reuse_on_start: Option<bool>,
}
