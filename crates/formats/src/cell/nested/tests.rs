//! Nested values against what was written by hand: nulls in every position, slices, every kind of list.

use crate::cell::{json, written};
use arrow::array::*;
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::cast;
use arrow::datatypes::*;
use std::sync::Arc;

fn lists() -> ListArray {
    ListArray::from_iter_primitive::<Int32Type, _, _>([
        Some(vec![Some(1), None, Some(3)]),
        None,
        Some(vec![]),
        Some(vec![None]),
        Some(vec![Some(7), Some(8)]),
    ])
}

const LISTS: [&str; 5] = ["[1,null,3]", "null", "[]", "[null]", "[7,8]"];

#[test]
fn every_kind_of_list_and_its_slices() {
    let item = Arc::new(Field::new_list_field(DataType::Int32, true));
    for kind in [
        DataType::List(item.clone()),
        DataType::LargeList(item.clone()),
        DataType::ListView(item.clone()),
        DataType::LargeListView(item),
    ] {
        let array = cast(&lists(), &kind).unwrap();
        assert_eq!(json(&array), LISTS, "{kind}");
        assert_eq!(json(&array.slice(1, 3)), LISTS[1..4], "{kind}");
        assert_eq!(json(&array.slice(4, 1)), LISTS[4..], "{kind}");
        assert_eq!(json(&array.slice(2, 0)), [""; 0], "{kind}");
    }
    assert_eq!(written(&lists()).1[..3], [Some("[1,null,3]".to_owned()), None, Some("[]".to_owned())]);
}

#[test]
fn fixed_size_lists_with_nulls_and_slices() {
    let rows = [Some(vec![Some(1), None]), None, Some(vec![Some(5), Some(6)])];
    let array = FixedSizeListArray::from_iter_primitive::<Int32Type, _, _>(rows, 2);
    assert_eq!(json(&array), ["[1,null]", "null", "[5,6]"]);
    assert_eq!(json(&array.slice(1, 2)), ["null", "[5,6]"]);
    assert_eq!(json(&array.slice(3, 0)), [""; 0]);
}

#[test]
fn list_views_may_overlap_and_go_back() {
    let item = Arc::new(Field::new_list_field(DataType::Int32, true));
    let values = Arc::new(Int32Array::from(vec![1, 2, 3]));
    let array = ListViewArray::new(item, ScalarBuffer::from(vec![1, 0, 3]), ScalarBuffer::from(vec![2, 2, 0]), values, None);
    assert_eq!(json(&array), ["[2,3]", "[1,2]", "[]"]);
}

fn structs() -> StructArray {
    let fields = Fields::from(vec![Field::new("a \"b\"", DataType::Int32, true), Field::new("n", DataType::Utf8, true)]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from(vec![Some(1), Some(9), None])),
        Arc::new(StringArray::from(vec![None, Some("x"), Some("z")])),
    ];
    StructArray::new(fields, columns, Some(NullBuffer::from(vec![true, false, true])))
}

#[test]
fn structs_keep_null_members_and_hide_what_is_behind_a_null_struct() {
    let expected = [r#"{"a \"b\"":1,"n":null}"#, "null", r#"{"a \"b\"":null,"n":"z"}"#];
    assert_eq!(json(&structs()), expected);
    assert_eq!(json(&structs().slice(1, 2)), expected[1..]);
    let empty = StructArray::new_empty_fields(2, None);
    assert_eq!(json(&empty), ["{}", "{}"]);
}

#[test]
fn lists_of_structs_with_nulls_everywhere() {
    let field = Arc::new(Field::new_list_field(structs().data_type().clone(), true));
    let offsets = OffsetBuffer::new(ScalarBuffer::from(vec![0, 2, 2, 3]));
    let array = ListArray::new(field, offsets, Arc::new(structs()), Some(NullBuffer::from(vec![true, false, true])));
    let expected = [r#"[{"a \"b\"":1,"n":null},null]"#, "null", r#"[{"a \"b\"":null,"n":"z"}]"#];
    assert_eq!(json(&array), expected);
    assert_eq!(json(&array.slice(2, 1)), expected[2..]);
}

#[test]
fn maps_are_objects_whose_keys_are_text() {
    let mut builder = MapBuilder::new(None, Int32Builder::new(), StringBuilder::new());
    builder.keys().append_slice(&[1, 2]);
    builder.values().append_value("x");
    builder.values().append_null();
    builder.append(true).unwrap();
    builder.append(false).unwrap();
    builder.append(true).unwrap();
    builder.keys().append_value(-3);
    builder.values().append_value("y\"");
    builder.append(true).unwrap();
    let map = builder.finish();
    let expected = [r#"{"1":"x","2":null}"#, "null", "{}", r#"{"-3":"y\""}"#];
    assert_eq!(json(&map), expected);
    assert_eq!(json(&map.slice(2, 2)), expected[2..]);

    let mut builder = MapBuilder::new(None, StringBuilder::new(), BooleanBuilder::new());
    builder.keys().append_value("k\n\"");
    builder.values().append_value(true);
    builder.append(true).unwrap();
    assert_eq!(json(&builder.finish()), [r#"{"k\n\"":true}"#]);
}

#[test]
fn unions_are_the_value_they_hold() {
    let fields =
        UnionFields::try_new(vec![0, 5], vec![Field::new("i", DataType::Int32, true), Field::new("s", DataType::Utf8, true)])
            .unwrap();
    let integers: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None]));
    let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("x")]));
    let ids = ScalarBuffer::from(vec![0i8, 5, 0]);
    let dense =
        UnionArray::try_new(fields.clone(), ids.clone(), Some(ScalarBuffer::from(vec![0, 0, 1])), vec![integers, texts]).unwrap();
    assert_eq!(json(&dense), ["1", "\"x\"", "null"]);
    assert_eq!(json(&dense.slice(1, 2)), ["\"x\"", "null"]);
    assert_eq!(written(&dense).1, [Some("1".to_owned()), Some("x".to_owned()), None]);

    let integers: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]));
    let texts: ArrayRef = Arc::new(StringArray::from(vec![None, Some("x"), None]));
    let sparse = UnionArray::try_new(fields, ids, None, vec![integers, texts]).unwrap();
    assert_eq!(json(&sparse), ["1", "\"x\"", "3"]);
    assert_eq!(json(&sparse.slice(1, 2)), ["\"x\"", "3"]);
}
