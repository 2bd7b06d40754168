//! Files behind one address: a table is a path below it, of the format that its ending says.

use super::failures;
use crate::sources::http::answers;
use crate::sources::listing::belongs;
use datahall_core::connection::{Connection, Part};
use datahall_core::dataset::{FileFormat, FileSource, Location, Partitioning, S3Options};
use datahall_core::engine::Access;
use datahall_core::{Code, Error, Result};
use url::Url;

const FORMATS: [FileFormat; 6] =
    [FileFormat::Parquet, FileFormat::Csv, FileFormat::Tsv, FileFormat::Ndjson, FileFormat::Json, FileFormat::Arrow];

/// The only schema; what is in it cannot be listed.
pub(super) const SCHEMA: &str = "default";

/// The file that `part` names below `root`.
///
/// # Errors
/// `Invalid` for a statement, a path that leads elsewhere, and an ending that says no format.
pub(super) fn find(root: &str, part: &Part) -> Result<FileSource> {
    let Part::Table { name, .. } = part else { return Err(Error::invalid("files are read by their path, not by a statement")) };
    let base = if root.ends_with('/') { root.to_owned() } else { format!("{root}/") };
    let base = Url::parse(&base).map_err(|error| Error::invalid(format!("the address is none: {error}")))?;
    let url = base.join(name).map_err(|error| Error::invalid(format!("no such table: {error}")))?;
    if !url.as_str().starts_with(base.as_str()) || url.as_str() == base.as_str() {
        return Err(Error::invalid("the table's path leads out of the connector's address"));
    }
    let path = url.path().to_lowercase();
    let format = FORMATS.into_iter().find(|format| belongs(&path, format.endings()));
    let format =
        format.ok_or_else(|| Error::invalid(format!("the ending of '{name}' says none of the formats that are read")))?;
    let location = Location { url: url.into(), s3: S3Options::default() };
    Ok(FileSource { format, location, partitioning: Partitioning::None })
}

/// Finds out whether somebody answers at the address; what he answers does not matter.
///
/// # Errors
/// `Unavailable` when nobody does; `Invalid` when `access` refuses the address.
pub(super) async fn probe(connection: &Connection, root: &str, access: &Access) -> Result<()> {
    answers(root, access).await.map_err(|error| match error.code() {
        Code::Unavailable => failures::away(&connection.name, format!("{error:?}")),
        _ => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_paths_below_the_address() {
        let table = |name: &str| find("https://example.org/data", &Part::Table { schema: None, name: name.into() });
        let found = table("2024/flights.CSV.gz").unwrap();
        assert_eq!(
            (found.format, found.location.url.as_str()),
            (FileFormat::Csv, "https://example.org/data/2024/flights.CSV.gz")
        );
        for name in ["../x.csv", "/x.csv", "https://evil.example/x.csv", "//evil.example/x.csv", "", "x.exe", "a/../../x.csv"] {
            assert!(table(name).is_err(), "{name}");
        }
    }
}
