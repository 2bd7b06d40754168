//! Which file is read, and what it is: what its descriptor says, else its name, else its first bytes.

use super::dialect::Dialect;
use super::{Fault, Result};
use crate::ingest::compression::{Compression, Scratch, unpack};
use crate::ingest::{Limits, csv, encoding, hints::short, kind, sheet};
use crate::sniff;
use datahall_core::dataset::FileFormat;
use encoding_rs::{Encoding, UTF_8};
use std::io::Read;
use std::path::{Path, PathBuf};

/// First bytes looked at.
const HEAD: u64 = 64 << 10;

/// A file with a table in it, as a resource describes it. Whether it is compressed (gzip, zstd, zip with one file in it) its first bytes say.
#[derive(Debug, Clone, Default)]
pub struct TableFile {
    /// Where it is. It must not change while it is read.
    pub path: PathBuf,
    /// What its owner calls it: a path or the end of a URL.
    pub name: String,
    /// What its descriptor says: `format`, such as `csv`, `.arrow` or `xlsx`.
    pub format: Option<String>,
    /// What its descriptor says: `mediatype`.
    pub mediatype: Option<String>,
    /// How it is laid out.
    pub dialect: Dialect,
    /// What its descriptor says: `encoding`. Unset, it is found out.
    pub encoding: Option<String>,
}

/// A file that is ready to be read: unpacked, and its text as UTF-8.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) path: PathBuf,
    /// Bytes of the mark at its start.
    pub(super) mark: u64,
    pub(super) format: FileFormat,
    /// Its first bytes, behind the mark.
    pub(super) head: Vec<u8>,
    /// They go with this.
    pub(super) _scratch: Vec<Scratch>,
}

impl TableFile {
    /// The format that its descriptor and its name claim.
    ///
    /// # Errors
    /// [`Fault::Unsupported`] for a format that is named and is none of tables.
    fn claimed(&self, name: &str) -> Result<Option<FileFormat>> {
        let given = self.format.as_deref().map(|format| format.trim().trim_start_matches('.').to_ascii_lowercase());
        match given.as_deref() {
            None | Some("" | "table" | "zip" | "gz" | "gzip") => {}
            Some("geojson" | "topojson") => return Ok(Some(FileFormat::Json)),
            Some("tab" | "text/tab-separated-values") => return Ok(Some(FileFormat::Tsv)),
            Some("txt" | "dat") => return Ok(Some(FileFormat::Csv)),
            Some(format) => {
                let found = sniff::by_name(&format!("x.{format}")).format;
                let unknown = || Fault::Unsupported(format!("the format {} is none that tables are read from", short(format)));
                return found.map(Some).ok_or_else(unknown);
            }
        }
        let media =
            self.mediatype.as_deref().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        Ok(sniff::by_name(name).format.or(match media.as_str() {
            "text/csv" | "application/csv" => Some(FileFormat::Csv),
            "text/tsv" | "text/tab-separated-values" => Some(FileFormat::Tsv),
            "text/json" | "application/json" => Some(FileFormat::Json),
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Some(FileFormat::Ndjson),
            "application/parquet" | "application/vnd.apache.parquet" => Some(FileFormat::Parquet),
            "application/vnd.apache.arrow.file" | "application/vnd.apache.arrow.stream" => Some(FileFormat::Arrow),
            "application/vnd.ms-excel" | "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => {
                Some(FileFormat::Xlsx)
            }
            _ => None,
        }))
    }

    /// How its text is said to be encoded.
    fn declared(&self) -> Result<Option<&'static Encoding>> {
        let Some(given) = self.dialect.encoding.as_deref().or(self.encoding.as_deref()) else { return Ok(None) };
        let name = given.trim().to_ascii_lowercase().replace('_', "-");
        let name = name.strip_suffix("-sig").unwrap_or(&name);
        let label = match name {
            "" => return Ok(None),
            // As Python calls them.
            "latin-1" | "latin" | "l1" => "latin1",
            "utf8" | "u8" => "utf-8",
            "mac-roman" => "macintosh",
            other => other,
        };
        let unknown = || Fault::Hints(format!("unknown encoding: {} (try utf-8, utf-16le, windows-1252)", short(given)));
        Encoding::for_label(label.as_bytes()).map(Some).ok_or_else(unknown)
    }

    /// Unpacks it where that is needed, finds out what it is, and makes its text UTF-8; what that takes goes into `folder`.
    pub(super) fn open(&self, folder: &Path, limits: &Limits) -> Result<Opened> {
        let mut scratch = Vec::new();
        let (mut path, mut name) = (self.path.clone(), self.name.clone());
        let mut first = head(&path, 0)?;
        if let Some(how) = Compression::of(&first).filter(|how| *how != Compression::Zip || !sheet::is_packed_sheet(&path)) {
            let (unpacked, inner) = unpack(how, &path, &name, folder.join("unpacked"), limits)?;
            (path, name) = (unpacked.path.clone(), inner);
            scratch.push(unpacked);
            first = head(&path, 0)?;
            if Compression::of(&first).is_some_and(|how| how != Compression::Zip) {
                return Err(kind::unsupported("the file is compressed more than once"));
            }
        }
        if first.is_empty() {
            return Err(Fault::Broken("the file is empty".to_owned()));
        }
        let claimed = self.claimed(&name)?;
        let magic = if first.starts_with(b"PK") { Some(FileFormat::Xlsx) } else { sniff::by_magic(&first) };
        if let Some(format) = magic {
            return Ok(Opened { path, mark: 0, format, head: first, _scratch: scratch });
        }
        if let Some(format @ (FileFormat::Parquet | FileFormat::Arrow | FileFormat::Xlsx)) = claimed {
            return Err(kind::unsupported(&format!("the file is said to be {}, its content is not", kind::called(format))));
        }
        // What is surely no table is told as what it is.
        kind::of("", &first)?;
        let found = encoding::find(&path, self.declared()?)?;
        let mut mark = found.mark;
        if found.encoding != UTF_8 {
            let decoded = encoding::to_utf8(&path, found, folder.join("decoded"), limits)?;
            (path, mark) = (decoded.path.clone(), 0);
            scratch.clear();
            scratch.push(decoded);
        }
        let head = head(&path, mark)?;
        let format = match claimed {
            Some(format @ (FileFormat::Csv | FileFormat::Tsv)) => format,
            Some(FileFormat::Json | FileFormat::Ndjson) if !self.dialect.property.is_empty() => FileFormat::Json,
            claimed => {
                let ending = claimed.map(|format| format!("x.{}", format.endings().first().copied().unwrap_or_default()));
                kind::of_text(ending.as_deref().unwrap_or(&name), &head)?
            }
        };
        Ok(Opened { path, mark, format, head, _scratch: scratch })
    }
}

