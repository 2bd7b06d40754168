//! A spec as it was uploaded, checked as far as that can be done without reading a file.

use super::descriptor::{self, Resource, clean};
use super::steps::Steps;
use crate::Object;
use serde_json::Value as Json;
use std::collections::HashMap;

const LONGEST_NAME: usize = 100;
const MOST_TABLES: usize = 1_000;
const MOST_OUTPUTS: usize = 100;

/// Who may find and read what a spec makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Findability {
    /// Everybody.
    Published,
    /// Whoever knows its name.
    Unlisted,
    /// Its owner.
    #[default]
    Private,
}

impl Findability {
    /// As a spec has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Unlisted => "unlisted",
            Self::Private => "private",
        }
    }
}

/// A spec.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spec {
    /// The id of its owner, as it stands in paths.
    pub(super) owner: String,
    /// What its owner is called, for people.
    pub(super) owner_name: String,
    /// The short name of its package.
    pub(super) dataset: String,
    pub(super) findability: Findability,
    /// Where the descriptor is, or would be: relative paths begin there.
    pub(super) url: String,
    /// The descriptor, where it stands in the spec.
    pub(super) descriptor: Option<Object>,
    /// Where resources are, by path or name.
    pub(super) mapping: HashMap<String, String>,
    pub(super) processing: Vec<Processing>,
    pub(super) outputs: Vec<Output>,
}

/// A table that is made of a resource.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Processing {
    /// The name of the resource.
    pub(super) input: String,
    /// The name of the table, cleaned.
    pub(super) output: String,
    /// How the resource is read: sheet, rows with headings, rows to leave out.
    pub(super) tabulator: Object,
    /// Its Table Schema, if it is stated.
    pub(super) schema: Option<Json>,
    /// What is done to its rows.
    pub(super) steps: Steps,
}

/// Something more that is made of all tables, or of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Output {
    /// A ZIP of that name.
    Zip(String),
    /// Each table as a Parquet file.
    Parquet,
}

impl Spec {
    /// Reads it.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub(super) fn parse(contents: &Object) -> Result<Self, String> {
        let meta = object(contents, "meta")?.ok_or("meta: is missing")?;
        let owner = required(meta, "ownerid").map_err(|why| format!("meta.{why}"))?;
        // It is a part of paths and ids.
        fits("meta.ownerid", owner)?;
        let dataset = required(meta, "dataset").map_err(|why| format!("meta.{why}"))?;
        fits("meta.dataset", dataset)?;
        let owner_name = text(meta, "owner").map_err(|why| format!("meta.{why}"))?.unwrap_or(owner);
        let findability = match text(meta, "findability").map_err(|why| format!("meta.{why}"))? {
            Some("published") => Findability::Published,
            Some("unlisted") => Findability::Unlisted,
            // What nobody said is not shown to everybody.
            Some("private") | None => Findability::Private,
            Some(_) => return Err("meta.findability: must be published, unlisted or private".into()),
        };
        let input = input(contents)?;
        let none = Object::new();
        let parameters = object(input, "parameters").map_err(|why| format!("inputs[0].{why}"))?.unwrap_or(&none);
        let descriptor = object(parameters, "descriptor").map_err(|why| format!("inputs[0].parameters.{why}"))?.cloned();
        let url = text(input, "url").map_err(|why| format!("inputs[0].{why}"))?.unwrap_or_default().trim().to_owned();
        if url.is_empty() && descriptor.is_none() {
            return Err("inputs[0].url: is missing, and so is parameters.descriptor".into());
        }
        if url.chars().any(char::is_control) {
            return Err("inputs[0].url: must not hold control characters".into());
        }
        Ok(Self {
            owner: owner.to_owned(),
            owner_name: owner_name.to_owned(),
            dataset: dataset.to_owned(),
            findability,
            url,
            descriptor,
            mapping: mapping(parameters)?,
            processing: processing(contents)?,
            outputs: outputs(contents, dataset)?,
        })
    }

    /// Where a resource is: mapped by path or name, a URL of its own, or beside the descriptor.
    pub(super) fn location(&self, resource: &Resource) -> String {
        let name = resource.descriptor.get("name").and_then(Json::as_str);
        let mapped = self.mapping.get(&resource.path).or_else(|| self.mapping.get(name.unwrap_or(&resource.name)));
        if let Some(mapped) = mapped {
            return mapped.clone();
        }
        if descriptor::is_url(&resource.path) {
            return resource.path.clone();
        }
        // What follows a question mark is no folder.
        let base = self.url.split(['?', '#']).next().unwrap_or_default();
        match base.rfind('/') {
            Some(end) => format!("{}{}", &base[..=end], resource.path),
            None => resource.path.clone(),
        }
    }
}

