//! The cells of an xls file may claim any place: adds up the rectangles that its sheets would fill.

use super::super::table::MAX_CELLS;
use super::{damaged, too_large};
use datahall_core::{Error, Result};
use std::io::{Read, Seek};

const BEGIN: u16 = 0x0809;
const END: u16 = 0x000a;
const DIMENSIONS: u16 = 0x0200;
const SHEET: u16 = 0x0085;
const SEVERAL: u16 = 0x00bd;
/// Records that place one cell: number, label, rich text, boolean or error, compressed number, shared text, formula.
const SINGLE: [u16; 7] = [0x0203, 0x0204, 0x00d6, 0x0205, 0x027e, 0x00fd, 0x0006];
/// The steps that are taken at most, over all sheets.
const MAX_STEPS: u64 = 200_000_000;

/// Fails when the sheets of the file would fill more cells than a spreadsheet may, or cells that xls does not have.
pub(super) fn check(input: &mut (impl Read + Seek)) -> Result<()> {
    let mut file = cfb::CompoundFile::open(input).map_err(|error| damaged(&error))?;
    if file.exists("/EncryptedPackage") {
        return Err(Error::invalid("the spreadsheet is encrypted"));
    }
    let path = if file.exists("/Workbook") { "/Workbook" } else { "/Book" };
    let mut stream = Vec::new();
    let mut book = file.open_stream(path).map_err(|error| damaged(&error))?;
    book.read_to_end(&mut stream).map_err(|error| damaged(&error))?;

    let sheets = records(&stream, 0).filter(|(kind, data)| *kind == SHEET && data.len() >= 4);
    let (mut cells, mut steps) = (0, 0);
    for (_, data) in sheets {
        let start = u32::from_le_bytes([data[0], data[1], data[2], data[3]]) as usize;
        let (sheet, taken) = area(&stream, start)?;
        cells += sheet;
        steps += taken;
        if cells > MAX_CELLS || steps > MAX_STEPS {
            return Err(too_large(&format!("more than {MAX_CELLS} cells")));
        }
    }
    Ok(())
}

/// The records from `start` on: type and content.
fn records(stream: &[u8], start: usize) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = stream.get(start..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (head, tail) = rest.split_first_chunk::<4>()?;
        let length = usize::from(u16::from_le_bytes([head[2], head[3]]));
        let (data, after) = tail.split_at_checked(length)?;
        rest = after;
        Some((u16::from_le_bytes([head[0], head[1]]), data))
    })
}

/// The cells of the rectangle that the sheet at `start` fills, and the records that were looked at.
fn area(stream: &[u8], start: usize) -> Result<(u64, u64)> {
    let (mut depth, mut steps, mut reserved) = (0u32, 0, 0);
    let mut range: Option<[u64; 4]> = None;
    for (kind, data) in records(stream, start) {
        steps += 1;
        let at = |at: usize| data.get(at..at + 2).map_or(0, |two| u64::from(u16::from_le_bytes([two[0], two[1]])));
        match kind {
            BEGIN => depth += 1,
            END if depth <= 1 => break,
            END => depth -= 1,
            DIMENSIONS if data.len() >= 14 => {
                let rows = u64::from(u32::from_le_bytes([data[4], data[5], data[6], data[7]]));
                if rows > 65_536 {
                    return Err(damaged(&"a sheet claims more rows than there can be"));
                }
                reserved = rows * at(10).min(256);
            }
            _ if SINGLE.contains(&kind) || kind == SEVERAL => {
                let (row, first) = (at(0), at(2));
                let last = if kind == SEVERAL { at(data.len().saturating_sub(2)).max(first) } else { first };
                if last > 255 {
                    return Err(damaged(&"a cell is beyond the last column"));
                }
                let [top, bottom, left, right] = range.unwrap_or([row, row, first, last]);
                range = Some([top.min(row), bottom.max(row), left.min(first), right.max(last)]);
            }
            _ => {}
        }
    }
    let filled = range.map_or(0, |[top, bottom, left, right]| (bottom - top + 1) * (right - left + 1));
    Ok((filled.max(reserved), steps))
}
