//! Schemas that make sense and schemas that do not, and what is true of what is written.

use super::*;
use serde_json::json;

fn refused(schema: Json) -> String {
    match TableSchema::parse(&schema) {
        Err(Fault::Hints(words)) => words,
        other => panic!("{schema}: {other:?}"),
    }
}

fn field(field: Json) -> Json {
    json!({ "fields": [field] })
}

#[test]
fn schemas_that_contradict_themselves_are_refused_by_the_fields_name() {
    for (schema, expected) in [
        (json!([]), "the schema is no JSON object"),
        (json!({}), "the schema has no fields"),
        (json!({"fields": []}), "the schema has no fields"),
        (json!({"fields": {}}), "the fields of the schema are no list"),
        (json!({"fields": [1]}), "field 1 is no JSON object"),
        (json!({"fields": [{"name": "a"}, {"type": "string"}]}), "field 2 has no name"),
        (json!({"fields": [{"name": "a"}, {"name": "a"}]}), "fields 1 and 2 are both called 'a'"),
        (field(json!({"name": "a", "type": "text"})), "field 'a': type 'text' is none that is known"),
        (field(json!({"name": "a", "type": 1})), "field 'a': type is no text"),
        (field(json!({"name": "a", "type": "date", "format": "DD/MM"})), "field 'a': format 'DD/MM' is neither default"),
        (field(json!({"name": "a", "type": "date", "format": "%Y"})), "field 'a': format '%Y' does not name a year, a month"),
        (field(json!({"name": "a", "type": "geopoint", "format": "x"})), "field 'a': format 'x' is none of geopoint"),
        (field(json!({"name": "a", "type": "list", "itemType": "x"})), "field 'a': itemType 'x' is none that is known"),
        (field(json!({"name": "a", "type": "boolean", "trueValues": ["x"], "falseValues": ["x"]})), "field 'a': trueValues and"),
        (field(json!({"name": "a", "type": "number", "decimalChar": ",", "groupChar": ","})), "field 'a': decimalChar is"),
        (field(json!({"name": "a", "constraints": []})), "field 'a': constraints is no JSON object"),
        (field(json!({"name": "a", "constraints": {"required": 1}})), "field 'a': required is no true or false"),
        (
            field(json!({"name": "a", "constraints": {"minimum": 1}})),
            "field 'a': the constraint 'minimum' does not go with type string",
        ),
        (field(json!({"name": "a", "constraints": {"minLength": -1}})), "field 'a': minLength is no whole number"),
        (
            field(json!({"name": "a", "constraints": {"minLength": 3, "maxLength": 2}})),
            "field 'a': minLength is more than maxLength",
        ),
        (field(json!({"name": "a", "constraints": {"enum": []}})), "field 'a': enum has no values"),
        (field(json!({"name": "a", "constraints": {"pattern": "("}})), "field 'a': pattern '(' does not compile: "),
        (field(json!({"name": "a", "constraints": {"pattern": "a)|(b"}})), "field 'a': pattern 'a)|(b' does not compile: "),
        (
            field(json!({"name": "a", "constraints": {"pattern": "(?=a)b"}})),
            "field 'a': pattern '(?=a)b' does not compile: look-around",
        ),
        (field(json!({"name": "a", "constraints": {"pattern": "(((a{1000}){1000}){1000})"}})), "field 'a': pattern"),
        (number(json!({"minimum": "x"})), "field 'n': minimum '\"x\"' is not of type integer"),
        (number(json!({"minimum": 1.5})), "field 'n': minimum '1.5' is not of type integer"),
        (number(json!({"enum": [1, "b"]})), "field 'n': enum has '\"b\"', which is not of type integer"),
        (number(json!({"minimum": 3, "maximum": 2})), "field 'n': minimum '3' and maximum '2' leave nothing between them"),
        (number(json!({"exclusiveMinimum": 2, "maximum": 2})), "field 'n': exclusiveMinimum '2' and maximum '2' leave"),
        (json!({"fields": [{"name": "a"}], "primaryKey": "b"}), "primaryKey names 'b', which is no field"),
        (json!({"fields": [{"name": "a"}], "primaryKey": ["a", "a"]}), "primaryKey names 'a' twice"),
        (json!({"fields": [{"name": "a"}], "primaryKey": [1]}), "primaryKey is neither the name of a field nor"),
        (json!({"fields": [{"name": "a"}], "missingValues": "x"}), "missingValues of the schema is no list"),
        (json!({"fields": [{"name": "a", "missingValues": [1]}]}), "missingValues of field 'a' has what is no text"),
        (json!({"fields": [{"name": "a"}], "fieldsMatch": "some"}), "fieldsMatch is none of exact"),
    ] {
        let words = refused(schema.clone());
        assert!(words.starts_with(expected), "{schema}: {words}");
    }
}

fn number(constraints: Json) -> Json {
    field(json!({"name": "n", "type": "integer", "constraints": constraints}))
}

#[test]
fn a_schema_of_too_many_fields_is_refused() {
    let fields: Vec<Json> = (0..10_001).map(|at| json!({ "name": at.to_string() })).collect();
    assert_eq!(refused(json!({ "fields": fields })), "the schema has 10001 fields; 10000 are the most");
}

