//! Arrow IPC, both forms: files, whose footer says where each batch is, and streams, which are read from the start.

use super::hive;
use super::listing::Listing;
use super::pinned_file::PinnedFile;
use super::rows::{Batches, Member, RowFile, RowsTable};
use super::schema::{merge, presented_schema};
use super::text;
use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::convert::fb_to_schema;
use arrow::ipc::reader::{FileDecoder, StreamDecoder, read_footer_length};
use arrow::ipc::{Block, MetadataVersion, root_as_footer, root_as_message};
use datafusion::common::Result as QueryResult;
use datahall_core::{Error, Result};
use futures::stream::{StreamExt, TryStreamExt};
use std::ops::Range;
use std::sync::Arc;

const MAGIC: &[u8] = b"ARROW1";
const TRAILER: u64 = 10;
/// How many batches' descriptions are read at once to count rows.
const AT_ONCE: usize = 256;

/// Opens the files of `listing`; with the table come its rows.
///
/// # Errors
/// `Invalid` naming the file that is no Arrow IPC, is cut off, or does not fit the others.
pub(crate) async fn open(location: &str, listing: Listing) -> Result<(RowsTable, u64)> {
    let (mut members, mut rows) = (Vec::new(), 0);
    for file in listing.files {
        let pinned = Arc::new(file);
        let (file, count) = survey(location, &pinned).await?;
        rows += count;
        members.push(Member { pinned, rows: file });
    }
    let partitions = hive::infer(members.iter().map(|member| (member.pinned.name.as_str(), member.pinned.partitions.as_slice())))
        .map_err(|error| error.context(location))?;
    let shown: Vec<Schema> = members.iter().map(|member| presented_schema(member.rows.schema())).collect();
    let named: Vec<(&str, &Schema)> =
        members.iter().zip(&shown).map(|(member, schema)| (member.pinned.name.as_str(), schema)).collect();
    let merged = merge(&named).map_err(|error| error.context(location))?;
    Ok((RowsTable::new(&merged, partitions, members), rows))
}

async fn survey(location: &str, file: &Arc<PinnedFile>) -> Result<(Arc<dyn RowFile>, u64)> {
    let name = file.name.as_str();
    let size = file.size();
    let broken = |error: &datafusion::error::DataFusionError| text::broken(location, name, error);
    if size == 0 {
        return Err(text::wrong(location, name, "the file is empty"));
    }
    let start = file.read(vec![0..size.min(8)]).await.map_err(|error| broken(&error.into()))?;
    if start.first().is_some_and(|start| start.starts_with(MAGIC)) {
        let footer =
            Footer::read(file).await.map_err(|error| broken_at(location, name, error, "the Arrow file is cut off or corrupt"))?;
        let rows = footer.rows(file).await.map_err(|error| broken_at(location, name, error, "the Arrow file is corrupt"))?;
        return Ok((Arc::new(ArrowFile { footer: Arc::new(footer) }), rows));
    }
    let mut batches = stream(file.clone());
    let (mut rows, mut schema) = (0, None);
    while let Some(next) = batches.next().await {
        let next = next.map_err(|error| broken_at(location, name, error, "not Arrow IPC, or cut off"))?;
        match next {
            Next::Schema(found) => schema = Some(found),
            Next::Batch(batch) => rows += batch.num_rows() as u64,
        }
    }
    let schema = schema.ok_or_else(|| text::wrong(location, name, "not Arrow IPC, or cut off"))?;
    Ok((Arc::new(ArrowStream { schema }), rows))
}

fn broken_at(location: &str, name: &str, error: datafusion::error::DataFusionError, what: &str) -> Error {
    match super::errors::explain(&error) {
        Some(_) => super::errors::explain_at_open(location, &error),
        None => text::wrong(location, name, what).with_detail(error),
    }
}

fn corrupt(what: &str) -> datafusion::error::DataFusionError {
    ArrowError::IpcError(what.to_owned()).into()
}

/// Where things are in an IPC file.
#[derive(Debug)]
struct Footer {
    schema: SchemaRef,
    version: MetadataVersion,
    dictionaries: Vec<Block>,
    batches: Vec<Block>,
}

impl Footer {
    async fn read(file: &PinnedFile) -> QueryResult<Self> {
        let size = file.size();
        let start = size.checked_sub(TRAILER).ok_or_else(|| corrupt("too short"))?;
        let trailer = one(file, start..size).await?;
        let trailer: [u8; 10] = trailer.as_slice().try_into().map_err(|_| corrupt("too short"))?;
        let length = read_footer_length(trailer)? as u64;
        let footer = one(file, start.checked_sub(length).ok_or_else(|| corrupt("footer too long"))?..start).await?;
        let footer = root_as_footer(&footer).map_err(|error| corrupt(&error.to_string()))?;
        let schema = footer.schema().ok_or_else(|| corrupt("no schema"))?;
        let blocks = |blocks: Option<Vec<Block>>| -> QueryResult<Vec<Block>> {
            let blocks = blocks.unwrap_or_default();
            let inside = |block: &Block| range(block).is_some_and(|range| range.end <= start) && block.metaDataLength() >= 8;
            if blocks.iter().all(inside) { Ok(blocks) } else { Err(corrupt("a block lies outside the file")) }
        };
        Ok(Self {
            schema: Arc::new(fb_to_schema(schema)),
            version: footer.version(),
            dictionaries: blocks(footer.dictionaries().map(|found| found.iter().copied().collect()))?,
            batches: blocks(footer.recordBatches().map(|found| found.iter().copied().collect()))?,
        })
    }

