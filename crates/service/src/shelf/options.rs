//! How rows are read, as records keep it.

use crate::Object;
use datahall_core::dataset::{IndexMode, IndexOptions, ReadOptions};
use serde_json::{Value as Json, json};

/// As a record keeps them; what is as by default is left out.
pub(super) fn to_object(options: &ReadOptions) -> Object {
    let default = ReadOptions::default();
    let mut object = Object::new();
    let mut put = |name: &str, differs: bool, value: Json| {
        if differs {
            object.insert(name.to_owned(), value);
        }
    };
    put("rename", options.rename != default.rename, json!(options.rename));
    put("columns", options.columns != default.columns, json!(options.columns));
    put("dict_encode", options.dict_encode != default.dict_encode, json!(options.dict_encode));
    put("lazy", options.lazy != default.lazy, json!(options.lazy));
    put("format", options.format != default.format, json!(options.format));
    let mode = match options.index.mode {
        IndexMode::Auto => "auto",
        IndexMode::None => "none",
        IndexMode::List => "list",
    };
    let index = json!({"mode": mode, "columns": options.index.columns, "max_cardinality": options.index.max_cardinality});
    put("index", options.index != default.index, index);
    object
}

/// From a record; what it does not say is as by default.
pub(super) fn of_object(object: &Object) -> ReadOptions {
    fn read<T: serde::de::DeserializeOwned>(object: &Object, name: &str, default: T) -> T {
        object.get(name).and_then(|value| serde_json::from_value(value.clone()).ok()).unwrap_or(default)
    }
    let default = ReadOptions::default();
    let index = object.get("index").and_then(Json::as_object).map_or(default.index, |index| IndexOptions {
        mode: match index.get("mode").and_then(Json::as_str) {
            Some("none") => IndexMode::None,
            Some("list") => IndexMode::List,
            _ => IndexMode::Auto,
        },
        columns: read(index, "columns", Vec::new()),
        max_cardinality: read(index, "max_cardinality", IndexOptions::default().max_cardinality),
    });
    ReadOptions {
        rename: read(object, "rename", default.rename),
        columns: read(object, "columns", default.columns),
        dict_encode: read(object, "dict_encode", default.dict_encode),
        lazy: read(object, "lazy", default.lazy),
        index,
        format: read(object, "format", default.format),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_comes_back() {
        let all = ReadOptions {
            rename: vec![("Old".into(), "new".into())],
            columns: vec!["new".into()],
            dict_encode: false,
            lazy: true,
            index: IndexOptions { mode: IndexMode::List, columns: vec!["new".into()], max_cardinality: 7 },
            format: [("sheet".to_owned(), "2".to_owned())].into(),
        };
        assert_eq!(of_object(&to_object(&all)), all);
        assert_eq!(of_object(&to_object(&ReadOptions::default())), ReadOptions::default());
        assert!(to_object(&ReadOptions::default()).is_empty());
    }
}
