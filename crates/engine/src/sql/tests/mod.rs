//! The gate as a whole: what it refuses, what it plans, and that the plans give the right rows.

mod bounds;
mod fuzz;
mod hostile;
mod policies;
mod statements;

use super::*;
use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::util::display::array_value_to_string;
use datafusion::catalog::MemTable;
use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};

pub(super) type Given = Vec<(String, Arc<dyn TableProvider>, Arc<ReadPolicy>)>;

/// A table of the given columns, readable as a whole.
pub(super) fn given(name: &str, columns: Vec<(&str, ArrayRef)>) -> (String, Arc<dyn TableProvider>, Arc<ReadPolicy>) {
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, values)| (name, values, true))).unwrap();
    let table = MemTable::try_new(batch.schema(), vec![vec![batch]]).unwrap();
    (name.to_owned(), Arc::new(table), Arc::default())
}

/// `cars`, whose columns have capitals, `people`, and `team.staff`.
pub(super) fn tables() -> Given {
    let texts = |values: Vec<Option<&str>>| -> ArrayRef { Arc::new(StringArray::from(values)) };
    let numbers = |values: Vec<Option<i64>>| -> ArrayRef { Arc::new(Int64Array::from(values)) };
    vec![
        given(
            "cars",
            vec![
                ("Name", texts(vec![Some("fiat"), Some("ford"), Some("saab"), Some("mazda")])),
                ("Origin", texts(vec![Some("Europe"), Some("USA"), Some("Europe"), Some("Japan")])),
                ("Year", numbers(vec![Some(1970), Some(1971), Some(1972), None])),
                ("IMDB Rating", Arc::new(Float64Array::from(vec![Some(6.5), None, Some(7.25), Some(8.0)]))),
                ("a", numbers(vec![Some(1), Some(2), Some(3), Some(4)])),
                ("A", numbers(vec![Some(10), Some(20), Some(30), Some(40)])),
            ],
        ),
        given(
            "people",
            vec![
                ("id", numbers(vec![Some(1), Some(2), Some(3), Some(4)])),
                ("name", texts(vec![Some("ann"), Some("bob"), Some("cid"), None])),
                ("team", texts(vec![Some("x"), Some("y"), Some("x"), Some("y")])),
                ("age", numbers(vec![Some(30), Some(40), None, Some(25)])),
            ],
        ),
        given("team.staff", vec![("id", numbers(vec![Some(2), Some(9)])), ("role", texts(vec![Some("lead"), Some("dev")]))]),
    ]
}

pub(super) fn state() -> SessionState {
    let config = SessionConfig::new().with_target_partitions(2).with_batch_size(3);
    let state = SessionStateBuilder::new().with_config(config).with_default_features().build();
    // The context sets the time that `now()` gives.
    SessionContext::new_with_state(state).state()
}

/// Runs `work` with the stack that threads for queries have.
pub(super) fn roomy<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(RUN_STACK_BYTES).spawn_scoped(scope, work).unwrap();
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// The rows of `sql` over `tables`, each as its values joined with `|`, nulls as `NULL`.
pub(super) fn rows_of(sql: &str, tables: &Given, max_rows: u64) -> Result<Vec<String>> {
    let (state, plan) = (state(), plan(&state(), sql, tables, max_rows)?);
    let batches = roomy(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(DataFrame::new(state, plan).collect())
    });
    let batches = batches.map_err(|error| explain_execution(&error).unwrap_or_else(|| Error::internal(error)))?;
    let cell = |batch: &RecordBatch, column: usize, row: usize| match batch.column(column).is_null(row) {
        true => "NULL".to_owned(),
        false => array_value_to_string(batch.column(column), row).unwrap(),
    };
    let line =
        |batch: &RecordBatch, row| (0..batch.num_columns()).map(|column| cell(batch, column, row)).collect::<Vec<_>>().join("|");
    Ok(batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |row| line(batch, row))).collect())
}

/// The rows over the standard tables.
pub(super) fn rows(sql: &str) -> Vec<String> {
    rows_of(sql, &tables(), 1_000).unwrap_or_else(|error| panic!("{error:?} from {sql}"))
}

/// Why the statement is refused, in planning or running.
pub(super) fn refusal(sql: &str) -> Error {
    match tables_in(sql).and_then(|_| rows_of(sql, &tables(), 1_000)) {
        Ok(rows) => panic!("accepted: {sql}: {rows:?}"),
        Err(error) => error,
    }
}
