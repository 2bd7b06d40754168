//! The pages of a Parquet file by their headers: what each says it unpacks to and how many values it holds, before any is unpacked.

use super::super::{Fault, Limits, Result};
use super::thrift::{Kind, Reader};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// Bytes that one page may unpack to.
const LARGEST_PAGE: i64 = 128 << 20;
/// Bytes of a page's header at most, its statistics included.
const HEADER: u64 = 256 << 10;
/// How many times what text may unpack to, all pages may together: they are unpacked one at a time.
const TOGETHER: u64 = 4;

/// Refuses a file with pages that are made to take more than they are worth.
pub(super) fn check(file: &File, metadata: &ParquetMetaData, limits: &Limits) -> Result<()> {
    let (mut unpacked, mut cells) = (0u64, 0u64);
    for group in metadata.row_groups() {
        for column in group.columns() {
            let (bytes, values) = column_pages(file, column)?;
            unpacked = unpacked.saturating_add(bytes);
            cells = cells.saturating_add(values);
            let repeated = column.column_descr().max_rep_level() > 0;
            if repeated && values > limits.list_values {
                let path = column.column_path().string();
                return Err(Fault::TooLarge(format!("column {path}: one row group holds {values} values in lists")));
            }
            if unpacked > limits.unpacked_bytes.saturating_mul(TOGETHER) || cells > limits.cells {
                return Err(Fault::TooLarge(format!("the Parquet file unpacks to too much: {unpacked} bytes, {cells} cells")));
            }
        }
    }
    Ok(())
}

/// What the pages of one column of one row group unpack to, and their values.
fn column_pages(file: &File, column: &ColumnChunkMetaData) -> Result<(u64, u64)> {
    let path = column.column_path().string();
    let damaged = || Fault::Broken(format!("not a readable Parquet file: column {path} is damaged"));
    let start = column.dictionary_page_offset().filter(|offset| *offset > 0).unwrap_or_else(|| column.data_page_offset());
    let start = u64::try_from(start.min(column.data_page_offset())).map_err(|_| damaged())?;
    let length = u64::try_from(column.compressed_size()).map_err(|_| damaged())?;
    let end = start.checked_add(length).ok_or_else(damaged)?;
    let wanted = u64::try_from(column.num_values()).map_err(|_| damaged())?;
    let (mut at, mut unpacked, mut values) = (start, 0u64, 0u64);
    // Some writers count the length without the dictionary's header, so the values decide where the column ends as well.
    while values < wanted || at < end {
        let page = match header(file, at)? {
            Some(page) => page,
            None if values == wanted => break,
            None => return Err(damaged()),
        };
        if page.unpacked > LARGEST_PAGE {
            let most = LARGEST_PAGE >> 20;
            return Err(Fault::TooLarge(format!("column {path}: a page unpacks to more than {most} MiB")));
        }
        unpacked += u64::try_from(page.unpacked).map_err(|_| damaged())?;
        values = values.checked_add(u64::try_from(page.values).map_err(|_| damaged())?).ok_or_else(damaged)?;
        let packed = u64::try_from(page.packed).map_err(|_| damaged())?;
        at = at.checked_add(page.header + packed).ok_or_else(damaged)?;
    }
    if values != wanted {
        return Err(damaged());
    }
    Ok((unpacked, values))
}

#[derive(Default)]
struct Page {
    header: u64,
    unpacked: i64,
    packed: i64,
    /// Of data pages.
    values: i64,
}

fn header(mut file: &File, at: u64) -> Result<Option<Page>> {
    // Most headers are short; those with long statistics are read again.
    for size in [512, HEADER] {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(at)).map_err(Fault::io)?;
        file.take(size).read_to_end(&mut bytes).map_err(Fault::io)?;
        if let Some(page) = parsed(&bytes) {
            return Ok(Some(page));
        }
    }
    Ok(None)
}

fn parsed(bytes: &[u8]) -> Option<Page> {
    const UNPACKED: i64 = 2;
    const PACKED: i64 = 3;
    const DATA: i64 = 5;
    const DATA_V2: i64 = 8;
    let (mut reader, mut page, mut last) = (Reader::new(bytes), Page::default(), 0);
    while let Some((number, kind)) = reader.field(last)? {
        last = number;
        match number {
            UNPACKED if kind.is_int() => page.unpacked = reader.int()?,
            PACKED if kind.is_int() => page.packed = reader.int()?,
            DATA | DATA_V2 if kind == Kind::STRUCT => page.values = first_int(&mut reader)?,
            _ => reader.skip(kind)?,
        }
    }
    page.header = reader.at() as u64;
    (page.header > 1 && page.unpacked >= 0).then_some(page)
}

/// The field with number 1 of a struct.
fn first_int(reader: &mut Reader<'_>) -> Option<i64> {
    let (mut last, mut value) = (0, None);
    while let Some((number, kind)) = reader.field(last)? {
        last = number;
        if number == 1 && kind.is_int() {
            value = Some(reader.int()?);
        } else {
            reader.skip(kind)?;
        }
    }
    value
}
