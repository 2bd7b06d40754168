//! Lists of names as parameters write them, `a,b`: what commas and colons mean depends on which names there are.

use arrow::datatypes::{Field, Schema};
use datahall_core::query::find_column;
use datahall_core::{Error, Result};

/// The items of a list in which commas stand between items and may stand in them: each item is as short as `read` can read it.
///
/// # Errors
/// What `read` says of the shortest item that cannot be read.
pub(super) fn items<T>(text: &str, mut read: impl FnMut(&str) -> Result<T>) -> Result<Vec<T>> {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        let mut first_error = None;
        let mut ends = rest.match_indices(',').map(|(at, _)| at).take(MOST_COMMAS).chain([rest.len()]);
        let end = ends.find_map(|end| match read(&rest[..end]) {
            Ok(item) => Some((item, end)),
            Err(error) => {
                first_error.get_or_insert(error);
                None
            }
        });
        match (end, first_error) {
            (Some((item, end)), _) => {
                found.push(item);
                match rest.get(end + 1..) {
                    Some(next) if end < rest.len() => rest = next,
                    _ => return Ok(found),
                }
            }
            (None, Some(error)) => return Err(error),
            (None, None) => return Ok(found),
        }
    }
}

/// A name has no more commas than this; more are not tried.
const MOST_COMMAS: usize = 32;

/// The columns of a list of names.
///
/// # Errors
/// `Invalid`, naming what is no column.
pub(super) fn columns(text: &str, schema: &Schema) -> Result<Vec<String>> {
    items(text, |name| Ok(column(name, schema)?.name().clone()))
}

/// The column of that name, with blanks round it or without.
///
/// # Errors
/// `Invalid`: there is none, or the name is ambiguous.
pub(super) fn column<'a>(name: &str, schema: &'a Schema) -> Result<&'a Field> {
    let found = find_column(schema, name).or_else(|error| match name.trim() {
        trimmed if trimmed.len() < name.len() && !trimmed.is_empty() => find_column(schema, trimmed),
        _ => Err(error),
    });
    let found = found?;
    schema.field_with_name(found).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::DataType;

    pub(crate) fn schema(names: &[&str]) -> Schema {
        Schema::new(names.iter().map(|name| Field::new(*name, DataType::Int64, true)).collect::<Vec<_>>())
    }

    #[test]
    fn commas_may_stand_in_names() {
        let schema = schema(&["a", "b,c", "d e", "\"q\"", "x,y,z"]);
        let read = |text: &str| columns(text, &schema).map_err(|error| error.message().to_owned());
        assert_eq!(read("a").unwrap(), ["a"]);
        assert_eq!(read("a,b,c,\"q\"").unwrap(), ["a", "b,c", "\"q\""]);
        assert_eq!(read("x,y,z,a, d e").unwrap(), ["x,y,z", "a", "d e"]);
        assert_eq!(read("A").unwrap(), ["a"]);
        for wrong in ["", "a,", ",a", "a,,b,c", "nope", "b"] {
            assert!(read(wrong).unwrap_err().starts_with("unknown column: "), "{wrong}");
        }
        assert_eq!(read("a,nope,a").unwrap_err(), "unknown column: nope");
    }
}
