//! Who may call which route, as data. A route that is missing here, or here and not there, fails a test.

use crate::shared::route::Access::{self, Editor, Known, Open, OrganisationAdmin};

/// Method, path and who may call, of every route.
pub(crate) const TABLE: &[(&str, &str, Access)] = &[
    ("GET", "/api/me", Known),
    ("POST", "/api/auth/login", Open),
    ("POST", "/api/auth/logout", Open),
    ("GET", "/api/auth/tokens", OrganisationAdmin),
    ("POST", "/api/auth/tokens", OrganisationAdmin),
    ("DELETE", "/api/auth/tokens/{id}", OrganisationAdmin),
    ("GET", "/api/jobs", Known),
    ("GET", "/api/jobs/{id}", Known),
    ("GET", "/api/jobs/{id}/activities/{name}/log", Known),
    ("POST", "/api/jobs/{id}/abort", Known),
    ("GET", "/api/jobs/{id}/events", Known),
    ("GET", "/api/audit", OrganisationAdmin),
    ("GET", "/api/datasets/{name}/settings", Known),
    ("PUT", "/api/datasets/{name}/settings", Known),
    ("PATCH", "/api/datasets/{name}/settings", Known),
    // Reading.
    ("GET", "/api/datasets/{name}/preview", Known),
    ("GET", "/api/datasets/{name}/explore", Known),
    ("GET", "/api/datasets/{name}/profile", Known),
    ("GET", "/api/datasets/{name}/column-stats", Known),
    ("GET", "/api/datasets/{name}/classification", Known),
    ("GET", "/api/datasets/governance/summary", Known),
    // Connectors.
    ("GET", "/api/connectors", Known),
    ("POST", "/api/connectors", Editor),
    ("GET", "/api/connectors/catalog", Known),
    ("GET", "/api/connectors/{id}", Known),
    ("PUT", "/api/connectors/{id}", Editor),
    ("PATCH", "/api/connectors/{id}", Editor),
    ("DELETE", "/api/connectors/{id}", Editor),
    ("POST", "/api/connectors/{id}/test", Known),
    ("GET", "/api/datasets/browse/schemas", Known),
    ("GET", "/api/datasets/browse/tables", Known),
    // Uploads.
    ("POST", "/api/datasets/file/preview", Known),
    ("POST", "/api/datasets/file/upload", Editor),
    // Versions of Delta tables, and their upkeep.
    ("GET", "/api/datasets/{name}/history", Known),
    ("POST", "/api/datasets/{name}/vacuum", Known),
    ("POST", "/api/datasets/{name}/optimize", Known),
    ("POST", "/api/datasets/{name}/restore", Known),
    // Datasets as such.
    ("GET", "/api/datasets", Known),
    ("GET", "/api/datasets/available", Known),
    ("POST", "/api/datasets", Editor),
    ("GET", "/api/datasets/{name}", Known),
    ("PATCH", "/api/datasets/{name}", Known),
    ("DELETE", "/api/datasets/{name}", Known),
    ("POST", "/api/datasets/{name}/refresh", Known),
    ("GET", "/api/datasets/{name}/shares", Known),
    ("POST", "/api/datasets/{name}/shares", Known),
    ("DELETE", "/api/datasets/{name}/shares/{id}", Known),
    ("POST", "/api/datasets/import", Editor),
    ("POST", "/api/datasets/import-batch", Editor),
    ("GET", "/api/datasets/import/{name}", Known),
    ("DELETE", "/api/datasets/import/{name}", Editor),
];
