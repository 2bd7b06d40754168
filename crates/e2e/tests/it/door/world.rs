//! Two worlds that are one for whom the policy holds: the same rows as he sees them, and everything else as different as it
//! can be: values behind masks, hidden columns, and the rows left out.

use crate::support::*;
use arrow::array::{ArrayRef, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// The rows that the restricted caller sees, in either world.
pub(super) const SHOWN: usize = 400;

/// Which of the two, and how many rows it has beside those that are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum World {
    A,
    B,
}

/// One row, before it becomes columns.
#[derive(Debug, Clone, Default)]
struct Row {
    id: i64,
    region: Option<&'static str>,
    level: Option<i64>,
    amount: Option<f64>,
    day: Option<i32>,
    word: Option<String>,
    digits: String,
    divisor: i64,
    full: Option<String>,
    redacted: Option<f64>,
    mail: Option<String>,
    salary: Option<i64>,
    card: Option<String>,
    born: Option<i32>,
    hidden_text: Option<String>,
    hidden_number: Option<i64>,
}

impl World {
    /// How many rows are left out after each that is shown.
    fn left_out(self, shown: usize) -> usize {
        match self {
            Self::A => usize::from(shown.is_multiple_of(10)),
            Self::B => 23,
        }
    }

    /// All rows that there are.
    pub(super) fn rows(self) -> usize {
        SHOWN + (0..SHOWN).map(|shown| self.left_out(shown)).sum::<usize>()
    }

    fn all(self) -> Vec<Row> {
        let mut rows = Vec::with_capacity(self.rows());
        for number in 0..SHOWN {
            rows.extend((0..self.left_out(number)).map(|at| self.row_left_out(number / 10 * 3 + at)));
            rows.push(self.row_shown(number));
        }
        rows
    }

    fn row_shown(self, number: usize) -> Row {
        let at = number as i64;
        let other = i64::from(self == Self::B);
        let unless = |every: usize| number % every != 3 % every;
        let (name, middle) = if other == 1 { ("somebody.else", "98765432") } else { ("ann", "12345678") };
        Row {
            id: at,
            region: Some("EU"),
            level: unless(11).then_some(at % 7),
            amount: unless(13).then_some((at * 37 % 1000) as f64 / 8.0),
            day: Some(18_262 + number as i32 % 400),
            word: unless(9).then(|| ["alpha", "Beta", "gamma delta", "7", "50%_"][number % 5].to_owned()),
            digits: (at * 7 % 100).to_string(),
            divisor: at % 9 + 1,
            full: unless(17).then(|| format!("{}-{}", if other == 1 { "b" } else { "a" }, at * (1 + 5 * other))),
            redacted: if other == 1 { (!number.is_multiple_of(3)).then_some(at as f64 * -2.5) } else { Some(at as f64 + 0.25) },
            mail: unless(7).then(|| format!("{name}{at}@{}.example.com", ["one", "two", "three"][number % 3])),
            salary: unless(19).then_some(at % 30 * 100 + if other == 1 { at * 7 % 100 } else { 5 }),
            card: Some(format!("{:02}{middle}{:02}", number % 90, number % 40)),
            born: Some(fixtures::day(&format!("{}-{}", 1950 + number % 50, if other == 1 { "11-30" } else { "02-01" }))),
            hidden_text: Some(format!("secret {}", at * (other + 1))),
            hidden_number: (other == 0).then_some(at),
        }
    }

    fn row_left_out(self, number: usize) -> Row {
        let at = number as i64;
        let odd = i64::from(self == Self::B) + 1;
        Row {
            id: [at, -at, at + 1_000_000, i64::MAX / 2][number % 4] * odd,
            region: [Some("US"), None, Some("eu"), Some("XX")][number % 4],
            level: (!number.is_multiple_of(3)).then_some([0, -1, 2_000_000_000][number % 3]),
            amount: [Some(1e15), Some(-0.5), None, Some(0.5)][number % 4],
            day: (!number.is_multiple_of(5)).then_some([-700_000, 0, 2_000_000][number % 3] / 10),
            word: [Some("not a number"), Some(""), None, Some("alpha")][number % 4].map(str::to_owned),
            digits: ["n/a", "99999999999999999999", "-", "1e5"][number % 4].to_owned(),
            divisor: 0,
            full: Some(format!("left out {number}")),
            redacted: Some(at as f64 * 0.5 + 0.125),
            mail: [Some("no address"), None, Some("x@left.example.org")][number % 3].map(str::to_owned),
            salary: Some(at * 1_000_003),
            card: number.is_multiple_of(2).then(|| format!("{number}")),
            born: Some(number as i32 % 20_000),
            hidden_text: None,
            hidden_number: Some(at),
        }
    }

