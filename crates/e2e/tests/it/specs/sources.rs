//! Where sources are read from, and where not.

use super::*;
use crate::support::http_files::FileServer;
use crate::support::s3::{self, S3Server};

const CSV: &str = "a,b\n1,x\n2,y\n";

fn table(name: &str, path: &str) -> Value {
    json!({"name": name, "path": path, "schema": {"fields": [{"name": "a", "type": "integer"}, {"name": "b", "type": "string"}]}})
}

#[tokio::test]
async fn files_come_from_paths_urls_and_buckets() {
    let scratch = Scratch::new();
    let web = FileServer::start(scratch.path("web")).await;
    let store = S3Server::start().await;
    store.put("open", "in/three.csv", CSV.as_bytes());
    store.put("shut", "in/three.csv", CSV.as_bytes());
    scratch.write("web/two.csv", CSV);
    scratch.write("p/one.csv", CSV);
    let config = format!(
        "[specs.s3]\nendpoint = {:?}\nallow_http = true\npath_style = true\naccess_key_id = \"env:S3_ID\"\n\
         secret_access_key = \"env:S3_SECRET\"\nbuckets = [\"open/in\"]\n",
        store.endpoint
    );
    let server = builder(&scratch, &config).env("S3_ID", s3::KEY_ID).env("S3_SECRET", s3::SECRET).start().await;
    let me = token("me", 9);
    let four = format!("file://{}", scratch.write("p/four.csv", CSV).display());
    let mut spec = spec(
        "me",
        "all",
        &scratch.text("p/datapackage.json"),
        &json!([
            table("one", "one.csv"),
            table("two", &format!("{}/two.csv", web.base)),
            table("three", "three.csv"),
            table("four", "4.csv")
        ]),
    );
    spec["inputs"][0]["parameters"]["resource-mapping"] = json!({"three.csv": "s3://open/in/three.csv", "four": four});
    let flow = uploaded(&server, &me, &spec).await;
    let end = succeeded(&server, &flow).await;
    assert_eq!(end["stats"]["count_of_rows"], 8);
    // The descriptor itself may be fetched, too.
    scratch.write("web/datapackage.json", json!({"name": "far", "resources": [table("two", "two.csv")]}).to_string());
    let far = json!({
        "meta": {"owner": "me", "ownerid": "me", "dataset": "far", "findability": "published"},
        "inputs": [{"kind": "datapackage", "url": format!("{}/datapackage.json", web.base)}],
    });
    succeeded(&server, &uploaded(&server, &me, &far).await).await;
    assert_eq!(server.count("me.far__two", json!([])).await, 2);
    // What may not be read, what is not there, and what does not answer fails by name.
    for (location, says) in [
        ("s3://shut/in/three.csv", "shut"),
        ("s3://open/elsewhere.csv", "open"),
        ("/etc/hostname", "outside the folders"),
        ("file:///etc/hostname", "outside the folders"),
        ("http://127.0.0.1:1/x.csv", "could not be fetched"),
        (&*format!("{}/nope.csv", web.base), "not found"),
        (&*scratch.text("p/nope.csv"), "no such file"),
    ] {
        spec["inputs"][0]["parameters"]["resource-mapping"] = json!({"three.csv": location, "four": four});
        let said = upload(&server, &me, &spec).await;
        if said["success"] == false {
            assert!(said["errors"].to_string().contains(says), "{location}: {said}");
            continue;
        }
        let flow = said["flow_id"].as_str().expect("a flow").to_owned();
        let end = ended(&server, &flow).await;
        assert_eq!(end["state"], "FAILED", "{location}");
        let log = end["pipelines"][format!("{flow}/three_csv")]["error_log"].to_string();
        assert!(log.contains(says), "{location}: {log}");
        assert_eq!(end["pipelines"][format!("{flow}/one_csv")]["status"], "SUCCEEDED", "what does not need it runs to its end");
    }
}

#[tokio::test]
async fn private_networks_are_not_reached_unless_allowed() {
    let scratch = Scratch::new();
    let web = FileServer::start(scratch.path("web")).await;
    scratch.write("web/two.csv", CSV);
    let key = scratch.write("key.pem", PUBLIC_KEY);
    let server = Server::builder().config(format!("[auth.jwt]\npublic_key_file = {key:?}\n")).start().await;
    let me = token("me", 9);
    let port = web.base.rsplit_once(':').expect("a port").1.to_owned();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f.1", "2130706433"] {
        let resources = json!([table("two", &format!("http://{host}:{port}/two.csv"))]);
        let said = upload(&server, &me, &spec("me", "inside", "https://example.org/datapackage.json", &resources)).await;
        if let Some(flow) = said["flow_id"].as_str() {
            assert_eq!(ended(&server, flow).await["state"], "FAILED", "{host}");
        }
    }
    // Without roots nobody but the administrator names paths.
    let here = scratch.write("p/one.csv", CSV);
    let resources = json!([table("one", "one.csv")]);
    let here = spec("me", "here", &here.with_file_name("datapackage.json").display().to_string(), &resources);
    let said = upload(&server, &me, &here).await;
    if let Some(flow) = said["flow_id"].as_str() {
        assert_eq!(ended(&server, flow).await["state"], "FAILED", "{said}");
    }
    assert_eq!(web.requests.load(std::sync::atomic::Ordering::SeqCst), 0, "nobody was asked");
    let by_admin = uploaded(&server, ADMIN_TOKEN, &here).await;
    succeeded(&server, &by_admin).await;
}
