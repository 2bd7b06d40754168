//! Connections to folders of files, browsed and opened, with all that must not be found.

use super::super::files::{Found, find, probe, schemas, tables};
use datahall_core::Code;
use datahall_core::connection::{Connection, Part, Reach};
use datahall_core::engine::Access;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

fn connection(reach: Reach) -> Connection {
    Connection { id: "c".into(), version: 1, name: "files".into(), reach }
}

fn filesystem(root: &Path) -> Connection {
    connection(Reach::Filesystem { root: root.to_owned() })
}

fn lakehouse(root: &Path) -> Connection {
    connection(Reach::Lakehouse { root: Some(root.to_owned()) })
}

fn tree(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, b"x").unwrap();
    }
    folder
}

fn nowhere() -> PathBuf {
    "/nowhere".into()
}

async fn browse(connection: &Connection, schema: Option<&str>) -> datahall_core::Result<Vec<String>> {
    let found = tables(connection, schema, &nowhere(), &Access::default()).await?;
    Ok(found.into_iter().map(|table| format!("{}.{} {}", table.schema, table.name, table.kind)).collect())
}

async fn found(connection: &Connection, schema: Option<&str>, name: &str) -> datahall_core::Result<Found> {
    let part = Part::Table { schema: schema.map(Into::into), name: name.into() };
    find(connection, &part, &nowhere(), &Access::default()).await
}

async fn refused(connection: &Connection, schema: Option<&str>, name: &str) -> String {
    let error = found(connection, schema, name).await.unwrap_err();
    assert_eq!(error.code(), Code::Invalid, "{error:?}");
    error.message().to_owned()
}

const FILES: &[&str] = &[
    "a.csv",
    "b.parquet",
    "b.csv",
    "c.ndjson.gz",
    "notes.txt",
    ".hidden.csv",
    "_tmp.csv",
    "sales/orders.tsv",
    "sales/deep/x.csv",
    "sales/t/_delta_log/00000000000000000000.json",
    "events/_delta_log/00000000000000000000.json",
    "_private/x.csv",
];

#[tokio::test]
async fn folders_are_schemas_and_files_and_delta_tables_are_tables() {
    let folder = tree(FILES);
    let files = filesystem(folder.path());
    probe(&files, &nowhere(), &Access::default()).await.unwrap();
    assert_eq!(schemas(&files, &nowhere(), &Access::default()).await.unwrap(), ["default", "sales"]);
    let root = ["default.a csv", "default.b.csv csv", "default.b.parquet parquet", "default.c ndjson", "default.events delta"];
    assert_eq!(browse(&files, Some("default")).await.unwrap(), root);
    assert_eq!(browse(&files, Some("sales")).await.unwrap(), ["sales.orders tsv", "sales.t delta"]);
    for unknown in ["nope", "events", "_private", "..", "sales/deep", "", "."] {
        assert_eq!(browse(&files, Some(unknown)).await.unwrap_err().code(), Code::NotFound, "{unknown}");
    }
    let several = browse(&files, None).await.unwrap_err();
    assert_eq!(several.message(), "there are several schemas: name one of default, sales");
}

#[tokio::test]
async fn tables_are_found_by_name_and_files_by_their_whole_name_too() {
    let folder = tree(FILES);
    let files = filesystem(folder.path());
    let root = folder.path().canonicalize().unwrap();
    let file = async |schema: Option<&str>, name: &str| match found(&files, schema, name).await.unwrap() {
        Found::Files(source, access) => {
            assert_eq!(access.roots, Some(vec![root.clone()]));
            let path = source.location.url.strip_prefix(&format!("{}/", root.display())).unwrap().to_owned();
            format!("{path} {}", source.format.name())
        }
        Found::Delta(location, access) => {
            assert_eq!(access.roots, Some(vec![root.clone()]));
            format!("{} delta", location.url.strip_prefix(&format!("{}/", root.display())).unwrap())
        }
    };
    assert_eq!(file(None, "a").await, "a.csv csv");
    assert_eq!(file(Some("default"), "a.csv").await, "a.csv csv");
    assert_eq!(file(None, "b.csv").await, "b.csv csv");
    assert_eq!(file(None, "c").await, "c.ndjson.gz ndjson");
    assert_eq!(file(Some("sales"), "orders").await, "sales/orders.tsv tsv");
    assert_eq!(file(Some("sales"), "t").await, "sales/t delta");
    assert_eq!(file(None, "events").await, "events delta");
    assert_eq!(refused(&files, None, "b").await, "b may be several files: name one of b.csv, b.parquet");
    for name in ["nope", "notes", "notes.txt", "../a", "a.csv/", "/etc/passwd", "", "..", "sales/orders", "_tmp", "A"] {
        assert!(refused(&files, Some("default"), name).await.contains("no such table"), "{name}");
    }
    assert!(refused(&files, Some("../x"), "a").await.contains("no such table"));
    let statement = Part::Query { sql: "SELECT 1".into() };
    assert_eq!(find(&files, &statement, &nowhere(), &Access::default()).await.unwrap_err().code(), Code::Invalid);
}

