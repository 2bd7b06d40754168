//! From a `[[dataset]]` block to what the engine opens and what callers may see; every rule a block must satisfy.

use super::dataset::BucketInHostName;
use super::{
    AddressingStyle, BucketInHost, DatasetBlock, Environment, IndexModeBlock, NullValues, OptionsBlock, PartitioningBlock,
    S3Block, SheetOption,
};
use datahall_core::dataset::{
    DatasetSpec, FileFormat, FileSource, IndexMode, IndexOptions, Location, Partitioning, ReadOptions, S3Options, Source,
};
use datahall_core::{Error, Result};
use std::collections::BTreeMap;

/// The source kinds, as they are listed in messages.
const KINDS: &str = "parquet, delta, csv, tsv, json, ndjson, arrow, xlsx";
/// Names that are routes beside the datasets' own.
const RESERVED_NAMES: &[&str] = &["reload-all", "persist"];

/// Something a block gets wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) key: Vec<String>,
    pub(super) message: String,
}

pub(super) fn finding(key: &[&str], message: impl Into<String>) -> Finding {
    Finding { key: key.iter().map(|key| (*key).to_owned()).collect(), message: message.into() }
}

/// Whether `name` may name a dataset.
///
/// # Errors
/// `Invalid`, saying what a name may be.
pub(crate) fn check_name(name: &str) -> Result<()> {
    name_problem(name).map_or(Ok(()), |message| Err(Error::invalid(format!("invalid value: name: {message}"))))
}

fn name_problem(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("must not be empty".into());
    }
    if name.len() > 255 {
        return Some("must not be longer than 255 characters".into());
    }
    if let Some(bad) = name.chars().find(|c| !(c.is_ascii_alphanumeric() || "_.-".contains(*c))) {
        return Some(format!("may hold letters, digits, `_`, `.` and `-`, not `{}`", bad.escape_default()));
    }
    let reserved = name == "." || name == ".." || RESERVED_NAMES.iter().any(|word| word.eq_ignore_ascii_case(name));
    reserved.then(|| format!("`{name}` is reserved"))
}

impl DatasetBlock {
    /// Checks all that needs no look at the source.
    ///
    /// # Errors
    /// `Invalid` with the first thing that is wrong.
    pub fn check(&self, environment: &Environment) -> Result<()> {
        match self.findings(environment).into_iter().next() {
            Some(found) => Err(Error::invalid(format!("invalid value: {}: {}", found.key.join("."), found.message))),
            None => Ok(()),
        }
    }

    /// Everything that is wrong, without a look at the source.
    pub(super) fn findings(&self, environment: &Environment) -> Vec<Finding> {
        let mut found = Vec::new();
        if let Some(message) = name_problem(&self.name) {
            found.push(finding(&["name"], message));
        }
        self.source_findings(&mut found);
        found.extend(self.refresh.iter().flat_map(|refresh| refresh.findings(self.is_query())));
        if let Some(index) = &self.index {
            let listed = index.columns.as_ref().is_some_and(|columns| !columns.is_empty());
            if index.mode == Some(IndexModeBlock::List) && !listed {
                found.push(finding(&["index", "columns"], "mode `list` needs columns"));
            }
        }
        if self.columns.as_ref().is_some_and(|columns| columns.iter().any(String::is_empty)) {
            found.push(finding(&["columns"], "a column's name must not be empty"));
        }
        if let Some(s3) = &self.s3 {
            let endpoint = s3.endpoint.clone().or_else(|| environment.get(&self.variable("AWS_ENDPOINT_URL")));
            if let Some(message) = endpoint.and_then(|endpoint| endpoint_problem(&endpoint, s3.allow_http == Some(true))) {
                found.push(finding(&["s3", "endpoint"], message));
            }
            if s3.access_key_id.is_some() != s3.secret_access_key.is_some() {
                found.push(finding(&["s3", "access_key_id"], "access_key_id and secret_access_key need each other"));
            }
        }
        for (key, filter) in [("predicate_filter", &self.predicate_filter), ("projection_filter", &self.projection_filter)] {
            if filter.as_ref().is_some_and(|filter| filter.include.is_some() == filter.exclude.is_some()) {
                found.push(finding(&[key], "needs either include or exclude"));
            }
        }
        found.extend(self.policy_findings().into_iter().map(|(key, message)| Finding { key, message }));
        let options = self.options.clone().unwrap_or_default();
        for (key, value) in [("delimiter", options.delimiter), ("quote", options.quote)] {
            if value.is_some_and(|value| value.len() != 1 || !value.is_ascii()) {
                found.push(finding(&["options", key], "must be one ASCII character"));
            }
        }
        found
    }

