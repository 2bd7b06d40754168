//! Who may call which route, as data. A route that is missing here, or here and not there, fails a test.

use crate::shared::route::Access::{self, Asked, Read};

/// Method, path and who may call, of every route.
pub(crate) const TABLE: &[(&str, &str, Access)] = &[
    ("POST", "/source/upload", Asked),
    ("POST", "/source/update", Asked),
    ("GET", "/source/{owner}/{dataset}/events", Read),
    ("GET", "/source/{owner}/{dataset}/{revision}", Asked),
    ("GET", "/source/{owner}/{dataset}/{revision}/datapackage.json", Read),
    ("GET", "/source/{owner}/{dataset}/{revision}/{*path}", Read),
];
