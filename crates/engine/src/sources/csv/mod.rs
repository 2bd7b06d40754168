//! CSV and TSV: types found over whole files at opening, rows decoded at each query.

mod survey;

use super::hive;
use super::listing::Listing;
use super::pinned_file::PinnedFile;
use super::rows::{Batches, Member, RowFile, RowsTable};
use super::schema::merge;
use super::text;
use arrow::array::RecordBatch;
use arrow::csv::ReaderBuilder;
use arrow::csv::reader::Decoder;
use arrow::datatypes::{Field, Schema, SchemaRef};
use bytes::Bytes;
use datafusion::common::Result as QueryResult;
use datahall_core::{Error, Result};
use datahall_formats::Guess;
use futures::stream::{StreamExt, TryStreamExt};
use regex::Regex;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use survey::{Survey, survey};

/// How a file's text is cut into fields.
#[derive(Debug, Clone)]
pub(crate) struct Dialect {
    delimiter: u8,
    quote: u8,
    header: bool,
    nulls: Vec<String>,
}

impl Dialect {
    /// The dialect that `options` describe, with `delimiter` unless they say another.
    ///
    /// # Errors
    /// `Invalid` naming the option that is unknown or holds no value for it.
    pub(crate) fn new(options: &BTreeMap<String, String>, delimiter: u8) -> Result<Self> {
        let mut dialect = Self { delimiter, quote: b'"', header: true, nulls: Vec::new() };
        for (key, value) in options {
            match key.as_str() {
                "delimiter" => dialect.delimiter = one_byte(key, value)?,
                "quote" => dialect.quote = one_byte(key, value)?,
                "header" => {
                    dialect.header = match value.as_str() {
                        "auto" | "true" => true,
                        "false" => false,
                        _ => return Err(Error::invalid(format!("header must be true, false or auto, not {value}"))),
                    }
                }
                "null_values" => dialect.nulls = list(value)?,
                _ => {
                    let known = "delimiter, quote, header, null_values";
                    return Err(Error::invalid(format!("unknown option: {key} (known here: {known})")));
                }
            }
        }
        if dialect.delimiter == dialect.quote {
            return Err(Error::invalid("delimiter and quote must differ"));
        }
        Ok(dialect)
    }

    fn is_null(&self, text: &str) -> bool {
        text.is_empty() || self.nulls.iter().any(|null| null == text)
    }

    fn null_pattern(&self) -> Result<Regex> {
        let nulls: Vec<_> = self.nulls.iter().map(|null| regex::escape(null)).collect();
        Regex::new(&format!("^({})$", [vec![String::new()], nulls].concat().join("|"))).map_err(Error::internal)
    }
}

fn one_byte(key: &str, value: &str) -> Result<u8> {
    match value {
        "\\t" | "tab" => Ok(b'\t'),
        _ => match value.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r') => Ok(*byte),
            _ => Err(Error::invalid(format!("{key} must be one ASCII character"))),
        },
    }
}

/// A list as JSON writes it, or as words between commas.
fn list(value: &str) -> Result<Vec<String>> {
    if value.trim_start().starts_with('[') {
        return serde_json::from_str(value).map_err(|_| Error::invalid("null_values must be a list of texts"));
    }
    Ok(value.split(',').map(str::to_owned).collect())
}

