//! A Table Schema: the fields of a table, what their values are, and what holds between rows.

mod field;
mod normalised;
mod options;
mod rules;
#[cfg(test)]
mod tests;

pub(super) use field::Field;

use super::kind::{Kind, When};
use super::{Fault, Result};
use crate::ingest::hints::short;
use arrow::datatypes::{DataType, Field as Column, Schema, SchemaRef, TimeUnit};
use serde_json::{Map, Value as Json};
use std::collections::HashMap;
use std::sync::Arc;

/// Fields at most.
const MOST_FIELDS: usize = 10_000;

/// A Table Schema that makes sense in itself.
///
/// What is taken: Table Schema 1 as of specs.frictionlessdata.io, and of what version 2 and frictionless 5 add `list` fields, `exclusiveMinimum` and
/// `exclusiveMaximum`, `groupChar` of integers, missing values of single fields and with labels, `uniqueKeys` and `fieldsMatch`. What it does not
/// know it keeps and does not look at, `categories` and `foreignKeys` among it.
#[derive(Debug, Clone)]
pub struct TableSchema {
    pub(super) fields: Vec<Field>,
    /// The fields of the primary key.
    pub(super) primary: Vec<usize>,
    /// Fields whose values together come once, the primary key and fields that are unique by themselves among them.
    pub(super) unique: Vec<Vec<usize>>,
    pub(super) matching: Matching,
    descriptor: Map<String, Json>,
}

/// How the columns of a file and the fields of a schema belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Matching {
    /// The same, in the same order.
    Exact,
    /// The same, in any order.
    Equal,
    /// All fields are there; columns may be more.
    Subset,
    /// All columns are fields; fields may be more.
    Superset,
    /// Some of each are the same.
    Partial,
}

impl TableSchema {
    /// Reads a schema.
    ///
    /// # Errors
    /// [`Fault::Hints`] when it contradicts itself, in words that name the field: no fields, a name that is missing or comes twice, an unknown
    /// type or format, a constraint that does not go with the type, a bound or a choice that is not of it, bounds that leave nothing between them, a pattern that
    /// does not compile (patterns have no look-around and no back-references), a key of fields that are not there.
    pub fn parse(descriptor: &Json) -> Result<Self> {
        let Json::Object(descriptor) = descriptor else { return Err(wrong("the schema is no JSON object".to_owned())) };
        let given = match descriptor.get("fields") {
            Some(Json::Array(fields)) if !fields.is_empty() => fields,
            Some(Json::Array(_)) | None => return Err(wrong("the schema has no fields".to_owned())),
            Some(_) => return Err(wrong("the fields of the schema are no list".to_owned())),
        };
        if given.len() > MOST_FIELDS {
            return Err(wrong(format!("the schema has {} fields; {MOST_FIELDS} are the most", given.len())));
        }
        let missing = options::missing(descriptor, "the schema")?;
        let fields = given.iter().enumerate().map(|(at, field)| Field::parse(at, field, &missing));
        let fields = fields.collect::<Result<Vec<_>>>()?;
        let mut places = HashMap::new();
        for (at, field) in fields.iter().enumerate() {
            if let Some(before) = places.insert(field.name.clone(), at) {
                let name = short(&field.name);
                return Err(wrong(format!("fields {} and {} are both called {name}", before + 1, at + 1)));
            }
        }
        let primary = key(descriptor.get("primaryKey"), "primaryKey", &places)?;
        let mut unique: Vec<Vec<usize>> = Vec::new();
        let alone = fields.iter().enumerate().filter(|(_, field)| field.rules.unique).map(|(at, _)| vec![at]);
        let more = match descriptor.get("uniqueKeys") {
            None | Some(Json::Null) => Vec::new(),
            Some(Json::Array(keys)) => {
                let keys = keys.iter().map(|fields| key(Some(fields), "uniqueKeys", &places));
                keys.collect::<Result<Vec<_>>>()?
            }
            Some(_) => return Err(wrong("uniqueKeys is no list".to_owned())),
        };
        for key in alone.chain([primary.clone()]).chain(more).filter(|key| !key.is_empty()) {
            if !unique.contains(&key) {
                unique.push(key);
            }
        }
        let matching = matching(descriptor.get("fieldsMatch"))?;
        Ok(Self { fields, primary, unique, matching, descriptor: descriptor.clone() })
    }

