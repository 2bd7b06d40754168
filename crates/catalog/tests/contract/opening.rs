//! Places that cannot be opened are refused with words that name them.

use crate::child;
use crate::support::{Site, open, organisation};
use datahall_core::Code;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

async fn refusal(site: &Site) -> datahall_core::Error {
    let error = open(&site.url).await.unwrap_err();
    assert!(error.message().contains(&site.file().display().to_string()), "{error}");
    error
}

#[tokio::test]
async fn its_files_are_nobody_elses() {
    let site = Site::sqlite();
    let catalog = site.open().await;
    organisation(&catalog, "acme").await;
    for file in std::fs::read_dir(site.dir.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
    }
    assert!(site.file().with_extension("db-wal").exists());
    // Closed, it is one file again.
    catalog.close().await;
    assert!(!site.file().with_extension("db-wal").exists());
    std::fs::set_permissions(site.file(), std::fs::Permissions::from_mode(0o644)).unwrap();
    site.open().await;
    assert_eq!(std::fs::metadata(site.file()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn what_is_no_catalog_is_refused() {
    let site = Site::sqlite();
    std::fs::write(site.file(), "this is not a database, however long it may be\n".repeat(100)).unwrap();
    let error = refusal(&site).await;
    assert_eq!((error.code(), error.message().ends_with("this file is not a database")), (Code::Unavailable, true), "{error}");
    assert!(std::fs::read_to_string(site.file()).unwrap().starts_with("this is not"));

    std::fs::remove_file(site.file()).unwrap();
    std::fs::create_dir(site.file()).unwrap();
    assert!(refusal(&site).await.message().ends_with("this is not a file"));

    let site = Site::sqlite();
    std::fs::write(site.file(), "").unwrap();
    site.execute("CREATE TABLE other (x TEXT)").await;
    let error = refusal(&site).await;
    assert!(error.message().ends_with("this is a database of something else, not a catalog"), "{error}");

    let mut nowhere = Site::sqlite();
    nowhere.url = format!("sqlite:{}", nowhere.dir.path().join("none/catalog.db").display());
    let error = open(&nowhere.url).await.unwrap_err();
    assert!(error.message().contains("none/catalog.db"), "{error}");
    assert_eq!(open("mysql://h/d").await.unwrap_err().code(), Code::Invalid);
}

#[tokio::test]
async fn a_damaged_file_is_refused_or_found_out() {
    let site = Site::sqlite();
    let catalog = site.open().await;
    for number in 0..50 {
        organisation(&catalog, &format!("o{number}")).await;
    }
    catalog.close().await;
    let whole = std::fs::read(site.file()).unwrap();
    // The first page says what is where.
    let mut damaged = whole.clone();
    damaged[100..4096].fill(0xa5);
    std::fs::write(site.file(), &damaged).unwrap();
    let error = refusal(&site).await;
    assert_eq!((error.code(), error.message().ends_with("damaged; restore a backup")), (Code::Unavailable, true), "{error}");
    // Cut short, with the first page whole.
    std::fs::write(site.file(), &whole[..whole.len() / 2]).unwrap();
    let problems = match open(&site.url).await {
        Ok(catalog) => catalog.check().await.map_or(1, |report| report.problems.len()),
        Err(error) => {
            assert_eq!(error.code(), Code::Unavailable, "{error}");
            1
        }
    };
    assert!(problems > 0);
}

#[tokio::test]
async fn a_locked_file_is_refused_after_a_while() {
    let site = Site::sqlite();
    site.open().await.close().await;
    sqlx::any::install_default_drivers();
    let mut holder = <sqlx::AnyConnection as sqlx::Connection>::connect(&site.url).await.unwrap();
    sqlx::raw_sql("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE \"x\" (\"y\" TEXT)")
        .execute(&mut holder)
        .await
        .unwrap();
    let error = refusal(&site).await;
    assert_eq!((error.code(), error.message().ends_with("locked by another process")), (Code::Unavailable, true), "{error}");
    sqlx::Connection::close(holder).await.unwrap();
    organisation(&site.open().await, "acme").await;
}

// Root may write everything, so root does this as somebody else.
#[tokio::test]
async fn a_read_only_file_is_refused() {
    let site = Site::sqlite();
    site.open().await.close().await;
    std::fs::set_permissions(site.dir.path(), std::fs::Permissions::from_mode(0o555)).unwrap();
    std::fs::set_permissions(site.file(), std::fs::Permissions::from_mode(0o444)).unwrap();
    let is_root = String::from_utf8(Command::new("id").arg("-u").output().unwrap().stdout).unwrap().trim() == "0";
    let copy = tempfile::tempdir().unwrap();
    let child = if is_root {
        let binary = copy.path().join("child");
        std::fs::copy(std::env::current_exe().unwrap(), &binary).unwrap();
        std::fs::set_permissions(copy.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(binary).current_dir("/");
        child::spawn_by(command, "report", &site.url)
    } else {
        child::spawn("report", &site.url)
    };
    let output = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    std::fs::set_permissions(site.dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    assert!(output.contains("StorageFull") && output.contains("is read-only"), "{output}");
    assert!(output.contains(&site.file().display().to_string()), "{output}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_without_its_password() {
    // Nothing listens on port 1.
    let error = open("postgres://ada:hunter2@127.0.0.1:1/catalog?sslmode=disable").await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.message().starts_with("the catalog postgres://127.0.0.1:1/catalog: "), "{error}");
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_database_that_is_not_there_is_told() {
    let site = Site::postgres().await;
    let error = open(&format!("{}_not", site.url)).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.message().contains("does not exist"), "{error}");
}
