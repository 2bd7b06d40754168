//! Rows → response bodies: encoded a chunk at a time, so that memory stays bounded whatever the answer's length.

use arrow::array::RecordBatch;
use axum::body::Body;
use bytes::Bytes;
use datahall_core::Result;
use datahall_core::clock::Clock;
use datahall_core::engine::Rows;
use datahall_formats::{Encoder, Format};
use datahall_service::Allowance;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// A chunk is sent once it has this many bytes; an answer that ends before is sent whole, with its length.
const CHUNK_BYTES: usize = 128 << 10;
/// The rows encoded first, before it is known how long a row gets.
const FIRST_ROWS: usize = 1024;

/// What stands before and after the rows.
#[derive(Default)]
pub(crate) struct Envelope {
    /// Before the first row.
    pub(crate) head: Cow<'static, str>,
    /// After the last.
    pub(crate) tail: Tail,
    /// In JSON, timestamps without a zone are written as in UTC.
    pub(crate) rfc3339: bool,
}

/// What stands after the last row.
pub(crate) enum Tail {
    /// Text that is known beforehand.
    Text(String),
    /// Text that depends on how many rows there were.
    After(Box<dyn FnOnce(u64) -> Result<String> + Send>),
}

impl Default for Tail {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

/// Until when the work on an answer must be done. Time in which it waits for its reader does not count: an export to a slow
/// line may take what it takes.
#[derive(Clone)]
pub(crate) struct Deadline {
    /// Tells the time.
    pub(crate) clock: Arc<dyn Clock>,
    /// On that clock; `None`: no deadline.
    pub(crate) at: Option<Duration>,
}

/// Encodes `rows`. What goes wrong before the first chunk is full is the result; what goes wrong later breaks the
/// connection off, so that no caller takes a part for the whole.
///
/// # Errors
/// Whatever reading or encoding the first rows gives.
pub(crate) async fn body(rows: Rows, format: Format, envelope: Envelope, deadline: Deadline, request_id: &str) -> Result<Body> {
    let mut encoding = Encoding::new(rows, format, envelope)?;
    let first = encoding.chunk().await?;
    if encoding.done {
        return Ok(Body::from(first));
    }
    let state = (Some(first), encoding, deadline.allowance(), request_id.to_owned());
    let chunks = stream::try_unfold(state, |(first, mut encoding, mut allowance, id)| async move {
        if let Some(first) = first {
            return Ok(Some((first, (None, encoding, allowance, id))));
        }
        if encoding.done {
            return Ok(None);
        }
        match within(&mut allowance, encoding.chunk()).await {
            Ok(chunk) => Ok(Some((chunk, (None, encoding, allowance, id)))),
            Err(error) => {
                tracing::warn!(request_id = id, error = ?error, "answer broken off");
                Err(error)
            }
        }
    });
    Ok(Body::from_stream(chunks))
}

impl Deadline {
    /// What is left of the time; `None`: as long as it takes.
    fn allowance(self) -> Option<Allowance> {
        let left = self.at?.saturating_sub(self.clock.monotonic());
        Some(Allowance::new(self.clock, left, "request timed out"))
    }
}

async fn within<T>(allowance: &mut Option<Allowance>, work: impl Future<Output = Result<T>>) -> Result<T> {
    match allowance {
        Some(allowance) => allowance.spend(work).await?,
        None => work.await,
    }
}

/// Rows on their way into bytes.
struct Encoding {
    encoder: Encoder,
    batches: BoxStream<'static, Result<RecordBatch>>,
    /// What is left of the batch at hand.
    rest: Option<RecordBatch>,
    /// How many rows make about one chunk.
    rows_per_chunk: usize,
    /// Whether a batch may be cut up: in text formats that costs nothing.
    divisible: bool,
    head: Cow<'static, str>,
    tail: Tail,
    /// How many rows were encoded.
    rows: u64,
    done: bool,
}

impl Encoding {
    fn new(rows: Rows, format: Format, envelope: Envelope) -> Result<Self> {
        let encoder = match format {
            Format::Json if envelope.rfc3339 => Encoder::rfc3339(&rows.schema),
            format => Encoder::new(format, &rows.schema)?,
        };
        Ok(Self {
            encoder,
            batches: rows.batches,
            rest: None,
            rows_per_chunk: FIRST_ROWS,
            divisible: !matches!(format, Format::Arrow | Format::Parquet),
            head: envelope.head,
            tail: envelope.tail,
            rows: 0,
            done: false,
        })
    }

    /// The next chunk; the last one sets `done`.
    async fn chunk(&mut self) -> Result<Bytes> {
        let mut out = Vec::with_capacity(4096);
        out.extend_from_slice(std::mem::take(&mut self.head).as_bytes());
        while out.len() < CHUNK_BYTES {
            let Some(batch) = self.next_rows().await? else {
                self.encoder.finish(&mut out)?;
                let tail = match std::mem::take(&mut self.tail) {
                    Tail::Text(text) => text,
                    Tail::After(text) => text(self.rows)?,
                };
                out.extend_from_slice(tail.as_bytes());
                self.done = true;
                break;
            };
            let before = out.len();
            self.encoder.encode(&batch, &mut out)?;
            self.rows += batch.num_rows() as u64;
            self.adapt(batch.num_rows(), out.len() - before);
        }
        Ok(Bytes::from(out))
    }