    /// How the names of the fields follow one another.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|field| field.name.as_str())
    }

    /// The columns that its fields are read as, all of them nullable:
    ///
    /// | type | Arrow |
    /// |---|---|
    /// | integer, year | Int64; what is beyond 64 bits is told as not of the type |
    /// | number | Float64, as pandas and frictionless' users have it: digits beyond a float's seventeen are lost; NaN and infinities are values |
    /// | boolean | Boolean |
    /// | date | Date32, the years 1 to 9999, those before 1970 as well |
    /// | datetime | Timestamp in microseconds; in UTC where values name a zone. Only a pattern says so beforehand: for other fields it is without here, and [`Reader::arrow`](super::Reader::arrow) knows |
    /// | time | Time64 in microseconds |
    /// | string, duration, yearmonth, any | Utf8, as ISO 8601 writes it |
    /// | object, array, geojson | Utf8: compact JSON |
    /// | geopoint | Utf8: `lon,lat` |
    /// | list | Utf8: its items with the delimiter between them |
    pub fn arrow(&self) -> SchemaRef {
        self.arrow_zoned(&vec![false; self.fields.len()])
    }

    /// As [`TableSchema::arrow`], where it is known of each field whether its moments name a zone.
    pub(super) fn arrow_zoned(&self, zoned: &[bool]) -> SchemaRef {
        let column = |(field, zoned): (&Field, &bool)| Column::new(&field.name, field.data_type(*zoned), true);
        Arc::new(Schema::new(self.fields.iter().zip(zoned).map(column).collect::<Vec<_>>()))
    }
}

impl Field {
    /// The Arrow type.
    pub(super) fn data_type(&self, zoned: bool) -> DataType {
        match &self.kind {
            Kind::Integer(_) | Kind::Year => DataType::Int64,
            Kind::Number(_) => DataType::Float64,
            Kind::Boolean(..) => DataType::Boolean,
            Kind::Date(_) => DataType::Date32,
            Kind::Datetime(when) => {
                let zoned = zoned || matches!(when, When::Pattern(pattern) if pattern.names_zone());
                DataType::Timestamp(TimeUnit::Microsecond, zoned.then(|| "UTC".into()))
            }
            Kind::Time(_) => DataType::Time64(TimeUnit::Microsecond),
            _ => DataType::Utf8,
        }
    }
}

/// The fault of a schema.
pub(super) fn wrong(words: String) -> Fault {
    Fault::Hints(words)
}

fn key(given: Option<&Json>, called: &str, places: &HashMap<String, usize>) -> Result<Vec<usize>> {
    let names = match given {
        None | Some(Json::Null) => return Ok(Vec::new()),
        Some(Json::String(name)) => vec![Some(name.as_str())],
        Some(Json::Array(names)) => names.iter().map(Json::as_str).collect(),
        Some(_) => vec![None],
    };
    let mut key = Vec::new();
    for name in names {
        let name = name.ok_or_else(|| wrong(format!("{called} is neither the name of a field nor a list of them")))?;
        let at = places.get(name).ok_or_else(|| wrong(format!("{called} names {}, which is no field", short(name))))?;
        if key.contains(at) {
            return Err(wrong(format!("{called} names {} twice", short(name))));
        }
        key.push(*at);
    }
    Ok(key)
}

fn matching(given: Option<&Json>) -> Result<Matching> {
    let name = match given {
        None | Some(Json::Null) => return Ok(Matching::Exact),
        // The published profile of version 2 has it as a list of one.
        Some(Json::Array(names)) => names.first().and_then(Json::as_str),
        Some(name) => name.as_str(),
    };
    match name {
        Some("exact") => Ok(Matching::Exact),
        Some("equal") => Ok(Matching::Equal),
        Some("subset") => Ok(Matching::Subset),
        Some("superset") => Ok(Matching::Superset),
        Some("partial") => Ok(Matching::Partial),
        _ => Err(wrong("fieldsMatch is none of exact, equal, subset, superset and partial".to_owned())),
    }
}
