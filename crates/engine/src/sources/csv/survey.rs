//! The first pass over a CSV file: its columns, what they may be, how many rows; and whether every line has its fields.

use super::super::pinned_file::PinnedFile;
use super::super::text;
use super::{Dialect, Guess};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use datahall_core::Result;
use futures::stream::StreamExt;
use std::sync::Arc;

/// What one file holds.
#[derive(Debug)]
pub(super) struct Survey {
    pub(super) names: Vec<String>,
    pub(super) guesses: Vec<Guess>,
    pub(super) rows: u64,
}

/// Reads `file` through; `None` when there is nothing in it.
///
/// # Errors
/// `Invalid` naming the line whose number of fields is not that of the first, or that is not UTF-8.
pub(super) async fn survey(location: &str, file: &Arc<PinnedFile>, dialect: &Dialect) -> Result<Option<Survey>> {
    let mut pieces = text::pieces(file.clone());
    let mut surveyor = Surveyor::new(dialect);
    let refuse = |what: String| text::wrong(location, &file.name, what);
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| text::broken(location, &file.name, &error))?;
        surveyor.feed(&piece).map_err(refuse)?;
    }
    surveyor.finish().map_err(refuse)
}

type Wrong<T> = std::result::Result<T, String>;

struct Surveyor<'a> {
    dialect: &'a Dialect,
    reader: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    text_len: usize,
    ends_len: usize,
    /// The line that is being read, and whether a record has begun on it.
    line: u64,
    record_line: Option<u64>,
    found: Option<Survey>,
}

impl<'a> Surveyor<'a> {
    fn new(dialect: &'a Dialect) -> Self {
        let reader = ReaderBuilder::new().delimiter(dialect.delimiter).quote(dialect.quote).build();
        Self {
            dialect,
            reader,
            text: vec![0; 4096],
            ends: vec![0; 64],
            text_len: 0,
            ends_len: 0,
            line: 1,
            record_line: None,
            found: None,
        }
    }

