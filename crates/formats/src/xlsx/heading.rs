//! Which rows of a sheet name its columns, and how they are called where cells of those rows are merged.

use super::Header;
use super::infer::Value;
use super::table::Cells;
use std::collections::HashMap;

/// Header rows at most that are found by merged cells: beyond it the cells are merged for another reason.
const TALLEST: u32 = 10;
/// Places that merged cells of a header may cover: no sheet has as many, cells are merged once.
const MOST: usize = 16_384 * TALLEST as usize;

/// Cells that are merged: the first has the value, the others are blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) top: u32,
    pub(super) left: u32,
    pub(super) bottom: u32,
    pub(super) right: u32,
}

/// The rows that name the columns; rows follow from `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Heading {
    pub(super) first: u32,
    pub(super) end: u32,
}

impl Heading {
    /// The rows of `cells`, of which the first that is not blank is `top`, that `header` means.
    pub(super) fn new(header: Header, top: u32, cells: &Cells, merged: &[Region]) -> Self {
        match header {
            Header::First => Self { first: top, end: top + 1 },
            Header::Rows(rows) => Self { first: top, end: top + rows },
            Header::At(first, rows) => Self { first, end: first.saturating_add(rows) },
            Header::Found => {
                let first = below_titles(top, cells, merged);
                Self { first, end: end(first, cells, merged) }
            }
        }
    }

    /// How many rows name columns.
    pub(super) fn height(self) -> u32 {
        self.end - self.first
    }

    /// The name of each column that has one, by column: what its rows say, from top to bottom.
    pub(super) fn names(self, cells: &Cells, merged: &[Region]) -> HashMap<u32, String> {
        let mut spread = HashMap::new();
        for region in merged.iter().filter(|region| (self.first..self.end).contains(&region.top)) {
            let Some(text) = text(cells, region.top, region.left) else { continue };
            for column in cells.columns_between(region.left, region.right) {
                spread.insert((region.top, column), text.clone());
            }
            if spread.len() > MOST {
                break;
            }
        }
        let name = |column: u32| {
            let levels =
                (self.first..self.end).filter_map(|row| text(cells, row, column).or_else(|| spread.get(&(row, column)).cloned()));
            let mut levels: Vec<String> = levels.collect();
            levels.dedup();
            (column, levels.join(" "))
        };
        cells.columns_between(0, u32::MAX).map(name).filter(|(_, name)| !name.is_empty()).collect()
    }
}

