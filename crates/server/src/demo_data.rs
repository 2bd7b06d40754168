//! What the demo serves: the bundled files, or paths, each as a dataset with a name and a format.

use datahall_core::dataset::FileFormat;
use datahall_core::{Error, Result};
use datahall_formats::sniff;
use datahall_service::DatasetBlock;
use serde_json::json;
use std::collections::HashSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

const FORMATS: [FileFormat; 7] = [
    FileFormat::Parquet,
    FileFormat::Csv,
    FileFormat::Tsv,
    FileFormat::Json,
    FileFormat::Ndjson,
    FileFormat::Arrow,
    FileFormat::Xlsx,
];

/// How much of a file is looked at to tell its format.
const HEAD_BYTES: u64 = 8192;

/// Name of the dataset, name of the file, what it is, content.
type Bundled = (&'static str, &'static str, &'static str, &'static [u8]);

const BUNDLED: [Bundled; 4] = [
    ("flights", "flights.parquet", "200,000 US flights, January to June 2001", include_bytes!("../demo/flights.parquet")),
    ("airports", "airports.csv", "3,376 US airports", include_bytes!("../demo/airports.csv")),
    (
        "seattle_weather",
        "seattle_weather.csv",
        "daily weather in Seattle, 2012 to 2015",
        include_bytes!("../demo/seattle_weather.csv"),
    ),
    ("penguins", "penguins.json", "344 penguins of the Palmer Archipelago", include_bytes!("../demo/penguins.json")),
];

/// A dataset of the demo.
pub(crate) struct Served {
    pub(crate) name: String,
    /// For people.
    pub(crate) about: String,
    kind: &'static str,
    location: PathBuf,
}

impl Served {
    /// The dataset as the configuration file would describe it.
    ///
    /// # Errors
    /// `Invalid` when the path is not UTF-8.
    pub(crate) fn block(&self) -> Result<DatasetBlock> {
        let location = self
            .location
            .to_str()
            .ok_or_else(|| Error::invalid(format!("{}: the path is not UTF-8", self.location.display())))?;
        let block = json!({"name": self.name, "description": self.about, "source": {"kind": self.kind, "location": location}});
        DatasetBlock::from_json(block.to_string().as_bytes())
    }
}

/// Puts the bundled files below `data_dir`.
///
/// # Errors
/// `Invalid` when they cannot be written.
pub(crate) fn unpack(data_dir: &Path) -> Result<Vec<Served>> {
    let folder = data_dir.join("demo");
    let failed = |error| Error::invalid(format!("{}: {error}", folder.display()));
    fs::create_dir_all(&folder).map_err(failed)?;
    let mut served = Vec::new();
    for (name, file, about, content) in BUNDLED {
        let location = folder.join(file);
        if fs::read(&location).ok().as_deref() != Some(content) {
            fs::write(&location, content).map_err(failed)?;
        }
        let kind = by_ending(&location).ok_or_else(|| Error::internal(file))?;
        served.push(Served { name: name.into(), about: about.into(), kind, location });
    }
    Ok(served)
}

/// Describes what is at `paths`: each is one dataset, named after its file or folder.
///
/// # Errors
/// `Invalid` when a path is not there or nothing of a known format is in it.
pub(crate) fn describe(paths: &[PathBuf]) -> Result<Vec<Served>> {
    let mut taken = HashSet::new();
    let mut served = Vec::new();
    for path in paths {
        let location = path.canonicalize().map_err(|error| Error::invalid(format!("{}: {error}", path.display())))?;
        let kind = kind(&location).ok_or_else(|| {
            let known: Vec<_> = FORMATS.iter().map(|format| format.name()).collect();
            Error::invalid(format!("{}: no known format (known are {} and delta)", path.display(), known.join(", ")))
        })?;
        served.push(Served { name: unique(name(&location), &mut taken), about: location.display().to_string(), kind, location });
    }
    Ok(served)
}

fn kind(path: &Path) -> Option<&'static str> {
    if !path.is_dir() {
        return by_content(path);
    }
    if path.join("_delta_log").is_dir() {
        return Some("delta");
    }
    let mut entries: Vec<PathBuf> = fs::read_dir(path).ok()?.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    entries.sort();
    let (folders, files): (Vec<_>, Vec<_>) = entries.into_iter().partition(|path| path.is_dir());
    // Below a folder only partitions count, and those are of one format.
    files.iter().find_map(|file| by_ending(file)).or_else(|| folders.iter().find_map(|folder| kind(folder)))
}

fn by_ending(path: &Path) -> Option<&'static str> {
    sniff::by_name(path.file_name()?.to_str()?).format.map(FileFormat::name)
}

fn by_content(path: &Path) -> Option<&'static str> {
    let mut head = Vec::new();
    fs::File::open(path).ok()?.take(HEAD_BYTES).read_to_end(&mut head).ok()?;
    sniff::sniff(path.to_str()?, &head).format.map(FileFormat::name)
}

/// The name of a dataset for the file or folder at `path`.
fn name(path: &Path) -> String {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let lower = file.to_ascii_lowercase();
    let endings = FORMATS.iter().flat_map(|format| format.endings());
    let longest =
        endings.filter(|ending| lower.ends_with(&format!(".{ending}"))).map(|ending| ending.len() + 1).max().unwrap_or(0);
    let stem = &file[..file.len() - longest];
    let clean: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() || "_-".contains(c) { c } else { '_' }).collect();
    let trimmed = clean.trim_matches('_');
    if trimmed.is_empty() { "data".into() } else { trimmed.to_owned() }
}

fn unique(name: String, taken: &mut HashSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    let mut candidates = std::iter::once(name.clone()).chain(numbered);
    let free = candidates.find(|candidate| taken.insert(candidate.to_lowercase()));
    free.unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_files_are_unpacked() {
        let folder = tempfile::tempdir().unwrap();
        let served = unpack(folder.path()).unwrap();
        let kinds: Vec<_> = served.iter().map(|one| (one.name.as_str(), one.kind)).collect();
        assert_eq!(kinds, [("flights", "parquet"), ("airports", "csv"), ("seattle_weather", "csv"), ("penguins", "json")]);
        assert!(served.iter().all(|one| one.location.is_file() && one.block().is_ok()));
    }

    #[test]
    fn names_and_formats_of_what_is_given() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::write(at("My sales (2024).csv.gz"), "x").unwrap();
        fs::write(at("sales.jsonl"), "{\"a\":1}\n{\"a\":2}\n").unwrap();
        fs::create_dir_all(at("sales.d/year=2024")).unwrap();
        fs::write(at("sales.d/year=2024/a.parquet"), "x").unwrap();
        fs::create_dir_all(at("table/_delta_log")).unwrap();
        fs::write(at("Sales.tsv"), "x").unwrap();
        let paths = ["My sales (2024).csv.gz", "sales.jsonl", "sales.d", "table", "Sales.tsv"].map(at);
        let served = describe(&paths).unwrap();
        let found: Vec<_> = served.iter().map(|one| (one.name.as_str(), one.kind)).collect();
        assert_eq!(
            found,
            [("My_sales__2024", "csv"), ("sales", "ndjson"), ("sales_d", "parquet"), ("table", "delta"), ("Sales_2", "tsv")]
        );
    }

    #[test]
    fn what_cannot_be_served_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = describe(&[folder.path().join("missing.csv")]).err().unwrap();
        assert!(missing.message().contains("missing.csv"), "{missing}");
        let empty = describe(&[folder.path().to_path_buf()]).err().unwrap();
        assert!(empty.message().contains("no known format"), "{empty}");
    }
}
