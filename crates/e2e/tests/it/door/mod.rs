//! The one door to rows: two servers whose tables differ in everything that a caller must not see answer him alike on every
//! surface, and one who may see it gets the true rows.

mod noise;
mod queries;
mod same;
mod statements;
mod truth;
mod world;

use same::{Ask, DATASETS, Worlds};
use serde_json::json;

const FORMATS: &[&str] = &["json", "ndjson", "csv", "tsv", "arrow", "parquet"];

#[tokio::test]
async fn pages_tell_nothing() {
    let worlds = Worlds::start().await;
    let ask =
        |noise: &mut noise::Noise, dataset: &str| Ask::post(format!("/api/v1/datasets/{dataset}/query"), queries::page(noise));
    worlds.all_alike("pages", ask).await;
}

#[tokio::test]
async fn groups_tell_nothing() {
    let worlds = Worlds::start().await;
    let ask =
        |noise: &mut noise::Noise, dataset: &str| Ask::post(format!("/api/v1/datasets/{dataset}/query"), queries::groups(noise));
    worlds.all_alike("groups", ask).await;
}

#[tokio::test]
async fn counts_tell_nothing() {
    let worlds = Worlds::start().await;
    let ask =
        |noise: &mut noise::Noise, dataset: &str| Ask::post(format!("/api/v1/datasets/{dataset}/count"), queries::count(noise));
    worlds.all_alike("counts", ask).await;
}

#[tokio::test]
async fn streams_and_formats_tell_nothing() {
    let worlds = Worlds::start().await;
    let ask = |noise: &mut noise::Noise, dataset: &str| {
        let how = noise.pick(&["query", "query/stream"]);
        let body = if noise.once_in(4) { queries::groups(noise) } else { queries::page(noise) };
        Ask::post(format!("/api/v1/datasets/{dataset}/{how}?format={}", noise.pick(FORMATS)), body)
    };
    worlds.all_alike("formats", ask).await;
}

#[tokio::test]
async fn statements_tell_nothing() {
    let worlds = Worlds::start().await;
    let ask = |noise: &mut noise::Noise, dataset: &str| {
        let format = noise.pick(&["json", "json", "csv", "arrow", "ndjson"]);
        let body = json!({"sql": statements::statement(noise, dataset), "max_rows": noise.pick(&[1, 100, 100_000])});
        Ask::post(format!("/api/v1/sql?format={format}"), body)
    };
    worlds.all_alike("statements", ask).await;
}

#[tokio::test]
async fn exports_and_their_ranges_tell_nothing() {
    let worlds = Worlds::start().await;
    let ask = |noise: &mut noise::Noise, dataset: &str| {
        let path = noise.pick(&["parquet", "all.parquet"]);
        let ask = Ask::get(format!("/api/v1/datasets/{dataset}/{path}"));
        let from = noise.below(20_000);
        match noise.below(4) {
            0 => ask,
            1 => ask.with("range", format!("bytes={from}-{}", from + noise.below(3_000))),
            2 => ask.with("range", format!("bytes=-{from}")),
            _ => ask.with("range", format!("bytes={from}-")),
        }
    };
    let (one, other) = worlds.alike(&Ask::get("/api/v1/datasets/memory/parquet"), "export").await;
    assert!(one.status == 200 && one.body == other.body);
    worlds.all_alike("exports", ask).await;
}

#[tokio::test]
async fn what_stands_beside_rows_tells_nothing() {
    let worlds = Worlds::start().await;
    let paths = ["/api/v1/datasets", "/datapress/api/datasets", "/api/me", "/readyz", "/openapi.json"];
    for path in paths {
        worlds.alike(&Ask::get(path), path).await;
    }
    for dataset in DATASETS {
        for part in ["status", "schema"] {
            let path = format!("/api/v1/datasets/{dataset}/{part}");
            let (reply, _) = worlds.alike(&Ask::get(&path), &path).await;
            assert_eq!((reply.status, &reply.json()["rows"]), (200, &json!(world::SHOWN)), "{path}");
            assert!(reply.json().get("storage_bytes").is_none() && !reply.text().contains("hidden_"), "{}", reply.text());
        }
        let path = format!("/api/datasets/{dataset}/settings");
        let (settings, _) = worlds.alike(&Ask::get(&path), &path).await;
        assert!(settings.status == 200 && !settings.text().contains("hidden_text"), "{}", settings.text());
        let filter = json!({"row_filter": "hidden_number > 5"});
        worlds.alike(&Ask { method: reqwest::Method::PUT, ..Ask::post(&path, filter) }, &path).await;
    }
    let memory = async |client: &crate::support::Client| {
        let text = client.get("/metrics").await.ok().text();
        text.lines().find(|line| line.starts_with("datapress_memory_bytes")).map(str::to_owned).expect("the gauge")
    };
    assert_eq!(memory(&worlds.a).await, memory(&worlds.b).await);
}

#[tokio::test]
async fn entity_tags_hold_for_one_view() {
    let worlds = Worlds::start().await;
    for dataset in DATASETS {
        let path = format!("/api/v1/datasets/{dataset}/query");
        let body = json!({"predicates": [{"col": "full", "op": "eq", "val": "***"}], "page_size": 5});
        let (a, b) = worlds.alike(&Ask::post(&path, body.clone()), "tag").await;
        let (one, other) = (a.header("etag").expect("a tag"), b.header("etag").expect("a tag"));
        for (server, own, foreign) in [(&worlds.a, one, other), (&worlds.b, other, one)] {
            let clear = same::key(server, &["clear"], &["EU"]).await;
            let narrow = same::key(server, &[], &["US"]).await;
            let restricted = same::key(server, &[], &["EU"]).await;
            for (key, tag, status) in
                [(&restricted, own, 304), (&restricted, foreign, 200), (&clear, own, 200), (&narrow, own, 200)]
            {
                let request = server.request(reqwest::Method::POST, &path).bearer_auth(key).header("if-none-match", tag);
                assert_eq!(server.send(request.json(&body)).await.status, status, "{dataset}");
            }
        }
    }
}