fn input(contents: &Object) -> Result<&Object, String> {
    let inputs = match contents.get("inputs") {
        Some(Json::Array(inputs)) => inputs,
        None => return Err("inputs: is missing".into()),
        Some(_) => return Err("inputs: must be a list".into()),
    };
    let [Json::Object(input)] = inputs.as_slice() else {
        return Err(format!("inputs: there must be exactly one, an object; there are {}", inputs.len()));
    };
    match text(input, "kind").map_err(|why| format!("inputs[0].{why}"))? {
        Some("datapackage") => Ok(input),
        Some(other) => Err(format!("inputs[0].kind: only 'datapackage' is known, not '{}'", other.escape_debug())),
        None => Err("inputs[0].kind: is missing".into()),
    }
}

fn mapping(parameters: &Object) -> Result<HashMap<String, String>, String> {
    const AT: &str = "inputs[0].parameters.resource-mapping";
    let Some(mapping) = object(parameters, "resource-mapping").map_err(|_| format!("{AT}: must be an object"))? else {
        return Ok(HashMap::new());
    };
    let one = |(from, to): (&String, &Json)| match to.as_str() {
        Some(to) if !to.is_empty() && !to.chars().any(char::is_control) => Ok((from.clone(), to.to_owned())),
        _ => Err(format!("{AT}: '{}' must be mapped to a URL or a path", from.escape_debug())),
    };
    mapping.iter().map(one).collect()
}

fn processing(contents: &Object) -> Result<Vec<Processing>, String> {
    list(contents, "processing", MOST_TABLES)?
        .into_iter()
        .enumerate()
        .map(|(at, one)| {
            let wrong = |why: String| format!("processing[{at}].{why}");
            let tabulator = object(one, "tabulator").map_err(wrong)?.cloned().unwrap_or_default();
            let steps = Steps::parse(one.get("dpp")).map_err(wrong)?;
            let output = clean(required(one, "output").map_err(wrong)?);
            if output.is_empty() || output.chars().count() > LONGEST_NAME {
                return Err(wrong(format!("output: must hold 1 to {LONGEST_NAME} letters or digits")));
            }
            let schema = object(one, "schema").map_err(wrong)?.cloned().map(Json::Object);
            Ok(Processing { input: required(one, "input").map_err(wrong)?.to_owned(), output, tabulator, schema, steps })
        })
        .collect()
}

fn outputs(contents: &Object, dataset: &str) -> Result<Vec<Output>, String> {
    let mut found = Vec::new();
    for (at, one) in list(contents, "outputs", MOST_OUTPUTS)?.into_iter().enumerate() {
        let wrong = |why: String| format!("outputs[{at}].{why}");
        let none = Object::new();
        let parameters = object(one, "parameters").map_err(wrong)?.unwrap_or(&none);
        let output = match required(one, "kind").map_err(wrong)? {
            "zip" => {
                let file = text(parameters, "out-file").map_err(|why| wrong(format!("parameters.{why}")))?;
                let fits =
                    |file: &str| clean(file) == file.to_ascii_lowercase() && (1..=LONGEST_NAME).contains(&file.chars().count());
                match file {
                    None => Output::Zip(default_zip(dataset)),
                    Some(file) if fits(file) => Output::Zip(file.to_owned()),
                    Some(_) => return Err(wrong("parameters.out-file: must be the name of a file".into())),
                }
            }
            "parquet" => Output::Parquet,
            other => return Err(wrong(format!("kind: must be zip or parquet, not '{}'", other.escape_debug()))),
        };
        if found.contains(&output) {
            return Err(wrong("kind: is there twice".into()));
        }
        found.push(output);
    }
    if !found.iter().any(|output| matches!(output, Output::Zip(_))) {
        found.insert(0, Output::Zip(default_zip(dataset)));
    }
    Ok(found)
}

