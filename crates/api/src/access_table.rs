//! The tables of who may call which route, held against the routes themselves and against the document.

use crate::dialects::{all, platform, specs, v1};
use crate::shared::openapi::{document, documented};
use crate::shared::route::{Access, Route};
use datahall_service::Settings;
use serde_json::Value;
use std::collections::BTreeSet;

/// Every route of every dialect when everything is switched on.
pub(crate) fn tables() -> impl Iterator<Item = &'static (&'static str, &'static str, Access)> {
    v1::access_table::TABLE.iter().chain(platform::access_table::TABLE).chain(specs::access_table::TABLE)
}

fn everything() -> Settings {
    let mut settings = Settings::default();
    settings.metrics.enabled = true;
    settings
}

fn routes(settings: &Settings) -> Vec<Route> {
    all(settings).into_iter().flat_map(|dialect| dialect.routes).collect()
}

fn described() -> Value {
    document(&all(&everything()))
}

#[test]
fn the_tables_and_the_routes_agree() {
    let listed: BTreeSet<String> = tables().map(|(method, path, access)| format!("{method} {path} {access:?}")).collect();
    let routes = routes(&everything());
    let routed: BTreeSet<String> =
        routes.iter().map(|route| format!("{} {} {:?}", route.method, route.path, route.access)).collect();
    assert_eq!(listed, routed);
    assert_eq!(routes.len(), routed.len(), "no route is there twice");
}

#[test]
fn the_document_describes_every_route_and_no_other() {
    let document = described();
    let paths = document["paths"].as_object().unwrap();
    let described: BTreeSet<String> = paths
        .iter()
        .flat_map(|(path, item)| item.as_object().unwrap().keys().map(move |method| format!("{} {path}", method.to_uppercase())))
        .collect();
    let listed: BTreeSet<String> = tables().map(|(method, path, _)| format!("{method} {}", documented(path))).collect();
    assert_eq!(described, listed);
    for (method, path, access) in tables() {
        let operation = &paths[&documented(path)][method.to_lowercase()];
        let open = operation["security"].as_array().unwrap().is_empty();
        assert_eq!(open, *access == Access::Open, "{method} {path}");
        if !open && *access != Access::Asked {
            assert!(operation["responses"]["401"].is_object() && operation["responses"]["403"].is_object(), "{method} {path}");
        }
        let has_parameter = path.contains('{');
        let in_path = |parameter: &Value| parameter["in"] == "path";
        assert_eq!(operation["parameters"].as_array().is_some_and(|all| all.iter().any(in_path)), has_parameter, "{path}");
    }
}

#[test]
fn ids_are_unique_and_references_lead_somewhere() {
    let document = described();
    let mut ids = BTreeSet::new();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{operation}");
        }
    }
    let text = document.to_string();
    let mut used = BTreeSet::new();
    for part in text.split("#/components/schemas/").skip(1) {
        used.insert(part.split('"').next().unwrap());
    }
    let known: BTreeSet<&str> = document["components"]["schemas"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(used, known);
}

#[test]
fn a_prefix_goes_before_every_path() {
    let mut settings = everything();
    settings.server.prefix = "/x".into();
    assert!(routes(&settings).iter().all(|route| route.path.starts_with("/x/")));
    settings.server.prefix = "/datapress".into();
    let paths: BTreeSet<_> = routes(&settings).iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    assert!(paths.contains("GET /datapress/api/datasets") && paths.contains("GET /datapress/healthz"));
    assert!(paths.contains("GET /datapress/api/me") && paths.contains("POST /datapress/source/upload"));
    assert_eq!(paths.len(), routes(&settings).len(), "what two dialects have there is there once");
    assert!(paths.contains("POST /datapress/api/datasets/import") && paths.contains("GET /datapress/api/datasets/{name}"));
}
