//! How a file is laid out: what its descriptor says, in all the ways in which descriptors say it.

mod options;
mod tabulator;

use super::{Fault, Result};
use options::{Options, count, one_byte};
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;

/// Rows at most that names of columns are made of, and that are named to be passed over.
const MOST_HEADERS: usize = 100;
const MOST_SKIPPED: usize = 10_000;
/// How far down the file a header may be.
const DEEPEST: u64 = 100_000;

/// How a file is laid out; what is unset is found out or usual.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dialect {
    /// What stands between fields.
    pub(super) delimiter: Option<u8>,
    /// What stands around fields; `Some(None)`: nothing does.
    pub(super) quote: Option<Option<u8>>,
    pub(super) escape: Option<u8>,
    /// A quote within quotes is not doubled.
    pub(super) single: bool,
    /// Blanks behind a delimiter are passed over.
    pub(super) trim: bool,
    pub(super) heading: Heading,
    /// What stands between the parts of names that come from several rows.
    pub(super) join: Option<String>,
    /// Whether the case of names does not matter.
    pub(super) ignore_case: bool,
    /// What rows begin with that are comments.
    pub(super) comments: Vec<String>,
    /// Rows that are passed over, from 1.
    pub(super) skipped: BTreeSet<u64>,
    /// How many rows at the start are passed over; header rows are counted behind them.
    pub(super) skipped_first: u64,
    pub(super) skip_blank: bool,
    /// A text that stands for nothing.
    pub(super) null: Option<String>,
    /// Where in JSON the rows are: keys from the outermost on.
    pub(super) property: Vec<String>,
    /// Which sheet of a workbook, by name or number from 1.
    pub(super) sheet: Option<String>,
    pub(super) encoding: Option<String>,
}

/// What names the columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Heading {
    /// The first row that is no comment.
    #[default]
    First,
    /// These rows, in order.
    Rows(Vec<u64>),
    /// No row: the fields have the names.
    Nothing,
    /// No row: these do.
    Given(Vec<String>),
}

impl Dialect {
    /// Reads the `dialect` of a resource: CSV Dialect 1 (`delimiter`, `quoteChar`, `doubleQuote`, `escapeChar`, `skipInitialSpace`,
    /// `lineTerminator`, `nullSequence`, `header`, `commentChar`, `caseSensitiveHeader`), what frictionless 5 and version 2 add beside it (`headerRows`,
    /// `headerJoin`, `headerCase`, `commentRows`, `skipBlankRows`, `property`, `sheetName`, `sheetNumber`), and the same below `csv`, `json` and `excel`.
    /// Properties that are not known are passed over, and null is nothing.
    ///
    /// # Errors
    /// [`Fault::Hints`] for a property that is not of its type or makes no sense.
    pub fn parse(descriptor: &Json) -> Result<Self> {
        let mut dialect = Self::default();
        match descriptor {
            Json::Null => return Ok(dialect),
            Json::Object(given) => {
                dialect.take(given)?;
                for below in ["csv", "json", "excel", "ods"] {
                    match given.get(below) {
                        None | Some(Json::Null) => {}
                        Some(Json::Object(control)) => dialect.take(control)?,
                        Some(_) => return Err(wrong(format!("dialect: {below} is no JSON object"))),
                    }
                }
            }
            _ => return Err(wrong("the dialect is no JSON object".to_owned())),
        }
        dialect.checked()
    }

