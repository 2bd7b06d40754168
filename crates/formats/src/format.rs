//! The formats answers come in: their names and media types.

/// A format that batches can be encoded in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is the format of that name")]
pub enum Format {
    Json,
    Ndjson,
    Csv,
    Tsv,
    Arrow,
    Parquet,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Json, Self::Ndjson, Self::Csv, Self::Tsv, Self::Arrow, Self::Parquet];

    /// The name, in lower case; also the usual file ending.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Arrow => "arrow",
            Self::Parquet => "parquet",
        }
    }

    /// The value of the `Content-Type` header.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Tsv => "text/tab-separated-values; charset=utf-8",
            Self::Arrow => "application/vnd.apache.arrow.stream",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// The format called `name`, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "json" => Some(Self::Json),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            "csv" => Some(Self::Csv),
            "tsv" => Some(Self::Tsv),
            "arrow" => Some(Self::Arrow),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }

    /// The format of a media type, in any case, whatever its parameters. Wildcards are nobody's media type.
    pub fn from_media_type(media_type: &str) -> Option<Self> {
        let essence = media_type.split(';').next().unwrap_or_default();
        match essence.trim().to_ascii_lowercase().as_str() {
            "application/json" => Some(Self::Json),
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/x-jsonlines" => Some(Self::Ndjson),
            "text/csv" | "application/csv" => Some(Self::Csv),
            "text/tab-separated-values" => Some(Self::Tsv),
            "application/vnd.apache.arrow.stream" => Some(Self::Arrow),
            "application/vnd.apache.parquet" | "application/x-parquet" => Some(Self::Parquet),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Format;

    #[test]
    fn every_format_is_found_by_its_own_name_and_media_type() {
        for format in Format::ALL {
            assert_eq!(Format::from_name(format.name()), Some(format));
            assert_eq!(Format::from_name(&format.name().to_uppercase()), Some(format));
            assert_eq!(Format::from_media_type(format.content_type()), Some(format));
        }
    }

    #[test]
    fn parameters_and_case_do_not_matter_and_wildcards_are_no_format() {
        assert_eq!(Format::from_media_type(" Text/CSV ; header=present"), Some(Format::Csv));
        assert_eq!(Format::from_media_type("*/*"), None);
        assert_eq!(Format::from_media_type("application/*"), None);
        assert_eq!(Format::from_name("xml"), None);
    }
}
