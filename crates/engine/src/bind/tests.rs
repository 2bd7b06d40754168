//! What literals mean against each type, by hand-written constants.

use super::*;
use arrow::datatypes::TimeUnit;

fn bound(data_type: DataType, op: Compare, value: Value) -> Result<Predicate> {
    let schema = Schema::new(vec![Field::new("x", data_type, true)]);
    bind(&Expr::Compare { column: "x".into(), op, value }, &schema)
}

fn range(low: i128, high: i128) -> Predicate {
    Predicate::Range { column: 0, low, high }
}

const NEVER: Predicate = Predicate::Constant { column: 0, value: false };
const ALWAYS: Predicate = Predicate::Constant { column: 0, value: true };

#[test]
fn a_fraction_falls_between_whole_numbers() {
    let max = i128::from(i16::MAX);
    let min = i128::from(i16::MIN);
    assert_eq!(bound(DataType::Int16, Compare::Eq, Value::Float(3.0)).unwrap(), range(3, 3));
    assert_eq!(bound(DataType::Int16, Compare::Eq, Value::Float(3.5)).unwrap(), NEVER);
    assert_eq!(bound(DataType::Int16, Compare::Neq, Value::Float(3.5)).unwrap(), ALWAYS);
    assert_eq!(bound(DataType::Int16, Compare::Lt, Value::Float(3.5)).unwrap(), range(min, 3));
    assert_eq!(bound(DataType::Int16, Compare::Gte, Value::Float(-3.5)).unwrap(), range(-3, max));
    assert_eq!(bound(DataType::Int16, Compare::Lt, Value::Int(40_000)).unwrap(), ALWAYS);
    assert_eq!(bound(DataType::Int16, Compare::Gt, Value::Int(40_000)).unwrap(), NEVER);
    assert_eq!(
        bound(DataType::UInt64, Compare::Eq, Value::Int(u64::MAX.into())).unwrap(),
        range(u64::MAX.into(), u64::MAX.into())
    );
}

#[test]
fn decimals_compare_exactly_as_number_or_text() {
    let money = || DataType::Decimal128(15, 2);
    assert_eq!(bound(money(), Compare::Eq, Value::Text("12.50".into())).unwrap(), range(1250, 1250));
    assert_eq!(bound(money(), Compare::Eq, Value::Float(0.1)).unwrap(), range(10, 10));
    assert_eq!(bound(money(), Compare::Eq, Value::Text("0.001".into())).unwrap(), NEVER);
    assert_eq!(bound(money(), Compare::Gt, Value::Text("-0.001".into())).unwrap(), range(0, i128::MAX));
    assert_eq!(bound(money(), Compare::Lte, Value::Text("1e3".into())).unwrap(), range(i128::MIN, 100_000));
    assert_eq!(bound(money(), Compare::Lt, Value::Text("1e60".into())).unwrap(), ALWAYS);
    assert!(bound(money(), Compare::Eq, Value::Text("12,50".into())).is_err());
}

#[test]
fn dates_and_timestamps_compare_with_iso_text() {
    let micros = || DataType::Timestamp(TimeUnit::Microsecond, None);
    assert_eq!(bound(DataType::Date32, Compare::Eq, Value::Text("1970-01-02".into())).unwrap(), range(1, 1));
    assert_eq!(bound(DataType::Date32, Compare::Eq, Value::Text("1970-01-02T12:00:00".into())).unwrap(), NEVER);
    assert_eq!(bound(DataType::Date32, Compare::Lt, Value::Text("1969-12-31".into())).unwrap(), range(i32::MIN.into(), -2));
    for same in ["1970-01-01T01:00:00Z", "1970-01-01 01:00:00", "1970-01-01T03:00:00+02:00", "1970-01-01T01:00"] {
        assert_eq!(
            bound(micros(), Compare::Eq, Value::Text(same.into())).unwrap(),
            range(3_600_000_000, 3_600_000_000),
            "{same}"
        );
    }
    assert_eq!(bound(micros(), Compare::Eq, Value::Text("1969-12-31T23:59:59.5".into())).unwrap(), range(-500_000, -500_000));
    assert!(bound(micros(), Compare::Eq, Value::Text("yesterday".into())).is_err());
    assert!(bound(micros(), Compare::Eq, Value::Int(5)).is_err());
    let time = DataType::Time64(TimeUnit::Microsecond);
    assert_eq!(bound(time, Compare::Eq, Value::Text("00:00:01.5".into())).unwrap(), range(1_500_000, 1_500_000));
}

#[test]
fn a_mismatch_names_the_column_its_type_and_the_value() {
    let error = bound(DataType::Int64, Compare::Eq, Value::Text("abc".into())).unwrap_err();
    assert_eq!(error.message(), "column x is BIGINT and cannot be compared with text: 'abc'");
    assert!(bound(DataType::Utf8, Compare::Eq, Value::Int(1)).is_err());
    assert!(bound(DataType::Boolean, Compare::Gt, Value::Bool(true)).is_err());
    assert!(bound(DataType::new_list(DataType::Int8, true), Compare::Eq, Value::Int(1)).is_err());
}

#[test]
fn in_keeps_what_the_column_can_hold() {
    let schema = Schema::new(vec![Field::new("x", DataType::Int8, true)]);
    let values = vec![Value::Int(5), Value::Float(2.0), Value::Float(2.5), Value::Int(1000), Value::Int(5)];
    let found = bind(&Expr::In { column: "x".into(), values }, &schema).unwrap();
    assert_eq!(found, Predicate::OneOf { column: 0, values: vec![2, 5] });
    assert!(bind(&Expr::In { column: "x".into(), values: vec![] }, &schema).is_err());
}
