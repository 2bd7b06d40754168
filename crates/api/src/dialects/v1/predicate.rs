//! Predicates as bodies write them, `{"col", "op", "val"}` → conditions of the query language.

use crate::shared::json::Object;
use datahall_core::query::{Compare, Expr, Value};
use datahall_core::{Error, Result};
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use std::fmt;

/// One predicate.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Predicate {
    col: String,
    op: String,
    #[serde(default)]
    val: Literal,
}

/// What `val` may be.
#[derive(Debug, Default, PartialEq)]
enum Literal {
    /// Nothing, or null.
    #[default]
    Absent,
    One(Value),
    Several(Vec<Literal>),
}

/// All of `predicates` together.
///
/// # Errors
/// `Invalid`, naming the operator, column or value that is wrong.
pub(super) fn all(predicates: Vec<Object<Predicate>>) -> Result<Expr> {
    let parts: Result<Vec<Expr>> = predicates.into_iter().map(|predicate| predicate.0.compile()).collect();
    Ok(Expr::All(parts?))
}

impl Predicate {
    fn compile(self) -> Result<Expr> {
        let Self { col: column, op, val } = self;
        let compare = |op, column: String, val| Ok(Expr::Compare { value: scalar(val, &column)?, column, op });
        match op.as_str() {
            "eq" => compare(Compare::Eq, column, val),
            "neq" => compare(Compare::Neq, column, val),
            "gt" => compare(Compare::Gt, column, val),
            "gte" => compare(Compare::Gte, column, val),
            "lt" => compare(Compare::Lt, column, val),
            "lte" => compare(Compare::Lte, column, val),
            "like" => Ok(Expr::Like { pattern: pattern(val, &column, &op)?, column, ignore_case: false }),
            "ilike" => Ok(Expr::Like { pattern: pattern(val, &column, &op)?, column, ignore_case: true }),
            "in" => Ok(Expr::In { values: values(val, &column)?, column }),
            "is_null" => Ok(Expr::IsNull { column }),
            "is_not_null" => Ok(Expr::IsNotNull { column }),
            _ => Err(Error::invalid(format!(
                "unknown operator: {op} (known are eq, neq, gt, gte, lt, lte, like, ilike, in, is_null, is_not_null)"
            ))),
        }
    }
}

fn scalar(val: Literal, column: &str) -> Result<Value> {
    match val {
        Literal::One(value) => Ok(value),
        Literal::Absent => {
            Err(Error::invalid(format!("predicate on {column}: val is missing or null (use is_null or is_not_null)")))
        }
        Literal::Several(_) => {
            Err(Error::invalid(format!("predicate on {column}: val must be one value, not an array (use in)")))
        }
    }
}

fn pattern(val: Literal, column: &str, op: &str) -> Result<String> {
    match val {
        Literal::One(Value::Text(text)) => Ok(text),
        _ => Err(Error::invalid(format!("predicate on {column}: {op} needs a text as val"))),
    }
}

fn values(val: Literal, column: &str) -> Result<Vec<Value>> {
    match val {
        Literal::Several(values) if !values.is_empty() => values.into_iter().map(|value| scalar(value, column)).collect(),
        _ => Err(Error::invalid(format!("predicate on {column}: in needs a non-empty array as val"))),
    }
}

impl<'de> Deserialize<'de> for Literal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LiteralVisitor)
    }
}

struct LiteralVisitor;

impl<'de> Visitor<'de> for LiteralVisitor {
    type Value = Literal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, a text, true, false or an array of those")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Literal, E> {
        Ok(Literal::One(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Literal, E> {
        Ok(Literal::One(Value::Int(value.into())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Literal, E> {
        Ok(Literal::One(Value::Int(value.into())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Literal, E> {
        Ok(Literal::One(Value::Float(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Literal, E> {
        Ok(Literal::One(Value::Text(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<Literal, E> {
        Ok(Literal::One(Value::Text(value)))
    }

    fn visit_unit<E>(self) -> Result<Literal, E> {
        Ok(Literal::Absent)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Literal, A::Error> {
        let mut all = Vec::with_capacity(values.size_hint().unwrap_or(0).min(4096));
        while let Some(value) = values.next_element()? {
            all.push(value);
        }
        Ok(Literal::Several(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(json: &str) -> Result<Expr> {
        let predicate: Predicate = serde_json::from_str(json).map_err(|error| Error::invalid(error.to_string()))?;
        predicate.compile()
    }

    fn value_of(json: &str) -> Value {
        match compile(&format!(r#"{{"col":"a","op":"eq","val":{json}}}"#)).unwrap() {
            Expr::Compare { value, .. } => value,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn values_are_exact() {
        assert_eq!(value_of("18446744073709551615"), Value::Int(u64::MAX.into()));
        assert_eq!(value_of("-9223372036854775808"), Value::Int(i64::MIN.into()));
        assert_eq!(value_of("1.0"), Value::Float(1.0));
        assert_eq!(value_of("true"), Value::Bool(true));
        assert_eq!(value_of("\"true\""), Value::Text("true".into()));
    }

    #[test]
    fn every_operator() {
        let column = || "a".to_owned();
        assert_eq!(
            compile(r#"{"col":"a","op":"lte","val":2}"#).unwrap(),
            Expr::Compare { column: column(), op: Compare::Lte, value: Value::Int(2) }
        );
        assert_eq!(
            compile(r#"{"col":"a","op":"ilike","val":"x%"}"#).unwrap(),
            Expr::Like { column: column(), pattern: "x%".into(), ignore_case: true }
        );
        assert_eq!(
            compile(r#"{"col":"a","op":"in","val":[1,"b"]}"#).unwrap(),
            Expr::In { column: column(), values: vec![Value::Int(1), Value::Text("b".into())] }
        );
        assert_eq!(compile(r#"{"col":"a","op":"is_null"}"#).unwrap(), Expr::IsNull { column: column() });
        assert_eq!(compile(r#"{"col":"a","op":"is_not_null","val":null}"#).unwrap(), Expr::IsNotNull { column: column() });
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (json, part) in [
            (r#"{"col":"a","op":"EQ","val":1}"#, "unknown operator: EQ"),
            (r#"{"col":"a","op":"eq"}"#, "is_null"),
            (r#"{"col":"a","op":"eq","val":null}"#, "is_null"),
            (r#"{"col":"a","op":"eq","val":[1]}"#, "predicate on a"),
            (r#"{"col":"a","op":"eq","val":{}}"#, "a number"),
            (r#"{"col":"a","op":"in","val":[]}"#, "non-empty"),
            (r#"{"col":"a","op":"in","val":1}"#, "non-empty"),
            (r#"{"col":"a","op":"in","val":[null]}"#, "is_null"),
            (r#"{"col":"a","op":"in","val":[[1]]}"#, "array"),
            (r#"{"col":"a","op":"like","val":1}"#, "needs a text"),
            (r#"{"op":"eq","val":1}"#, "col"),
        ] {
            let error = compile(json).unwrap_err();
            assert!(error.message().contains(part), "{json}: {error}");
        }
    }
}