    async fn rows(&self, file: &PinnedFile) -> QueryResult<u64> {
        let mut rows = 0;
        for blocks in self.batches.chunks(AT_ONCE) {
            let heads = blocks
                .iter()
                .filter_map(range)
                .zip(blocks)
                .map(|(range, block)| range.start..range.start + block.metaDataLength() as u64);
            for head in file.read(heads.collect()).await? {
                let message = if head.starts_with(&[0xff; 4]) { &head[8..] } else { &head[4..] };
                let message = root_as_message(message).map_err(|error| corrupt(&error.to_string()))?;
                let batch = message.header_as_record_batch().ok_or_else(|| corrupt("not a batch"))?;
                rows += u64::try_from(batch.length()).map_err(|_| corrupt("a batch of negative length"))?;
            }
        }
        Ok(rows)
    }
}

fn range(block: &Block) -> Option<Range<u64>> {
    let start = u64::try_from(block.offset()).ok()?;
    let length = u64::try_from(block.metaDataLength()).ok()?.checked_add(u64::try_from(block.bodyLength()).ok()?)?;
    Some(start..start.checked_add(length)?)
}

async fn one(file: &PinnedFile, range: Range<u64>) -> QueryResult<Buffer> {
    let mut read = file.read(vec![range]).await?;
    Ok(read.pop().map(Buffer::from).unwrap_or_default())
}

#[derive(Debug)]
struct ArrowFile {
    footer: Arc<Footer>,
}

impl RowFile for ArrowFile {
    fn schema(&self) -> &SchemaRef {
        &self.footer.schema
    }

    fn read(&self, file: Arc<PinnedFile>, columns: Vec<usize>, _: usize) -> Batches {
        let (footer, name) = (self.footer.clone(), file.name.clone());
        let opened = async move {
            let mut decoder = FileDecoder::new(footer.schema.clone(), footer.version);
            for block in &footer.dictionaries {
                let bytes = one(&file, range(block).unwrap_or_default()).await?;
                decoder.read_dictionary(block, &bytes).map_err(|error| text::failed(&name, error))?;
            }
            // The decoder gives columns in the order of the file; the order asked for comes afterwards.
            let (sorted, order) = sorted(&columns);
            let decoder = Arc::new(decoder.with_projection(sorted));
            let each = footer.batches.clone().into_iter().map(move |block| {
                let (file, decoder, name, order) = (file.clone(), decoder.clone(), name.clone(), order.clone());
                async move {
                    let bytes = one(&file, range(&block).unwrap_or_default()).await?;
                    let batch = decoder.read_record_batch(&block, &bytes).map_err(|error| text::failed(&name, error))?;
                    let batch = batch.ok_or_else(|| text::failed(&name, "an empty message"))?;
                    Ok::<_, datafusion::error::DataFusionError>(batch.project(&order)?)
                }
            });
            Ok::<_, datafusion::error::DataFusionError>(futures::stream::iter(each).buffered(2))
        };
        futures::stream::once(opened).try_flatten().boxed()
    }
}

/// `columns` in ascending order, and where each of them is then.
fn sorted(columns: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let mut sorted = columns.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let order = columns.iter().filter_map(|column| sorted.binary_search(column).ok()).collect();
    (sorted, order)
}

#[derive(Debug)]
struct ArrowStream {
    schema: SchemaRef,
}

impl RowFile for ArrowStream {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn read(&self, file: Arc<PinnedFile>, columns: Vec<usize>, _: usize) -> Batches {
        let name = file.name.clone();
        let batches = stream(file)
            .map_err(move |error| if super::errors::explain(&error).is_some() { error } else { text::failed(&name, error) });
        batches
            .try_filter_map(move |next| {
                let batch = match next {
                    Next::Schema(_) => Ok(None),
                    Next::Batch(batch) => batch.project(&columns).map(Some).map_err(Into::into),
                };
                futures::future::ready(batch)
            })
            .boxed()
    }
}

enum Next {
    Schema(SchemaRef),
    Batch(RecordBatch),
}

fn stream(file: Arc<PinnedFile>) -> futures::stream::BoxStream<'static, QueryResult<Next>> {
    let size = file.size();
    let start = (file.stream(0..size), StreamDecoder::new(), Buffer::default(), false, false);
    futures::stream::try_unfold(start, |(mut pieces, mut decoder, mut held, told, mut ended)| async move {
        loop {
            let batch = decoder.decode(&mut held);
            // What follows the end of a stream is no part of it.
            let batch = match batch {
                Err(_) if decoder.finish().is_ok() && decoder.schema().is_some() => return Ok(None),
                other => other?,
            };
            if let (Some(schema), false) = (decoder.schema(), told) {
                let both: Vec<_> = std::iter::once(Next::Schema(schema)).chain(batch.map(Next::Batch)).map(Ok).collect();
                return Ok(Some((futures::stream::iter(both), (pieces, decoder, held, true, ended))));
            }
            if let Some(batch) = batch {
                let one = futures::stream::iter(vec![Ok(Next::Batch(batch))]);
                return Ok(Some((one, (pieces, decoder, held, told, ended))));
            }
            if ended {
                return decoder.finish().map(|()| None).map_err(datafusion::error::DataFusionError::from);
            }
            match pieces.next().await.transpose()? {
                Some(piece) => held = Buffer::from(piece),
                None => ended = true,
            }
        }
    })
    .try_flatten()
    .boxed()
}
