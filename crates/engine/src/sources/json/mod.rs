//! JSON and NDJSON: types found over all rows at opening. NDJSON is decoded at each query; an array of objects, and objects
//! over several lines, are read into memory once, since no part of them can be read without what comes before.

use super::hive;
use super::listing::Listing;
use super::pinned_file::PinnedFile;
use super::rows::{Batches, Held, Member, RowFile, RowsTable};
use super::schema::merge;
use super::text;
use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::json::ReaderBuilder;
use arrow::json::reader::Decoder;
use bytes::{Bytes, BytesMut};
use datafusion::common::Result as QueryResult;
use datahall_core::{Error, Result};
use datahall_formats::json::{Row, Shape, each_object};
use futures::stream::{StreamExt, TryStreamExt};
use std::collections::HashMap;
use std::sync::Arc;

/// What is not one object a line is not read into memory when it is larger than this.
const LARGEST_WHOLE: u64 = 1024 * 1024 * 1024;
/// The longest line of NDJSON.
const LONGEST_LINE: usize = 256 * 1024 * 1024;

/// What one file holds.
struct Survey {
    pinned: Arc<PinnedFile>,
    columns: Vec<(String, Shape)>,
    rows: u64,
    /// The text, when its lines are not its rows.
    whole: Option<Bytes>,
}

/// Opens the files of `listing`; with the table come its rows and what an operator should know.
///
/// # Errors
/// `Invalid` naming file and line of what is wrong.
pub(crate) async fn open(location: &str, listing: Listing, arrays: bool) -> Result<(RowsTable, u64, Vec<String>)> {
    let (mut surveys, mut notes) = (Vec::new(), Vec::new());
    let only_one = listing.files.len() == 1;
    for file in listing.files {
        let file = Arc::new(file);
        match survey(location, &file, arrays).await? {
            Some(survey) => surveys.push(survey),
            None if only_one => return Err(text::wrong(location, &file.name, "the file is empty")),
            None => notes.push(format!("{} is empty and left out", file.name)),
        }
    }
    if surveys.is_empty() {
        return Err(Error::invalid(format!("{location}: every file is empty")));
    }
    if surveys.iter().any(|survey| survey.whole.is_some()) {
        notes.push("JSON that is not one object a line is read as a whole and held in memory".to_owned());
    }
    let partitions = hive::infer(surveys.iter().map(|survey| (survey.pinned.name.as_str(), survey.pinned.partitions.as_slice())))
        .map_err(|error| error.context(location))?;
    let mut shapes: HashMap<String, Shape> = HashMap::new();
    for (name, shape) in surveys.iter().flat_map(|survey| &survey.columns) {
        shapes.entry(name.clone()).or_default().merge(shape);
    }
    let schemas: Vec<SchemaRef> = surveys.iter().map(|survey| schema_of(survey, &shapes)).collect();
    let named: Vec<(&str, &Schema)> =
        surveys.iter().zip(&schemas).map(|(survey, schema)| (survey.pinned.name.as_str(), schema.as_ref())).collect();
    let merged = merge(&named).map_err(|error| error.context(location))?;
    if merged.fields().is_empty() {
        return Err(Error::invalid(format!("{location}: the rows have no columns")));
    }
    let rows = surveys.iter().map(|survey| survey.rows).sum();
    let mixed = shapes.values().any(Shape::is_mixed_somewhere);
    let mut members = Vec::new();
    for (survey, schema) in surveys.into_iter().zip(schemas) {
        let rows: Arc<dyn RowFile> = match survey.whole {
            Some(text) => Arc::new(Held { batches: decode_whole(&text, &schema)?, schema }),
            None => Arc::new(LinesFile { schema, mixed }),
        };
        members.push(Member { pinned: survey.pinned, rows });
    }
    Ok((RowsTable::new(&merged, partitions, members), rows, notes))
}

fn schema_of(survey: &Survey, shapes: &HashMap<String, Shape>) -> SchemaRef {
    let field = |(name, shape): &(String, Shape)| Field::new(name, shapes.get(name).unwrap_or(shape).data_type(), true);
    Arc::new(Schema::new(survey.columns.iter().map(field).collect::<Vec<_>>()))
}

