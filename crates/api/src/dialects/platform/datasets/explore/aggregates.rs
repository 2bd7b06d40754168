//! `agg=fn[:column[:alias]]` → what is computed.

use super::literal::Family;
use super::names::{column, items};
use arrow::datatypes::{Field, Schema};
use datahall_core::query::{Aggregate, Function};
use datahall_core::{Error, Result};
use datahall_service::column_type;

const FUNCTIONS: [Function; 7] =
    [Function::Count, Function::Sum, Function::Avg, Function::Min, Function::Max, Function::CountDistinct, Function::Median];

/// How many rows there are, under its own name.
pub(super) fn count() -> Aggregate {
    Aggregate { function: Function::Count, column: None, alias: "count".into() }
}

/// What a list computes.
///
/// # Errors
/// `Invalid`, naming the function or column that is wrong.
pub(super) fn aggregates(text: &str, schema: &Schema) -> Result<Vec<Aggregate>> {
    items(text, |item| aggregate(item, schema))
}

fn aggregate(item: &str, schema: &Schema) -> Result<Aggregate> {
    let (name, rest) = item.split_once(':').map_or((item, None), |(name, rest)| (name, Some(rest)));
    let name = name.trim();
    let function = FUNCTIONS.into_iter().find(|function| function.name().eq_ignore_ascii_case(name)).ok_or_else(|| {
        let known: Vec<_> = FUNCTIONS.iter().map(|function| function.name()).collect();
        Error::invalid(format!(
            "unknown function: {} (known are {})",
            name.chars().take(64).collect::<String>(),
            known.join(", ")
        ))
    })?;
    let Some(rest) = rest else {
        return if function == Function::Count {
            Ok(count())
        } else {
            Err(Error::invalid(format!("{name} needs a column: {name}:COLUMN")))
        };
    };
    if let Ok(field) = column(rest, schema) {
        return of_column(function, field, None);
    }
    // An alias comes after the last colon, unless the column's name ends there.
    if let Some((before, alias)) = rest.rsplit_once(':') {
        let alias = Some(alias.trim()).filter(|alias| !alias.is_empty());
        if function == Function::Count && matches!(before, "" | "*") {
            return Ok(Aggregate { alias: alias.unwrap_or("count").to_owned(), ..count() });
        }
        return of_column(function, column(before, schema)?, alias);
    }
    if function == Function::Count && matches!(rest, "" | "*") {
        return Ok(count());
    }
    of_column(function, column(rest, schema)?, None)
}

fn of_column(function: Function, field: &Field, alias: Option<&str>) -> Result<Aggregate> {
    let family = Family::of(field.data_type());
    let suits = match function {
        Function::Count => true,
        Function::CountDistinct => !field.data_type().is_nested(),
        Function::Sum | Function::Avg | Function::Median => matches!(family, Family::Whole | Family::Number | Family::Decimal),
        Function::Min | Function::Max => !matches!(family, Family::Bytes | Family::Nothing),
    };
    if !suits {
        let (name, kind) = (field.name(), column_type(field.data_type()));
        return Err(Error::invalid(format!("{} cannot be computed of column {name}, which is of type {kind}", function.name())));
    }
    let alias = alias.map_or_else(|| format!("{}_{}", function.name(), field.name()), str::to_owned);
    Ok(Aggregate { function, column: Some(field.name().clone()), alias })
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::DataType;

    fn of(text: &str) -> Result<Vec<(&'static str, Option<String>, String)>, String> {
        let schema = Schema::new(vec![
            Field::new("n", DataType::Int32, true),
            Field::new("Name", DataType::Utf8, true),
            Field::new("a:b", DataType::Int32, true),
            Field::new("x,y", DataType::Int32, true),
            Field::new("bin", DataType::Binary, true),
            Field::new("list", DataType::new_list(DataType::Int8, true), true),
        ]);
        let found = aggregates(text, &schema).map_err(|error| error.message().to_owned())?;
        Ok(found.into_iter().map(|one| (one.function.name(), one.column, one.alias)).collect())
    }

    #[test]
    fn functions_columns_and_aliases() {
        let one = |function, column: Option<&str>, alias: &str| (function, column.map(str::to_owned), alias.to_owned());
        assert_eq!(
            of("sum:n,count,avg:N:mean n").unwrap(),
            [one("sum", Some("n"), "sum_n"), one("count", None, "count"), one("avg", Some("n"), "mean n")]
        );
        assert_eq!(of("count:Name").unwrap(), [one("count", Some("Name"), "count_Name")]);
        assert_eq!(
            of("count:*,count:*:rows,count::all").unwrap(),
            [one("count", None, "count"), one("count", None, "rows"), one("count", None, "all")]
        );
        assert_eq!(of("sum:a:b,sum:a:b:c").unwrap(), [one("sum", Some("a:b"), "sum_a:b"), one("sum", Some("a:b"), "c")]);
        assert_eq!(of("max:x,y,MEDIAN:x,y:m").unwrap(), [one("max", Some("x,y"), "max_x,y"), one("median", Some("x,y"), "m")]);
        assert_eq!(of("count_distinct:bin,count:list,min:Name").unwrap().len(), 3);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, part) in [
            ("", "unknown function"),
            ("first:n", "unknown function: first"),
            ("sum", "needs a column"),
            ("sum:", "unknown column"),
            ("sum:nope", "unknown column: nope"),
            ("sum:nope:x", "unknown column: nope"),
            ("sum:Name", "sum cannot be computed of column Name, which is of type string"),
            ("median:list", "median"),
            ("min:bin", "min"),
            ("count_distinct:list", "count_distinct"),
            ("count,,count", "unknown function"),
        ] {
            let error = of(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
