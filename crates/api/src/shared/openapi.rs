//! The OpenAPI document, put together from what each operation says of itself.

use super::dialect::Dialect;
use super::route::{Access, Route};
use serde_json::{Map, Value, json};

/// What the document says of one operation. Errors, security and the path's parameters are added by the route.
pub(crate) struct Operation {
    tag: &'static str,
    id: &'static str,
    summary: &'static str,
    about: &'static str,
    parameters: Vec<Value>,
    body: Option<Value>,
    responses: Vec<(u16, Value)>,
    failures: Vec<(u16, String)>,
    auth_token: bool,
}

impl Operation {
    /// An operation of the group `tag`.
    pub(crate) fn new(tag: &'static str, id: &'static str, summary: &'static str) -> Self {
        let (parameters, responses, failures) = (Vec::new(), Vec::new(), Vec::new());
        Self { tag, id, summary, about: "", parameters, body: None, responses, failures, auth_token: false }
    }

    /// What one should know beyond the summary.
    pub(crate) fn about(mut self, text: &'static str) -> Self {
        self.about = text;
        self
    }

    /// A parameter of the query string.
    pub(crate) fn query(self, name: &str, schema: Value, text: &str) -> Self {
        self.parameter("query", name, schema, text)
    }

    /// A request header.
    pub(crate) fn header(self, name: &str, text: &str) -> Self {
        self.parameter("header", name, json!({"type": "string"}), text)
    }

    fn parameter(mut self, place: &str, name: &str, schema: Value, text: &str) -> Self {
        self.parameters.push(json!({"name": name, "in": place, "required": false, "schema": schema, "description": text}));
        self
    }

    /// The header `Auth-Token` proves who asks, too.
    pub(crate) fn by_auth_token(mut self) -> Self {
        self.auth_token = true;
        self
    }

    /// A JSON body of the named schema.
    pub(crate) fn body(mut self, schema: &str, required: bool, example: Value) -> Self {
        self.body = Some(
            json!({"required": required, "content": {"application/json": {"schema": reference(schema), "example": example}}}),
        );
        self
    }

    /// A form with a file in it, of the named schema.
    pub(crate) fn form(mut self, schema: &str, example: Value) -> Self {
        let content = json!({"multipart/form-data": {"schema": reference(schema), "example": example}});
        self.body = Some(json!({"required": true, "content": content}));
        self
    }

    /// A JSON answer of the named schema.
    pub(crate) fn answers(self, status: u16, schema: &str, text: &str) -> Self {
        self.content(status, text, json!({"application/json": {"schema": reference(schema)}}), json!({}))
    }

    /// An answer of other content.
    pub(crate) fn content(mut self, status: u16, text: &str, content: Value, headers: Value) -> Self {
        let mut response = json!({"description": text});
        if content.as_object().is_some_and(|map| !map.is_empty()) {
            response["content"] = content;
        }
        if headers.as_object().is_some_and(|map| !map.is_empty()) {
            response["headers"] = headers;
        }
        self.responses.push((status, response));
        self
    }

    /// An error answer in the dialect's shape.
    pub(crate) fn fails(mut self, status: u16, text: &str) -> Self {
        self.failures.push((status, text.to_owned()));
        self
    }

    fn render(mut self, route: &Route, id: String, error_schema: &str) -> Value {
        if self.body.is_some() {
            self = self.fails(400, "The body is wrong: what and where").fails(413, "The body is too large");
        }
        let names = path_parameters(&route.path);
        match names.as_slice() {
            [] => {}
            ["name"] => self = self.fails(404, "There is no such dataset"),
            _ => self = self.fails(404, "There is no such thing"),
        }
        if !matches!(route.access, Access::Open | Access::Asked) {
            self = self.fails(401, "A bearer token is missing or does not hold").fails(403, "The caller may not do this");
        }
        if route.access != Access::Open {
            self = self.fails(503, "Not now; see Retry-After").fails(504, "It took too long");
        }
        for (status, text) in std::mem::take(&mut self.failures) {
            self = self.answers(status, error_schema, &text);
        }
        let mut responses = Map::new();
        for (status, response) in self.responses {
            responses.entry(status.to_string()).or_insert(response);
        }
        let mut rendered = json!({"tags": [self.tag], "operationId": id, "summary": self.summary, "responses": responses});
        if !self.about.is_empty() {
            rendered["description"] = self.about.into();
        }
        for (at, name) in names.iter().enumerate() {
            let text = match (*name, names.len()) {
                ("name", 1) if route.path.contains("/import/") => "The name of an import",
                ("name", _) if route.path.contains("/datasets/") => "The name of a dataset",
                ("name", _) => "The name",
                ("owner", _) => "The id of the owner of the package",
                ("dataset", _) => "The name of the package",
                ("revision", _) => "The number of the revision, `latest` or `successful`",
                ("path", _) => "The path of the file within the package",
                _ => "The id",
            };
            let parameter =
                json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}, "description": text});
            self.parameters.insert(at, parameter);
        }
        if !self.parameters.is_empty() {
            rendered["parameters"] = self.parameters.into();
        }
        if let Some(body) = self.body {
            rendered["requestBody"] = body;
        }
        rendered["security"] = security(route.access);
        if self.auth_token
            && let Some(ways) = rendered["security"].as_array_mut()
        {
            ways.push(json!({"AuthToken": []}));
        }
        rendered
    }
}

fn security(access: Access) -> Value {
    match access {
        Access::Open => json!([]),
        // The empty requirement: datasets may be open to anybody.
        Access::Read | Access::Asked => json!([{}, {"AdminToken": []}, {"Bearer": []}]),
        Access::Admin | Access::Manage | Access::Known | Access::Editor | Access::OrganisationAdmin => {
            json!([{"AdminToken": []}, {"Bearer": []}])
        }
    }
}

/// The names in the braces of a path. A star says that there are slashes in it, for which the document has no word.
fn path_parameters(path: &str) -> Vec<&str> {
    path.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0.trim_start_matches('*'))).collect()
}

/// A path as the document has it.
pub(crate) fn documented(path: &str) -> String {
    path.replace("{*", "{")
}

fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

/// The document for all of these together.
pub(crate) fn document(dialects: &[Dialect]) -> Value {
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    let mut ids = std::collections::HashSet::new();
    for dialect in dialects {
        for file in dialect.schemas {
            // The files are part of the program, and a test parses them.
            schemas.extend(serde_json::from_str::<Map<String, Value>>(file).unwrap_or_default());
        }
    }
    let routes = dialects.iter().flat_map(|dialect| dialect.routes.iter().map(move |route| (route, dialect.error_schema)));
    for (route, error_schema) in routes {
        let operation = (route.describe)();
        let mut id = operation.id.to_owned();
        // The same operation at a second path needs an id of its own.
        while !ids.insert(id.clone()) {
            id.push_str("_alias");
        }
        let item = paths.entry(documented(&route.path)).or_insert_with(|| json!({}));
        item[route.method.to_ascii_lowercase()] = operation.render(route, id, error_schema);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Datahall",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "One server for datasets: register them, query them, export them.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "AdminToken": {"type": "apiKey", "in": "header", "name": "X-Admin-Token"},
                "AuthToken": {"type": "apiKey", "in": "header", "name": "Auth-Token"},
                "Bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    })
}