#[tokio::test]
async fn links_out_of_the_root_are_not_there() {
    let (folder, other) = (tree(&["a.csv", "in/b.csv"]), tree(&["secret.csv", "lake/_delta_log/00000000000000000000.json"]));
    symlink(other.path().join("secret.csv"), folder.path().join("s.csv")).unwrap();
    symlink(other.path(), folder.path().join("out")).unwrap();
    symlink(other.path().join("lake"), folder.path().join("lake")).unwrap();
    symlink(folder.path().join("in"), folder.path().join("again")).unwrap();
    let files = filesystem(folder.path());
    assert_eq!(schemas(&files, &nowhere(), &Access::default()).await.unwrap(), ["again", "default", "in"]);
    assert_eq!(browse(&files, Some("default")).await.unwrap(), ["default.a csv"]);
    assert_eq!(browse(&files, Some("out")).await.unwrap_err().code(), Code::NotFound);
    for (schema, name) in [("default", "s"), ("out", "secret"), ("default", "lake")] {
        assert!(refused(&files, Some(schema), name).await.contains("no such table"), "{name}");
    }
    assert!(matches!(found(&files, Some("again"), "b").await.unwrap(), Found::Files(..)));
}

#[tokio::test]
async fn a_lakehouse_has_folders_for_tables() {
    let folder = tree(&[
        "a.parquet",
        "plain/part-0.parquet",
        "hive/y=1/part-0.parquet",
        "t/_delta_log/00000000000000000000.json",
        "gold/u/_delta_log/00000000000000000000.json",
        "gold/v/x.parquet",
        "empty/readme.txt",
    ]);
    let lake = lakehouse(folder.path());
    assert_eq!(schemas(&lake, &nowhere(), &Access::default()).await.unwrap(), ["default", "empty", "gold"]);
    assert_eq!(
        browse(&lake, Some("default")).await.unwrap(),
        ["default.hive parquet", "default.plain parquet", "default.t delta"]
    );
    assert_eq!(browse(&lake, Some("gold")).await.unwrap(), ["gold.u delta", "gold.v parquet"]);
    assert!(browse(&lake, Some("empty")).await.unwrap().is_empty());
    let Found::Files(source, _) = found(&lake, None, "hive").await.unwrap() else { panic!("not files") };
    assert_eq!(source.format.name(), "parquet");
    assert!(matches!(found(&lake, Some("gold"), "u").await.unwrap(), Found::Delta(..)));
    assert!(refused(&lake, None, "a").await.contains("several schemas"));
}

#[tokio::test]
async fn a_root_that_is_gone_does_not_answer_and_a_forbidden_one_is_refused() {
    let (folder, other) = (tree(&["a.csv"]), tree(&[]));
    let within = Access { roots: Some(vec![folder.path().to_owned()]), private_networks: false };
    let ask = async |connection: &Connection| probe(connection, &nowhere(), &within).await.map_err(|error| error.code());
    assert_eq!(ask(&filesystem(folder.path())).await, Ok(()));
    assert_eq!(ask(&filesystem(&folder.path().join("gone"))).await, Err(Code::Unavailable));
    assert_eq!(ask(&filesystem(&folder.path().join("a.csv"))).await, Err(Code::Unavailable));
    assert_eq!(ask(&filesystem(other.path())).await, Err(Code::Invalid));
    assert_eq!(ask(&filesystem(&other.path().join("gone"))).await, Err(Code::Invalid));
    symlink(other.path(), folder.path().join("link")).unwrap();
    assert_eq!(ask(&filesystem(&folder.path().join("link"))).await, Err(Code::Invalid));
    // The server's own folder is where it is, and there when something is in it.
    let own = connection(Reach::Lakehouse { root: None });
    assert_eq!(ask(&own).await, Ok(()));
    assert!(schemas(&own, other.path(), &within).await.unwrap().is_empty());
    let bad = connection(Reach::S3 { root: "/etc".into(), options: Default::default() });
    assert_eq!(ask(&bad).await, Err(Code::Invalid));
}

#[tokio::test]
async fn a_bucket_is_browsed_like_a_folder() {
    let server = crate::lake::tests::s3::S3Server::start().await;
    for file in FILES {
        let path = server.root.path().join("lake/base").join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, b"x").unwrap();
    }
    let files = connection(Reach::S3 { root: "s3://lake/base".into(), options: server.options() });
    assert_eq!(schemas(&files, &nowhere(), &Access::default()).await.unwrap(), ["default", "sales"]);
    assert_eq!(browse(&files, Some("sales")).await.unwrap(), ["sales.orders tsv", "sales.t delta"]);
    assert_eq!(browse(&files, Some("nope")).await.unwrap_err().code(), Code::NotFound);
    let Found::Delta(location, _) = found(&files, Some("sales"), "t").await.unwrap() else { panic!("not Delta") };
    assert_eq!(location.url, "s3://lake/base/sales/t");
    let gone = connection(Reach::S3 { root: "s3://other".into(), options: server.options() });
    assert_eq!(probe(&gone, &nowhere(), &Access::default()).await.unwrap_err().code(), Code::Unavailable);
}