    fn batch(self) -> RecordBatch {
        let mut rows = self.all();
        // What CSV has no word for.
        for (at, row) in rows.iter_mut().enumerate() {
            if row.region != Some("EU") && at % 6 == 1 {
                row.amount = Some([f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0][at / 6 % 4]);
            } else if row.region == Some("EU") && row.id % 50 == 7 {
                row.amount = Some(f64::NAN);
            }
        }
        let texts = |of: &dyn Fn(&Row) -> Option<String>| -> ArrayRef { Arc::new(rows.iter().map(of).collect::<StringArray>()) };
        let ints = |of: &dyn Fn(&Row) -> Option<i64>| -> ArrayRef { Arc::new(rows.iter().map(of).collect::<Int64Array>()) };
        let floats = |of: &dyn Fn(&Row) -> Option<f64>| -> ArrayRef { Arc::new(rows.iter().map(of).collect::<Float64Array>()) };
        let days = |of: &dyn Fn(&Row) -> Option<i32>| -> ArrayRef { Arc::new(rows.iter().map(of).collect::<Date32Array>()) };
        fixtures::batch(vec![
            ("id", ints(&|row| Some(row.id))),
            ("region", texts(&|row| row.region.map(str::to_owned))),
            ("level", ints(&|row| row.level)),
            ("amount", floats(&|row| row.amount)),
            ("day", days(&|row| row.day)),
            ("Word", texts(&|row| row.word.clone())),
            ("digits", texts(&|row| Some(row.digits.clone()))),
            ("divisor", ints(&|row| Some(row.divisor))),
            ("full", texts(&|row| row.full.clone())),
            ("redacted", floats(&|row| row.redacted)),
            ("mail", texts(&|row| row.mail.clone())),
            ("salary", ints(&|row| row.salary)),
            ("card", texts(&|row| row.card.clone())),
            ("born", days(&|row| row.born)),
            ("hidden_text", texts(&|row| row.hidden_text.clone())),
            ("hidden_number", ints(&|row| row.hidden_number)),
        ])
    }

    fn csv(self) -> String {
        let mut text = String::from(
            "id,region,level,amount,day,Word,digits,divisor,full,redacted,mail,salary,card,born,hidden_text,hidden_number\n",
        );
        let date = |days: i32| chrono::NaiveDate::default() + chrono::TimeDelta::days(i64::from(days));
        let day = |days: Option<i32>| days.map(|days| date(days).to_string()).unwrap_or_default();
        let number = |number: Option<f64>| number.map(|number| format!("{number:.3}")).unwrap_or_default();
        let int = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
        for row in self.all() {
            let cells = [
                row.id.to_string(),
                row.region.unwrap_or_default().to_owned(),
                int(row.level),
                number(row.amount),
                day(row.day),
                row.word.unwrap_or_default(),
                row.digits,
                row.divisor.to_string(),
                row.full.unwrap_or_default(),
                number(row.redacted),
                row.mail.unwrap_or_default(),
                int(row.salary),
                // With a letter, so that it is text in either world.
                row.card.map(|card| format!("{card}x")).unwrap_or_default(),
                day(row.born),
                row.hidden_text.unwrap_or_default(),
                int(row.hidden_number),
            ];
            writeln!(text, "{}", cells.join(",")).expect("a string takes everything");
        }
        text
    }

    /// The Parquet and the CSV file of this world.
    pub(super) fn write(self, scratch: &Scratch) -> (PathBuf, PathBuf) {
        let parquet = fixtures::parquet_bytes_grouped(&self.batch(), 1_000);
        (scratch.write(&format!("{self:?}/t.parquet"), parquet), scratch.write(&format!("{self:?}/t.csv"), self.csv()))
    }
}

/// The policy that makes the two one, for all but the group `clear`.
pub(super) fn policy() -> String {
    let mut text = String::from("row_filter = \"region IN (caller('region'))\"\n");
    for (column, how) in [
        ("full", "strategy = \"full\""),
        ("redacted", "strategy = \"redact\""),
        ("mail", "strategy = \"email\""),
        ("salary", "strategy = \"bucket\"\nwidth = 100"),
        ("card", "strategy = \"partial\""),
        ("born", "strategy = \"bucket\""),
        ("hidden_text", "hidden = true"),
        ("hidden_number", "hidden = true"),
    ] {
        writeln!(text, "[dataset.masks.{column}]\n{how}\nunmask_roles = [\"clear\"]").expect("a string takes everything");
    }
    text
}
