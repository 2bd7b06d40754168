//! Starts on a catalog that is there, that is new, and that cannot be used.

use crate::support::catalogs::Place;
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
