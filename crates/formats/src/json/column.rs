//! A column that widens its type while values arrive.

use crate::cell;
use arrow::buffer::NullBuffer;
use std::collections::HashMap;

/// Values of one column so far, of the narrowest type that holds them all.
#[derive(Debug, Default)]
pub(super) struct Growing {
    pub(super) valid: Vec<bool>,
    pub(super) values: Values,
}

/// The values; rows that are null hold something too, so that positions agree.
#[derive(Debug, Default)]
pub(super) enum Values {
    /// No value yet.
    #[default]
    Null,
    Bool(Vec<bool>),
    Int(Vec<i64>),
    Float(Vec<f64>),
    Text(Texts),
    List(Box<Lists>),
    Object(Members),
}

#[derive(Debug, Default)]
pub(super) struct Texts {
    pub(super) bytes: Vec<u8>,
    /// Where each text ends.
    pub(super) ends: Vec<usize>,
}

#[derive(Debug, Default)]
pub(super) struct Lists {
    pub(super) items: Growing,
    /// Where the items of each list end.
    pub(super) ends: Vec<usize>,
}

/// The columns of an object; one that is shorter than the object lacks its last rows.
#[derive(Debug, Default)]
pub(super) struct Members {
    pub(super) columns: Vec<(String, Growing)>,
    places: HashMap<String, usize>,
}

impl Members {
    /// The place of `key`. Objects mostly have their keys in the same order, so `guess` is tried first.
    pub(super) fn place(&mut self, key: &str, guess: usize) -> usize {
        if self.columns.get(guess).is_some_and(|(name, _)| name == key) {
            return guess;
        }
        if let Some(place) = self.places.get(key) {
            return *place;
        }
        self.places.insert(key.to_owned(), self.columns.len());
        self.columns.push((key.to_owned(), Growing::default()));
        self.columns.len() - 1
    }
}

impl Growing {
    /// A column of objects.
    pub(super) fn object() -> Self {
        Self { valid: Vec::new(), values: Values::Object(Members::default()) }
    }

    /// Rows so far.
    pub(super) fn len(&self) -> usize {
        self.valid.len()
    }

    /// How many values it holds that are not objects or lists themselves.
    pub(super) fn present(&self) -> u64 {
        match &self.values {
            Values::Object(members) => members.columns.iter().map(|(_, column)| column.present()).sum(),
            Values::List(lists) => lists.items.present(),
            _ => self.len() as u64,
        }
    }

    pub(super) fn nulls(&self) -> NullBuffer {
        NullBuffer::from_iter(self.valid.iter().copied())
    }

    /// Adds nulls until there are `rows` rows.
    pub(super) fn pad(&mut self, rows: usize) {
        if self.len() >= rows {
            return;
        }
        self.valid.resize(rows, false);
        match &mut self.values {
            Values::Null | Values::Object(_) => {}
            Values::Bool(values) => values.resize(rows, false),
            Values::Int(values) => values.resize(rows, 0),
            Values::Float(values) => values.resize(rows, 0.0),
            Values::Text(texts) => texts.ends.resize(rows, texts.bytes.len()),
            Values::List(lists) => lists.ends.resize(rows, lists.items.len()),
        }
    }

    /// Takes back all rows from `rows` on.
    pub(super) fn truncate(&mut self, rows: usize) {
        self.valid.truncate(rows);
        let end = |ends: &mut Vec<usize>| {
            ends.truncate(rows);
            ends.last().copied().unwrap_or(0)
        };
        match &mut self.values {
            Values::Null => {}
            Values::Bool(values) => values.truncate(rows),
            Values::Int(values) => values.truncate(rows),
            Values::Float(values) => values.truncate(rows),
            Values::Text(texts) => texts.bytes.truncate(end(&mut texts.ends)),
            Values::List(lists) => lists.items.truncate(end(&mut lists.ends)),
            Values::Object(members) => members.columns.iter_mut().for_each(|(_, column)| column.truncate(rows)),
        }
    }

    pub(super) fn push_null(&mut self) {
        self.pad(self.len() + 1);
    }

    pub(super) fn push_bool(&mut self, value: bool) {
        self.start(|rows| Values::Bool(vec![false; rows]));
        match &mut self.values {
            Values::Bool(values) => {
                values.push(value);
                self.valid.push(true);
            }
            _ => self.push_text(if value { "true" } else { "false" }),
        }
    }

    pub(super) fn push_int(&mut self, value: i64) {
        self.start(|rows| Values::Int(vec![0; rows]));
        match &mut self.values {
            Values::Int(values) => {
                values.push(value);
                self.valid.push(true);
            }
            Values::Float(_) => self.push_float(value as f64),
            _ => self.push_text(itoa::Buffer::new().format(value)),
        }
    }

    pub(super) fn push_float(&mut self, value: f64) {
        self.start(|rows| Values::Float(vec![0.0; rows]));
        if let Values::Int(values) = &mut self.values {
            self.values = Values::Float(values.iter().map(|value| *value as f64).collect());
        }
        match &mut self.values {
            Values::Float(values) => {
                values.push(value);
                self.valid.push(true);
            }
            _ => self.push_text(ryu::Buffer::new().format(value)),
        }
    }

    pub(super) fn push_text(&mut self, value: &str) {
        let texts = self.texts();
        texts.bytes.extend_from_slice(value.as_bytes());
        texts.ends.push(texts.bytes.len());
        self.valid.push(true);
    }

    /// Makes a column without values one of `values`, given its rows.
    pub(super) fn start(&mut self, values: impl FnOnce(usize) -> Values) {
        if matches!(self.values, Values::Null) {
            self.values = values(self.len());
        }
    }

    /// The column as text, turned into it when it is anything else.
    fn texts(&mut self) -> &mut Texts {
        if !matches!(self.values, Values::Text(_)) {
            let old = std::mem::take(self);
            let rows = old.len();
            let mut texts = Texts::default();
            // Cannot fail: a column always fits its own type.
            if let Ok(array) = old.into_own_array() {
                let column = cell::Column::new(&array, cell::Form::Text);
                for row in 0..rows {
                    self.valid.push(column.text(row, &mut texts.bytes));
                    texts.ends.push(texts.bytes.len());
                }
            }
            self.values = Values::Text(texts);
        }
        match &mut self.values {
            Values::Text(texts) => texts,
            _ => unreachable!("it was just made text"),
        }
    }
}