/// What the ZIP of a package is called where nobody says: as the package, where a file may be called so.
fn default_zip(dataset: &str) -> String {
    match clean(dataset) {
        cleaned if cleaned == dataset.to_ascii_lowercase() => format!("{dataset}.zip"),
        cleaned if cleaned.is_empty() => "package.zip".to_owned(),
        cleaned => format!("{cleaned}.zip"),
    }
}

fn list<'a>(of: &'a Object, key: &str, most: usize) -> Result<Vec<&'a Object>, String> {
    let listed = match of.get(key) {
        None | Some(Json::Null) => return Ok(Vec::new()),
        Some(Json::Array(listed)) => listed,
        Some(_) => return Err(format!("{key}: must be a list")),
    };
    if listed.len() > most {
        return Err(format!("{key}: {} are more than there may be ({most})", listed.len()));
    }
    let object = |(at, one): (usize, &'a Json)| one.as_object().ok_or_else(|| format!("{key}[{at}]: must be an object"));
    listed.iter().enumerate().map(object).collect()
}

fn object<'a>(of: &'a Object, key: &str) -> Result<Option<&'a Object>, String> {
    match of.get(key) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Object(object)) => Ok(Some(object)),
        Some(_) => Err(format!("{key}: must be an object")),
    }
}

fn text<'a>(of: &'a Object, key: &str) -> Result<Option<&'a str>, String> {
    match of.get(key) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("{key}: must be text")),
    }
}

fn required<'a>(of: &'a Object, key: &str) -> Result<&'a str, String> {
    text(of, key)?.filter(|text| !text.trim().is_empty()).ok_or_else(|| format!("{key}: is missing"))
}

/// Whether it may be what a package is called.
pub(super) fn names_dataset(name: &str) -> bool {
    !name.trim().is_empty() && fits("meta.dataset", name).is_ok()
}