    fn feed(&mut self, mut input: &[u8]) -> Wrong<()> {
        while let Some(first) = input.first() {
            // Ends of lines before a record are none of it; the reader would pass over them uncounted.
            if self.record_line.is_none() && matches!(first, b'\n' | b'\r') {
                self.line += u64::from(*first == b'\n');
                input = &input[1..];
                continue;
            }
            self.record_line.get_or_insert(self.line);
            let (result, read) = self.step(input);
            self.line += input[..read].iter().filter(|byte| **byte == b'\n').count() as u64;
            input = &input[read..];
            self.act_on(&result)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Wrong<Option<Survey>> {
        loop {
            // Reading nothing tells the reader that nothing more comes.
            let (result, _) = self.step(&[]);
            self.act_on(&result)?;
            if matches!(result, ReadRecordResult::End | ReadRecordResult::InputEmpty) {
                return Ok(self.found);
            }
        }
    }

    fn step(&mut self, input: &[u8]) -> (ReadRecordResult, usize) {
        let (text, ends) = (&mut self.text[self.text_len..], &mut self.ends[self.ends_len..]);
        let (result, read, written, ended) = self.reader.read_record(input, text, ends);
        self.text_len += written;
        self.ends_len += ended;
        (result, read)
    }

    fn act_on(&mut self, result: &ReadRecordResult) -> Wrong<()> {
        match result {
            ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
            ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
            ReadRecordResult::Record => {
                self.record()?;
                (self.text_len, self.ends_len, self.record_line) = (0, 0, None);
            }
            ReadRecordResult::InputEmpty | ReadRecordResult::End => {}
        }
        Ok(())
    }

    fn record(&mut self) -> Wrong<()> {
        let line = self.record_line.unwrap_or(self.line);
        let Ok(text) = std::str::from_utf8(&self.text[..self.text_len]) else {
            return Err(format!("line {line} is not UTF-8 text"));
        };
        let ends = &self.ends[..self.ends_len];
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let fields = starts.zip(ends).map(|(start, end)| text.get(start..*end).unwrap_or_default());
        let Some(found) = &mut self.found else {
            let names = names(fields.clone(), self.dialect.header)?;
            let mut found = Survey { guesses: vec![Guess::default(); names.len()], names, rows: 0 };
            if !self.dialect.header {
                found.row(fields, self.dialect);
            }
            self.found = Some(found);
            return Ok(());
        };
        if ends.len() != found.names.len() {
            return Err(format!("line {line} has {} fields, the first line has {}", ends.len(), found.names.len()));
        }
        found.row(fields, self.dialect);
        Ok(())
    }
}

impl Survey {
    fn row<'a>(&mut self, fields: impl Iterator<Item = &'a str>, dialect: &Dialect) {
        self.rows += 1;
        for (guess, field) in self.guesses.iter_mut().zip(fields) {
            if !dialect.is_null(field) {
                guess.see(field);
            }
        }
    }
}

/// The names in the header; columns without one are called by their position.
fn names<'a>(fields: impl Iterator<Item = &'a str>, header: bool) -> Wrong<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for (at, field) in fields.enumerate() {
        let name = if header && !field.trim().is_empty() { field.to_owned() } else { format!("column_{}", at + 1) };
        if names.contains(&name) {
            return Err(format!("the header names {name} twice"));
        }
        names.push(name);
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::DataType;
    use std::collections::BTreeMap;

    fn surveyed(text: &str, options: &[(&str, &str)]) -> Wrong<Option<Survey>> {
        let options: BTreeMap<_, _> = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let dialect = Dialect::new(&options, b',').unwrap();
        let whole = {
            let mut surveyor = Surveyor::new(&dialect);
            surveyor.feed(text.as_bytes())?;
            surveyor.finish()?
        };
        // However the text falls into pieces, the same is found.
        let mut surveyor = Surveyor::new(&dialect);
        text.as_bytes().iter().try_for_each(|byte| surveyor.feed(&[*byte]))?;
        assert_eq!(format!("{:?}", surveyor.finish()?), format!("{whole:?}"));
        Ok(whole)
    }

    fn shape(text: &str, options: &[(&str, &str)]) -> (Vec<(String, DataType)>, u64) {
        let survey = surveyed(text, options).unwrap().unwrap();
        let types = survey.guesses.iter().map(Guess::data_type);
        (survey.names.into_iter().zip(types).collect(), survey.rows)
    }

    #[test]
    fn columns_and_rows_are_found() {
        let column = |name: &str, data_type| (name.to_owned(), data_type);
        let (int, text) = (DataType::Int64, DataType::Utf8);
        assert_eq!(shape("a,b\n1,x\r\n2,\"y\nz\"", &[]), (vec![column("a", int.clone()), column("b", text.clone())], 2));
        assert_eq!(shape(",b\n1,2\n", &[]), (vec![column("column_1", int.clone()), column("b", int.clone())], 1));
        assert_eq!(
            shape("1,2\n", &[("header", "false")]),
            (vec![column("column_1", int.clone()), column("column_2", int.clone())], 1)
        );
        assert_eq!(shape("a\nNA\n1\n-\n", &[("null_values", "NA,-")]), (vec![column("a", int.clone())], 3));
        assert_eq!(
            shape("a;b\n1;'x;y'\n", &[("delimiter", ";"), ("quote", "'")]),
            (vec![column("a", int), column("b", text)], 1)
        );
        assert_eq!(shape("a,b\n", &[]).1, 0);
        assert!(surveyed("", &[]).unwrap().is_none());
        assert!(surveyed("\n\n", &[]).unwrap().is_none());
        let wide = format!(
            "{}\n{}\n",
            (0..300).map(|at| format!("c{at}")).collect::<Vec<_>>().join(","),
            vec!["x".repeat(100); 300].join(",")
        );
        assert_eq!(shape(&wide, &[]).0.len(), 300);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let wrong = |text: &str| surveyed(text, &[]).unwrap_err();
        assert_eq!(wrong("a,b\n1,2\n3\n4,5\n"), "line 3 has 1 fields, the first line has 2");
        assert_eq!(wrong("a,b\n1,2,3"), "line 2 has 3 fields, the first line has 2");
        assert_eq!(wrong("a,a\n"), "the header names a twice");
        assert_eq!(wrong("a,b\r\n\r\n1,\"x\r\ny\"\r\n1\r\n"), "line 5 has 1 fields, the first line has 2");
        let dialect = Dialect::new(&BTreeMap::new(), b',').unwrap();
        assert_eq!(Surveyor::new(&dialect).feed(b"a\n\xff\xfe\n").unwrap_err(), "line 2 is not UTF-8 text");
    }
}
