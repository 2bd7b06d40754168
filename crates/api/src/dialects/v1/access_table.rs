//! Who may call which route, as data. A route that is missing here, or here and not there, fails a test.

use crate::shared::route::Access::{self, Admin, Manage, Open, Read};

/// Method, path and who may call, of every route when everything is switched on.
pub(super) const TABLE: &[(&str, &str, Access)] = &[
    ("GET", "/healthz", Open),
    ("GET", "/health", Open),
    ("GET", "/readyz", Open),
    ("GET", "/version", Open),
    ("GET", "/metrics", Open),
    ("GET", "/openapi.json", Open),
    ("GET", "/docs", Open),
    ("GET", "/docs/", Open),
    ("GET", "/docs/openapi.json", Open),
    ("GET", "/api/v1/datasets", Read),
    ("POST", "/api/v1/datasets", Admin),
    ("POST", "/api/v1/datasets/persist", Admin),
    ("POST", "/api/v1/datasets/reload-all", Admin),
    ("DELETE", "/api/v1/datasets/{name}", Admin),
    ("GET", "/api/v1/datasets/{name}/schema", Read),
    ("GET", "/api/v1/datasets/{name}/status", Read),
    ("POST", "/api/v1/datasets/{name}/query", Read),
    ("POST", "/api/v1/datasets/{name}/query/stream", Read),
    ("POST", "/api/v1/datasets/{name}/count", Read),
    ("GET", "/api/v1/datasets/{name}/parquet", Read),
    ("GET", "/api/v1/datasets/{name}/all.parquet", Read),
    ("POST", "/api/v1/datasets/{name}/reload", Admin),
    ("POST", "/api/v1/config/reload", Admin),
    ("POST", "/api/v1/sql", Read),
    ("GET", "/api/v1/queries", Manage),
    ("POST", "/api/v1/queries", Manage),
    ("DELETE", "/api/v1/queries/{name}", Manage),
    ("GET", "/datapress/healthz", Open),
    ("GET", "/datapress/health", Open),
    ("GET", "/datapress/readyz", Open),
    ("GET", "/datapress/version", Open),
    ("GET", "/datapress/api/datasets", Read),
    ("POST", "/datapress/api/datasets", Admin),
    ("POST", "/datapress/api/datasets/persist", Admin),
    ("POST", "/datapress/api/datasets/reload-all", Admin),
    ("DELETE", "/datapress/api/datasets/{name}", Admin),
    ("GET", "/datapress/api/datasets/{name}/schema", Read),
    ("GET", "/datapress/api/datasets/{name}/status", Read),
    ("POST", "/datapress/api/datasets/{name}/query", Read),
    ("POST", "/datapress/api/datasets/{name}/query/stream", Read),
    ("POST", "/datapress/api/datasets/{name}/count", Read),
    ("GET", "/datapress/api/datasets/{name}/parquet", Read),
    ("GET", "/datapress/api/datasets/{name}/all.parquet", Read),
    ("POST", "/datapress/api/datasets/{name}/reload", Admin),
    ("POST", "/datapress/api/config/reload", Admin),
    ("POST", "/datapress/api/sql", Read),
    ("GET", "/datapress/api/queries", Manage),
    ("POST", "/datapress/api/queries", Manage),
    ("DELETE", "/datapress/api/queries/{name}", Manage),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialects::v1::{document, routes};
    use datahall_service::Settings;
    use std::collections::BTreeSet;

    fn everything() -> Settings {
        let mut settings = Settings::default();
        settings.metrics.enabled = true;
        settings
    }

    #[test]
    fn the_table_and_the_routes_agree() {
        let listed: BTreeSet<String> = TABLE.iter().map(|(method, path, access)| format!("{method} {path} {access:?}")).collect();
        let routed: BTreeSet<String> =
            routes(&everything()).iter().map(|route| format!("{} {} {:?}", route.method, route.path, route.access)).collect();
        assert_eq!(listed, routed);
    }

    #[test]
    fn the_document_describes_every_route_and_no_other() {
        let document = document(&everything());
        let paths = document["paths"].as_object().unwrap();
        let described: BTreeSet<String> = paths
            .iter()
            .flat_map(|(path, item)| {
                item.as_object().unwrap().keys().map(move |method| format!("{} {path}", method.to_uppercase()))
            })
            .collect();
        let listed: BTreeSet<String> = TABLE.iter().map(|(method, path, _)| format!("{method} {path}")).collect();
        assert_eq!(described, listed);
        for (method, path, access) in TABLE {
            let operation = &paths[*path][method.to_lowercase()];
            let open = operation["security"].as_array().unwrap().is_empty();
            assert_eq!(open, *access == Open, "{method} {path}");
            assert_eq!(operation["responses"]["403"].is_object(), *access != Open, "{method} {path}");
        }
    }

    #[test]
    fn ids_are_unique_and_references_lead_somewhere() {
        let document = document(&everything());
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
        assert_eq!(paths.len(), routes(&settings).len());
    }
}