    fn source_findings(&self, found: &mut Vec<Finding>) {
        let source = &self.source;
        if self.is_query() {
            self.query_findings(found);
            return;
        }
        if source.kind != "delta" && format_named(&source.kind).is_none() {
            found.push(finding(&["source", "kind"], format!("unknown kind `{}`: must be one of {KINDS}", source.kind)));
        }
        match source.location.as_deref() {
            None => found.push(finding(&["source", "location"], "is missing")),
            Some(location) if location.trim().is_empty() => found.push(finding(&["source", "location"], "must not be empty")),
            Some(location) if location.contains('\0') => found.push(finding(&["source", "location"], "must not hold NUL")),
            Some(_) => {}
        }
        for (key, present) in
            [("sql", source.sql.is_some()), ("depends_on", source.depends_on.as_ref().is_some_and(|d| !d.is_empty()))]
        {
            if present {
                found.push(finding(&["source", key], "is only for kind `query`"));
            }
        }
        if self.materialize.is_some() {
            found.push(finding(&["materialize"], "is only for kind `query`"));
        }
    }

    /// What the engine opens.
    ///
    /// # Errors
    /// As [`DatasetBlock::check`].
    pub fn spec(&self, environment: &Environment) -> Result<DatasetSpec> {
        self.check(environment)?;
        if self.is_query() {
            return Err(Error::internal("a query is no source"));
        }
        let location = Location { url: self.source.location.clone().unwrap_or_default(), s3: self.s3_options(environment) };
        let partitioning = match self.s3.as_ref().and_then(|s3| s3.partitioning) {
            None | Some(PartitioningBlock::Auto) => Partitioning::Auto,
            Some(PartitioningBlock::Hive) => Partitioning::Hive,
            Some(PartitioningBlock::None) => Partitioning::None,
        };
        let source = match format_named(&self.source.kind) {
            Some(format) => Source::Files(FileSource { format, location, partitioning }),
            None => Source::Delta { location, version: None },
        };
        Ok(DatasetSpec { name: self.name.clone(), description: self.description.clone(), source, options: self.read_options() })
    }

    /// How its rows are kept.
    pub(crate) fn read_options(&self) -> ReadOptions {
        let index = self.index.clone().unwrap_or_default();
        let mode = match index.mode {
            None | Some(IndexModeBlock::Auto) => IndexMode::Auto,
            Some(IndexModeBlock::None) => IndexMode::None,
            Some(IndexModeBlock::List) => IndexMode::List,
        };
        let defaults = IndexOptions::default();
        ReadOptions {
            rename: Vec::new(),
            columns: self.columns.clone().unwrap_or_default(),
            dict_encode: self.dict_encode.unwrap_or(true),
            lazy: self.lazy.unwrap_or(false),
            index: IndexOptions {
                mode,
                columns: index.columns.unwrap_or_default(),
                max_cardinality: index.max_cardinality.unwrap_or(defaults.max_cardinality),
            },
            format: self.options.as_ref().map(format_options).unwrap_or_default(),
        }
    }

    // The dataset's own variables, then what the block says, then the variables for all.
    fn s3_options(&self, environment: &Environment) -> S3Options {
        let own = |name: &str| environment.get(&self.variable(name));
        let block = self.s3.clone().unwrap_or_default();
        let own_keys = own("AWS_ACCESS_KEY_ID").zip(own("AWS_SECRET_ACCESS_KEY"));
        let shared_keys = || environment.get("AWS_ACCESS_KEY_ID").zip(environment.get("AWS_SECRET_ACCESS_KEY"));
        // A key id, its secret and its session token belong together: they come from one place, all or none.
        let (keys, session_token) = if own_keys.is_some() {
            (own_keys, own("AWS_SESSION_TOKEN"))
        } else if block.access_key_id.is_some() {
            (block.access_key_id.clone().zip(block.secret_access_key.clone()), block.session_token.clone())
        } else {
            (shared_keys(), environment.get("AWS_SESSION_TOKEN"))
        };
        let (access_key_id, secret_access_key) = keys.unzip();
        let region = own("AWS_REGION").or(block.region.clone()).or_else(|| environment.get("AWS_REGION"));
        S3Options {
            region: region.or_else(|| environment.get("AWS_DEFAULT_REGION")),
            endpoint: own("AWS_ENDPOINT_URL").or(block.endpoint.clone()).or_else(|| environment.get("AWS_ENDPOINT_URL")),
            path_style: block.addressing_style == Some(AddressingStyle::Path),
            endpoint_bucket_in_host: bucket_in_host(&block),
            allow_http: block.allow_http.unwrap_or(false),
            public_only: false,
            access_key_id,
            secret_access_key,
            session_token,
        }
    }

    fn variable(&self, name: &str) -> String {
        let prefix: String =
            self.name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
        format!("{prefix}_{name}")
    }
}

fn format_named(kind: &str) -> Option<FileFormat> {
    use FileFormat::{Arrow, Csv, Json, Ndjson, Parquet, Tsv, Xlsx};
    [Parquet, Csv, Tsv, Json, Ndjson, Arrow, Xlsx].into_iter().find(|format| format.name() == kind)
}

fn endpoint_problem(endpoint: &str, allow_http: bool) -> Option<String> {
    match url::Url::parse(endpoint) {
        Ok(url) if url.scheme() == "https" && url.has_host() => None,
        Ok(url) if url.scheme() == "http" && url.has_host() => {
            (!allow_http).then(|| "an http:// endpoint needs allow_http = true".into())
        }
        _ => Some("must be an http:// or https:// URL".into()),
    }
}

