//! What the values of a field are held to: constraints.

use super::super::kind::Kind;
use super::super::value::{Cell, Value};
use super::super::{ErrorCode, Result};
use super::options::Options;
use crate::ingest::hints::short;
use crate::json::Json as Ordered;
use regex::{Regex, RegexBuilder};
use serde_json::Value as Json;
use std::cmp::Ordering;
use std::collections::HashSet;

/// Bytes of a pattern at most, and of what it is made into.
const PATTERN: usize = 4096;
const COMPILED: usize = 1 << 20;
/// Choices at most.
const MOST_CHOICES: usize = 100_000;

/// What the values of a field are held to.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Rules {
    pub(in super::super) required: bool,
    pub(in super::super) unique: bool,
    pub(super) bounds: Vec<Bound>,
    pub(super) least: Option<u64>,
    pub(super) most: Option<u64>,
    pub(super) pattern: Option<(Regex, String)>,
    pub(super) choices: Option<Choices>,
}

/// One end of what is allowed.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    pub(super) value: Value<'static>,
    pub(super) upper: bool,
    pub(super) exclusive: bool,
    /// As the schema has it.
    shown: String,
}

impl Bound {
    fn name(&self) -> &'static str {
        match (self.upper, self.exclusive) {
            (false, false) => "minimum",
            (false, true) => "exclusiveMinimum",
            (true, false) => "maximum",
            (true, true) => "exclusiveMaximum",
        }
    }

    fn holds(&self, value: &Value<'_>) -> bool {
        // What cannot be compared, as NaN, is on no side.
        match value.order(&self.value) {
            Some(Ordering::Equal) => !self.exclusive,
            Some(order) => (order == Ordering::Less) == self.upper,
            None => false,
        }
    }
}

/// The values that are allowed.
#[derive(Debug, Clone)]
pub(super) struct Choices {
    texts: HashSet<String>,
    pub(super) values: Vec<Value<'static>>,
}

impl Choices {
    fn has(&self, value: &Value<'_>) -> bool {
        match value {
            Value::Text(text) => self.texts.contains(text.as_ref()),
            // Objects are the same in whatever order their keys are.
            Value::Parts(text, _) => {
                let parsed = serde_json::from_str::<Json>(text).ok();
                let same =
                    |known: &str| known == text || (parsed.is_some() && serde_json::from_str::<Json>(known).ok() == parsed);
                self.texts.iter().any(|known| same(known))
            }
            _ => self.values.iter().any(|known| known.order(value) == Some(Ordering::Equal)),
        }
    }
}

impl Rules {
    /// Reads the constraints of a field of `kind`.
    pub(super) fn parse(options: Options<'_>, kind: &Kind) -> Result<Self> {
        for name in options.of.keys() {
            if !goes_with(name, kind) {
                let words = format!("the constraint {} does not go with type {}", short(name), kind.name());
                return Err(options.wrong(&words));
            }
        }
        let rules = Self {
            required: options.flag("required")?.unwrap_or(false),
            unique: options.flag("unique")?.unwrap_or(false),
            bounds: bounds(options, kind)?,
            least: options.count("minLength")?,
            most: options.count("maxLength")?,
            pattern: options.text("pattern")?.map(|pattern| compiled(options, pattern)).transpose()?,
            choices: choices(options, kind)?,
        };
        if rules.least.zip(rules.most).is_some_and(|(least, most)| least > most) {
            return Err(options.wrong("minLength is more than maxLength"));
        }
        for low in rules.bounds.iter().filter(|bound| !bound.upper) {
            for high in rules.bounds.iter().filter(|bound| bound.upper) {
                let order = low.value.order(&high.value);
                let open = low.exclusive || high.exclusive;
                if !(order == Some(Ordering::Less) || (order == Some(Ordering::Equal) && !open)) {
                    let words =
                        format!("{} {} and {} {} leave nothing between them", low.name(), low.shown, high.name(), high.shown);
                    return Err(options.wrong(&words));
                }
            }
        }
        Ok(rules)
    }

    /// Whether every value is allowed.
    pub(in super::super) fn is_none(&self) -> bool {
        self.bounds.is_empty()
            && self.least.is_none()
            && self.most.is_none()
            && self.pattern.is_none()
            && self.choices.is_none()
            && !self.required
    }

