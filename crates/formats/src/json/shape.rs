//! Of what type a JSON column is: the narrowest that all its values fit; JSON text when they are of several kinds.

use super::Json;
use arrow::datatypes::{DataType, Field};
use std::sync::Arc;

/// What values have been seen.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Shape {
    /// None, or only null.
    #[default]
    Nothing,
    /// Truth values.
    Bool,
    /// Whole numbers; whether some are negative, some beyond the signed ones, and all also exact floats.
    Whole {
        /// Some are below zero.
        negative: bool,
        /// Some are beyond the signed ones.
        large: bool,
        /// All are also floats.
        exact: bool,
    },
    /// Numbers with a point.
    Float,
    /// Texts.
    Text,
    /// Lists of such values.
    List(Box<Shape>),
    /// Objects with such values, in the order in which their keys were met first.
    Object(Vec<(String, Shape)>),
    /// Values of several kinds.
    Mixed,
}

const EXACT: u64 = 1 << 53;
/// An object with more keys than this holds data in its keys: it is kept as JSON text.
const MOST_KEYS: usize = 1000;

impl Shape {
    /// Takes in one value.
    pub fn see(&mut self, value: &Json) {
        match (value, &mut *self) {
            (Json::Null, _) | (_, Self::Mixed) => {}
            (Json::Text(_), Self::Text) | (Json::Bool(_), Self::Bool) | (Json::Float(_), Self::Float) => {}
            (Json::List(items), Self::List(item)) => items.iter().for_each(|value| item.see(value)),
            (Json::Object(values), Self::Object(fields)) if !values.is_empty() && values.len() <= MOST_KEYS => {
                for (name, value) in values {
                    match fields.iter_mut().find(|(known, _)| known == name) {
                        Some((_, shape)) => shape.see(value),
                        None => fields.push((name.clone(), Self::of(value))),
                    }
                }
                self.or_mixed();
            }
            _ => self.merge(&Self::of(value)),
        }
    }

    fn of(value: &Json) -> Self {
        match value {
            Json::Null => Self::Nothing,
            Json::Bool(_) => Self::Bool,
            Json::Int(number) => Self::Whole { negative: *number < 0, large: false, exact: number.unsigned_abs() <= EXACT },
            Json::UInt(_) => Self::Whole { negative: false, large: true, exact: false },
            Json::Float(_) => Self::Float,
            Json::Text(_) => Self::Text,
            Json::List(items) => {
                let mut item = Self::Nothing;
                items.iter().for_each(|value| item.see(value));
                Self::List(Box::new(item))
            }
            // A struct without fields is nothing that other formats have.
            Json::Object(values) if values.is_empty() || values.len() > MOST_KEYS => Self::Mixed,
            Json::Object(values) => Self::Object(values.iter().map(|(name, value)| (name.clone(), Self::of(value))).collect()),
        }
    }

    /// Takes in what has been seen elsewhere.
    pub fn merge(&mut self, other: &Self) {
        let merged = match (std::mem::take(self), other) {
            (Self::Nothing, other) => other.clone(),
            (known, Self::Nothing) => known,
            (Self::Whole { negative, large, exact }, Self::Whole { negative: n, large: l, exact: e }) => {
                let (negative, large) = (negative || *n, large || *l);
                if negative && large { Self::Mixed } else { Self::Whole { negative, large, exact: exact && *e } }
            }
            (Self::Whole { exact: true, .. }, Self::Float) | (Self::Float, Self::Whole { exact: true, .. }) => Self::Float,
            (Self::List(mut item), Self::List(item_too)) => {
                item.merge(item_too);
                Self::List(item)
            }
            (Self::Object(mut fields), Self::Object(fields_too)) => {
                for (name, shape) in fields_too {
                    match fields.iter_mut().find(|(known, _)| known == name) {
                        Some((_, known)) => known.merge(shape),
                        None => fields.push((name.clone(), shape.clone())),
                    }
                }
                Self::Object(fields)
            }
            (known, other) if known == *other => known,
            _ => Self::Mixed,
        };
        *self = merged;
        self.or_mixed();
    }

    fn or_mixed(&mut self) {
        if matches!(self, Self::Object(fields) if fields.len() > MOST_KEYS) {
            *self = Self::Mixed;
        }
    }

    /// The type.
    pub fn data_type(&self) -> DataType {
        match self {
            Self::Nothing | Self::Text | Self::Mixed => DataType::Utf8,
            Self::Bool => DataType::Boolean,
            Self::Whole { large: true, .. } => DataType::UInt64,
            Self::Whole { .. } => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::List(item) => DataType::List(Arc::new(Field::new("item", item.data_type(), true))),
            Self::Object(fields) => {
                DataType::Struct(fields.iter().map(|(name, shape)| Field::new(name, shape.data_type(), true)).collect())
            }
        }
    }

    /// Whether it or anything in it holds values of several kinds.
    pub fn is_mixed_somewhere(&self) -> bool {
        match self {
            Self::Mixed => true,
            Self::List(item) => item.is_mixed_somewhere(),
            Self::Object(fields) => fields.iter().any(|(_, shape)| shape.is_mixed_somewhere()),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(values: &[&str]) -> DataType {
        let mut together = Shape::default();
        let mut apart = Shape::default();
        for value in values {
            let value: Json = serde_json::from_str(value).unwrap();
            together.see(&value);
            apart.merge(&Shape::of(&value));
        }
        assert_eq!(together.data_type(), apart.data_type(), "{values:?}");
        together.data_type()
    }

    #[test]
    fn the_narrowest_type_that_loses_nothing() {
        let list = |data_type| DataType::List(Arc::new(Field::new("item", data_type, true)));
        for (values, expected) in [
            (&["1", "-2", "null"][..], DataType::Int64),
            (&["1", "18446744073709551615"], DataType::UInt64),
            (&["-1", "18446744073709551615"], DataType::Utf8),
            (&["1", "2.5"], DataType::Float64),
            (&["9007199254740993", "2.5"], DataType::Utf8),
            (&["true", "false"], DataType::Boolean),
            (&["true", "1"], DataType::Utf8),
            (&["\"x\"", "1"], DataType::Utf8),
            (&["null"], DataType::Utf8),
            (&["[1]", "[null, 2.5]", "[]"], list(DataType::Float64)),
            (&["[1]", "1"], DataType::Utf8),
            (&["[]"], list(DataType::Utf8)),
            (&["{}"], DataType::Utf8),
        ] {
            assert_eq!(seen(values), expected, "{values:?}");
        }
        let object = seen(&[r#"{"z":1,"a":null}"#, r#"{"a":true,"n":[{"q":1}]}"#]);
        let DataType::Struct(fields) = object else { panic!("{object}") };
        let types: Vec<_> = fields.iter().map(|field| (field.name().as_str(), field.data_type().clone())).collect();
        let inner = list(DataType::Struct(vec![Field::new("q", DataType::Int64, true)].into()));
        assert_eq!(types, [("z", DataType::Int64), ("a", DataType::Boolean), ("n", inner)]);
    }
}
