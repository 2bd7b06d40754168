//! Rows that come as text, put into batches of the columns' types.

use super::arrays;
use arrow::array::{ArrayRef, BinaryBuilder, RecordBatch, RecordBatchOptions, StringArray, StringBuilder};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, SchemaRef};
use arrow::util::display::FormatOptions;
use datahall_core::{Error, Result};
use std::sync::Arc;

/// Rows and bytes in a batch.
const ROWS: usize = 8192;
const BYTES: usize = 4 << 20;
/// The longest value that is taken: it is held several times over on its way.
const LONGEST: usize = 256 << 20;

const STRICT: CastOptions<'static> = CastOptions { safe: false, format_options: FormatOptions::new() };

/// Collects rows until there are enough for a batch.
pub(super) struct Collector {
    schema: SchemaRef,
    cells: Vec<Cells>,
    rows: usize,
    bytes: usize,
    /// The column of a value that is too long.
    too_long: Option<usize>,
}

enum Cells {
    Text(StringBuilder),
    Bytes(BinaryBuilder),
}

impl Collector {
    pub(super) fn new(schema: SchemaRef) -> Self {
        let cells = |field: &Arc<Field>| match field.data_type() {
            DataType::Binary => Cells::Bytes(BinaryBuilder::new()),
            _ => Cells::Text(StringBuilder::new()),
        };
        let cells = schema.fields().iter().map(cells).collect();
        Self { schema, cells, rows: 0, bytes: 0, too_long: None }
    }

    /// Whether the column at `at` takes bytes rather than text.
    pub(super) fn takes_bytes(&self, at: usize) -> bool {
        matches!(self.cells.get(at), Some(Cells::Bytes(_)))
    }

    /// How many columns a row has.
    pub(super) fn columns(&self) -> usize {
        self.cells.len()
    }

    /// The text of the next row's value at `at`.
    pub(super) fn text(&mut self, at: usize, text: Option<&str>) {
        let text = text.filter(|text| self.takes(at, text.len()));
        self.bytes += text.map_or(1, |text| text.len() + 4);
        match self.cells.get_mut(at) {
            Some(Cells::Text(cells)) => cells.append_option(text),
            Some(Cells::Bytes(cells)) => cells.append_option(text.map(str::as_bytes)),
            None => {}
        }
    }

    /// The bytes of the next row's value at `at`, which must be text where the column takes text.
    pub(super) fn bytes(&mut self, at: usize, bytes: Option<&[u8]>) -> Result<()> {
        let bytes = bytes.filter(|bytes| self.takes(at, bytes.len()));
        if self.takes_bytes(at) {
            self.bytes += bytes.map_or(1, |bytes| bytes.len() + 4);
            if let Some(Cells::Bytes(cells)) = self.cells.get_mut(at) {
                cells.append_option(bytes);
            }
            return Ok(());
        }
        let text = bytes.map(str::from_utf8).transpose().map_err(|_| self.wrong(at, "is no valid text"))?;
        self.text(at, text);
        Ok(())
    }

    /// Whether a value of that length is taken. Of one that is not, the end of its row tells.
    fn takes(&mut self, at: usize, length: usize) -> bool {
        let fits = length <= LONGEST;
        if !fits {
            self.too_long = Some(at);
        }
        fits
    }

    fn wrong(&self, at: usize, what: &str) -> Error {
        Error::invalid(format!("column '{}': a value {what}", self.schema.field(at).name()))
    }

    /// The row is whole; gives a batch when there are enough.
    ///
    /// # Errors
    /// `Invalid`, naming the column, for a value that is too long, and as [`Collector::take`].
    pub(super) fn end_row(&mut self) -> Result<Option<RecordBatch>> {
        if let Some(at) = self.too_long {
            return Err(self.wrong(at, &format!("has more than {} MiB", LONGEST >> 20)));
        }
        self.rows += 1;
        if self.rows >= ROWS || self.bytes >= BYTES { self.take().map(Some) } else { Ok(None) }
    }

    /// What there is, as a batch.
    ///
    /// # Errors
    /// `Invalid`, naming the column, for a value that its type cannot hold.
    pub(super) fn take(&mut self) -> Result<RecordBatch> {
        let (rows, schema) = (std::mem::take(&mut self.rows), self.schema.clone());
        self.bytes = 0;
        let column = |(cells, field): (&mut Cells, &Arc<Field>)| match cells {
            Cells::Text(cells) => typed(cells.finish(), field),
            Cells::Bytes(cells) => Ok(Arc::new(cells.finish()) as ArrayRef),
        };
        let columns = self.cells.iter_mut().zip(schema.fields()).map(column).collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(schema, columns, &options).map_err(Error::internal)
    }

    /// Whether rows wait.
    pub(super) fn is_empty(&self) -> bool {
        self.rows == 0
    }
}

fn typed(texts: StringArray, field: &Field) -> Result<ArrayRef> {
    match field.data_type() {
        DataType::Utf8 => Ok(Arc::new(texts)),
        DataType::List(element) => arrays::parse(&texts, element, field.name()),
        kind => cast(&(Arc::new(texts) as ArrayRef), kind, field.name()),
    }
}

/// Texts as values of `kind`.
pub(super) fn cast(texts: &ArrayRef, kind: &DataType, column: &str) -> Result<ArrayRef> {
    cast_with_options(texts, kind, &STRICT).map_err(|error| {
        Error::invalid(format!("column '{column}' holds a value that cannot be read as {kind}")).with_detail(error)
    })
}

/// The bytes of a text `\x…`.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| (digit as char).to_digit(16).map(|digit| digit as u8);
    let digits = text.strip_prefix("\\x")?.as_bytes();
    digits.chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(*pair.get(1)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::AsArray;
    use arrow::datatypes::{Int64Type, Schema, TimeUnit};

    #[test]
    fn texts_become_what_the_column_is() {
        let zone = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let fields = vec![
            Field::new("n", DataType::Int64, true),
            Field::new("d", DataType::Decimal128(10, 2), true),
            Field::new("at", zone, true),
            Field::new("yes", DataType::Boolean, true),
        ];
        let mut collector = Collector::new(Arc::new(Schema::new(fields)));
        for (at, text) in ["-5", "12.345", "2001-02-03 04:05:06.5+00", "t"].into_iter().enumerate() {
            collector.text(at, Some(text));
        }
        assert!(collector.end_row().unwrap().is_none());
        (0..4).for_each(|at| collector.text(at, None));
        collector.end_row().unwrap();
        let batch = collector.take().unwrap();
        assert_eq!(batch.column(0).as_primitive::<Int64Type>().value(0), -5);
        let shown: Vec<String> =
            batch.columns().iter().map(|column| arrow::util::display::array_value_to_string(column, 0).unwrap()).collect();
        assert_eq!(shown, ["-5", "12.35", "2001-02-03T04:05:06.500Z", "true"]);
        assert!(batch.columns().iter().all(|column| column.is_null(1)));
    }

    #[test]
    fn bytes_come_as_digits() {
        assert_eq!(unhex("\\x00fF"), Some(vec![0, 255]));
        assert_eq!((unhex("\\x0"), unhex("00"), unhex("\\xzz")), (None, None, None));
    }

    #[test]
    fn what_does_not_fit_is_said_with_the_column() {
        let mut collector = Collector::new(Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)])));
        collector.text(0, Some("x"));
        let error = collector.end_row().and_then(|_| collector.take()).unwrap_err();
        assert_eq!(error.message(), "column 'n' holds a value that cannot be read as Int64");
    }
}
