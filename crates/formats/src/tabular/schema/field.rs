//! One field: its name, its type and format, and what its values are held to.

use super::super::kind::{Digits, Form, Kind, Point, When};
use super::super::pattern::Pattern;
use super::super::{Fault, Result};
use super::options::{Missing, Options, missing_of};
use super::rules::Rules;
use super::wrong;
use crate::ingest::hints::short;
use serde_json::{Map, Value as Json};

/// Bytes of a name at most.
const LONGEST: usize = 1024;

/// A field of a schema.
#[derive(Debug, Clone)]
pub(in super::super) struct Field {
    pub(in super::super) name: String,
    pub(in super::super) kind: Kind,
    pub(in super::super) rules: Rules,
    pub(in super::super) missing: Missing,
    /// What stands for null where it is written as text.
    pub(in super::super) null: String,
    pub(super) descriptor: Map<String, Json>,
}

impl Field {
    /// Reads field `at` of a schema, whose missing values are `missing`.
    pub(super) fn parse(at: usize, given: &Json, missing: &Missing) -> Result<Self> {
        let number = at + 1;
        let descriptor = match given {
            Json::Object(descriptor) => descriptor.clone(),
            // Very old packages name their fields and no more.
            Json::String(name) => Map::from_iter([("name".to_owned(), Json::String(name.clone()))]),
            _ => return Err(wrong(format!("field {number} is no JSON object"))),
        };
        let name = match descriptor.get("name") {
            Some(Json::String(name)) if name.len() <= LONGEST => name.clone(),
            Some(Json::String(_)) => return Err(wrong(format!("the name of field {number} is longer than {LONGEST} bytes"))),
            _ => return Err(wrong(format!("field {number} has no name"))),
        };
        let whose = format!("field {}", short(&name));
        let options = Options { whose: &whose, of: &descriptor };
        let kind = kind(options)?;
        let missing = missing_of(&descriptor, &whose)?.unwrap_or_else(|| missing.clone());
        let empty = Map::new();
        let constraints = match descriptor.get("constraints") {
            None | Some(Json::Null) => &empty,
            Some(Json::Object(constraints)) => constraints,
            Some(_) => return Err(options.wrong("constraints is no JSON object")),
        };
        let rules = Rules::parse(Options { whose: &whose, of: constraints }, &kind)?;
        let kept = !missing.empty && kind.takes_empty_text();
        let null = if kept { missing.others.first().cloned().unwrap_or_default() } else { String::new() };
        Ok(Self { name, kind, rules, missing, null, descriptor })
    }
}

fn kind(options: Options<'_>) -> Result<Kind> {
    let format = options.text("format")?.unwrap_or("default");
    let name = options.text("type")?.unwrap_or("string");
    let known = |formats: &[&str]| -> Result<()> {
        let found = formats.contains(&format);
        if found {
            Ok(())
        } else {
            Err(options.wrong_text("format", format, &format!("is none of {name} ({})", formats.join(", "))))
        }
    };
    Ok(match name {
        "string" => Kind::Text(Form::named(format)),
        "number" | "float" => Kind::Number(digits(options)?),
        "integer" => Kind::Integer(digits(options)?),
        "boolean" => boolean(options)?,
        "object" => Kind::Object,
        "array" => Kind::Array,
        "geojson" => {
            known(&["default", "topojson"])?;
            Kind::Geojson { topology: format == "topojson" }
        }
        "geopoint" => {
            known(&["default", "array", "object"])?;
            Kind::Geopoint(match format {
                "array" => Point::List,
                "object" => Point::Object,
                _ => Point::Text,
            })
        }
        "date" => Kind::Date(when(options, format, true)?),
        "datetime" => Kind::Datetime(when(options, format, true)?),
        "time" => Kind::Time(when(options, format, false)?),
        "year" => Kind::Year,
        "yearmonth" => Kind::Yearmonth,
        "duration" => Kind::Duration,
        "list" => list(options)?,
        "any" => Kind::Any,
        other => return Err(options.wrong_text("type", other, "is none that is known")),
    })
}

fn when(options: Options<'_>, format: &str, has_day: bool) -> Result<When> {
    Ok(match format {
        "default" => When::Iso,
        "any" => When::Any,
        _ => {
            let pattern = Pattern::parse(format).map_err(|why| options.wrong_text("format", format, &why))?;
            if has_day && !pattern.has_day() {
                return Err(options.wrong_text("format", format, "does not name a year, a month and a day"));
            }
            When::Pattern(pattern)
        }
    })
}

fn digits(options: Options<'_>) -> Result<Digits> {
    let decimal = options.text("decimalChar")?.unwrap_or(".").to_owned();
    let group = options.text("groupChar")?.unwrap_or_default().to_owned();
    if decimal.is_empty() || decimal == group {
        return Err(options.wrong("decimalChar is empty, or the same as groupChar"));
    }
    let odd = |text: &str| text.chars().any(|letter| letter.is_ascii_digit() || letter == '-');
    if odd(&decimal) || odd(&group) {
        return Err(options.wrong("decimalChar and groupChar are no digits"));
    }
    Ok(Digits { decimal, group, bare: options.flag("bareNumber")?.unwrap_or(true) })
}

fn boolean(options: Options<'_>) -> Result<Kind> {
    let usual = |texts: [&str; 4]| texts.map(str::to_owned).to_vec();
    let yes = options.texts("trueValues")?.unwrap_or_else(|| usual(["true", "True", "TRUE", "1"]));
    let no = options.texts("falseValues")?.unwrap_or_else(|| usual(["false", "False", "FALSE", "0"]));
    match yes.iter().find(|text| no.contains(text)) {
        Some(both) => Err(options.wrong_text("trueValues and falseValues:", both, "is in both")),
        None => Ok(Kind::Boolean(yes, no)),
    }
}

fn list(options: Options<'_>) -> Result<Kind> {
    let delimiter = options.text("delimiter")?.unwrap_or(",").to_owned();
    if delimiter.is_empty() {
        return Err(options.wrong("delimiter is empty"));
    }
    let usual = Map::new();
    let plain = Options { whose: options.whose, of: &usual };
    let items = match options.text("itemType")?.unwrap_or("string") {
        "string" => Kind::Text(Form::Any),
        "integer" => Kind::Integer(Digits::default()),
        "number" => Kind::Number(Digits::default()),
        "boolean" => boolean(plain)?,
        "date" => Kind::Date(When::Iso),
        "datetime" => Kind::Datetime(When::Iso),
        "time" => Kind::Time(When::Iso),
        other => return Err::<Kind, Fault>(options.wrong_text("itemType", other, "is none that is known")),
    };
    Ok(Kind::List { delimiter, items: Box::new(items) })
}