/// Opens the files of `listing`; with the table come its rows and what an operator should know.
///
/// # Errors
/// `Invalid` naming file and line of what is wrong.
pub(crate) async fn open(location: &str, listing: Listing, dialect: Dialect) -> Result<(RowsTable, u64, Vec<String>)> {
    let mut surveyed: Vec<(Arc<PinnedFile>, Survey)> = Vec::new();
    let mut notes = Vec::new();
    let only_one = listing.files.len() == 1;
    for file in listing.files {
        let file = Arc::new(file);
        match survey(location, &file, &dialect).await? {
            Some(survey) => surveyed.push((file, survey)),
            None if only_one => return Err(text::wrong(location, &file.name, "the file is empty")),
            None => notes.push(format!("{} is empty and left out", file.name)),
        }
    }
    if surveyed.is_empty() {
        return Err(Error::invalid(format!("{location}: every file is empty")));
    }
    let partitions = hive::infer(surveyed.iter().map(|(file, _)| (file.name.as_str(), file.partitions.as_slice())))
        .map_err(|error| error.context(location))?;
    // A column is judged over all files: one in which it is empty, or happens to hold whole numbers only, decides nothing.
    let mut guesses: HashMap<&str, Guess> = HashMap::new();
    for (name, guess) in surveyed.iter().flat_map(|(_, survey)| survey.names.iter().zip(&survey.guesses)) {
        guesses.entry(name).and_modify(|known| known.merge(guess)).or_insert_with(|| guess.clone());
    }
    let schemas: Vec<SchemaRef> = surveyed
        .iter()
        .map(|(_, survey)| {
            let field = |name: &String| Field::new(name, guesses[name.as_str()].data_type(), true);
            Arc::new(Schema::new(survey.names.iter().map(field).collect::<Vec<_>>()))
        })
        .collect();
    let named: Vec<(&str, &Schema)> =
        surveyed.iter().zip(&schemas).map(|((file, _), schema)| (file.name.as_str(), schema.as_ref())).collect();
    let merged = merge(&named).map_err(|error| error.context(location))?;
    let rows = surveyed.iter().map(|(_, survey)| survey.rows).sum();
    let null_pattern = dialect.null_pattern()?;
    let members = surveyed.into_iter().zip(schemas).map(|((pinned, _), schema)| {
        let rows = Arc::new(CsvFile { schema, dialect: dialect.clone(), null_pattern: null_pattern.clone() });
        Member { pinned, rows }
    });
    Ok((RowsTable::new(&merged, partitions, members.collect()), rows, notes))
}

#[derive(Debug)]
struct CsvFile {
    schema: SchemaRef,
    dialect: Dialect,
    null_pattern: Regex,
}

impl RowFile for CsvFile {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn read(&self, file: Arc<PinnedFile>, columns: Vec<usize>, batch_size: usize) -> Batches {
        let decoder = ReaderBuilder::new(self.schema.clone())
            .with_header(self.dialect.header)
            .with_delimiter(self.dialect.delimiter)
            .with_quote(self.dialect.quote)
            .with_null_regex(self.null_pattern.clone())
            .with_batch_size(batch_size)
            .with_projection(columns)
            .build_decoder();
        let name = file.name.clone();
        let start = (text::pieces(file), decoder, Bytes::new(), false);
        futures::stream::try_unfold(start, move |(mut pieces, mut decoder, mut held, mut ended)| {
            let name = name.clone();
            async move {
                loop {
                    if held.is_empty() && !ended {
                        match pieces.next().await.transpose()? {
                            Some(piece) => held = piece,
                            None => ended = true,
                        }
                        if held.is_empty() && !ended {
                            continue;
                        }
                    }
                    if let Some(batch) = advance(&mut decoder, &mut held, ended).map_err(|error| text::failed(&name, error))? {
                        return QueryResult::Ok(Some((batch, (pieces, decoder, held, ended))));
                    }
                    if ended && held.is_empty() {
                        return Ok(None);
                    }
                }
            }
        })
        .try_filter(|batch| futures::future::ready(batch.num_rows() > 0))
        .boxed()
    }
}

/// Feeds `held` to the decoder and takes a batch out when it is full, or when everything has been read.
fn advance(decoder: &mut Decoder, held: &mut Bytes, ended: bool) -> Result<Option<RecordBatch>, arrow::error::ArrowError> {
    let read = decoder.decode(held)?;
    *held = held.slice(read..);
    if read == 0 || decoder.capacity() == 0 || (ended && held.is_empty()) { decoder.flush() } else { Ok(None) }
}
