//! Where rows are, as records keep it: JSON, without anything secret.

use crate::Object;
use datahall_core::connection::Part;
use datahall_core::dataset::{FileFormat, FileSource, Location, Partitioning, S3Options};
use datahall_core::{Error, Result};
use serde_json::{Value as Json, json};

/// Where the rows of a dataset are; what takes a secret to get in is named by the id of its connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredSource {
    /// A table of Datahall's own.
    Managed {
        /// Its name in the lake.
        table: String,
        /// As it was at this version; unset: as it is.
        version: Option<u64>,
    },
    /// What is read through a connection.
    Connected {
        /// The id of the connection's record.
        connection: String,
        /// What is read there.
        part: Part,
        /// For Delta tables: as it was at this version; unset: as it is.
        version: Option<u64>,
    },
    /// Files; S3 credentials are not kept, they come from the environment.
    Files(FileSource),
    /// An existing Delta table, with the same said of credentials.
    Delta {
        /// Where it is.
        location: Location,
        /// As it was at this version; unset: as it is.
        version: Option<u64>,
    },
}

/// The formats, by their names.
const FORMATS: [FileFormat; 7] = [
    FileFormat::Parquet,
    FileFormat::Csv,
    FileFormat::Tsv,
    FileFormat::Json,
    FileFormat::Ndjson,
    FileFormat::Arrow,
    FileFormat::Xlsx,
];

impl StoredSource {
    /// What lists call it: `delta`, the format of files, `connector`.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Managed { .. } | Self::Delta { .. } => "delta",
            Self::Connected { .. } => "connector",
            Self::Files(files) => files.format.name(),
        }
    }

    /// The id of the connection that it is read through.
    pub fn connection(&self) -> Option<&str> {
        match self {
            Self::Connected { connection, .. } => Some(connection),
            _ => None,
        }
    }

    /// As a record keeps it.
    pub(crate) fn to_object(&self) -> Object {
        let value = match self {
            Self::Managed { table, version } => json!({"kind": "managed", "table": table, "version": version}),
            Self::Connected { connection, part, version } => {
                let mut value = json!({"kind": "connected", "connection": connection, "version": version});
                match part {
                    Part::Table { schema, name } => {
                        value["schema"] = json!(schema);
                        value["table"] = json!(name);
                    }
                    Part::Query { sql } => value["query"] = json!(sql),
                }
                value
            }
            Self::Files(files) => json!({
                "kind": "files",
                "format": files.format.name(),
                "location": location_json(&files.location),
                "partitioning": match files.partitioning {
                    Partitioning::Auto => "auto",
                    Partitioning::Hive => "hive",
                    Partitioning::None => "none",
                },
            }),
            Self::Delta { location, version } => {
                json!({"kind": "delta", "location": location_json(location), "version": version})
            }
        };
        let Json::Object(mut object) = value else { return Object::new() };
        object.retain(|_, value| !value.is_null());
        object
    }

    /// From a record.
    ///
    /// # Errors
    /// `Internal` for what no such record says.
    pub(crate) fn of_object(object: &Object) -> Result<Self> {
        let wrong = |what: &str| Error::internal(format!("a dataset's source says no {what}"));
        let text = |name: &str| object.get(name).and_then(Json::as_str).map(str::to_owned);
        let version = object.get("version").and_then(Json::as_u64);
        let location = || object.get("location").and_then(location_of).ok_or_else(|| wrong("location"));
        match text("kind").as_deref() {
            Some("managed") => Ok(Self::Managed { table: text("table").ok_or_else(|| wrong("table"))?, version }),
            Some("connected") => {
                let connection = text("connection").ok_or_else(|| wrong("connection"))?;
                let part = match (text("table"), text("query")) {
                    (Some(name), None) => Part::Table { schema: text("schema"), name },
                    (None, Some(sql)) => Part::Query { sql },
                    _ => return Err(wrong("table or query")),
                };
                Ok(Self::Connected { connection, part, version })
            }
            Some("files") => {
                let format = text("format").and_then(|name| FORMATS.into_iter().find(|format| format.name() == name));
                let partitioning = match text("partitioning").as_deref() {
                    Some("hive") => Partitioning::Hive,
                    Some("none") => Partitioning::None,
                    _ => Partitioning::Auto,
                };
                let format = format.ok_or_else(|| wrong("format"))?;
                Ok(Self::Files(FileSource { format, location: location()?, partitioning }))
            }
            Some("delta") => Ok(Self::Delta { location: location()?, version }),
            _ => Err(wrong("kind")),
        }
    }
}

fn location_json(location: &Location) -> Json {
    let s3 = &location.s3;
    json!({
        "url": location.url,
        "region": s3.region,
        "endpoint": s3.endpoint,
        "path_style": s3.path_style,
        "endpoint_bucket_in_host": s3.endpoint_bucket_in_host,
        "allow_http": s3.allow_http,
    })
}

fn location_of(value: &Json) -> Option<Location> {
    let text = |name: &str| value.get(name).and_then(Json::as_str).map(str::to_owned);
    let flag = |name: &str| value.get(name).and_then(Json::as_bool);
    let s3 = S3Options {
        region: text("region"),
        endpoint: text("endpoint"),
        path_style: flag("path_style").unwrap_or_default(),
        endpoint_bucket_in_host: flag("endpoint_bucket_in_host"),
        allow_http: flag("allow_http").unwrap_or_default(),
        ..S3Options::default()
    };
    Some(Location { url: text("url")?, s3 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_comes_back_and_no_secret_is_kept() {
        let s3 = S3Options { region: Some("r".into()), path_style: true, ..S3Options::default() };
        let location = Location { url: "s3://b/k".into(), s3: s3.clone() };
        let part = Part::Table { schema: Some("Sales".into()), name: "Order Lines".into() };
        let sources = [
            StoredSource::Managed { table: "t".into(), version: None },
            StoredSource::Managed { table: "t".into(), version: Some(0) },
            StoredSource::Connected { connection: "c".into(), part, version: Some(3) },
            StoredSource::Connected { connection: "c".into(), part: Part::Query { sql: "SELECT 1".into() }, version: None },
            StoredSource::Files(FileSource {
                format: FileFormat::Ndjson,
                location: location.clone(),
                partitioning: Partitioning::Hive,
            }),
            StoredSource::Delta { location: location.clone(), version: Some(1) },
        ];
        for source in sources {
            assert_eq!(StoredSource::of_object(&source.to_object()).unwrap(), source);
        }
        let s3 = S3Options { secret_access_key: Some("hunter2".into()), access_key_id: Some("AKIA".into()), ..s3 };
        let secret = StoredSource::Delta { location: Location { s3, ..location }, version: None }.to_object();
        let text = serde_json::to_string(&secret).unwrap();
        assert!(!text.contains("hunter2") && !text.contains("AKIA"));
    }

    #[test]
    fn what_says_nothing_is_a_fault_of_ours() {
        for text in [r#"{}"#, r#"{"kind":"managed"}"#, r#"{"kind":"connected","connection":"c"}"#, r#"{"kind":"files"}"#] {
            let object = serde_json::from_str(text).unwrap();
            assert_eq!(StoredSource::of_object(&object).unwrap_err().code(), datahall_core::Code::Internal, "{text}");
        }
    }
}
