//! A catalog of many datasets behind a whole server: what starting on it, listing and looking up take. Reported, not bounded: a
//! hundred thousand with `DATAHALL_LONG=1` on the release build, fewer ordinarily.

use crate::platform::asking;
use crate::support::catalogs::Place;
use crate::support::*;
use serde_json::json;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Look-ups by name, spread over all names.
const LOOK_UPS: usize = 500;

async fn start(place: &Place, config: &std::path::Path, data: &std::path::Path) -> (Server, Duration) {
    let builder = Server::builder().config_file(config).data_dir(data);
    let builder = place.url.iter().fold(builder, |builder, url| builder.env("DATABASE_URL", url.clone()));
    let begun = Instant::now();
    let server = builder.start().await;
    (server, begun.elapsed())
}

/// What a page of 50 takes: the first one, for which they are counted; and of many others the middle one and the slowest.
async fn pages(server: &Server, count: usize) -> String {
    let mut taken = Vec::new();
    for round in 0..20 {
        for (question, first) in
            [(String::new(), 0), (format!("&offset={}", round * 20), round * 20), ("&sort=-name".into(), count - 1)]
        {
            let path = format!("/api/datasets?limit=50{question}");
            let begun = Instant::now();
            let page = server.get_with(&path, &[("x-admin-token", ADMIN_TOKEN)]).await.ok().json();
            taken.push(begun.elapsed());
            assert_eq!((&page["total"], &page["items"][0]["name"]), (&json!(count), &json!(name(first))), "{path}");
            assert_eq!(page["items"].as_array().map(Vec::len), Some(50));
        }
    }
    let first = taken.remove(0);
    taken.sort();
    format!("{:.1?} (the first {first:.1?}, the slowest other {:.1?})", taken[taken.len() / 2], taken[taken.len() - 1])
}

fn name(number: usize) -> String {
    format!("dataset_{number:06}")
}

#[tokio::test]
async fn a_large_catalog_is_started_on_listed_and_looked_into() {
    let count = times(1000, 100_000);
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people()).display().to_string();
    let mut text = String::new();
    for number in 0..count {
        // Rows are loaded when somebody asks for them: it is the catalog that is looked at here.
        text.push_str(&server::block(&name(number), "parquet", &people, "on_start = \"lazy\"\n"));
    }
    let config = scratch.write("datasets.toml", text);
    let mut report = String::new();
    for (kind, place) in ["SQLite", "PostgreSQL"].into_iter().zip(Place::both()) {
        let data = scratch.path(kind);
        let (mut server, made) = start(&place, &config, &data).await;
        server.kill();
        let (server, found) = start(&place, &config, &data).await;
        let begun = Instant::now();
        let listed = server.names().await;
        let list = begun.elapsed();
        assert_eq!(listed, (0..count).map(name).collect::<Vec<_>>());
        let fifty = pages(&server, count).await;
        let mut slowest = Duration::ZERO;
        let begun = Instant::now();
        for round in 0..LOOK_UPS {
            let wanted = name(round * 199 % count);
            let one = Instant::now();
            assert_eq!(server.status(&wanted.to_uppercase()).await["name"], json!(wanted));
            slowest = slowest.max(one.elapsed());
        }
        let each = begun.elapsed() / LOOK_UPS as u32;
        server.get("/api/v1/datasets/nosuch/status").await.error(404);
        let begun = Instant::now();
        assert_eq!(server.query(&name(count - 1), &json!({"page_size": 2})).await.len(), 2);
        let first_rows = begun.elapsed();
        let begun = Instant::now();
        let page = server.get_with("/api/audit?limit=50", &[("x-admin-token", ADMIN_TOKEN)]).await.ok().json();
        let audit = begun.elapsed();
        assert!(page["items"].is_array());
        let _ = writeln!(
            report,
            "{kind}, {count} datasets: first start {made:.1?}, start {found:.1?}, whole list {list:.1?}, page of 50 {fifty}, look-up by name {each:.1?} \
             (slowest {slowest:.1?}), first rows of one {first_rows:.1?}, audit page {audit:.1?}, memory {} MiB",
            server.peak_memory() >> 20
        );
    }
    println!("{report}");
}

#[tokio::test]
async fn a_catalog_of_many_that_were_made_through_an_api_is_started_on_and_looked_into() {
    let count = times(1000, 100_000);
    let scratch = Scratch::new();
    let config = scratch.write("datasets.toml", "");
    let mut report = String::new();
    for (kind, place) in ["SQLite", "PostgreSQL"].into_iter().zip(Place::both()) {
        let data = scratch.path(kind);
        let (mut server, _) = start(&place, &config, &data).await;
        asking::upload(&server, &name(0), b"id,name\n1,a\n2,b\n", false).await;
        server.kill();
        place.multiply(&data, count);
        let (server, found) = start(&place, &config, &data).await;
        let fifty = pages(&server, count).await;
        let mut slowest = Duration::ZERO;
        let begun = Instant::now();
        for round in 0..LOOK_UPS {
            let (wanted, one) = (name(round * 199 % count), Instant::now());
            let path = format!("/api/datasets/{}", wanted.to_uppercase());
            assert_eq!(server.get_with(&path, &[("x-admin-token", ADMIN_TOKEN)]).await.ok().json()["name"], json!(wanted));
            slowest = slowest.max(one.elapsed());
        }
        let each = begun.elapsed() / LOOK_UPS as u32;
        let begun = Instant::now();
        let path = format!("/api/datasets/{}/preview", name(count - 1));
        let rows = server.get_with(&path, &[("x-admin-token", ADMIN_TOKEN)]).await.ok().json();
        assert_eq!(rows["rows"].as_array().map(Vec::len), Some(2), "{rows}");
        let first_rows = begun.elapsed();
        let _ = writeln!(
            report,
            "{kind}, {count} datasets made through an API: start {found:.1?}, page of 50 {fifty}, look-up by name {each:.1?} \
             (slowest {slowest:.1?}), first rows of one {first_rows:.1?}, memory {} MiB",
            server.peak_memory() >> 20
        );
    }
    println!("{report}");
}