    async fn next_rows(&mut self) -> Result<Option<RecordBatch>> {
        let batch = match self.rest.take() {
            Some(batch) => batch,
            None => match self.batches.next().await {
                Some(batch) => batch?,
                None => return Ok(None),
            },
        };
        if !self.divisible || batch.num_rows() <= self.rows_per_chunk {
            return Ok(Some(batch));
        }
        let (taken, left) = (self.rows_per_chunk, batch.num_rows() - self.rows_per_chunk);
        self.rest = Some(batch.slice(taken, left));
        Ok(Some(batch.slice(0, taken)))
    }

    fn adapt(&mut self, rows: usize, bytes: usize) {
        if rows > 0 && bytes > 0 {
            self.rows_per_chunk = (CHUNK_BYTES * rows / bytes).clamp(1, 1 << 16);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, Int64Array};
    use arrow::datatypes::{DataType, Field, Schema};
    use datahall_core::Error;
    use datahall_core::clock::SystemClock;
    use http_body::Body as _;

    fn rows(batches: Vec<Result<RecordBatch>>) -> Rows {
        let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]));
        Rows { schema, batches: stream::iter(batches).boxed() }
    }

    fn batch(numbers: std::ops::Range<i64>) -> Result<RecordBatch> {
        let column: ArrayRef = Arc::new(Int64Array::from_iter_values(numbers));
        Ok(RecordBatch::try_from_iter_with_nullable([("n", column, true)]).unwrap())
    }

    fn envelope() -> Envelope {
        Envelope { head: "{\"data\":[".into(), tail: Tail::Text("],\"page\":1}".into()), rfc3339: false }
    }

    fn no_deadline() -> Deadline {
        Deadline { clock: Arc::new(SystemClock::new()), at: None }
    }

    #[tokio::test]
    async fn a_short_answer_has_a_length_and_a_long_one_comes_in_chunks() {
        let short = body(rows(vec![batch(0..2)]), Format::Json, envelope(), no_deadline(), "id").await.unwrap();
        assert!(short.size_hint().exact().is_some());
        let bytes = axum::body::to_bytes(short, usize::MAX).await.unwrap();
        assert_eq!(&bytes[..], br#"{"data":[{"n":0},{"n":1}],"page":1}"#);

        let long = body(rows(vec![batch(0..50_000), batch(50_000..50_001)]), Format::Json, envelope(), no_deadline(), "id")
            .await
            .unwrap();
        assert!(long.size_hint().exact().is_none());
        let mut chunks = long.into_data_stream();
        let mut all = Vec::new();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.unwrap();
            assert!(chunk.len() < 3 * CHUNK_BYTES, "{}", chunk.len());
            all.extend_from_slice(&chunk);
        }
        let parsed: serde_json::Value = serde_json::from_slice(&all).unwrap();
        assert_eq!(parsed["data"].as_array().unwrap().len(), 50_001);
        assert_eq!(parsed["data"][50_000]["n"], 50_000);
    }

    #[tokio::test]
    async fn an_early_error_is_the_result_and_a_late_one_breaks_off() {
        let early = body(rows(vec![Err(Error::invalid("x"))]), Format::Json, envelope(), no_deadline(), "id").await;
        assert_eq!(early.unwrap_err().message(), "x");
        let late =
            body(rows(vec![batch(0..50_000), Err(Error::invalid("x"))]), Format::Csv, Envelope::default(), no_deadline(), "id")
                .await;
        assert!(axum::body::to_bytes(late.unwrap(), usize::MAX).await.is_err());
    }

    #[tokio::test]
    async fn a_body_without_time_left_breaks_off_though_its_rows_never_wait() {
        let clock = Arc::new(SystemClock::new());
        let at = Some(clock.monotonic());
        let rows = rows(vec![batch(0..50_000), batch(0..50_000)]);
        let body = body(rows, Format::Csv, Envelope::default(), Deadline { clock, at }, "id").await.unwrap();
        assert!(axum::body::to_bytes(body, usize::MAX).await.is_err());
    }

    #[tokio::test]
    async fn a_slow_reader_is_not_cut_off() {
        let clock = Arc::new(SystemClock::new());
        let at = Some(clock.monotonic() + Duration::from_secs(2));
        let rows = rows(vec![batch(0..50_000), batch(0..50_000)]);
        let body = body(rows, Format::Csv, Envelope::default(), Deadline { clock, at }, "id").await.unwrap();
        let mut chunks = body.into_data_stream();
        chunks.next().await.unwrap().unwrap();
        tokio::time::sleep(Duration::from_millis(2100)).await;
        while let Some(chunk) = chunks.next().await {
            chunk.unwrap();
        }
    }

    #[tokio::test]
    async fn a_body_that_takes_too_long_breaks_off() {
        let slow = stream::iter([batch(0..50_000)]).chain(stream::pending()).boxed();
        let rows = Rows { batches: slow, ..rows(vec![]) };
        let clock = Arc::new(SystemClock::new());
        let at = Some(clock.monotonic() + Duration::from_millis(50));
        let body = body(rows, Format::Csv, Envelope::default(), Deadline { clock, at }, "id").await.unwrap();
        assert!(axum::body::to_bytes(body, usize::MAX).await.is_err());
    }
}
