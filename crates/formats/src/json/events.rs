//! The parser's events into growing columns, without a document tree in between.

use super::Chunks;
use super::column::{Growing, Lists, Members, Values};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// The whole text: an array of rows.
pub(super) struct Array<'a>(pub(super) &'a mut Chunks);

impl<'de> DeserializeSeed<'de> for Array<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, text: D) -> Result<(), D::Error> {
        text.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Array<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        while rows.next_element_seed(self.0.row())?.is_some() {}
        Ok(())
    }
}

/// One row: an object.
pub(super) struct Row<'a>(pub(super) &'a mut Growing);

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, text: D) -> Result<(), D::Error> {
        text.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<(), A::Error> {
        Value(self.0).visit_map(members)
    }
}

/// Any value.
struct Value<'a>(&'a mut Growing);

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, text: D) -> Result<(), D::Error> {
        text.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.push_null();
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.0.push_bool(value);
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.0.push_int(value);
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        match i64::try_from(value) {
            Ok(value) => self.0.push_int(value),
            Err(_) => self.0.push_float(value as f64),
        }
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.0.push_float(value);
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.0.push_text(value);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.0.start(|rows| Values::List(Box::new(Lists { items: Growing::default(), ends: vec![0; rows] })));
        let Values::List(lists) = &mut self.0.values else {
            return push_nested(self.0, |lone| lone.visit_seq(items));
        };
        while items.next_element_seed(Value(&mut lists.items))?.is_some() {}
        lists.ends.push(lists.items.len());
        self.0.valid.push(true);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let row = self.0.len();
        self.0.start(|_| Values::Object(Members::default()));
        let Values::Object(object) = &mut self.0.values else {
            return push_nested(self.0, |lone| lone.visit_map(members));
        };
        let mut guess = 0;
        while let Some(place) = members.next_key_seed(Key { object: &mut *object, guess })? {
            let column = &mut object.columns[place].1;
            if column.len() > row {
                column.truncate(row);
            }
            column.pad(row);
            members.next_value_seed(Value(column))?;
            guess = place + 1;
        }
        self.0.valid.push(true);
        Ok(())
    }
}

/// Adds a list or an object, which `visit` reads, as JSON text to a column that holds other things.
fn push_nested<E: Error>(column: &mut Growing, visit: impl FnOnce(Value<'_>) -> Result<(), E>) -> Result<(), E> {
    let mut lone = Growing::default();
    visit(Value(&mut lone))?;
    let array = lone.into_own_array().map_err(E::custom)?;
    let mut text = Vec::new();
    crate::cell::Column::new(&array, crate::cell::Form::Json).json(0, &mut text);
    column.push_text(&String::from_utf8_lossy(&text));
    Ok(())
}

/// A key, as the place of its column.
struct Key<'a> {
    object: &'a mut Members,
    guess: usize,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, text: D) -> Result<usize, D::Error> {
        text.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<usize, E> {
        Ok(self.object.place(key, self.guess))
    }
}
