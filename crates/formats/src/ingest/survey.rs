//! A file that was read once: what it is, its columns, its rows counted, the wrong ones told; and its second reading.

use super::arrow::ArrowFile;
use super::compression::{Compression, Scratch, unpack};
use super::csv::{Csv, Dialect};
use super::hints::Hints;
use super::kind::{self, Kind};
use super::report::Report;
use super::whole::Typed;
use super::{Fault, Limits, Result, csv, encoding, json, parquet, sheet, types};
use ::arrow::array::RecordBatch;
use ::arrow::datatypes::SchemaRef;
use datahall_core::dataset::FileFormat;
use encoding_rs::UTF_8;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// First bytes looked at.
const HEAD: u64 = 64 << 10;

/// A file to be read.
#[derive(Debug, Clone)]
pub struct File {
    /// Where it is. It must not change while it is read.
    pub path: PathBuf,
    /// What its owner calls it.
    pub name: String,
    /// A folder for what is unpacked of it; nothing is left there.
    pub scratch: PathBuf,
}

/// What was found out of a file beside its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its format.
    pub format: FileFormat,
    /// How it was compressed: `gzip`, `zstd` or `zip`.
    pub compression: Option<&'static str>,
    /// For text: how it is encoded, as `UTF-8` or `windows-1252`.
    pub encoding: Option<&'static str>,
    /// For delimited text: what stands between fields.
    pub delimiter: Option<char>,
    /// For delimited text: what stands around fields.
    pub quote: Option<char>,
    /// For delimited text: whether the first row names the columns.
    pub header: Option<bool>,
    /// For workbooks: the sheet that was read.
    pub sheet: Option<String>,
    /// For workbooks: all sheets.
    pub sheets: Vec<String>,
    /// What its owner should know.
    pub warnings: Vec<String>,
}

