//! An opened workbook: its sheets, and their cells one after the other.

use super::heading::Region;
use super::table::Cells;
use super::{Header, Sheet, Source, bounds};
use bytes::Bytes;
use calamine::{Data, DataRef, Ods, Reader, SheetType, SheetVisible, Xls, Xlsb, Xlsx};
use datahall_core::{Error, Result};
use std::fs::File;
use std::io::{BufReader, Cursor, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

type Input = BufReader<Box<dyn Source + Send>>;

/// An opened workbook.
pub struct Workbook(Kind);

enum Kind {
    Xlsx(Box<Xlsx<Input>>),
    Xlsb(Box<Xlsb<Input>>),
    Xls(Box<Xls<Input>>),
    Ods(Box<Ods<Input>>),
}

impl std::fmt::Debug for Workbook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Workbook").field(&self.sheets()).finish()
    }
}

impl Workbook {
    /// Opens the file at `path`. Its content says which kind it is, not its name.
    ///
    /// # Errors
    /// `Invalid` when it is no spreadsheet, damaged or encrypted; `TooLarge` when it unpacks to more than is accepted.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|error| Error::invalid("the spreadsheet cannot be read").with_detail(error))?;
        Self::from_source(BufReader::new(Box::new(file)))
    }

    /// Opens a file in memory.
    ///
    /// # Errors
    /// As [`Workbook::open`].
    pub fn from_bytes(bytes: Bytes) -> Result<Self> {
        Self::from_source(BufReader::new(Box::new(Cursor::new(bytes))))
    }

    fn from_source(mut input: Input) -> Result<Self> {
        guarded(|| {
            let kind = bounds::check(&mut input)?;
            input.rewind().map_err(|error| refused(&error))?;
            Ok(Self(match kind {
                bounds::Kind::Xlsx => Kind::Xlsx(Box::new(Xlsx::new(input).map_err(|error| refused(&error))?)),
                bounds::Kind::Xlsb => Kind::Xlsb(Box::new(Xlsb::new(input).map_err(|error| refused(&error))?)),
                bounds::Kind::Xls => Kind::Xls(Box::new(Xls::new(input).map_err(|error| refused(&error))?)),
                bounds::Kind::Ods => Kind::Ods(Box::new(Ods::new(input).map_err(|error| refused(&error))?)),
            }))
        })
    }

    /// The names of the sheets that hold cells (not charts or macros), in order.
    pub fn sheets(&self) -> Vec<String> {
        self.listed().map(|sheet| sheet.name.clone()).collect()
    }

    fn listed(&self) -> impl Iterator<Item = &calamine::Sheet> {
        let all = match &self.0 {
            Kind::Xlsx(book) => book.sheets_metadata(),
            Kind::Xlsb(book) => book.sheets_metadata(),
            Kind::Xls(book) => book.sheets_metadata(),
            Kind::Ods(book) => book.sheets_metadata(),
        };
        all.iter().filter(|sheet| sheet.typ == SheetType::WorkSheet)
    }

    /// Reads the sheet called `sheet` (in any case, where that is unmistakable), else the first that is not
    /// empty, hidden ones last.
    ///
    /// # Errors
    /// `Invalid` when there is no such sheet, or nothing in it; `TooLarge` beyond 20 million cells.
    pub fn read(&mut self, sheet: Option<&str>, header: Header) -> Result<Sheet> {
        let names = self.sheets();
        let Some(wanted) = sheet else {
            let shown = |shown: bool| self.listed().filter(move |sheet| (sheet.visible == SheetVisible::Visible) == shown);
            let order: Vec<String> = shown(true).chain(shown(false)).map(|sheet| sheet.name.clone()).collect();
            for name in order {
                if let Some(sheet) = self.table(&name, header)? {
                    return Ok(sheet);
                }
            }
            return Err(Error::invalid("the spreadsheet is empty"));
        };
        let folded = |name: &&String| name.to_lowercase() == wanted.to_lowercase();
        let mut similar = names.iter().filter(folded);
        // A number that is no sheet's name counts them from 1.
        let numbered = wanted.parse::<usize>().ok().and_then(|number| names.get(number.checked_sub(1)?));
        let name = match (names.iter().find(|name| *name == wanted), similar.next(), similar.next()) {
            (Some(name), _, _) | (None, Some(name), None) => name,
            (None, None, _) if numbered.is_some() => numbered.unwrap_or(&names[0]),
            _ => return Err(Error::invalid(format!("no sheet '{wanted}' (there are: {})", names.join(", ")))),
        };
        self.table(name, header)?.ok_or_else(|| Error::invalid(format!("sheet '{name}' is empty")))
    }

    fn table(&mut self, name: &str, header: Header) -> Result<Option<Sheet>> {
        let read = || -> Result<Option<Sheet>> {
            let mut cells = guarded(|| self.cells(name))?;
            cells.sort();
            let looks = match header {
                Header::First => false,
                Header::Rows(rows) | Header::At(_, rows) => rows > 1,
                Header::Found => cells.may_be_merged(),
            };
            let merged = if looks { guarded(|| self.merged(name))? } else { Vec::new() };
            cells.into_table(name, header, &merged)
        };
        let mut read = read;
        read().map_err(|error| error.context(format!("sheet '{name}'")))
    }

    /// The merged cells of a sheet, where its format says.
    fn merged(&mut self, name: &str) -> Result<Vec<Region>> {
        let found = match &mut self.0 {
            // They stand behind the cells, so the sheet is gone through again.
            Kind::Xlsx(book) => book.merge_cells_by_sheet_name(name).map_err(|error| refused(&error))?,
            Kind::Xls(book) => book.merge_cells_by_sheet_name(name).map_err(|error| refused(&error))?,
            Kind::Xlsb(_) | Kind::Ods(_) => Vec::new(),
        };
        let region = |found: &calamine::Dimensions| {
            let ((top, left), (bottom, right)) = (found.start, found.end);
            Region { top, left, bottom: bottom.max(top), right: right.max(left) }
        };
        Ok(found.iter().map(region).collect())
    }

    fn cells(&mut self, name: &str) -> Result<Cells> {
        let mut cells = Cells::default();
        match &mut self.0 {
            Kind::Xlsx(book) => {
                let mut reader = book.worksheet_cells_reader(name).map_err(|error| refused(&error))?;
                while let Some(cell) = reader.next_cell().map_err(|error| refused(&error))? {
                    cells.push(cell.get_position(), cell.get_value())?;
                }
            }
            Kind::Xlsb(book) => {
                let mut reader = book.worksheet_cells_reader(name).map_err(|error| refused(&error))?;
                while let Some(cell) = reader.next_cell().map_err(|error| refused(&error))? {
                    cells.push(cell.get_position(), cell.get_value())?;
                }
            }
            Kind::Xls(book) => push_range(&book.worksheet_range(name).map_err(|error| refused(&error))?, &mut cells)?,
            Kind::Ods(book) => push_range(&book.worksheet_range(name).map_err(|error| refused(&error))?, &mut cells)?,
        }
        Ok(cells)
    }
}

fn push_range(range: &calamine::Range<Data>, cells: &mut Cells) -> Result<()> {
    let (top, left) = range.start().unwrap_or_default();
    for (row, column, value) in range.used_cells() {
        let value = match value {
            Data::Int(value) => DataRef::Int(*value),
            Data::Float(value) => DataRef::Float(*value),
            Data::String(value) => DataRef::SharedString(value),
            Data::Bool(value) => DataRef::Bool(*value),
            Data::DateTime(value) => DataRef::DateTime(*value),
            Data::DateTimeIso(value) => DataRef::DateTimeIso(value.clone()),
            Data::DurationIso(value) => DataRef::DurationIso(value.clone()),
            Data::Error(value) => DataRef::Error(value.clone()),
            Data::Empty => DataRef::Empty,
        };
        cells.push((top + row as u32, left + column as u32), &value)?;
    }
    Ok(())
}

/// Runs what reads foreign bytes: the library stops with a panic at some kinds of damage.
fn guarded<T>(read: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(Error::invalid("the spreadsheet is damaged")))
}

fn refused(error: &dyn std::fmt::Display) -> Error {
    Error::invalid(format!("not a readable spreadsheet: {error}"))
}