    fn take(&mut self, given: &Map<String, Json>) -> Result<()> {
        let options = Options(given);
        self.take_text(options)?;
        if let Some(header) = options.flag("header")? {
            self.heading = if header { Heading::First } else { Heading::Nothing };
        }
        if let Some(rows) = options.numbers("headerRows")?.filter(|_| self.heading != Heading::Nothing) {
            self.heading = if rows.is_empty() { Heading::Nothing } else { Heading::Rows(rows) };
        }
        if let Some(join) = options.text("headerJoin")? {
            self.join = Some(join.to_owned());
        }
        for (key, ignores) in [("caseSensitiveHeader", false), ("headerCase", false)] {
            if let Some(flag) = options.flag(key)? {
                self.ignore_case = flag == ignores;
            }
        }
        if let Some(comment) = options.text("commentChar")?.filter(|comment| !comment.is_empty()) {
            self.comments = vec![comment.to_owned()];
        }
        if let Some(rows) = options.numbers("commentRows")? {
            self.skipped = rows.into_iter().collect();
        }
        self.skip_blank |= options.flag("skipBlankRows")?.unwrap_or(false);
        if let Some(property) = options.text("property")?.filter(|property| !property.is_empty()) {
            self.property = property.split('.').map(str::to_owned).collect();
        }
        match given.get("sheet").or_else(|| given.get("sheetName")).or_else(|| given.get("sheetNumber")) {
            None | Some(Json::Null) => {}
            Some(Json::String(name)) => self.sheet = Some(name.clone()),
            Some(number) => self.sheet = Some(count(number, "sheet")?.max(1).to_string()),
        }
        if let Some(encoding) = options.text("encoding")? {
            self.encoding = Some(encoding.to_owned());
        }
        Ok(())
    }

    /// What is said of text.
    fn take_text(&mut self, options: Options<'_>) -> Result<()> {
        if let Some(delimiter) = options.text("delimiter")? {
            self.delimiter = Some(one_byte("delimiter", delimiter)?);
        }
        if let Some(quote) = options.text("quoteChar")? {
            self.quote = Some(if quote.is_empty() { None } else { Some(one_byte("quoteChar", quote)?) });
        }
        if options.is_null("quoteChar") {
            self.quote = Some(None);
        }
        if let Some(escape) = options.text("escapeChar")?.filter(|escape| !escape.is_empty()) {
            self.escape = Some(one_byte("escapeChar", escape)?);
        }
        if let Some(doubled) = options.flag("doubleQuote")? {
            self.single = !doubled;
        }
        if let Some(trim) = options.flag("skipInitialSpace")? {
            self.trim = trim;
        }
        if let Some(null) = options.text("nullSequence")? {
            self.null = Some(null.to_owned());
        }
        match options.text("lineTerminator")? {
            None | Some("" | "\n" | "\r" | "\r\n") => Ok(()),
            Some(_) => Err(wrong("dialect: lineTerminator is none of \\n, \\r and \\r\\n".to_owned())),
        }
    }

    /// It, where it makes sense as a whole.
    fn checked(mut self) -> Result<Self> {
        let quote = self.quote.unwrap_or(Some(b'"'));
        let same = |one: Option<u8>, two: Option<u8>| one.is_some() && one == two;
        if same(self.delimiter, quote) || same(self.delimiter, self.escape) {
            return Err(wrong("dialect: delimiter is the same as quoteChar or escapeChar".to_owned()));
        }
        // Some write that quotes are escaped by themselves, which is that they are doubled.
        if same(self.escape, quote) {
            (self.escape, self.single) = (None, false);
        }
        // A quote that is neither doubled nor escaped could not be within quotes at all: nobody writes that.
        self.single &= self.escape.is_some();
        if let Heading::Rows(rows) = &self.heading {
            let ordered = rows.windows(2).all(|pair| pair[0] < pair[1]);
            if !ordered || rows.len() > MOST_HEADERS || rows.contains(&0) || rows.last().is_some_and(|last| *last > DEEPEST) {
                let words = format!("dialect: header rows are numbers from 1 to {DEEPEST}, at most {MOST_HEADERS}, in order");
                return Err(wrong(words));
            }
        }
        if self.skipped.len() > MOST_SKIPPED || self.skipped_first > DEEPEST {
            return Err(wrong(format!(
                "dialect: more than {MOST_SKIPPED} rows are named to be passed over, or too many at the start"
            )));
        }
        Ok(self)
    }