    /// Tells `tell` of each constraint that a value, which may be null, does not meet.
    pub(in super::super) fn check(&self, value: &Value<'_>, tell: &mut dyn FnMut(ErrorCode, &dyn Fn() -> String)) {
        if *value == Value::Null {
            if self.required {
                tell(ErrorCode::RequiredConstraint, &|| "is required and has no value".to_owned());
            }
            return;
        }
        if let (Some((pattern, source)), Value::Text(text)) = (&self.pattern, value)
            && !pattern.is_match(text)
        {
            return tell(ErrorCode::PatternConstraint, &|| format!("does not match the pattern {source}"));
        }
        if let Some(choices) = &self.choices
            && !choices.has(value)
        {
            tell(ErrorCode::EnumerableConstraint, &|| "is none of the values of its enumeration".to_owned());
        }
        for bound in self.bounds.iter().filter(|bound| !bound.holds(value)) {
            let code = if bound.upper { ErrorCode::MaximumConstraint } else { ErrorCode::MinimumConstraint };
            tell(code, &|| format!("does not keep to {} {}", bound.name(), bound.shown));
        }
        if self.least.is_none() && self.most.is_none() {
            return;
        }
        let length = value.length().unwrap_or(0);
        if let Some(least) = self.least.filter(|least| length < *least) {
            tell(ErrorCode::MinimumLengthConstraint, &|| format!("is {length} long; at least {least} is wanted"));
        }
        if let Some(most) = self.most.filter(|most| length > *most) {
            tell(ErrorCode::MaximumLengthConstraint, &|| format!("is {length} long; {most} is the most"));
        }
    }
}

/// Whether a constraint means something for a type. Names that are unknown are passed over.
fn goes_with(name: &str, kind: &Kind) -> bool {
    match name {
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => matches!(
            kind,
            Kind::Number(_) | Kind::Integer(_) | Kind::Date(_) | Kind::Datetime(_) | Kind::Time(_) | Kind::Year | Kind::Yearmonth
        ),
        "minLength" | "maxLength" => matches!(kind, Kind::Text(_) | Kind::Object | Kind::Array | Kind::List { .. }),
        "pattern" => matches!(kind, Kind::Text(_)),
        "enum" => !matches!(kind, Kind::List { .. }),
        _ => true,
    }
}

/// A value of the schema's own, as a field of `kind` reads it.
fn value(given: &Json, kind: &Kind) -> Option<Value<'static>> {
    let ordered: Ordered = serde_json::from_value(given.clone()).ok()?;
    let value = kind.read(Cell::of(&ordered), false).ok()?.owned();
    (value != Value::Null).then_some(value)
}

fn bounds(options: Options<'_>, kind: &Kind) -> Result<Vec<Bound>> {
    let names = [
        ("minimum", false, false),
        ("maximum", true, false),
        ("exclusiveMinimum", false, true),
        ("exclusiveMaximum", true, true),
    ];
    let mut bounds = Vec::new();
    for (name, upper, exclusive) in names {
        let Some(given) = options.of.get(name).filter(|given| !given.is_null()) else { continue };
        let shown = short(&given.to_string());
        let value = value(given, kind).filter(|value| value.order(value).is_some());
        let value = value.ok_or_else(|| options.wrong(&format!("{name} {shown} is not of type {}", kind.name())))?;
        bounds.push(Bound { value, upper, exclusive, shown });
    }
    Ok(bounds)
}

fn compiled(options: Options<'_>, pattern: &str) -> Result<(Regex, String)> {
    if pattern.len() > PATTERN {
        return Err(options.wrong(&format!("the pattern is longer than {PATTERN} bytes")));
    }
    let build = |pattern: &str| RegexBuilder::new(pattern).size_limit(COMPILED).dfa_size_limit(COMPILED).nest_limit(100).build();
    // All of a value is to match, not a part of it. By itself it is to be one, too: brackets could close the group around it.
    let built = build(pattern).and_then(|_| build(&format!("^(?:{pattern})$")));
    let regex = built.map_err(|error| {
        let lines = error.to_string();
        let why = lines.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        options.wrong_text("pattern", pattern, &format!("does not compile: {why}"))
    })?;
    Ok((regex, short(pattern)))
}

fn choices(options: Options<'_>, kind: &Kind) -> Result<Option<Choices>> {
    let given = match options.of.get("enum") {
        None | Some(Json::Null) => return Ok(None),
        Some(Json::Array(given)) if given.is_empty() => return Err(options.wrong("enum has no values")),
        Some(Json::Array(given)) if given.len() > MOST_CHOICES => {
            return Err(options.wrong(&format!("enum has more than {MOST_CHOICES} values")));
        }
        Some(Json::Array(given)) => given,
        Some(_) => return Err(options.wrong("enum is no list")),
    };
    let mut choices = Choices { texts: HashSet::new(), values: Vec::with_capacity(given.len()) };
    for given in given {
        let shown = short(&given.to_string());
        let value = value(given, kind);
        let value = value.ok_or_else(|| options.wrong(&format!("enum has {shown}, which is not of type {}", kind.name())))?;
        if let Value::Text(text) | Value::Parts(text, _) = &value {
            choices.texts.insert(text.to_string());
        }
        choices.values.push(value);
    }
    Ok(Some(choices))
}
