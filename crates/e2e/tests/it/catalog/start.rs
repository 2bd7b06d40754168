//! Starts on a catalog that is there, that is new, and that cannot be used.

use crate::support::catalogs::Place;
use crate::support::outside;
use crate::support::*;
use serde_json::json;

fn builder(place: &Place, data: &std::path::Path) -> server::Builder {
    let builder = Server::builder().data_dir(data);
    match &place.url {
        Some(url) => builder.env("DATABASE_URL", url.clone()),
        None => builder,
    }
}

#[tokio::test]
async fn what_is_registered_at_run_time_is_gone_with_the_next_start_and_the_name_is_free() {
    for place in Place::both() {
        let scratch = Scratch::new();
        let rows = scratch.write("rows.csv", "a\n1\n2\n");
        let data = scratch.path("data");
        let block = json!({"name": "rows", "source": {"kind": "csv", "location": rows}});
        for _ in 0..2 {
            let mut server = builder(&place, &data).start().await;
            assert!(server.names().await.is_empty());
            server.register(&block).await.ok();
            assert_eq!(server.count("rows", json!([])).await, 2);
            assert_eq!(server.register(&block).await.status, 400);
            server.terminate();
            assert!(server.wait_exit().await.success());
        }
    }
}

#[tokio::test]
async fn two_servers_on_one_database_start_and_serve() {
    let place = Place::postgres();
    let scratch = Scratch::new();
    let rows = scratch.write("rows.csv", "a\n1\n");
    let config = scratch.write("datasets.toml", server::block("rows", "csv", &rows.display().to_string(), ""));
    let (one, two) = (scratch.path("one"), scratch.path("two"));
    let (one, two) =
        tokio::join!(builder(&place, &one).config_file(&config).start(), builder(&place, &two).config_file(&config).start());
    for server in [one, two] {
        assert_eq!(server.names().await, ["rows"]);
    }
}

#[tokio::test]
async fn a_catalog_that_cannot_be_used_is_refused_with_words() {
    let scratch = Scratch::new();
    let data = scratch.path("data");
    std::fs::create_dir_all(&data).expect("a folder");
    std::fs::write(data.join("catalog.db"), vec![7u8; 8192]).expect("written");
    let said = refused(&scratch, &data, &[]);
    assert!(said.contains("catalog.db"), "{said}");
    let said = refused(&scratch, &scratch.path("fresh"), &[("DATABASE_URL", "mysql://x:hunter2@localhost/y")]);
    assert!(said.contains("DATABASE_URL") || said.contains("postgres"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    let said = refused(&scratch, &scratch.path("away"), &[("DATABASE_URL", "postgres://ann:hunter2@127.0.0.1:1/x")]);
    assert!(said.contains("127.0.0.1"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[tokio::test]
async fn a_catalog_that_is_newer_damaged_or_somebody_elses_is_refused_with_words() {
    let scratch = Scratch::new();
    let made = scratch.path("made");
    let mut server = Server::builder().data_dir(&made).start().await;
    server.terminate();
    assert!(server.wait_exit().await.success());
    let copy = |name: &str| {
        let data = scratch.path(name);
        std::fs::create_dir_all(&data).expect("a folder");
        std::fs::copy(made.join("catalog.db"), data.join("catalog.db")).expect("a copy");
        data
    };
    let newer = copy("newer");
    let future = "INSERT INTO catalog_migrations VALUES (999, 'later', 'x', 0)";
    outside::sqlite(&newer.join("catalog.db"), future);
    let said = refused(&scratch, &newer, &[]);
    assert!(said.contains("schema has version 999") && said.contains("newer program"), "{said}");
    let other = copy("other");
    outside::sqlite(&other.join("catalog.db"), "UPDATE catalog_migrations SET checksum = 'x' WHERE number = 1");
    let said = refused(&scratch, &other, &[]);
    assert!(said.contains("another migration 1"), "{said}");
    let damaged = copy("damaged");
    let mut bytes = std::fs::read(damaged.join("catalog.db")).expect("the file");
    bytes.chunks_mut(4096).skip(1).for_each(|page| page[..200].fill(0xff));
    std::fs::write(damaged.join("catalog.db"), bytes).expect("written");
    let said = refused(&scratch, &damaged, &[]);
    assert!(said.contains("damaged") && said.contains("restore a backup"), "{said}");
    let folder = scratch.path("folder");
    std::fs::create_dir_all(folder.join("catalog.db")).expect("a folder");
    let said = refused(&scratch, &folder, &[]);
    assert!(said.contains("not a file"), "{said}");
    let locked = copy("locked");
    let _holder = outside::lock_sqlite(&locked.join("catalog.db"));
    let said = refused(&scratch, &locked, &[]);
    assert!(said.contains("locked by another process"), "{said}");
}

/// What a server says that must not start.
fn refused(scratch: &Scratch, data: &std::path::Path, environment: &[(&str, &str)]) -> String {
    let mut command = server::command(&scratch.path("."));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data).envs(environment.iter().copied());
    let output = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("error:"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}