    /// Whether a row is a comment by what it begins with; an empty mark means rows without anything in them.
    pub(super) fn is_comment<'c>(&self, first: &str, mut cells: impl Iterator<Item = &'c str>) -> bool {
        self.comments.iter().any(|mark| if mark.is_empty() { cells.all(str::is_empty) } else { first.starts_with(mark) })
    }

    /// The rows that name the columns, counted from the file's first; `None`: the first row that is no comment does, or none.
    pub(super) fn heading_rows(&self) -> Option<Vec<u64>> {
        match &self.heading {
            Heading::Rows(rows) => Some(rows.iter().map(|row| row + self.skipped_first).collect()),
            _ => None,
        }
    }

    /// Whether a row that a number names is passed over.
    pub(super) fn skips(&self, row: u64) -> bool {
        row <= self.skipped_first || self.skipped.contains(&row)
    }
}

/// The fault of a dialect.
pub(super) fn wrong(words: String) -> Fault {
    Fault::Hints(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parsed(descriptor: Json) -> Dialect {
        Dialect::parse(&descriptor).unwrap()
    }

    #[test]
    fn every_way_of_saying_it() {
        assert_eq!(parsed(json!(null)), Dialect::default());
        let csv = json!({"delimiter": ";", "quoteChar": "'", "doubleQuote": false, "escapeChar": "\\", "skipInitialSpace": true,
            "header": false, "commentChar": "#", "nullSequence": "\\N", "caseSensitiveHeader": false, "lineTerminator": "\r\n"});
        let dialect = parsed(csv.clone());
        assert_eq!((dialect.delimiter, dialect.quote, dialect.escape), (Some(b';'), Some(Some(b'\'')), Some(b'\\')));
        assert!(dialect.single && dialect.trim && dialect.ignore_case && dialect.heading == Heading::Nothing);
        assert_eq!((dialect.comments.as_slice(), dialect.null.as_deref()), (&["#".to_owned()][..], Some("\\N")));
        assert_eq!(parsed(json!({"csv": csv})), dialect);
        assert_eq!(parsed(json!({"csv": {"delimiter": "\t"}})).delimiter, Some(b'\t'));
        assert_eq!(parsed(json!({"json": {"keyed": true, "property": "a.b"}})).property, ["a", "b"]);
        assert_eq!(parsed(json!({"excel": {"sheet": 2}})).sheet.as_deref(), Some("2"));
        assert_eq!(parsed(json!({"excel": {"sheet": "Data"}})).sheet.as_deref(), Some("Data"));
        let rows = parsed(
            json!({"headerRows": [2, 3], "headerJoin": "-", "commentRows": [1], "skipBlankRows": true, "headerCase": false}),
        );
        assert_eq!((rows.heading, rows.join.as_deref(), rows.skip_blank), (Heading::Rows(vec![2, 3]), Some("-"), true));
        assert!(rows.skipped.contains(&1) && rows.ignore_case);
        assert_eq!(parsed(json!({"quoteChar": null})).quote, Some(None));
        assert_eq!(parsed(json!({"quoteChar": ""})).quote, Some(None));
        // A quote that escapes itself, and one that nothing escapes.
        assert_eq!(parsed(json!({"escapeChar": "\"", "doubleQuote": false})), parsed(json!({})));
        assert_eq!(parsed(json!({"doubleQuote": false})), parsed(json!({})));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for wrong in [
            json!([]),
            json!({"csv": 1}),
            json!({"delimiter": ""}),
            json!({"delimiter": "::"}),
            json!({"delimiter": "\n"}),
            json!({"delimiter": 1}),
            json!({"delimiter": "\""}),
            json!({"delimiter": ";", "escapeChar": ";"}),
            json!({"quoteChar": "ä"}),
            json!({"header": "maybe"}),
            json!({"headerRows": [2, 1]}),
            json!({"headerRows": [0]}),
            json!({"headerRows": [1.5]}),
            json!({"headerRows": [1_000_000]}),
            json!({"lineTerminator": "|"}),
            json!({"excel": {"sheet": []}}),
        ] {
            assert!(matches!(Dialect::parse(&wrong), Err(Fault::Hints(_))), "{wrong}");
        }
    }
}