/// Reads `file` through; `None` when there is nothing in it. `arrays`: its rows need not be its lines.
async fn survey(location: &str, file: &Arc<PinnedFile>, arrays: bool) -> Result<Option<Survey>> {
    let mut found = Found::default();
    let mut lines = Lines::default();
    let mut pieces = text::pieces(file.clone());
    let mut opening = None;
    let read = loop {
        let Some(piece) = pieces.next().await else {
            break lines.finish(|line, number| found.line(line, number));
        };
        let piece = piece.map_err(|error| text::broken(location, &file.name, &error))?;
        opening = opening.or_else(|| piece.iter().copied().find(|byte| !byte.is_ascii_whitespace()));
        if arrays && opening == Some(b'[') {
            return survey_whole(location, file, "an array of objects").await.map(Some);
        }
        if let Err(what) = lines.feed(&piece, |line, number| found.line(line, number)) {
            break Err(what);
        }
    };
    match read {
        Ok(()) => Ok(opening.map(|_| Survey { pinned: file.clone(), columns: found.columns, rows: found.rows, whole: None })),
        // One object over many lines, or several on the first: no line is a row by itself.
        Err(_) if arrays && opening == Some(b'{') && found.rows == 0 => {
            survey_whole(location, file, "a JSON object").await.map(Some)
        }
        Err(what) => {
            let hint = if arrays { "neither an array of objects nor one object a line: " } else { "" };
            Err(text::wrong(location, &file.name, format!("{hint}{what}")))
        }
    }
}

async fn survey_whole(location: &str, file: &Arc<PinnedFile>, expected: &str) -> Result<Survey> {
    let whole = text::whole(location, file.clone(), LARGEST_WHOLE).await?;
    let mut found = Found::default();
    each_object(&whole, |row| {
        found.row(&row);
        Ok(())
    })
    .map_err(|error| text::wrong(location, &file.name, format!("not {expected}: {error}")))?;
    Ok(Survey { pinned: file.clone(), columns: found.columns, rows: found.rows, whole: Some(whole) })
}

#[derive(Default)]
struct Found {
    columns: Vec<(String, Shape)>,
    positions: HashMap<String, usize>,
    rows: u64,
}

impl Found {
    fn line(&mut self, line: &[u8], number: u64) -> Result<(), String> {
        let row: Row =
            serde_json::from_slice(line).map_err(|error| format!("line {number} is not a JSON object: {}", short(&error)))?;
        self.row(&row);
        Ok(())
    }

    fn row(&mut self, row: &Row) {
        self.rows += 1;
        for (name, value) in &row.0 {
            let at = match self.positions.get(name) {
                Some(at) => *at,
                None => {
                    self.columns.push((name.clone(), Shape::default()));
                    self.positions.insert(name.clone(), self.columns.len() - 1);
                    self.columns.len() - 1
                }
            };
            self.columns[at].1.see(value);
        }
    }
}

/// The parser's message without its place, which is that within one line.
fn short(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

/// Cuts pieces into lines.
#[derive(Default)]
struct Lines {
    rest: BytesMut,
    line: u64,
}

impl Lines {
    fn feed(&mut self, mut piece: &[u8], mut each: impl FnMut(&[u8], u64) -> Result<(), String>) -> Result<(), String> {
        while let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            self.line += 1;
            let (line, rest) = piece.split_at(end);
            piece = &rest[1..];
            if self.rest.is_empty() {
                one_line(line, self.line, &mut each)?;
            } else {
                self.rest.extend_from_slice(line);
                one_line(&self.rest.split(), self.line, &mut each)?;
            }
        }
        self.rest.extend_from_slice(piece);
        if self.rest.len() > LONGEST_LINE { Err(format!("line {} is too long", self.line + 1)) } else { Ok(()) }
    }

    fn finish(mut self, mut each: impl FnMut(&[u8], u64) -> Result<(), String>) -> Result<(), String> {
        self.line += 1;
        one_line(&self.rest, self.line, &mut each)
    }
}

fn one_line(line: &[u8], number: u64, each: &mut impl FnMut(&[u8], u64) -> Result<(), String>) -> Result<(), String> {
    if line.iter().all(u8::is_ascii_whitespace) { Ok(()) } else { each(line, number) }
}

