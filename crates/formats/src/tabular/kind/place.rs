//! Places: points as texts, lists and objects, and GeoJSON.

use super::super::value::{Cell, Value};
use crate::json::Json;
use std::borrow::Cow;

/// How a point is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Point {
    /// `lon,lat`.
    Text,
    /// `[lon, lat]`.
    List,
    /// `{"lon": …, "lat": …}`.
    Object,
}

/// A point as `lon,lat`.
pub(super) fn point(cell: Cell<'_>, form: Point) -> Result<Value<'static>, &'static str> {
    let parsed;
    let nested = match (cell, form) {
        (Cell::Text(text), Point::Text) => {
            let (lon, lat) = text.split_once(',').ok_or("")?;
            return joined(lon.trim(), lat.trim());
        }
        (Cell::Text(text), _) => {
            parsed = serde_json::from_str::<Json>(text).map_err(|_| "")?;
            &parsed
        }
        (Cell::Nested(nested), _) => nested,
        _ => return Err(""),
    };
    let of = |key: &str| match nested {
        Json::Object(values) => values.iter().find(|(name, _)| name == key).and_then(|(_, value)| coordinate(value)),
        Json::List(values) if values.len() == 2 => coordinate(&values[usize::from(key == "lat")]),
        _ => None,
    };
    let parts = match nested {
        Json::Object(values) => values.len(),
        _ => 2,
    };
    if parts != 2 || (matches!(cell, Cell::Text(_)) && (form == Point::Object) != matches!(nested, Json::Object(_))) {
        return Err("");
    }
    joined(&of("lon").ok_or("")?, &of("lat").ok_or("")?)
}

fn coordinate(value: &Json) -> Option<String> {
    match value {
        Json::Int(number) => Some(number.to_string()),
        Json::Float(number) => Some(number.to_string()),
        Json::Text(text) => Some(text.trim().to_owned()),
        _ => None,
    }
}

fn joined(lon: &str, lat: &str) -> Result<Value<'static>, &'static str> {
    let within = |text: &str, most: f64| {
        let plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'));
        plain && text.parse::<f64>().is_ok_and(|value| value.abs() <= most)
    };
    if within(lon, 180.0) && within(lat, 90.0) {
        return Ok(Value::Text(Cow::Owned(format!("{lon},{lat}"))));
    }
    Err("")
}

/// Whether an object is GeoJSON.
pub(super) fn is_geojson(value: &Json) -> bool {
    let Some(kind) = text(value, "type") else { return false };
    match kind {
        "Feature" => {
            let geometry = get(value, "geometry").is_some_and(|geometry| matches!(geometry, Json::Null) || is_geometry(geometry));
            geometry && get(value, "properties").is_some_and(|properties| matches!(properties, Json::Null | Json::Object(_)))
        }
        "FeatureCollection" => list(value, "features").is_some_and(|features| {
            features.iter().all(|feature| text(feature, "type") == Some("Feature") && is_geojson(feature))
        }),
        _ => is_geometry(value),
    }
}

fn is_geometry(value: &Json) -> bool {
    let depth = match text(value, "type") {
        Some("Point") => 0,
        Some("MultiPoint" | "LineString") => 1,
        Some("MultiLineString" | "Polygon") => 2,
        Some("MultiPolygon") => 3,
        Some("GeometryCollection") => {
            return list(value, "geometries").is_some_and(|geometries| geometries.iter().all(is_geometry));
        }
        _ => return false,
    };
    get(value, "coordinates").is_some_and(|coordinates| are_coordinates(coordinates, depth))
}

fn are_coordinates(value: &Json, depth: u32) -> bool {
    let Json::List(items) = value else { return false };
    match depth {
        0 => items.len() >= 2 && items.iter().all(|item| matches!(item, Json::Int(_) | Json::UInt(_) | Json::Float(_))),
        _ => items.iter().all(|item| are_coordinates(item, depth - 1)),
    }
}

/// Whether an object is TopoJSON, as far as its kind and its arcs tell.
pub(super) fn is_topojson(value: &Json) -> bool {
    match text(value, "type") {
        Some("Topology") => matches!(get(value, "objects"), Some(Json::Object(_))) && list(value, "arcs").is_some(),
        Some("GeometryCollection") => list(value, "geometries").is_some(),
        Some("Point" | "MultiPoint") => list(value, "coordinates").is_some(),
        Some("LineString" | "MultiLineString" | "Polygon" | "MultiPolygon") => list(value, "arcs").is_some(),
        _ => false,
    }
}

fn get<'j>(value: &'j Json, key: &str) -> Option<&'j Json> {
    match value {
        Json::Object(values) => values.iter().find(|(name, _)| name == key).map(|(_, value)| value),
        _ => None,
    }
}

fn text<'j>(value: &'j Json, key: &str) -> Option<&'j str> {
    match get(value, key)? {
        Json::Text(text) => Some(text),
        _ => None,
    }
}

fn list<'j>(value: &'j Json, key: &str) -> Option<&'j [Json]> {
    match get(value, key)? {
        Json::List(items) => Some(items),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn points_in_each_form() {
        let value = |text: &str| Ok(Value::Text(Cow::Owned(text.to_owned())));
        assert_eq!(point(Cell::Text("90.50, -45.50"), Point::Text), value("90.50,-45.50"));
        assert_eq!(point(Cell::Text("[90.5, 45]"), Point::List), value("90.5,45"));
        assert_eq!(point(Cell::Text(r#"{"lat": 45, "lon": "90.50"}"#), Point::Object), value("90.50,45"));
        assert_eq!(point(Cell::Nested(&json("[1, 2]")), Point::Text), value("1,2"));
        for (text, form) in [
            ("181,0", Point::Text),
            ("0,-91", Point::Text),
            ("0", Point::Text),
            ("a,b", Point::Text),
            ("NaN,0", Point::Text),
            ("1,2,3", Point::Text),
            ("[1,2]", Point::Text),
            ("[1]", Point::List),
            (r#"{"lon":1,"lat":2}"#, Point::List),
            ("[1,2]", Point::Object),
            (r#"{"lon":1,"lat":2,"z":3}"#, Point::Object),
        ] {
            assert_eq!(point(Cell::Text(text), form), Err(""), "{text}");
        }
    }

    #[test]
    fn geojson_and_topojson() {
        for good in [
            r#"{"type":"Point","coordinates":[1,2.5]}"#,
            r#"{"type":"MultiPolygon","coordinates":[[[[1,2],[3,4]]]]}"#,
            r#"{"type":"Feature","geometry":null,"properties":{}}"#,
            r#"{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Point","coordinates":[1,2]},"properties":null}]}"#,
            r#"{"type":"GeometryCollection","geometries":[]}"#,
        ] {
            assert!(is_geojson(&json(good)), "{good}");
        }
        for bad in [
            "{}",
            r#"{"type":"Circle"}"#,
            r#"{"type":"Point","coordinates":[1]}"#,
            r#"{"type":"Polygon","coordinates":[[1,2]]}"#,
            r#"{"type":"Feature","geometry":null}"#,
            r#"{"type":"FeatureCollection","features":[{"type":"Point","coordinates":[1,2]}]}"#,
        ] {
            assert!(!is_geojson(&json(bad)), "{bad}");
        }
        assert!(is_topojson(&json(r#"{"type":"Topology","objects":{},"arcs":[]}"#)));
        assert!(!is_topojson(&json(r#"{"type":"Topology"}"#)));
    }
}