fn head(path: &Path, from: u64) -> Result<Vec<u8>> {
    let mut head = Vec::new();
    csv::open(path, from)?.take(HEAD).read_to_end(&mut head).map_err(Fault::io)?;
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(format: &str, mediatype: &str, name: &str) -> Option<FileFormat> {
        let set = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let file = TableFile { format: set(format), mediatype: set(mediatype), ..TableFile::default() };
        file.claimed(name).unwrap()
    }

    #[test]
    fn descriptors_name_formats_in_many_ways() {
        for (format, mediatype, name, expected) in [
            ("csv", "", "x.json", Some(FileFormat::Csv)),
            (".arrow", "application/vnd.apache.arrow.file", "x", Some(FileFormat::Arrow)),
            ("TSV", "", "x", Some(FileFormat::Tsv)),
            ("xls", "", "x", Some(FileFormat::Xlsx)),
            ("", "text/json", "x", Some(FileFormat::Json)),
            ("", "text/csv; charset=utf-8", "x.txt", Some(FileFormat::Csv)),
            ("", "", "data/x.csv.gz", Some(FileFormat::Csv)),
            ("", "", "x", None),
        ] {
            assert_eq!(claims(format, mediatype, name), expected, "{format} {mediatype} {name}");
        }
        let png = TableFile { format: Some("png".to_owned()), ..TableFile::default() };
        assert!(matches!(png.claimed("x"), Err(Fault::Unsupported(_))));
    }

    #[test]
    fn encodings_by_the_names_that_python_has_for_them() {
        let of = |name: &str| {
            let file = TableFile { encoding: Some(name.to_owned()), ..TableFile::default() };
            file.declared().map(|encoding| encoding.map(Encoding::name))
        };
        for (name, expected) in [
            ("utf-8", "UTF-8"),
            ("utf_8_sig", "UTF-8"),
            ("latin-1", "windows-1252"),
            ("cp1252", "windows-1252"),
            ("UTF-16LE", "UTF-16LE"),
        ] {
            assert_eq!(of(name).unwrap(), Some(expected), "{name}");
        }
        assert_eq!(of("").unwrap(), None);
        assert!(matches!(of("klingon"), Err(Fault::Hints(_))));
    }
}