fn decoder(schema: &SchemaRef, batch_size: usize) -> Result<Decoder, arrow::error::ArrowError> {
    ReaderBuilder::new(schema.clone()).with_batch_size(batch_size).build_decoder()
}

fn decode_whole(text: &[u8], schema: &SchemaRef) -> Result<Vec<RecordBatch>> {
    const ROWS: usize = 8192;
    let mut decoder = decoder(schema, ROWS).map_err(Error::internal)?;
    let (mut batches, mut held) = (Vec::new(), 0);
    let mut decode = |mut row: Row| {
        row.fit(schema);
        decoder.serialize(&[row]).map_err(|error| error.to_string())?;
        held += 1;
        if held == ROWS {
            batches.extend(decoder.flush().map_err(|error| error.to_string())?);
            held = 0;
        }
        Ok(())
    };
    each_object(text, &mut decode).map_err(Error::internal)?;
    batches.extend(decoder.flush().map_err(Error::internal)?);
    Ok(batches)
}

#[derive(Debug)]
struct LinesFile {
    schema: SchemaRef,
    mixed: bool,
}

impl RowFile for LinesFile {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn read(&self, file: Arc<PinnedFile>, columns: Vec<usize>, batch_size: usize) -> Batches {
        let name = file.name.clone();
        let schema = match self.schema.project(&columns) {
            Ok(schema) => Arc::new(schema),
            Err(error) => return futures::stream::once(async move { Err(error.into()) }).boxed(),
        };
        let decoder = match decoder(&schema, batch_size) {
            Ok(decoder) => decoder,
            Err(error) => return futures::stream::once(async move { Err(error.into()) }).boxed(),
        };
        if self.mixed { read_mixed(file, schema, decoder, batch_size, name) } else { read_plain(file, decoder, name) }
    }
}

fn read_plain(file: Arc<PinnedFile>, decoder: Decoder, name: String) -> Batches {
    let start = (text::pieces(file), decoder, Bytes::new(), false);
    futures::stream::try_unfold(start, move |(mut pieces, mut decoder, mut held, mut ended)| {
        let name = name.clone();
        async move {
            loop {
                while held.is_empty() && !ended {
                    match pieces.next().await.transpose()? {
                        Some(piece) => held = piece,
                        None => ended = true,
                    }
                }
                let read = decoder.decode(&held).map_err(|error| text::failed(&name, error))?;
                let full = read < held.len();
                held = held.slice(read..);
                if full || ended {
                    let batch = decoder.flush().map_err(|error| text::failed(&name, error))?;
                    let Some(batch) = batch else { return QueryResult::Ok(None) };
                    return Ok(Some((batch, (pieces, decoder, held, ended))));
                }
            }
        }
    })
    .boxed()
}

/// As [`read_plain`], with the values of columns of several kinds written as text.
fn read_mixed(file: Arc<PinnedFile>, schema: SchemaRef, decoder: Decoder, batch_size: usize, name: String) -> Batches {
    let start = (text::pieces(file), decoder, Lines::default(), Vec::<Row>::new(), false);
    futures::stream::try_unfold(start, move |(mut pieces, mut decoder, mut lines, mut rows, mut ended)| {
        let (name, schema) = (name.clone(), schema.clone());
        async move {
            while rows.len() < batch_size && !ended {
                let mut take = |line: &[u8], _| {
                    let mut row: Row = serde_json::from_slice(line).map_err(|error| error.to_string())?;
                    row.fit(&schema);
                    rows.push(row);
                    Ok(())
                };
                let taken = match pieces.next().await.transpose()? {
                    Some(piece) => lines.feed(&piece, &mut take),
                    None => {
                        ended = true;
                        std::mem::take(&mut lines).finish(&mut take)
                    }
                };
                taken.map_err(|error| text::failed(&name, error))?;
            }
            let later = rows.split_off(rows.len().min(batch_size));
            decoder.serialize(&rows).map_err(|error| text::failed(&name, error))?;
            let batch = decoder.flush().map_err(|error| text::failed(&name, error))?;
            QueryResult::Ok(batch.map(|batch| (batch, (pieces, decoder, lines, later, ended))))
        }
    })
    .try_filter(|batch| futures::future::ready(batch.num_rows() > 0))
    .boxed()
}
