//! A table whose columns have other names.

use arrow::datatypes::Schema;
use datafusion::catalog::TableProvider;
use datafusion::common::Column;
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};
use datahall_core::{Error, Result};
use std::sync::Arc;

/// `table` with the names of `rename`, old and new.
///
/// # Errors
/// `Invalid` for an unknown old name, and for two columns of one name (ignoring case).
pub(super) fn renamed(table: Arc<dyn TableProvider>, rename: &[(String, String)]) -> Result<Arc<dyn TableProvider>> {
    if rename.is_empty() {
        return Ok(table);
    }
    let schema = table.schema();
    check(&schema, rename)?;
    let columns = schema.fields().iter().map(|field| {
        let old = Expr::Column(Column::new(Some("t"), field.name()));
        rename.iter().find(|(name, _)| name == field.name()).map_or_else(|| old.clone(), |(_, new)| old.clone().alias(new))
    });
    let columns: Vec<Expr> = columns.collect();
    let plan = LogicalPlanBuilder::scan("t", provider_as_source(table), None)
        .and_then(|scan| scan.project(columns))
        .and_then(LogicalPlanBuilder::build);
    Ok(Arc::new(ViewTable::new(plan.map_err(Error::internal)?, None)))
}

/// # Errors
/// As [`renamed`].
pub(super) fn check(schema: &Schema, rename: &[(String, String)]) -> Result<()> {
    if let Some((old, _)) = rename.iter().find(|(old, _)| schema.field_with_name(old).is_err()) {
        return Err(Error::invalid(format!("unknown column: {old}")));
    }
    let new = |name: &str| rename.iter().find(|(old, _)| old == name).map_or_else(|| name.to_owned(), |(_, new)| new.clone());
    let mut names: Vec<String> = schema.fields().iter().map(|field| new(field.name()).to_lowercase()).collect();
    names.sort();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(twice) => Err(Error::invalid(format!("two columns would be called '{}'", twice[0]))),
        None => Ok(()),
    }
}
