//! Steps that `processing[].dpp` names: what is done to the rows of a table once they are read. Of those that pipelines of data packages commonly have
//! these need no code of others: `sort` and `filter`.

use crate::Object;
use serde_json::Value as Json;

const MOST_STEPS: usize = 100;

/// What is done to rows. Sorting keeps the order of equal rows, so that it makes no difference whether rows are left out before or after, and of
/// several sorts the later is the one that counts first: all steps together come to this.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Steps {
    /// Each keeps some of the rows.
    pub(super) filters: Vec<Filter>,
    /// Fields by which they are sorted, the first first, and whether downwards.
    pub(super) order: Vec<(String, bool)>,
}

/// Which rows are kept: those that are like one of `any`, if there are any, and like none of `none`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Filter {
    pub(super) any: Vec<Object>,
    pub(super) none: Vec<Object>,
}

impl Steps {
    /// Reads them.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub(super) fn parse(steps: Option<&Json>) -> Result<Self, String> {
        let listed = match steps {
            None | Some(Json::Null) => return Ok(Self::default()),
            Some(Json::Array(listed)) if listed.len() <= MOST_STEPS => listed,
            Some(Json::Array(listed)) => return Err(format!("dpp: {} are more than there may be ({MOST_STEPS})", listed.len())),
            Some(_) => return Err("dpp: must be a list".into()),
        };
        let mut all = Self::default();
        for (at, step) in listed.iter().enumerate() {
            let wrong = |why: &str| format!("dpp[{at}]{why}");
            let step = step.as_object().ok_or_else(|| wrong(": must be an object"))?;
            let none = Object::new();
            let parameters = match step.get("parameters") {
                None | Some(Json::Null) => &none,
                Some(Json::Object(parameters)) => parameters,
                Some(_) => return Err(wrong(".parameters: must be an object")),
            };
            match step.get("run").and_then(Json::as_str) {
                Some("sort") => {
                    let order = order(parameters).map_err(|why| wrong(&format!(".parameters.{why}")))?;
                    all.order.splice(0..0, order);
                }
                Some("filter") => all.filters.push(filter(parameters).map_err(|why| wrong(&format!(".parameters.{why}")))?),
                Some(other) => {
                    let why = format!(".run: '{}' is not run here; sort and filter are", other.escape_debug());
                    return Err(wrong(&why));
                }
                None => return Err(wrong(".run: must be text")),
            }
        }
        Ok(all)
    }

    /// Whether nothing is done.
    pub(super) fn is_empty(&self) -> bool {
        self.filters.is_empty() && self.order.is_empty()
    }

    /// The first field that is named and is none of these.
    pub(super) fn unknown<'a>(&'a self, fields: &[&str]) -> Option<&'a str> {
        let filtered = self.filters.iter().flat_map(|filter| filter.any.iter().chain(&filter.none)).flat_map(Object::keys);
        filtered.chain(self.order.iter().map(|(field, _)| field)).map(String::as_str).find(|field| !fields.contains(field))
    }
}

/// `sort-by`: a field, several as `{a}{b}`, or a list of fields; `reverse`.
fn order(parameters: &Object) -> Result<Vec<(String, bool)>, String> {
    let reverse = match parameters.get("reverse") {
        None | Some(Json::Null) => false,
        Some(reverse) => reverse.as_bool().ok_or("reverse: must be true or false")?,
    };
    let fields: Vec<String> = match parameters.get("sort-by") {
        Some(Json::String(text)) if text.contains('{') => {
            let named = text.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
            named.map(|(field, _)| field.split(':').next().unwrap_or_default().to_owned()).collect()
        }
        Some(Json::String(field)) => vec![field.clone()],
        Some(Json::Array(fields)) => fields.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        _ => return Err("sort-by: must name a field, several as {a}{b}, or a list of them".into()),
    };
    if fields.is_empty() || fields.iter().any(String::is_empty) {
        return Err("sort-by: must name fields".into());
    }
    Ok(fields.into_iter().map(|field| (field, reverse)).collect())
}

/// `in` and `out`: lists of objects, each of fields with their values.
fn filter(parameters: &Object) -> Result<Filter, String> {
    let listed = |name: &str| match parameters.get(name) {
        None | Some(Json::Null) => Ok(Vec::new()),
        Some(Json::Array(rows)) => {
            let plain = |row: &Object| row.values().all(|value| !value.is_array() && !value.is_object());
            let row = |row: &Json| row.as_object().filter(|row| plain(row)).cloned();
            rows.iter().map(row).collect::<Option<Vec<_>>>().ok_or_else(|| format!("{name}: must hold objects of plain values"))
        }
        Some(_) => Err(format!("{name}: must be a list")),
    };
    let filter = Filter { any: listed("in")?, none: listed("out")? };
    if filter == Filter::default() { Err("in: is missing, and so is out".into()) } else { Ok(filter) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn all_steps_come_to_one_order_and_some_filters() {
        let steps = Steps::parse(Some(&json!([
            {"run": "sort", "parameters": {"sort-by": "a"}},
            {"run": "filter", "parameters": {"in": [{"a": 1}]}},
            {"run": "sort", "parameters": {"sort-by": "{b:02}-{c}", "reverse": true}},
        ])))
        .unwrap();
        assert_eq!(steps.order, [("b".into(), true), ("c".into(), true), ("a".into(), false)]);
        assert_eq!((steps.filters.len(), steps.unknown(&["a", "b"]), steps.unknown(&["a", "b", "c"])), (1, Some("c"), None));
        for nothing in [None, Some(json!(null)), Some(json!([]))] {
            assert!(Steps::parse(nothing.as_ref()).unwrap().is_empty());
        }
    }

    #[test]
    fn what_is_not_done_here_is_named() {
        for (steps, says) in [
            (json!({}), "dpp: must be a list"),
            (json!(["sort"]), "dpp[0]: must be an object"),
            (json!([{}]), "dpp[0].run: must be text"),
            (
                json!([{"run": "sort", "parameters": {"sort-by": "a"}}, {"run": "./mine.py"}]),
                "dpp[1].run: './mine.py' is not run here",
            ),
            (json!([{"run": "sort"}]), "dpp[0].parameters.sort-by: must name"),
            (json!([{"run": "sort", "parameters": {"sort-by": "{}"}}]), "sort-by: must name fields"),
            (json!([{"run": "sort", "parameters": {"sort-by": "a", "reverse": 1}}]), "reverse: must be"),
            (json!([{"run": "filter", "parameters": {}}]), "in: is missing"),
            (json!([{"run": "filter", "parameters": {"in": [{"a": []}]}}]), "in: must hold objects of plain values"),
            (json!([{"run": "filter", "parameters": {"out": {}}}]), "out: must be a list"),
            (json!(vec![json!({}); 101]), "101 are more"),
        ] {
            let said = Steps::parse(Some(&steps)).unwrap_err();
            assert!(said.contains(says), "{said}");
        }
    }
}
