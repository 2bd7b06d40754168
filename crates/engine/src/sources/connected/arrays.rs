//! Arrays as PostgreSQL writes them: `{1,NULL,"a \"b\""}`.

use super::batches;
use arrow::array::{Array, StringArray};
use arrow::array::{ArrayRef, ListArray, StringBuilder};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, FieldRef};
use datahall_core::{Error, Result};
use std::sync::Arc;

/// Lists of `element`.
///
/// # Errors
/// `Invalid`, naming the column, for arrays of arrays and for elements that `element` cannot hold.
pub(super) fn parse(texts: &StringArray, element: &FieldRef, column: &str) -> Result<ArrayRef> {
    let mut elements = StringBuilder::new();
    let mut lengths = Vec::with_capacity(texts.len());
    for text in texts {
        let before = elements_len(&elements);
        if let Some(text) = text {
            let wrong = || {
                Error::invalid(format!("column '{column}' holds an array that cannot be read: only those of one dimension are"))
            };
            split(text, &mut elements).ok_or_else(wrong)?;
        }
        lengths.push(elements_len(&elements) - before);
    }
    let values: ArrayRef = Arc::new(elements.finish());
    let values =
        if *element.data_type() == DataType::Utf8 { values } else { batches::cast(&values, element.data_type(), column)? };
    let nulls = NullBuffer::from_iter(texts.iter().map(|text| text.is_some()));
    let list = ListArray::try_new(element.clone(), OffsetBuffer::from_lengths(lengths), values, Some(nulls));
    list.map(|list| Arc::new(list) as ArrayRef).map_err(Error::internal)
}

fn elements_len(elements: &StringBuilder) -> usize {
    arrow::array::ArrayBuilder::len(elements)
}

/// Appends the elements of one array; `None` when it is none of one dimension.
fn split(text: &str, into: &mut StringBuilder) -> Option<()> {
    let inner = text.strip_prefix('{')?.strip_suffix('}')?;
    if inner.is_empty() {
        return Some(());
    }
    let mut rest = inner.chars().peekable();
    loop {
        if rest.peek() == Some(&'"') {
            rest.next();
            let mut element = String::new();
            loop {
                match rest.next()? {
                    '"' => break,
                    '\\' => element.push(rest.next()?),
                    other => element.push(other),
                }
            }
            into.append_value(element);
        } else {
            let mut element = String::new();
            while let Some(next) = rest.next_if(|next| *next != ',') {
                if next == '{' {
                    return None;
                }
                element.push(next);
            }
            into.append_option((element != "NULL").then_some(element));
        }
        match rest.next() {
            None => return Some(()),
            Some(',') => {}
            Some(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::Field;
    use arrow::util::display::array_value_to_string;

    #[test]
    fn elements_are_taken_apart() {
        let texts = StringArray::from(vec![Some("{1,NULL,-3}"), None, Some("{}")]);
        let lists = parse(&texts, &Arc::new(Field::new("item", DataType::Int32, true)), "c").unwrap();
        assert_eq!(array_value_to_string(&lists, 0).unwrap(), "[1, , -3]");
        assert!(lists.is_null(1));
        let texts = StringArray::from(vec![Some(r#"{a,"b,\"c\"",""}"#)]);
        let lists = parse(&texts, &Arc::new(Field::new("item", DataType::Utf8, true)), "c").unwrap();
        assert_eq!(array_value_to_string(&lists, 0).unwrap(), "[a, b,\"c\", ]");
    }

    #[test]
    fn what_is_no_plain_array_is_refused() {
        for text in ["{{1,2},{3,4}}", "[0:1]={1,2}", "{\"a", "{a}b"] {
            let texts = StringArray::from(vec![Some(text)]);
            assert!(parse(&texts, &Arc::new(Field::new("item", DataType::Utf8, true)), "c").is_err(), "{text}");
        }
    }
}
