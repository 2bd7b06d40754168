//! Asking for many records: filters, order, a page of them.

use super::table::Kind;
use super::{Record, Table, Value};
use datahall_core::{Error, Result};
use std::fmt::Write as _;
use std::marker::PhantomData;

/// Which records to list. Column names are the program's own, never input; an unknown one is an internal error.
#[derive(Debug, Clone)]
pub struct List<R> {
    filters: Vec<Filter>,
    order: Vec<(&'static str, bool)>,
    limit: Option<u64>,
    offset: u64,
    pub(crate) total: bool,
    record: PhantomData<fn() -> R>,
}

#[derive(Debug, Clone)]
enum Filter {
    AnyOf(&'static str, Vec<Value>),
    NoneOf(&'static str, Vec<Value>),
    Missing(&'static str),
    Contains(&'static str, String),
    AtMost(&'static str, Value),
    AtLeast(&'static str, Value),
    After(String),
}

/// Some of the records that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The records, in the order that was asked for.
    pub items: Vec<T>,
    /// How many there are without limit and offset; only counted when asked for.
    pub total: Option<u64>,
}

impl<R: Record> Default for List<R> {
    fn default() -> Self {
        Self { filters: Vec::new(), order: Vec::new(), limit: None, offset: 0, total: false, record: PhantomData }
    }
}

impl<R: Record> List<R> {
    /// All of them, ordered by id.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Only those whose column equals `value` (names: ignoring case).
    #[must_use]
    pub fn only(self, column: &'static str, value: impl Into<Value>) -> Self {
        self.with(Filter::AnyOf(column, vec![value.into()]))
    }

    /// Only those whose column equals one of `values`; none of them when there are no values.
    #[must_use]
    pub fn any_of<V: Into<Value>>(self, column: &'static str, values: impl IntoIterator<Item = V>) -> Self {
        self.with(Filter::AnyOf(column, values.into_iter().map(Into::into).collect()))
    }

    /// Only those whose column holds something else than each of `values`; a few thousand are as many as databases take.
    #[must_use]
    pub fn none_of<V: Into<Value>>(self, column: &'static str, values: impl IntoIterator<Item = V>) -> Self {
        self.with(Filter::NoneOf(column, values.into_iter().map(Into::into).collect()))
    }

    /// Only those whose column is empty.
    #[must_use]
    pub fn missing(self, column: &'static str) -> Self {
        self.with(Filter::Missing(column))
    }

    /// Only those whose name contains `part`, ignoring case.
    #[must_use]
    pub fn contains(self, column: &'static str, part: &str) -> Self {
        self.with(Filter::Contains(column, part.to_lowercase()))
    }

    /// Only those whose column is at most `value`, as in `next_at` before now.
    #[must_use]
    pub fn at_most(self, column: &'static str, value: impl Into<Value>) -> Self {
        self.with(Filter::AtMost(column, value.into()))
    }

    /// Only those whose column is at least `value`.
    #[must_use]
    pub fn at_least(self, column: &'static str, value: impl Into<Value>) -> Self {
        self.with(Filter::AtLeast(column, value.into()))
    }

    /// Least first, and what has nothing in the column before all; a second call orders what the first leaves equal. The id
    /// decides last.
    #[must_use]
    pub fn order_by(mut self, column: &'static str) -> Self {
        self.order.push((column, false));
        self
    }

    /// Greatest first, else as [`List::order_by`].
    #[must_use]
    pub fn order_by_desc(mut self, column: &'static str) -> Self {
        self.order.push((column, true));
        self
    }

    /// At most `limit` records, after `offset` others.
    #[must_use]
    pub fn page(mut self, limit: u64, offset: u64) -> Self {
        (self.limit, self.offset) = (Some(limit), offset);
        self
    }

    /// Counts, too, how many there are in all.
    #[must_use]
    pub fn with_total(mut self) -> Self {
        self.total = true;
        self
    }

    /// Only those whose id comes after `id`: the next ones, when all are read in the order of their ids.
    #[must_use]
    pub fn after_id(self, id: &str) -> Self {
        self.with(Filter::After(id.to_owned()))
    }

    fn with(mut self, filter: Filter) -> Self {
        self.filters.push(filter);
        self
    }

    /// `WHERE …` (or nothing) and its parameters.
    pub(crate) fn condition(&self) -> Result<(String, Vec<Value>)> {
        let (mut text, mut values) = (String::new(), Vec::new());
        for filter in &self.filters {
            text.push_str(if text.is_empty() { " WHERE " } else { " AND " });
            self.filter(filter, &mut text, &mut values)?;
        }
        Ok((text, values))
    }

    fn filter(&self, filter: &Filter, text: &mut String, values: &mut Vec<Value>) -> Result<()> {
        let mut parameter = |value: Value, folded: bool| {
            values.push(match value {
                Value::Text(Some(text)) if folded => text.to_lowercase().into(),
                value => value,
            });
            format!("${}", values.len())
        };
        match filter {
            Filter::AnyOf(_, values) if values.is_empty() => text.push_str("1 = 0"),
            Filter::AnyOf(column, list) => {
                let (name, folded) = compared(R::TABLE, column)?;
                let list: Vec<_> = list.iter().map(|value| parameter(value.clone(), folded)).collect();
                // One value as an equation: both planners then know that the index gives the order.
                let _ = match list.as_slice() {
                    [one] => write!(text, "\"{name}\" = {one}"),
                    many => write!(text, "\"{name}\" IN ({})", many.join(", ")),
                };
            }
            Filter::NoneOf(_, values) if values.is_empty() => text.push_str("1 = 1"),
            Filter::NoneOf(column, list) => {
                let (name, folded) = compared(R::TABLE, column)?;
                let list: Vec<_> = list.iter().map(|value| parameter(value.clone(), folded)).collect();
                let _ = write!(text, "\"{name}\" NOT IN ({})", list.join(", "));
            }
            Filter::Missing(column) => {
                let _ = write!(text, "\"{}\" IS NULL", compared(R::TABLE, column)?.0);
            }
            Filter::Contains(column, part) => {
                let (name, folded) = compared(R::TABLE, column)?;
                if !folded {
                    return Err(Error::internal(format!("{}.{column} is no name to search in", R::TABLE.name)));
                }
                let _ = write!(text, "\"{name}\" LIKE {} ESCAPE '\\'", parameter(pattern(part).into(), false));
            }
            Filter::AtMost(column, value) => {
                let (name, folded) = compared(R::TABLE, column)?;
                let _ = write!(text, "\"{name}\" <= {}", parameter(value.clone(), folded));
            }
            Filter::AtLeast(column, value) => {
                let (name, folded) = compared(R::TABLE, column)?;
                let _ = write!(text, "\"{name}\" >= {}", parameter(value.clone(), folded));
            }
            Filter::After(id) => {
                let _ = write!(text, "\"id\" > {}", parameter(id.into(), false));
            }
        }
        Ok(())
    }

    /// `ORDER BY … LIMIT … OFFSET …`, with parameters from number `from` on.
    pub(crate) fn order_and_page(&self, from: usize) -> Result<(String, Vec<Value>)> {
        let mut terms = Vec::new();
        for (column, descending) in &self.order {
            let (name, never_null) = (compared(R::TABLE, column)?.0, never_null::<R>(column));
            // Where nothing comes is SQLite's way, said aloud for PostgreSQL; saying it would keep that from using an index.
            terms.push(match (descending, never_null) {
                (false, true) => format!("\"{name}\""),
                (true, true) => format!("\"{name}\" DESC"),
                (false, false) => format!("\"{name}\" NULLS FIRST"),
                (true, false) => format!("\"{name}\" DESC NULLS LAST"),
            });
        }
        if !self.order_is_total() {
            terms.push("\"id\"".to_owned());
        }
        let mut text = if terms.is_empty() { String::new() } else { format!(" ORDER BY {}", terms.join(", ")) };
        let mut values = Vec::new();
        if let Some(limit) = self.limit {
            let _ = write!(text, " LIMIT ${} OFFSET ${}", from, from + 1);
            let clamp = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
            values.extend([clamp(limit).into(), clamp(self.offset).into()]);
        }
        Ok((text, values))
    }

    // When what is ordered by and what is fixed make up a unique key, nothing is left for the id to decide, and leaving it
    // out lets an index give the order.
    fn order_is_total(&self) -> bool {
        let is_fixed = |column: &str| {
            let one = |filter: &Filter| matches!(filter, Filter::AnyOf(name, values) if *name == column && values.len() == 1);
            self.filters.iter().any(one) || self.order.iter().any(|(name, _)| *name == column && never_null::<R>(name))
        };
        let keys = R::TABLE.unique.iter();
        let mut whole = keys.filter(|key| key.iter().all(|column| is_fixed(column)));
        whole.next().is_some() || self.order.iter().any(|(name, _)| *name == "id")
    }
}

/// Whether the column always holds something: names and the columns of every record do.
fn never_null<R: Record>(column: &str) -> bool {
    R::TABLE.column(column).is_none_or(|column| column.kind == Kind::Name)
}

/// The column to compare by, and whether values have to be in lower case.
fn compared(table: &Table, column: &'static str) -> Result<(String, bool)> {
    if ["id", "created_at", "updated_at", "created_by"].contains(&column) {
        return Ok((column.to_owned(), false));
    }
    let unknown = || Error::internal(format!("{} has no column {column}", table.name));
    let column = table.column(column).ok_or_else(unknown)?;
    Ok((column.compared(), column.kind == Kind::Name))
}

fn pattern(part: &str) -> String {
    let mut pattern = String::from("%");
    for character in part.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern + "%"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dataset;

    #[test]
    fn text_is_made_of_constants_and_values_are_bound() {
        let list = List::<Dataset>::all().only("project", "p'--").contains("name", "50%_A").order_by("name").page(10, 20);
        let (condition, values) = list.condition().unwrap();
        assert_eq!(condition, " WHERE \"project\" = $1 AND \"name_key\" LIKE $2 ESCAPE '\\'");
        assert_eq!(values, [Value::from("p'--"), Value::from("%50\\%\\_a%")]);
        let (order, values) = list.order_and_page(3).unwrap();
        assert_eq!(order, " ORDER BY \"name_key\" LIMIT $3 OFFSET $4");
        assert_eq!(values, [Value::from(10), Value::from(20)]);
    }

    #[test]
    fn the_id_decides_where_nothing_else_does() {
        let order = |list: List<Dataset>| list.order_and_page(1).unwrap().0;
        assert_eq!(order(List::all()), " ORDER BY \"id\"");
        assert_eq!(order(List::all().order_by_desc("name")), " ORDER BY \"name_key\" DESC, \"id\"");
        assert_eq!(order(List::all().only("page_id", "x")), "");
        assert_eq!(order(List::all().any_of("project", ["a", "b"]).order_by("name")), " ORDER BY \"name_key\", \"id\"");
    }

    #[test]
    fn no_values_give_nothing_and_unknown_columns_are_our_fault() {
        let none = List::<Dataset>::all().any_of("project", Vec::<String>::new());
        assert_eq!(none.condition().unwrap().0, " WHERE 1 = 0");
        assert!(List::<Dataset>::all().only("body", "x").condition().is_err());
        assert!(List::<Dataset>::all().order_by("source").order_and_page(1).is_err());
        assert!(List::<Dataset>::all().contains("owner", "x").condition().is_err());
    }
}