#[test]
fn what_is_not_known_is_kept() {
    let schema = json!({
        "title": "T",
        "fields": [
            {"name": "side", "description": "d", "categories": ["left", "right"], "x-own": 1},
            {"name": "id", "type": "integer", "rdfType": "http://x.org", "constraints": {"unique": true, "x": 1}}
        ],
        "primaryKey": "id",
        "foreignKeys": [{"fields": "id", "reference": {"resource": "r", "fields": "id"}}],
    });
    let mut expected = schema.clone();
    expected["fields"][0]["type"] = json!("string");
    expected["missingValues"] = json!([""]);
    assert_eq!(TableSchema::parse(&schema).unwrap().normalised(), expected);
}

#[test]
fn what_says_how_values_were_written_is_gone() {
    let schema = TableSchema::parse(&json!({
        "missingValues": ["", "NA", {"value": "-", "label": "none"}],
        "fieldsMatch": ["subset"],
        "fields": [
            {"name": "a", "type": "number", "decimalChar": ",", "groupChar": ".", "bareNumber": false, "constraints": {"minimum": "1.000,5", "enum": ["1.000,5", 2]}},
            {"name": "b", "type": "date", "format": "%d/%m/%Y", "example": "1/2/2024", "constraints": {"minimum": "1/2/2024", "exclusiveMaximum": "1/3/2024", "maximum": "9/3/2024"}},
            {"name": "c", "type": "boolean", "trueValues": ["ja"], "falseValues": ["nein"], "required": true, "constraints": {"required": "true", "enum": ["ja"]}},
            {"name": "d", "type": "geopoint", "format": "array"},
            {"name": "e", "format": "email"},
            {"name": "f", "type": "geojson", "format": "topojson"},
            {"name": "g", "type": "datetime", "format": "%Y-%m-%d %H:%M %z", "constraints": {"exclusiveMinimum": "2024-01-01 01:00 +0100"}},
            {"name": "h", "type": "yearmonth", "constraints": {"exclusiveMinimum": "2023-12"}},
            {"name": "i", "type": "number", "constraints": {"exclusiveMinimum": 0, "minimum": -1}},
            {"name": "j", "missingValues": ["NA"]},
            {"name": "k", "missingValues": []},
            {"name": "l", "type": "integer", "missingValues": ["-99"], "constraints": {"exclusiveMinimum": 3}},
        ],
    }))
    .unwrap();
    assert_eq!(
        schema.normalised(),
        json!({
            "missingValues": [""],
            "fields": [
                {"name": "a", "type": "number", "constraints": {"minimum": 1000.5, "enum": [1000.5, 2.0]}},
                {"name": "b", "type": "date", "constraints": {"minimum": "2024-02-01", "maximum": "2024-02-29"}},
                {"name": "c", "type": "boolean", "constraints": {"required": true, "enum": [true]}},
                {"name": "d", "type": "geopoint"},
                {"name": "e", "type": "string", "format": "email"},
                {"name": "f", "type": "geojson", "format": "topojson"},
                {"name": "g", "type": "datetime", "constraints": {"minimum": "2024-01-01T00:00:00.000001Z"}},
                {"name": "h", "type": "yearmonth", "constraints": {"minimum": "2024-01"}},
                {"name": "i", "type": "number", "constraints": {"minimum": 5e-324}},
                {"name": "j", "type": "string", "missingValues": ["NA"]},
                {"name": "k", "type": "string", "missingValues": []},
                {"name": "l", "type": "integer", "constraints": {"minimum": 4}},
            ],
        })
    );
    // What is normal stays as it is.
    let again = TableSchema::parse(&schema.normalised()).unwrap();
    assert_eq!(again.normalised(), schema.normalised());
}

#[test]
fn bounds_of_moments_have_a_zone_where_the_values_do() {
    let schema = field(json!({"name": "a", "type": "datetime", "constraints": {"minimum": "2024-01-01T00:00:00Z"}}));
    let schema = TableSchema::parse(&schema).unwrap();
    let minimum = |zoned: bool| schema.normalised_zoned(Some(&[zoned]))["fields"][0]["constraints"]["minimum"].clone();
    assert_eq!((minimum(true), minimum(false)), (json!("2024-01-01T00:00:00Z"), json!("2024-01-01T00:00:00")));
}

#[test]
fn each_type_has_its_column() {
    let of =
        |kind: &str| TableSchema::parse(&field(json!({"name": "a", "type": kind}))).unwrap().arrow().field(0).data_type().clone();
    let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
    for (kind, expected) in [
        ("integer", DataType::Int64),
        ("year", DataType::Int64),
        ("number", DataType::Float64),
        ("boolean", DataType::Boolean),
        ("date", DataType::Date32),
        ("datetime", micros),
        ("time", DataType::Time64(TimeUnit::Microsecond)),
    ] {
        assert_eq!(of(kind), expected, "{kind}");
    }
    for kind in ["string", "object", "array", "geopoint", "geojson", "duration", "yearmonth", "list", "any"] {
        assert_eq!(of(kind), DataType::Utf8, "{kind}");
    }
    let zoned = field(json!({"name": "a", "type": "datetime", "format": "%Y-%m-%dT%H:%M:%SZ"}));
    let zoned = TableSchema::parse(&zoned).unwrap().arrow();
    assert_eq!(zoned.field(0).data_type(), &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())));
}

#[test]
fn keys_are_known_once() {
    let schema = TableSchema::parse(&json!({
        "fields": [{"name": "a", "constraints": {"unique": true}}, {"name": "b"}],
        "primaryKey": ["a"],
        "uniqueKeys": [["a", "b"], ["a"]],
    }));
    let schema = schema.unwrap();
    assert_eq!((schema.primary, schema.unique), (vec![0], vec![vec![0], vec![0, 1]]));
}
