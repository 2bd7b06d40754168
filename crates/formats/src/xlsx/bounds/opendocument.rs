//! OpenDocument cells stand for as many as they say: counts what a sheet would be once every repetition is written out.

use super::super::table::MAX_CELLS;
use super::too_large;
use datahall_core::Result;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::io::BufRead;

/// What the library that reads the sheets would allocate.
#[derive(Default)]
struct Count {
    /// Cells of the rows as they are stored, each row once.
    stored: u64,
    /// Rows and columns of the sheet, down to its last row with a value.
    rows: u64,
    columns: u64,
    /// Empty rows that only count when a row with a value follows, and empty cells likewise.
    empty_rows: u64,
    empty_cells: u64,
    /// The row at hand.
    row_repeats: u64,
    width: u64,
}

/// Fails when the sheets in `content` have more cells than a spreadsheet may.
pub(super) fn check(content: impl BufRead) -> Result<()> {
    let mut reader = Reader::from_reader(content);
    let mut buffer = Vec::new();
    let mut count = Count::default();
    let mut total = 0;
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(tag)) => count.open(&tag, false),
            Ok(Event::Empty(tag)) => count.open(&tag, true),
            Ok(Event::End(tag)) => match tag.name().0 {
                "table:table-row" => count.close_row(),
                "table:table" => {
                    total += count.cells();
                    count = Count::default();
                }
                _ => {}
            },
            // Damage is for the one that reads the values to report.
            Ok(Event::Eof) | Err(_) => return Ok(()),
            Ok(_) => {}
        }
        if total + count.cells() > MAX_CELLS {
            return Err(too_large(&format!("more than {MAX_CELLS} cells")));
        }
    }
}

impl Count {
    fn cells(&self) -> u64 {
        self.stored.max(self.rows.saturating_mul(self.columns))
    }

    fn open(&mut self, tag: &BytesStart<'_>, closed: bool) {
        match tag.name().0 {
            "table:table-row" => {
                self.row_repeats = repeats(tag, "table:number-rows-repeated");
                (self.width, self.empty_cells) = (0, 0);
                if closed {
                    self.close_row();
                }
            }
            "table:table-cell" | "table:covered-table-cell" => {
                let repeats = repeats(tag, "table:number-columns-repeated");
                let empty = closed && !tag.attributes().flatten().any(|attribute| holds_value(attribute.key.0));
                if empty {
                    self.empty_cells = self.empty_cells.saturating_add(repeats);
                } else {
                    let added = repeats.saturating_add(std::mem::take(&mut self.empty_cells)).min(16_384);
                    self.width += added;
                    self.stored += added;
                }
            }
            _ => {}
        }
    }

    fn close_row(&mut self) {
        if self.width == 0 {
            self.empty_rows = self.empty_rows.saturating_add(self.row_repeats);
        } else {
            self.rows = self.rows.saturating_add(self.row_repeats).saturating_add(std::mem::take(&mut self.empty_rows));
            self.columns = self.columns.max(self.width);
        }
    }
}

fn holds_value(attribute: &str) -> bool {
    attribute.starts_with("office:") || attribute.starts_with("calcext:") || attribute.ends_with(":formula")
}

fn repeats(tag: &BytesStart<'_>, name: &str) -> u64 {
    let value = tag.try_get_attribute(name).ok().flatten();
    value.and_then(|value| value.value.parse().ok()).unwrap_or(1)
}