fn bucket_in_host(block: &S3Block) -> Option<bool> {
    match block.endpoint_bucket_in_host? {
        BucketInHost::Known(known) => Some(known),
        BucketInHost::Named(BucketInHostName::True) => Some(true),
        BucketInHost::Named(BucketInHostName::False) => Some(false),
        BucketInHost::Named(BucketInHostName::Auto) => None,
    }
}

fn format_options(options: &OptionsBlock) -> BTreeMap<String, String> {
    // As a JSON list, for a value may hold any separator.
    let null_values = options.null_values.as_ref().map(|values| match values {
        NullValues::One(value) => serde_json::json!([value]).to_string(),
        NullValues::Several(values) => serde_json::json!(values).to_string(),
    });
    let sheet = options.sheet.as_ref().map(|sheet| match sheet {
        SheetOption::Number(number) => number.to_string(),
        SheetOption::Name(name) => name.clone(),
    });
    let given = [
        ("delimiter", options.delimiter.clone()),
        ("header", options.header.map(|header| header.to_string())),
        ("quote", options.quote.clone()),
        ("null_values", null_values),
        ("sheet", sheet),
    ];
    given.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(toml: &str) -> DatasetBlock {
        toml::from_str(toml).unwrap()
    }

    fn none() -> Environment {
        Environment::fixed(&[])
    }

    fn messages(toml: &str) -> Vec<String> {
        block(toml).findings(&none()).into_iter().map(|found| format!("{}: {}", found.key.join("."), found.message)).collect()
    }

    #[test]
    fn names() {
        for good in ["a", "A.b-c_9", "reload", "...", &"x".repeat(255)] {
            check_name(good).unwrap();
        }
        for bad in ["", ".", "..", "reload-all", "Persist", "a b", "a/b", "a\0", "a\nb", "é", &"x".repeat(256)] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn every_rule_is_checked() {
        let with = |rest: &str| messages(&format!("name='a'\nsource={{kind='parquet',location='x'}}\n{rest}"));
        assert!(with("").is_empty());
        assert_eq!(messages("name='a'\nsource={kind='orc'}").len(), 2);
        assert!(messages("name='a'\nsource={kind='query',sql='SELECT 1'}").is_empty());
        assert!(messages("name='a'\nsource={kind='orc',location='x'}")[0].contains(KINDS));
        assert!(with("[index]\nmode='list'")[0].starts_with("index.columns"));
        assert!(with("[s3]\nendpoint='http://h'")[0].contains("allow_http"));
        assert!(with("[s3]\nendpoint='http://h'\nallow_http=true").is_empty());
        assert!(with("[predicate_filter]\ninclude=['a']\nexclude=['b']")[0].starts_with("predicate_filter"));
        assert!(with("[options]\ndelimiter='ab'")[0].starts_with("options.delimiter"));
        assert!(with("[materialize]\nresidency='auto'")[0].starts_with("materialize"));
    }

    #[test]
    fn s3_credentials_come_from_one_place_and_never_reach_a_log() {
        let inline = block(
            "name='my-set'\nsource={kind='parquet',location='s3://b/k'}\n[s3]\naccess_key_id='i'\nsecret_access_key='inline-secret'",
        );
        let key =
            |environment: &Environment| inline.spec(environment).unwrap().source.location().unwrap().s3.access_key_id.clone();
        let shared = [("AWS_ACCESS_KEY_ID", "shared"), ("AWS_SECRET_ACCESS_KEY", "s")];
        assert_eq!(key(&Environment::fixed(&shared)).as_deref(), Some("i"));
        let own = [shared[0], shared[1], ("MY_SET_AWS_ACCESS_KEY_ID", "own"), ("MY_SET_AWS_SECRET_ACCESS_KEY", "s")];
        assert_eq!(key(&Environment::fixed(&own)).as_deref(), Some("own"));
        let bare = block("name='b'\nsource={kind='parquet',location='s3://b/k'}").spec(&Environment::fixed(&shared)).unwrap();
        assert_eq!(bare.source.location().unwrap().s3.access_key_id.as_deref(), Some("shared"));
        let spec = inline.spec(&none()).unwrap();
        assert!(!format!("{inline:?}{spec:?}").contains("inline-secret"));
    }

    #[test]
    fn filters_and_options_are_carried_over() {
        let block = block(
            "name='a'\nsource={kind='csv',location='x'}\n[projection_filter]\nexclude=['ssn']\n[options]\nheader=false\nsheet=2\nnull_values=['NA','-']",
        );
        assert_eq!(block.stated().visible, datahall_core::policy::ColumnChoice::Exclude(vec!["ssn".into()]));
        let format = block.spec(&none()).unwrap().options.format;
        assert_eq!(
            (format["header"].as_str(), format["sheet"].as_str(), format["null_values"].as_str()),
            ("false", "2", r#"["NA","-"]"#)
        );
    }
}
