//! Whole query strings: what they come to, and which parameter is wrong.

use super::*;
use arrow::datatypes::{DataType, Field};
use datahall_core::query::{Compare, Order, Value};

fn schema() -> Schema {
    Schema::new(vec![
        Field::new("city", DataType::Utf8, true),
        Field::new("n", DataType::Int32, true),
        Field::new("count", DataType::Int32, true),
        Field::new("list", DataType::new_list(DataType::Int8, true), true),
    ])
}

fn parse(sent: &[(&str, &str)]) -> Result<Request, String> {
    let sent: Vec<_> = sent.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Request::parse(&sent, &schema(), 50_000).map_err(|fault| fault.wrong_parameter().unwrap_or_default().to_owned())
}

fn key(column: &str, descending: bool) -> Order {
    Order { column: column.into(), descending, nulls_first: false }
}

#[test]
fn aliases_come_to_the_same() {
    let (first, second) = (
        parse(&[("select", "city,n"), ("order", "-n"), ("limit", "5"), ("offset", "10")]).unwrap().query,
        parse(&[("fields", "CITY"), ("fields", "n"), ("sort", "n:desc"), ("page", "3"), ("page_size", "5")]).unwrap().query,
    );
    assert_eq!(first, second);
    assert_eq!(
        (first.select.as_slice(), first.order.as_slice()),
        (["city".to_owned(), "n".to_owned()].as_slice(), [key("n", true)].as_slice())
    );
    let grouped = parse(&[("group_by", "city"), ("order_by", "count")]).unwrap();
    assert_eq!((grouped.query.group, grouped.outputs), (vec!["city".to_owned()], None));
    assert_eq!(grouped.query.aggregates, [aggregates::count()]);
    assert_eq!(parse(&[("select", ""), ("filter", " ")]).unwrap().query, parse(&[]).unwrap().query);
}

#[test]
fn filters_are_joined() {
    let query = parse(&[("filter", "n:gt:1"), ("filter", "city:isnull")]).unwrap().query;
    let first = Expr::Compare { column: "n".into(), op: Compare::Gt, value: Value::Int(1) };
    assert_eq!(query.filter, Expr::All(vec![first, Expr::IsNull { column: "city".into() }]));
}

#[test]
fn of_groups_some_outputs_are_given() {
    let outputs = |sent: &[(&str, &str)]| parse(sent).unwrap().outputs;
    assert_eq!(outputs(&[("group", "city,n"), ("select", "n")]), Some(vec![1, 2]));
    assert_eq!(outputs(&[("group", "city"), ("agg", "sum:n,max:n"), ("select", "max_n,city")]), Some(vec![2, 0]));
    assert_eq!(outputs(&[("agg", "sum:n,max:n"), ("select", "max_n")]), Some(vec![1]));
    let whole = parse(&[("agg", "sum:n:s"), ("order", "-S")]).unwrap();
    assert_eq!((whole.query.order, whole.outputs), (vec![key("s", true)], None));
}

#[test]
fn the_wrong_parameter_is_named() {
    for (sent, parameter) in [
        (&[("selct", "n")][..], "selct"),
        (&[("select", "nope")], "select"),
        (&[("select", "n,n")], "select"),
        (&[("select", "n"), ("columns", "n")], "columns"),
        (&[("filter", "nope:eq:1")], "filter"),
        (&[("filter", "n:eq:x")], "filter"),
        (&[("group", "nope")], "group"),
        (&[("group", "list")], "group"),
        (&[("group", "city,CITY")], "group"),
        (&[("agg", "sum:city")], "agg"),
        (&[("agg", "sum:n,sum:n")], "agg"),
        (&[("group", "count")], "agg"),
        (&[("group", "city"), ("select", "n")], "select"),
        (&[("agg", "count"), ("select", "city")], "select"),
        (&[("group", "city"), ("select", "city,city")], "select"),
        (&[("group", "city"), ("order", "n")], "order"),
        (&[("order", "nope")], "order"),
        (&[("order", "list")], "order"),
        (&[("order", "n:down")], "order"),
        (&[("limit", "-1")], "limit"),
        (&[("offset", "x")], "offset"),
        (&[("page", "0")], "page"),
    ] {
        assert_eq!(parse(sent).unwrap_err(), parameter, "{sent:?}");
    }
}
