//! `datahall catalog`: a backup of a running server, restored into the other kind of database.

use crate::support::catalogs::Place;
use crate::support::*;
use serde_json::json;
use std::path::Path;
use std::process::Output;

fn catalog(scratch: &Scratch, url: Option<&str>, arguments: &[&str], data: &Path) -> Output {
    let mut command = server::command(&scratch.path("."));
    command.arg("catalog").args(arguments).arg("--data-dir").arg(data);
    if let Some(url) = url {
        command.env("DATABASE_URL", url);
    }
    command.output().expect("it runs")
}

#[tokio::test]
async fn a_backup_of_a_running_server_goes_into_either_database() {
    for place in Place::both() {
        let scratch = Scratch::new();
        let rows = scratch.write("rows.csv", "a\n1\n");
        let data = scratch.path("data");
        let builder = Server::builder().data_dir(&data).dataset("kept", "csv", &rows);
        let builder = place.url.iter().fold(builder, |builder, url| builder.env("DATABASE_URL", url.clone()));
        let server = builder.start().await;
        server.register(&json!({"name": "rows", "source": {"kind": "csv", "location": rows}})).await.ok();
        let file = scratch.path("backup.ndjson");
        let made = catalog(&scratch, place.url.as_deref(), &["backup", &file.display().to_string()], &data);
        assert!(made.status.success(), "{made:?}");
        for other in Place::both() {
            let target = scratch.path(if other.url.is_some() { "to-postgres" } else { "to-sqlite" });
            let restore = ["restore", &file.display().to_string()];
            let restored = catalog(&scratch, other.url.as_deref(), &restore, &target);
            assert!(restored.status.success(), "{restored:?}");
            let again = catalog(&scratch, other.url.as_deref(), &restore, &target);
            assert!(!again.status.success() && String::from_utf8_lossy(&again.stderr).contains("not empty"), "{again:?}");
            let checked = catalog(&scratch, other.url.as_deref(), &["check"], &target);
            let said = String::from_utf8_lossy(&checked.stdout).into_owned();
            assert!(checked.status.success() && said.contains("datasets: 2") && said.contains("ok"), "{said}");
        }
    }
}

#[test]
fn a_backup_that_was_cut_short_restores_nothing_and_a_missing_catalog_is_said_to_be_missing() {
    let scratch = Scratch::new();
    let data = scratch.path("data");
    let file = scratch.write("cut.ndjson", "{\"format\":\"datahall-catalog\"}\n");
    let restored = catalog(&scratch, None, &["restore", &file.display().to_string()], &data);
    assert!(!restored.status.success(), "{restored:?}");
    let checked = catalog(&scratch, None, &["check"], &scratch.path("nowhere"));
    assert!(String::from_utf8_lossy(&checked.stderr).contains("there is no catalog"), "{checked:?}");
}
