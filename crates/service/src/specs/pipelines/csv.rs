//! A table as CSV and, at the same reading, as a managed table: what becomes a dataset.

use super::made::MadeTable;
use super::stop::Watch;
use super::written::{As, Beside};
use super::{Made, Making};
use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema, SchemaRef};
use datahall_core::engine::Rows;
use datahall_core::lake::{Provenance, Write, WriteMode, Written};
use datahall_core::{Error, Result};
use futures::{StreamExt, stream};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc;

/// Batches that wait to be written to the table.
const WAITING: usize = 2;

/// The managed table of the table at that place of a revision's plan. Every worker calls it the same, so that what one that was lost began is
/// found again.
pub(in crate::specs) fn lake_table(package: &str, number: i64, at: usize) -> String {
    format!("packages/{package}/{number}-{at}")
}

/// Writes both.
///
/// # Errors
/// As [`Making::written`]; `Invalid` for columns that a managed table cannot have. There is no such table then.
pub(super) async fn make(making: &Making<'_>, at: usize) -> Result<Made> {
    let table = making.table(at)?;
    let opened = making.open(table).await.map_err(|unread| unread.of(&table.name))?;
    let name = lake_table(making.package, making.number, at);
    let columns = distinct(&opened.reader.arrow());
    let (sender, receiver) = mpsc::channel(WAITING);
    let (watch, ends) = (Watch::default(), Ends::default());
    let to_lake = ToLake { sender: Some(sender), columns: columns.clone(), ends: ends.clone() };
    let lake = async {
        let written = write(making, &name, rows(columns, receiver, ends.clone())).await;
        if written.is_err() && !ends.0.broken.load(Ordering::Acquire) {
            // Nothing comes of the file any more.
            watch.end();
        }
        written
    };
    let (written, made) = tokio::join!(lake, making.written(table, opened, As::Csv, watch.clone(), to_lake));
    match (made, written) {
        (Ok(mut made), Ok(written)) => {
            let rows = made.stats.count_of_rows.unwrap_or_default();
            made.table = Some(MadeTable { name, version: written.version, rows });
            Ok(made)
        }
        // The table has no rows because the file has none: that says why.
        (Err(error), _) if ends.0.broken.load(Ordering::Acquire) => Err(error),
        (_, Err(error)) => Err(error.context(format!("resource '{}'", table.name))),
        (Err(error), _) => Err(error),
    }
}

async fn write(making: &Making<'_>, table: &str, rows: Rows) -> Result<Written> {
    let provenance = Provenance {
        user: making.job.ctx().principal.label().to_owned(),
        job: Some(making.job.job().to_owned()),
        once: Some(format!("{}/{}", making.job.job(), making.job.activity())),
        ..Provenance::default()
    };
    let write = Write { mode: WriteMode::Overwrite, provenance };
    making.service().engine.write(table, rows, &write).await
}

/// How the rows end.
#[derive(Debug, Clone, Default)]
struct Ends(Arc<End>);

#[derive(Debug, Default)]
struct End {
    /// All were sent, and the file is whole.
    whole: AtomicBool,
    /// They broke off.
    broken: AtomicBool,
}

/// Sends rows to the table as they are written to the file.
struct ToLake {
    sender: Option<mpsc::Sender<RecordBatch>>,
    columns: SchemaRef,
    ends: Ends,
}

impl Beside for ToLake {
    fn rows(&mut self, batch: &RecordBatch) -> Result<()> {
        let Some(sender) = &self.sender else { return Ok(()) };
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let columns = batch.columns().to_vec();
        let batch = RecordBatch::try_new_with_options(self.columns.clone(), columns, &options).map_err(Error::internal)?;
        if sender.blocking_send(batch).is_err() {
            // They are there from an earlier attempt, or the table cannot be written: then its error says why.
            self.sender = None;
        }
        Ok(())
    }

    fn wrong(&mut self) {
        self.sender = None;
    }

    fn whole(&mut self) {
        self.ends.0.whole.store(true, Ordering::Release);
        self.sender = None;
    }
}

/// Rows as they are sent; those that break off end in an error, so that nothing is made of them.
fn rows(schema: SchemaRef, receiver: mpsc::Receiver<RecordBatch>, ends: Ends) -> Rows {
    let next = async |state: Option<(mpsc::Receiver<RecordBatch>, Ends)>| {
        let (mut receiver, ends) = state?;
        match receiver.recv().await {
            Some(batch) => Some((Ok(batch), Some((receiver, ends)))),
            None if ends.0.whole.load(Ordering::Acquire) => None,
            None => {
                ends.0.broken.store(true, Ordering::Release);
                Some((Err(Error::invalid("the rows broke off")), None))
            }
        }
    };
    Rows { schema, batches: stream::unfold(Some((receiver, ends)), next).boxed() }
}

/// The columns with names that differ in more than case, as those of managed tables must.
fn distinct(schema: &SchemaRef) -> SchemaRef {
    let mut taken: HashSet<String> = HashSet::new();
    // Names that are there go before names that are made.
    let own: HashSet<String> = schema.fields().iter().map(|field| field.name().to_lowercase()).collect();
    let fields = schema.fields().iter().map(|field| {
        if taken.insert(field.name().to_lowercase()) {
            return field.clone();
        }
        let mut names = (2..).map(|number: u64| format!("{}_{number}", field.name()));
        let free = names.find(|name| !own.contains(&name.to_lowercase()) && taken.insert(name.to_lowercase()));
        Arc::new(Field::new(free.unwrap_or_default(), field.data_type().clone(), field.is_nullable()))
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::DataType;

    #[test]
    fn columns_that_differ_in_case_alone_get_a_number() {
        let names = |names: &[&str]| {
            let fields: Vec<_> = names.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect();
            let schema = distinct(&Arc::new(Schema::new(fields)));
            schema.fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(&["a", "b"]), ["a", "b"]);
        assert_eq!(names(&["a", "A", "a_2", "É", "é"]), ["a", "A_3", "a_2", "É", "é_2"]);
    }

    #[test]
    fn a_table_that_is_there_already_wants_no_rows() {
        let schema: SchemaRef = Arc::new(Schema::empty());
        let (sender, receiver) = mpsc::channel(1);
        drop(receiver);
        let mut to_lake = ToLake { sender: Some(sender), columns: schema.clone(), ends: Ends::default() };
        let options = RecordBatchOptions::new().with_row_count(Some(2));
        let batch = RecordBatch::try_new_with_options(schema, vec![], &options).unwrap();
        for _ in 0..3 {
            to_lake.rows(&batch).unwrap();
        }
        assert!(to_lake.sender.is_none());
    }

    #[tokio::test]
    async fn rows_that_break_off_end_in_an_error() {
        let schema = Arc::new(Schema::empty());
        for whole in [false, true] {
            let (sender, receiver) = mpsc::channel(1);
            let ends = Ends::default();
            let mut to_lake = ToLake { sender: Some(sender), columns: schema.clone(), ends: ends.clone() };
            if whole {
                to_lake.whole();
            }
            drop(to_lake);
            let got: Vec<_> = rows(schema.clone(), receiver, ends).batches.collect().await;
            assert_eq!((got.len(), got.iter().all(Result::is_err)), (usize::from(!whole), true));
        }
    }
}
