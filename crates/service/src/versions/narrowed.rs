//! A policy as it is applied to rows of another time.

use crate::policies::Stated;
use arrow::datatypes::{Schema, SchemaRef};
use datahall_core::policy::ColumnChoice;

/// What `stated`, which is about the columns `is`, says of the columns `then`. Where it keeps anything, columns that are no more are
/// hidden; what it says of columns that were not there yet is left out. The row filter stays: it suits the columns of then, or nothing
/// can be shown.
pub(super) fn narrowed(stated: &Stated, then: &SchemaRef, is: &SchemaRef) -> Stated {
    if !stated.keeps_anything() && stated.filterable == ColumnChoice::All {
        return stated.clone();
    }
    let mut narrowed = stated.clone();
    narrowed.visible = only(narrowed.visible, then);
    narrowed.filterable = only(narrowed.filterable, then);
    narrowed.masks.retain(|mask| has(then, &mask.column));
    if stated.keeps_anything() {
        for field in then.fields().iter().filter(|field| !has(is, field.name())) {
            narrowed.visible = narrowed.visible.without(field.name());
        }
    }
    narrowed
}

fn has(schema: &Schema, column: &str) -> bool {
    schema.fields().iter().any(|field| field.name().eq_ignore_ascii_case(column))
}

fn only(choice: ColumnChoice, schema: &Schema) -> ColumnChoice {
    let there = |names: Vec<String>| names.into_iter().filter(|name| has(schema, name)).collect();
    match choice {
        ColumnChoice::All => ColumnChoice::All,
        ColumnChoice::Include(names) => ColumnChoice::Include(there(names)),
        ColumnChoice::Exclude(names) => ColumnChoice::Exclude(there(names)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::{DataType, Field};
    use datahall_core::policy::{ColumnMask, Strategy};
    use std::sync::Arc;

    fn schema(names: &[&str]) -> SchemaRef {
        Arc::new(Schema::new(names.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect::<Vec<_>>()))
    }

    fn mask(column: &str) -> ColumnMask {
        ColumnMask { column: column.into(), strategy: Strategy::Full, hidden: false, unmask_roles: Vec::new() }
    }

    fn shown(stated: &Stated, then: &SchemaRef) -> Vec<String> {
        then.fields().iter().map(|field| field.name().clone()).filter(|name| stated.visible.allows(name)).collect()
    }

    #[test]
    fn a_column_that_was_renamed_before_it_was_masked_does_not_come_back() {
        let (then, is) = (schema(&["id", "mail"]), schema(&["ID", "email"]));
        let masked = Stated { masks: vec![mask("email")], ..Stated::default() };
        let old = narrowed(&masked, &then, &is);
        assert_eq!((shown(&old, &then), old.masks.len()), (vec!["id".to_owned()], 0));
        let filtered = Stated { row_filter: Some("id = '1'".into()), ..Stated::default() };
        let old = narrowed(&filtered, &then, &is);
        assert_eq!((shown(&old, &then), &old.row_filter), (vec!["id".to_owned()], &filtered.row_filter));
        assert_eq!(shown(&narrowed(&Stated::default(), &then, &is), &then), ["id", "mail"]);
    }

    #[test]
    fn what_was_not_there_yet_is_left_out_and_what_is_chosen_stays_so() {
        let (then, is) = (schema(&["a", "b"]), schema(&["a", "b", "c"]));
        let some = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let include = Stated { visible: ColumnChoice::Include(some(&["A", "c"])), ..Stated::default() };
        assert_eq!(narrowed(&include, &then, &is).visible, ColumnChoice::Include(some(&["A"])));
        let only_new = Stated { visible: ColumnChoice::Include(some(&["c"])), ..Stated::default() };
        assert_eq!(shown(&narrowed(&only_new, &then, &is), &then), Vec::<String>::new());
        let exclude = Stated { visible: ColumnChoice::Exclude(some(&["b", "c"])), ..Stated::default() };
        assert_eq!(shown(&narrowed(&exclude, &then, &is), &then), ["a"]);
        let predicates = Stated { filterable: ColumnChoice::Exclude(some(&["c", "b"])), ..Stated::default() };
        assert_eq!(narrowed(&predicates, &then, &is).filterable, ColumnChoice::Exclude(some(&["b"])));
    }
}
