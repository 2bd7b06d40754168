//! Files whose columns have types of their own: names made unique, declared types put on, rows that break them reported.

use super::csv::find;
use super::hints::Hints;
use super::report::{Problem, Report};
use super::types::Declared;
use super::values::{Column, Span, not_of};
use super::{Fault, Limits, Result, names};
use crate::texts;
use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Rows, and where they are.
pub(crate) struct Piece {
    pub(crate) batch: RecordBatch,
    /// The line of each row, from 1; empty where a format has no lines.
    pub(crate) lines: Vec<u64>,
}

/// What takes them.
pub(crate) type Each<'a> = &'a mut dyn FnMut(Piece) -> ControlFlow<()>;

/// A file that can be read any number of times.
pub(crate) trait Source: std::fmt::Debug + Send + Sync {
    /// Its columns.
    fn schema(&self) -> SchemaRef;
    /// Its rows that can be read, where that is known.
    fn rows(&self) -> Option<u64>;
    /// Those that cannot.
    fn report(&self) -> Report {
        Report::default()
    }
    /// Gives them to `each`, in order, until it breaks.
    fn read(&self, each: Each<'_>) -> Result<()>;
}

/// A file with the types that its owner declared.
#[derive(Debug)]
pub(crate) struct Typed {
    source: Box<dyn Source>,
    declared: Vec<Option<Declared>>,
    pub(crate) schema: SchemaRef,
    pub(crate) rows: u64,
    pub(crate) report: Report,
}

impl Typed {
    /// Reads `source` through where that is needed.
    pub(crate) fn survey(source: Box<dyn Source>, hints: &Hints, limits: &Limits, warnings: &mut Vec<String>) -> Result<Self> {
        let own = source.schema();
        if own.fields().is_empty() {
            return Err(Fault::Broken("the file has no columns".to_owned()));
        }
        limits.check_schema(&own)?;
        let names = names::cleaned(own.fields().iter().map(|field| field.name().clone()).collect(), warnings)?;
        let mut declared = vec![None; names.len()];
        for (column, kind) in &hints.types {
            declared[find(&names, column)?] = Some(*kind);
        }
        let rename = own.fields().iter().zip(&names).map(|(field, name)| Field::new(name, field.data_type().clone(), true));
        let schema = Arc::new(Schema::new(rename.collect::<Vec<_>>()));
        let (rows, report) = (source.rows(), source.report());
        let mut typed = Self { source, declared, schema, rows: 0, report };
        match rows {
            Some(rows) if hints.types.is_empty() => typed.rows = rows,
            _ => typed.read_through(warnings)?,
        }
        Ok(typed)
    }

    /// Counts the rows that are right, tells of those that are not, and finds out what the declared types come to.
    fn read_through(&mut self, warnings: &mut Vec<String>) -> Result<()> {
        let (mut rows, mut row, mut report) = (0, 0, Report::default());
        let mut spans = vec![Span::default(); self.declared.len()];
        self.source.read(&mut |piece| {
            let wrong = self.wrong(&piece, row, &mut spans);
            row += piece.batch.num_rows() as u64;
            rows += (piece.batch.num_rows() - wrong.len()) as u64;
            for (_, problem) in wrong {
                report.add(problem);
            }
            ControlFlow::Continue(())
        })?;
        // Rows that could not be read at all were found before; both kinds stand by their lines.
        let total = self.report.total + report.total;
        let mut first = [std::mem::take(&mut self.report.first), report.first].concat();
        first.sort_by_key(|problem| problem.line);
        first.truncate(100);
        (self.rows, self.report) = (rows, Report { total, first });
        let mut fields = self.schema.fields().to_vec();
        for (at, declared) in self.declared.iter().enumerate() {
            let Some(declared) = declared else { continue };
            let name = fields[at].name();
            if spans[at].is_mixed() {
                warnings.push(format!("column {name}: some moments name a zone, those that do not are taken as UTC"));
            }
            let too_many =
                || Fault::Broken(format!("column {name}: its values need more than 38 digits together; declare decimal(p,s)"));
            let data_type = spans[at].data_type(*declared).ok_or_else(too_many)?;
            fields[at] = Arc::new(Field::new(name, data_type, true));
        }
        self.schema = Arc::new(Schema::new(fields));
        Ok(())
    }

    /// The rows of `piece` that break a declared type, by their place in it; `before` rows came before it.
    fn wrong(&self, piece: &Piece, before: u64, spans: &mut [Span]) -> Vec<(usize, Problem)> {
        let declared = self.declared.iter().enumerate().filter_map(|(at, declared)| Some((at, (*declared)?)));
        let columns: Vec<_> = declared.map(|(at, declared)| (at, declared, texts(piece.batch.column(at)))).collect();
        let mut wrong = Vec::new();
        if columns.is_empty() {
            return wrong;
        }
        for row in 0..piece.batch.num_rows() {
            let breaks = |(at, declared, texts): &(usize, Declared, arrow::array::StringArray)| {
                let text = texts.is_valid(row).then(|| texts.value(row)).filter(|text| !text.is_empty())?;
                (!spans[*at].see(*declared, text)).then(|| (*at, not_of(*declared, text)))
            };
            let mut breaks = breaks;
            if let Some((at, message)) = columns.iter().find_map(&mut breaks) {
                let line = piece.lines.get(row).copied().unwrap_or(before + row as u64 + 1);
                let column = Some(self.schema.field(at).name().clone());
                wrong.push((row, Problem { line, column, field: Some(at + 1), message }));
            }
        }
        wrong
    }

    /// Gives the rows that are right to `each`, until it breaks.
    pub(crate) fn read(&self, each: &mut dyn FnMut(RecordBatch) -> ControlFlow<()>) -> Result<()> {
        let mut failed = None;
        self.source.read(&mut |piece| match self.fitted(piece) {
            Ok(batch) if batch.num_rows() == 0 => ControlFlow::Continue(()),
            Ok(batch) => each(batch),
            Err(fault) => {
                failed = Some(fault);
                ControlFlow::Break(())
            }
        })?;
        failed.map_or(Ok(()), Err)
    }

    fn fitted(&self, piece: Piece) -> Result<RecordBatch> {
        let mut spans = vec![Span::default(); self.declared.len()];
        let wrong = self.wrong(&piece, 0, &mut spans);
        let mut batch = piece.batch;
        if !wrong.is_empty() {
            let mut keep = vec![true; batch.num_rows()];
            wrong.iter().for_each(|(row, _)| keep[*row] = false);
            batch = filter_record_batch(&batch, &BooleanArray::from(keep)).map_err(Fault::internal)?;
        }
        let columns = self.schema.fields().iter().enumerate().map(|(at, field)| -> Result<ArrayRef> {
            let column = batch.column(at);
            if self.declared[at].is_none() || column.data_type() == field.data_type() {
                return Ok(column.clone());
            }
            let mut made = Column::new(field.data_type(), column.len());
            for text in &texts(column) {
                // Empty text is null in what is not text.
                let is_text = matches!(made, Column::Text(_) | Column::Binary(_));
                made.push(text.filter(|text| is_text || !text.is_empty()));
            }
            Ok(made.finish())
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &options).map_err(Fault::internal)
    }
}