/// Names that are steps of paths and parts of ids, and are kept as they were written.
fn fits(what: &str, name: &str) -> Result<(), String> {
    let fit = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '+');
    if name.chars().count() > LONGEST_NAME || !name.chars().all(fit) || name.chars().all(|c| c == '.') {
        return Err(format!("{what}: must be at most {LONGEST_NAME} letters, digits, '.', '_', '-', '@' and '+'"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn spec() -> Json {
        json!({
            "meta": {"owner": "Ann", "ownerid": "ann", "dataset": "d", "version": 1, "findability": "unlisted"},
            "inputs": [{"kind": "datapackage", "url": "https://example.com/p/datapackage.json?x=/y", "parameters": {
                "descriptor": {"resources": [{"name": "A", "path": "data/a.csv"}]},
                "resource-mapping": {"data/b.csv": "s3://bucket/b.csv", "c": "file:///c.csv"},
            }}],
        })
    }

    fn parse(contents: &Json) -> Result<Spec, String> {
        Spec::parse(contents.as_object().unwrap())
    }

    #[test]
    fn a_spec_is_read() {
        let spec = parse(&spec()).unwrap();
        assert_eq!((spec.owner.as_str(), spec.owner_name.as_str(), spec.dataset.as_str()), ("ann", "Ann", "d"));
        assert_eq!((spec.findability.name(), spec.outputs.as_slice()), ("unlisted", &[Output::Zip("d.zip".into())][..]));
    }

    #[test]
    fn the_zip_is_called_as_the_package_where_a_file_may_be() {
        for (dataset, file) in
            [("d", "d.zip"), ("My-Set", "My-Set.zip"), ("a+b@c", "a_b_c.zip"), ("__", "package.zip"), ("-x", "x.zip")]
        {
            for outputs in [json!([]), json!([{"kind": "zip"}]), json!([{"kind": "zip", "parameters": {}}])] {
                let mut contents = spec();
                (contents["meta"]["dataset"], contents["outputs"]) = (json!(dataset), outputs);
                assert_eq!(parse(&contents).unwrap().outputs, [Output::Zip(file.into())], "{dataset}");
            }
        }
    }

    #[test]
    fn resources_are_found_by_path_then_name_then_beside_the_descriptor() {
        let spec = parse(&spec()).unwrap();
        let of = |resource: Json| {
            let listed = descriptor::resources(json!({"resources": [resource]}).as_object().unwrap()).unwrap();
            spec.location(&listed[0])
        };
        assert_eq!(of(json!({"name": "c", "path": "data/b.csv"})), "s3://bucket/b.csv");
        assert_eq!(of(json!({"name": "c", "path": "data/c.csv"})), "file:///c.csv");
        assert_eq!(of(json!({"name": "u", "path": "https://other.example/u.csv"})), "https://other.example/u.csv");
        assert_eq!(of(json!({"name": "a", "path": "data/a.csv"})), "https://example.com/p/data/a.csv");
    }

    #[test]
    fn what_is_wrong_is_told_by_place() {
        let cases: &[(&str, Json, &str)] = &[
            ("/meta/ownerid", json!("a/b"), "meta.ownerid: must be at most"),
            ("/meta/ownerid", json!(".."), "meta.ownerid: must be at most"),
            ("/meta/dataset", json!(null), "meta.dataset: is missing"),
            ("/meta/dataset", json!(7), "meta.dataset: must be text"),
            ("/meta/dataset", json!("a b"), "meta.dataset: must be at most"),
            ("/meta/findability", json!("secret"), "meta.findability: must be"),
            ("/inputs", json!([]), "there are 0"),
            ("/inputs", json!([{"kind": "datapackage"}, {"kind": "datapackage"}]), "there are 2"),
            ("/inputs", json!({}), "inputs: must be a list"),
            ("/inputs/0/kind", json!("sql"), "only 'datapackage' is known, not 'sql'"),
            ("/inputs/0/parameters", json!([]), "inputs[0].parameters: must be an object"),
            ("/inputs/0/parameters/descriptor", json!("x"), "inputs[0].parameters.descriptor: must be an object"),
            ("/inputs/0/parameters/resource-mapping", json!({"a": 1}), "'a' must be mapped"),
        ];
        for (at, value, says) in cases {
            let mut contents = spec();
            *contents.pointer_mut(at).unwrap() = value.clone();
            let said = parse(&contents).unwrap_err();
            assert!(said.contains(says), "{at}: {said}");
        }
        let more: &[(&str, Json, &str)] = &[
            ("processing", json!({}), "processing: must be a list"),
            ("processing", json!([{"output": "x"}]), "processing[0].input: is missing"),
            ("processing", json!([{"input": "a", "output": "--"}]), "processing[0].output: must hold"),
            (
                "processing",
                json!([{"input": "a", "output": "b", "dpp": [{"run": "x.py"}]}]),
                "processing[0].dpp[0].run: 'x.py' is not run here",
            ),
            ("outputs", json!([{"kind": "pdf"}]), "outputs[0].kind: must be zip or parquet, not 'pdf'"),
            ("outputs", json!([{"kind": "zip", "parameters": {"out-file": "../x.zip"}}]), "must be the name of a file"),
            ("outputs", json!([{"kind": "parquet"}, {"kind": "parquet"}]), "outputs[1].kind: is there twice"),
        ];
        for (key, value, says) in more {
            let mut contents = spec();
            contents[*key] = value.clone();
            let said = parse(&contents).unwrap_err();
            assert!(said.contains(says), "{key}: {said}");
        }
    }
}