impl Told {
    fn new(format: FileFormat) -> Self {
        Self {
            format,
            compression: None,
            encoding: None,
            delimiter: None,
            quote: None,
            header: None,
            sheet: None,
            sheets: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

/// A file that was read once.
#[derive(Debug)]
pub struct Survey {
    /// What was found out of it.
    pub told: Told,
    /// Its columns.
    pub schema: SchemaRef,
    /// Its rows that are right.
    pub rows: u64,
    /// Those that are not.
    pub report: Report,
    content: Content,
    // They go with this.
    _scratch: Vec<Scratch>,
}

#[derive(Debug)]
enum Content {
    Csv(Csv),
    Typed(Typed),
}

impl Survey {
    /// Reads `file` through.
    ///
    /// # Errors
    /// [`Fault`]; wrong rows are none, they are told by [`Survey::report`].
    pub fn of(file: &File, hints: &Hints, limits: &Limits) -> Result<Self> {
        let mut scratch = Vec::new();
        let (mut path, mut name) = (file.path.clone(), file.name.clone());
        let mut head = head(&path, 0)?;
        if head.is_empty() {
            return Err(Fault::Broken("the file is empty".to_owned()));
        }
        let compression = Compression::of(&head).filter(|how| *how != Compression::Zip || !sheet::is_packed_sheet(&path));
        if let Some(how) = compression {
            let (unpacked, inner) = unpack(how, &path, &name, file.scratch.join("unpacked"), limits)?;
            (path, name) = (unpacked.path.clone(), inner);
            scratch.push(unpacked);
            head = self::head(&path, 0)?;
            if head.is_empty() {
                return Err(Fault::Broken("the file is empty".to_owned()));
            }
        }
        let kind = match compression {
            None if head.starts_with(b"PK") => Kind::Binary(FileFormat::Xlsx),
            Some(_) if Compression::of(&head).is_some() => {
                return Err(kind::unsupported("the file is compressed more than once"));
            }
            _ => kind::of(&name, &head)?,
        };
        let mut survey = match kind {
            Kind::Binary(format) if compression.is_some() => {
                let called = kind::called(format);
                return Err(kind::unsupported(&format!("only text may come compressed, and in the file is {called}")));
            }
            Kind::Binary(format) => binary(format, &path, hints, limits)?,
            Kind::Text => text((&path, &name), &file.scratch, hints, limits, &mut scratch)?,
        };
        survey.told.compression = compression.map(Compression::name);
        if let Some(claimed) = kind::claimed(&name).filter(|claimed| !alike(*claimed, survey.told.format)) {
            let (says, is) = (kind::called(claimed), kind::called(survey.told.format));
            survey.told.warnings.insert(0, format!("the file's name says {says}, its content is {is}"));
        }
        types::kept_otherwise(&survey.schema, &mut survey.told.warnings);
        survey._scratch = scratch;
        Ok(survey)
    }

    /// Gives the rows that are right to `each`, in batches, until it breaks.
    ///
    /// # Errors
    /// [`Fault`]: what only the second reading meets, as pages of Parquet that are damaged.
    pub fn read(&self, each: &mut dyn FnMut(RecordBatch) -> ControlFlow<()>) -> Result<()> {
        let (mut rows, mut broke) = (0, false);
        let mut counted = |batch: RecordBatch| {
            rows += batch.num_rows() as u64;
            let flow = each(batch);
            broke = flow.is_break();
            flow
        };
        match &self.content {
            Content::Csv(csv) => csv.read(&mut counted)?,
            Content::Typed(typed) => typed.read(&mut counted)?,
        }
        if !broke && rows != self.rows {
            let had = self.rows;
            return Err(Fault::internal(format!("the file had {had} rows when it was surveyed and {rows} when it was read")));
        }
        Ok(())
    }

    /// The first `rows` rows that are right.
    ///
    /// # Errors
    /// As [`Survey::read`].
    pub fn head(&self, rows: usize) -> Result<Vec<RecordBatch>> {
        let (mut left, mut batches) = (rows, Vec::new());
        self.read(&mut |batch| {
            let taken = batch.num_rows().min(left);
            left -= taken;
            batches.push(batch.slice(0, taken));
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(batches)
    }

    fn typed(told: Told, typed: Typed) -> Self {
        let (schema, rows, report) = (typed.schema.clone(), typed.rows, typed.report.clone());
        Self { told, schema, rows, report, content: Content::Typed(typed), _scratch: Vec::new() }
    }
}

fn head(path: &Path, from: u64) -> Result<Vec<u8>> {
    let mut head = Vec::new();
    let file = csv::open(path, from)?;
    file.take(HEAD).read_to_end(&mut head).map_err(Fault::io)?;
    Ok(head)
}

/// Whether a file of the one format may be called as the other.
fn alike(claimed: FileFormat, is: FileFormat) -> bool {
    let delimited = |format| matches!(format, FileFormat::Csv | FileFormat::Tsv);
    let json = |format| matches!(format, FileFormat::Json | FileFormat::Ndjson);
    claimed == is || (delimited(claimed) && delimited(is)) || (json(claimed) && json(is))
}

fn binary(format: FileFormat, path: &Path, hints: &Hints, limits: &Limits) -> Result<Survey> {
    let mut told = Told::new(format);
    let typed = match format {
        FileFormat::Parquet => Typed::survey(Box::new(parquet::open(path, limits)?), hints, limits, &mut told.warnings)?,
        FileFormat::Arrow => Typed::survey(Box::new(ArrowFile::open(path, limits)?), hints, limits, &mut told.warnings)?,
        _ => {
            let (sheet, sheets) = sheet::open(path, hints)?;
            (told.sheet, told.sheets) = (Some(sheet.name.clone()), sheets);
            told.warnings.extend(sheet.warnings.iter().cloned());
            Typed::survey(Box::new(sheet), hints, limits, &mut told.warnings)?
        }
    };
    Ok(Survey::typed(told, typed))
}

fn text(
    (path, name): (&Path, &str),
    folder: &Path,
    hints: &Hints,
    limits: &Limits,
    scratch: &mut Vec<Scratch>,
) -> Result<Survey> {
    let found = encoding::find(path, hints.encoding)?;
    let (mut path, mut mark) = (path.to_owned(), found.mark);
    if found.encoding != UTF_8 {
        let decoded = encoding::to_utf8(&path, found, folder.join("decoded"), limits)?;
        (path, mark) = (decoded.path.clone(), 0);
        // What it was unpacked to is not needed any more.
        scratch.clear();
        scratch.push(decoded);
    }
    let head = head(&path, mark)?;
    if head.trim_ascii().is_empty() {
        return Err(Fault::Broken("the file is empty".to_owned()));
    }
    let format = kind::of_text(name, &head)?;
    let mut told = Told::new(format);
    told.encoding = Some(found.encoding.name());
    if found.encoding != UTF_8 && hints.encoding.is_none() {
        told.warnings.push(format!("the text is not UTF-8; it was read as {}", found.encoding.name()));
    }
    if hints.header_rows.is_some() {
        return Err(Fault::Hints("header: only in a workbook may several rows name the columns".to_owned()));
    }
    match format {
        FileFormat::Csv | FileFormat::Tsv => {
            let dialect = Dialect::find(&head, format, hints, &mut told.warnings);
            told.delimiter = Some(char::from(dialect.delimiter));
            told.quote = Some(char::from(dialect.quote));
            told.header = Some(dialect.header);
            if dialect.delimiter == b'\t' {
                told.format = FileFormat::Tsv;
            }
            let csv = csv::survey((&path, mark), dialect, hints, limits, &mut told.warnings)?;
            let (schema, rows, report) = (csv.schema.clone(), csv.rows, csv.report.clone());
            Ok(Survey { told, schema, rows, report, content: Content::Csv(csv), _scratch: Vec::new() })
        }
        _ => {
            let json = json::open((&path, mark), format == FileFormat::Ndjson, limits)?;
            let typed = Typed::survey(Box::new(json), hints, limits, &mut told.warnings)?;
            Ok(Survey::typed(told, typed))
        }
    }
}