/// What a cell says, if it says anything.
fn text(cells: &Cells, row: u32, column: u32) -> Option<String> {
    let text = cells.value(row, column)?.text()?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// The first row that is no title: a cell that is merged with others beside it, begins the table's first column, and is alone in its row.
fn below_titles(top: u32, cells: &Cells, merged: &[Region]) -> u32 {
    let (left, mut first) = (cells.left(), top);
    while let Some(title) = merged.iter().find(|region| region.top == first && region.left <= left && region.right > left)
        && cells.columns_between(0, u32::MAX).filter(|column| cells.value(first, *column).is_some()).count() == 1
        && let Some(next) = cells.next_used(title.bottom.saturating_add(1))
    {
        first = next;
    }
    first
}

/// Where the header ends that begins with `first`: a cell that is merged with those below it takes their rows in, one that is merged
/// with those beside it the row below, if that can name what is under it.
fn end(first: u32, cells: &Cells, merged: &[Region]) -> u32 {
    let mut end = first + 1;
    loop {
        let of_header = merged.iter().filter(|region| (first..end).contains(&region.top));
        let ends = of_header.map(|region| {
            let beside = region.right > region.left && region.bottom + 1 == end;
            if beside && names_columns(end, cells, region) { end + 1 } else { region.bottom.saturating_add(1) }
        });
        let next = ends.max().unwrap_or(end).max(end);
        if next.saturating_sub(first) > TALLEST {
            return first + 1;
        }
        if next == end {
            return end;
        }
        end = next;
    }
}

/// Whether a row has a name, or a year, for each column below `region`, and no other values.
fn names_columns(row: u32, cells: &Cells, region: &Region) -> bool {
    let is_name = |value: &Value| match value {
        Value::Text(_) => true,
        Value::Number(year) => year.fract() == 0.0 && (1900.0..=2100.0).contains(year),
        _ => false,
    };
    let all = cells.columns_between(0, u32::MAX).filter_map(|column| cells.value(row, column)).all(is_name);
    let mut below = cells.columns_between(region.left, region.right);
    all && below.all(|column| cells.value(row, column).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use calamine::DataRef;

    /// Rows of cells; a dot is blank, what reads as a number is one.
    fn cells(rows: &[&str]) -> Cells {
        let mut cells = Cells::default();
        for (row, line) in rows.iter().enumerate() {
            for (column, cell) in line.split(' ').enumerate().filter(|(_, cell)| *cell != ".") {
                let value = cell.parse().map_or(DataRef::String(cell.to_owned()), DataRef::Float);
                cells.push((row as u32, column as u32), &value).unwrap();
            }
        }
        cells.sort();
        cells
    }

    fn region(top: u32, left: u32, bottom: u32, right: u32) -> Region {
        Region { top, left, bottom, right }
    }

    fn found(rows: &[&str], merged: &[Region]) -> (u32, u32, Vec<String>) {
        let cells = cells(rows);
        let heading = Heading::new(Header::Found, 0, &cells, merged);
        let names = heading.names(&cells, merged);
        let columns = cells.columns_between(0, u32::MAX);
        (heading.first, heading.end, columns.map(|column| names.get(&column).cloned().unwrap_or_default()).collect())
    }

    #[test]
    fn merged_names_are_those_of_all_their_columns() {
        let rows = ["region 2023 . 2024 .", ". q1 q2 q1 q2", "north 1 2 3 4"];
        let merged = [region(0, 0, 1, 0), region(0, 1, 0, 2), region(0, 3, 0, 4)];
        let (first, end, names) = found(&rows, &merged);
        assert_eq!((first, end), (0, 2));
        assert_eq!(names, ["region", "2023 q1", "2023 q2", "2024 q1", "2024 q2"]);
        // Without the cell that goes down, the same.
        assert_eq!(found(&rows, &merged[1..]).1, 2);
        let years = found(&["sales . n", "2023 2024 .", "1 2 3"], &[region(0, 0, 0, 1)]);
        assert_eq!((years.1, years.2), (2, vec!["sales 2023".into(), "sales 2024".into(), "n".into()]));
    }

    #[test]
    fn what_is_merged_above_values_is_one_row() {
        let (first, end, names) = found(&["name . n", "ada lovelace 1"], &[region(0, 0, 0, 1)]);
        assert_eq!((first, end, names), (0, 1, vec!["name".into(), "name".into(), "n".into()]));
        assert_eq!(found(&["a b", "1 2"], &[]).1, 1);
        // Merged values are none of the header's.
        assert_eq!(found(&["a b", "x 2", ". 3"], &[region(1, 0, 2, 0)]).1, 1);
        // A column that is one cell is no header.
        assert_eq!(found(&["a b", ". 2"], &[region(0, 0, 90, 0)]).1, 1);
    }

    #[test]
    fn titles_are_none_of_the_header() {
        let rows = ["Report . .", ". . .", "id name n", "1 x 2"];
        assert_eq!(found(&rows, &[region(0, 0, 0, 2)]), (2, 3, vec!["id".into(), "name".into(), "n".into()]));
        assert_eq!(found(&["Report . ."], &[region(0, 0, 0, 2)]).0, 0);
        // Not alone in its row.
        assert_eq!(found(&["a . b", "x y z", "1 2 3"], &[region(0, 0, 0, 1)]).0, 0);
    }

    #[test]
    fn rows_that_are_asked_for_are_taken() {
        let cells = cells(&["a .", "b c", "1 2"]);
        let heading = Heading::new(Header::Rows(2), 0, &cells, &[region(0, 0, 0, 1)]);
        let names = heading.names(&cells, &[region(0, 0, 0, 1)]);
        assert_eq!((heading.height(), &*names[&0], &*names[&1]), (2, "a b", "a c"));
        assert_eq!(Heading::new(Header::Rows(0), 0, &cells, &[]).names(&cells, &[]).len(), 0);
        let below = Heading::new(Header::At(1, 1), 0, &cells, &[]);
        assert_eq!((below.first, below.end, &*below.names(&cells, &[])[&0]), (1, 2, "b"));
    }
}
