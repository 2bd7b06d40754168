//! PostgreSQL over TLS, as the place of the catalog and as an outside database: which certificates count, and what is said of others.

use crate::support::encrypted::Encrypted;
use crate::support::*;
use serde_json::{Value, json};
use std::path::PathBuf;

/// What a command on the catalog there says, and whether it ended well.
fn checked(scratch: &Scratch, url: &str, trusted: Option<PathBuf>) -> (bool, String) {
    let mut command = server::command(&scratch.path("."));
    command.args(["catalog", "check", "--data-dir"]).arg(scratch.path("data")).env("DATABASE_URL", url);
    command.envs(trusted.map(|file| ("SSL_CERT_FILE", file)));
    let output = command.output().expect("it runs");
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(!said.contains("panicked"), "{url}: {said}");
    (output.status.success(), said)
}

#[test]
fn a_catalog_is_opened_over_tls_by_the_right_certificate_and_no_other() {
    let (scratch, place) = (Scratch::new(), Encrypted::start());
    let (right, wrong) = (place.authority(), place.other_authority());
    let with = |mode: &str, file: &PathBuf| format!("sslmode={mode}&sslrootcert={}", file.display());
    for (host, options, trusted) in [
        ("localhost", with("verify-full", &right), None),
        ("localhost", with("verify-ca", &right), None),
        // Whose name it is does not matter, but who signed it.
        ("127.0.0.1", with("verify-ca", &right), None),
        ("localhost", "sslmode=verify-full".to_owned(), Some(right.clone())),
        ("localhost", "sslmode=require".to_owned(), None),
        ("localhost", String::new(), None),
    ] {
        let (fine, said) = checked(&scratch, &place.url(host, &options), trusted);
        assert!(fine && said.contains(": ok"), "{host} {options}: {said}");
    }
    let untrusted = "certificate is not trusted";
    for (host, options, trusted, words) in [
        ("localhost", with("verify-full", &wrong), None, untrusted),
        ("localhost", with("verify-ca", &wrong), None, untrusted),
        ("127.0.0.1", with("verify-full", &right), None, untrusted),
        ("localhost", "sslmode=verify-full".to_owned(), None, untrusted),
        ("localhost", "sslmode=verify-full".to_owned(), Some(wrong.clone()), untrusted),
        ("localhost", "sslmode=disable".to_owned(), None, "no encryption"),
        ("localhost", "sslmode=verify-full&sslrootcert=/no/such.pem".to_owned(), None, "/no/such.pem"),
        ("localhost", "sslmode=sometimes".to_owned(), None, "sometimes"),
    ] {
        let (fine, said) = checked(&scratch, &place.url(host, &options), trusted);
        assert!(!fine && said.contains("error:") && said.contains(words), "{host} {options}: {said}");
    }
}

#[tokio::test]
async fn a_whole_server_keeps_its_records_over_tls() {
    let (scratch, place) = (Scratch::new(), Encrypted::start());
    let rows = scratch.write("rows.csv", "a\n1\n2\n");
    let url = place.url("localhost", &format!("sslmode=verify-full&sslrootcert={}", place.authority().display()));
    let server = Server::builder().dataset("rows", "csv", &rows).env("DATABASE_URL", url).start().await;
    assert_eq!(server.count("rows", json!([])).await, 2);
    assert_eq!(place.run("SELECT count(*) FROM datasets"), "1");
    let plain = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE client_addr IS NOT NULL AND NOT ssl";
    assert_eq!(place.run(plain), "0");
}

/// What is said of a connector with that mode, and of its rows.
async fn connected(server: &Server, place: &Encrypted, host: &str, mode: &str) -> (Value, Reply) {
    let config = json!({"host": host, "port": place.port, "database": "postgres", "user": "postgres", "sslmode": mode});
    let name = format!("{host}_{mode}").replace(['-', '.'], "_");
    let body = json!({"name": name, "connector_type": "postgresql", "config": config});
    let made = server.admin_post("/api/connectors", &body).await.expect(201).json();
    let body = json!({"name": format!("d_{name}"), "connector_id": made["connector_id"], "source_table": "orders"});
    (made, server.admin_post("/api/datasets", &body).await)
}

#[tokio::test]
async fn a_connector_reads_over_tls_by_the_right_certificate_and_no_other() {
    let place = Encrypted::start();
    place.run("CREATE TABLE orders (id int PRIMARY KEY, city text); INSERT INTO orders VALUES (1, 'Oslo'), (2, 'Rome')");
    let trusting = Server::builder().env("SSL_CERT_FILE", place.authority().display().to_string()).start().await;
    for (host, mode) in
        [("localhost", "verify-full"), ("localhost", "verify-ca"), ("127.0.0.1", "verify-ca"), ("localhost", "require")]
    {
        let (made, dataset) = connected(&trusting, &place, host, mode).await;
        assert_eq!(made["status"], "ok", "{host} {mode}: {made}");
        let name = dataset.expect(201).json()["name"].as_str().expect("a name").to_owned();
        let path = format!("/api/datasets/{name}/explore?agg=count");
        let rows = trusting.get_with(&path, &[("x-admin-token", ADMIN_TOKEN)]).await.ok().json();
        assert_eq!(rows["rows"], json!([{"count": 2}]), "{host} {mode}");
    }
    let (made, _) = connected(&trusting, &place, "127.0.0.1", "verify-full").await;
    assert!(made["status_message"].as_str().expect("why").contains("not valid for name"), "{made}");
    let strange = Server::builder().env("SSL_CERT_FILE", place.other_authority().display().to_string()).start().await;
    for mode in ["verify-full", "verify-ca"] {
        let (made, dataset) = connected(&strange, &place, "localhost", mode).await;
        assert_eq!(made["status"], "error", "{mode}");
        assert!(made["status_message"].as_str().expect("why").contains("certificate"), "{mode}: {made}");
        assert_eq!((dataset.status, dataset.json()["error"].clone()), (503, json!("connector_unavailable")), "{mode}");
    }
    let (made, _) = connected(&strange, &place, "localhost", "disable").await;
    assert!(made["status_message"].as_str().expect("why").contains("sslmode"), "{made}");
    assert!(!strange.log().contains("panicked") && !trusting.log().contains("panicked"));
}
