//! Each row of the document's lists of endpoints, on each kind of dataset it applies to, as each sort of caller.

use super::calls::{Caller, refusal, wait_for};
use crate::support::outside::{Outside, Wire};
use crate::support::*;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What a dataset's rows are behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Connector,
    Lakehouse,
    Upload,
}
use Kind::{Connector, Lakehouse, Upload};

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Connector => "connector",
            Lakehouse => "lakehouse",
            Upload => "upload",
        }
    }

    fn dataset(self) -> String {
        format!("orders_{}", self.word())
    }

    /// The schema that its table is in.
    fn schema(self) -> &'static str {
        if self == Connector { "public" } else { "sales" }
    }
}

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Viewer,
    Editor,
    Admin,
    /// The administrator of another organisation.
    Stranger,
    /// The same, who says that he acts in ours.
    Intruder,
    /// A credential that is none.
    Nobody,
}
use Who::{Admin, Editor, Intruder, Nobody, Stranger, Viewer};

const CALLERS: [Who; 6] = [Viewer, Editor, Admin, Stranger, Intruder, Nobody];
const ALL: &[Kind] = &[Connector, Lakehouse, Upload];
const CONNECTED: &[Kind] = &[Connector, Lakehouse];
const UPLOADED: &[Kind] = &[Upload];

/// What is sent.
enum Ask {
    Query(String),
    Json(Value),
    /// A form with a CSV file and these fields.
    File(Vec<(&'static str, String)>),
}

/// What a caller of another organisation is answered.
enum Apart {
    /// That there is no such thing.
    None(&'static str),
    /// What his own organisation has.
    Own,
}

/// A row of the document, and how it is tried.
struct Row {
    method: &'static str,
    path: &'static str,
    kinds: &'static [Kind],
    writes: bool,
    apart: Apart,
    ask: fn(Kind, Who) -> Ask,
    check: fn(Kind, Who, &Value),
}

/// The document's lists, in its order.
const DOCUMENT: [(&str, &str); 20] = [
    ("GET", "/api/datasets"),
    ("GET", "/api/datasets/available"),
    ("GET", "/api/datasets/browse/schemas"),
    ("GET", "/api/datasets/browse/tables"),
    ("GET", "/api/datasets/{name}"),
    ("POST", "/api/datasets"),
    ("POST", "/api/datasets/import"),
    ("POST", "/api/datasets/import-batch"),
    ("DELETE", "/api/datasets/import/{name}"),
    ("POST", "/api/datasets/file/preview"),
    ("POST", "/api/datasets/file/upload"),
    ("GET", "/api/datasets/{name}/preview"),
    ("GET", "/api/datasets/{name}/explore"),
    ("GET", "/api/datasets/{name}/profile"),
    ("GET", "/api/datasets/{name}/column-stats"),
    ("GET", "/api/datasets/{name}/history"),
    ("POST", "/api/datasets/{name}/vacuum"),
    ("POST", "/api/datasets/{name}/optimize"),
    ("GET", "/api/datasets/governance/summary"),
    ("GET", "/api/datasets/{name}/classification"),
];

const CSV: &str =
    "id,customer,amount,at\n1,Ada,10.5,2024-02-28T12:00:00Z\n2,,-0.25,2024-02-29T12:00:00Z\n3,Zoe,99.5,2024-03-01T12:00:00Z\n";

fn masking(column: &str) -> Value {
    json!({"masking": {column: {"strategy": "full", "unmask_roles": ["admin"]}}})
}

/// A customer's name as that caller sees it.
fn shown(who: Who, name: &str) -> Value {
    json!(if who == Admin { name } else { "***" })
}

fn plain(query: &str) -> Ask {
    Ask::Query(query.to_owned())
}

fn column<'a>(answer: &'a Value, name: &str) -> &'a Value {
    answer["columns"].as_array().expect("columns").iter().find(|one| one["name"] == name).expect("the column")
}

fn reading() -> Vec<Row> {
    let row = |path, ask, check| Row { method: "GET", path, kinds: ALL, writes: false, apart: NO_DATASET, ask, check };
    vec![
        Row { apart: Apart::Own, ..row("/api/datasets", listed, is_listed) },
        Row { apart: Apart::Own, ..row("/api/datasets/available", listed, is_listed) },
        Row { kinds: CONNECTED, apart: NO_CONNECTOR, ..row("/api/datasets/browse/schemas", browsed, schemas) },
        Row { kinds: CONNECTED, apart: NO_CONNECTOR, ..row("/api/datasets/browse/tables", browsed_in, tables) },
        row("/api/datasets/{name}", |_, _| plain(""), detail),
        row("/api/datasets/{name}/preview", |_, _| plain("limit=3"), preview),
        row("/api/datasets/{name}/explore", |_, _| plain("select=id,customer&filter=amount:gt:0&order=-id"), explored),
        row("/api/datasets/{name}/profile", |_, _| plain(""), profile),
        row("/api/datasets/{name}/column-stats", |_, _| plain("window=2d&until=2024-03-01T12:00:00Z"), window),
        row("/api/datasets/{name}/history", |_, _| plain(""), history),
        Row { apart: Apart::Own, ..row("/api/datasets/governance/summary", |_, _| plain(""), summary) },
        row("/api/datasets/{name}/classification", |_, _| plain(""), classification),
    ]
}

fn writing() -> Vec<Row> {
    let row = |method, path, kinds, apart, ask, check| Row { method, path, kinds, writes: true, apart, ask, check };
    vec![
        row("POST", "/api/datasets", CONNECTED, NO_CONNECTOR, made_of, made),
        row("POST", "/api/datasets/import", CONNECTED, NO_CONNECTOR, imported, renamed),
        row("POST", "/api/datasets/import-batch", CONNECTED, NO_CONNECTOR, batch, started),
        row("DELETE", "/api/datasets/import/{name}", CONNECTED, Apart::None("import_not_found"), |_, _| plain(""), cancelled),
        Row { writes: false, ..row("POST", "/api/datasets/file/preview", UPLOADED, Apart::Own, any_file, looked_at) },
        row("POST", "/api/datasets/file/upload", UPLOADED, Apart::Own, named_file, made),
        row("POST", "/api/datasets/{name}/vacuum", ALL, NO_DATASET, |_, _| Ask::Json(json!({"dry_run": true})), vacuumed),
        row("POST", "/api/datasets/{name}/optimize", ALL, NO_DATASET, |_, _| Ask::Json(json!({})), optimized),
    ]
}

fn made(kind: Kind, who: Who, answer: &Value) {
    assert_eq!((&answer["name"], &answer["kind"]), (&json!(own("made", kind, who)), &json!(kind.word())));
    assert!(kind != Upload || answer["row_count"] == 3, "{answer}");
}

fn renamed(_: Kind, _: Who, answer: &Value) {
    assert_eq!(
        (&answer["schema"][1]["name"], &answer["settings"]["masking"]["client"]["strategy"]),
        (&json!("client"), &json!("full"))
    );
}

fn started(kind: Kind, who: Who, answer: &Value) {
    assert_eq!((&answer["name"], &answer["total"]), (&json!(own("batch", kind, who)), &json!(1)), "{answer}");
}

fn cancelled(_: Kind, _: Who, answer: &Value) {
    assert_eq!(answer["status"], "cancelled", "{answer}");
}

fn looked_at(_: Kind, _: Who, answer: &Value) {
    assert_eq!((&answer["row_count"], &answer["rows"][2]["customer"]), (&json!(3), &json!("Zoe")));
}

fn vacuumed(_: Kind, _: Who, answer: &Value) {
    let done = (&answer["dry_run"], &answer["files_deleted"], &answer["retention_hours"]);
    assert_eq!(done, (&json!(true), &json!(0), &json!(168)));
}

fn optimized(kind: Kind, who: Who, answer: &Value) {
    // The first who may finds two files in the lakehouse; whoever comes later finds nothing to do.
    let first = kind == Lakehouse && who == Editor;
    let files = (answer["files_removed"].as_u64(), answer["files_added"].as_u64());
    assert_eq!(files, if first { (Some(2), Some(1)) } else { (Some(0), Some(0)) }, "{kind:?} {who:?}: {answer}");
}

const NO_DATASET: Apart = Apart::None("dataset_not_found");
const NO_CONNECTOR: Apart = Apart::None("connector_not_found");

/// A name of that caller's own.
fn own(what: &str, kind: Kind, who: Who) -> String {
    format!("{what}_{}_{who:?}", kind.word()).to_lowercase()
}

fn listed(kind: Kind, _: Who) -> Ask {
    plain(&format!("q={}", kind.dataset().to_uppercase()))
}

fn is_listed(kind: Kind, who: Who, answer: &Value) {
    if who == Stranger {
        assert_eq!((&answer["total"], &answer["items"]), (&json!(0), &json!([])), "{kind:?}");
        return;
    }
    let item = &answer["items"][0];
    assert_eq!((&answer["total"], &item["name"], &item["kind"]), (&json!(1), &json!(kind.dataset()), &json!(kind.word())));
}

fn browsed(kind: Kind, _: Who) -> Ask {
    plain(&format!("connector_id={}", kind.word()))
}

fn browsed_in(kind: Kind, _: Who) -> Ask {
    plain(&format!("connector_id={}&schema={}", kind.word(), kind.schema()))
}

fn schemas(kind: Kind, _: Who, answer: &Value) {
    assert!(texts(answer["items"].as_array().expect("items"), "name").contains(&kind.schema().to_owned()), "{answer}");
}

fn tables(kind: Kind, _: Who, answer: &Value) {
    let table = &answer["items"][0];
    assert_eq!((&answer["total"], &table["name"], &table["schema"]), (&json!(1), &json!("orders"), &json!(kind.schema())));
}

fn detail(kind: Kind, who: Who, answer: &Value) {
    assert_eq!(
        (&answer["name"], &answer["kind"], &answer["provenance"]["kind"]),
        (&json!(kind.dataset()), &json!(kind.word()), &json!(kind.word()))
    );
    let columns = answer["schema"].as_array().expect("columns");
    assert_eq!(texts(columns, "name"), ["id", "customer", "amount", "at"]);
    assert_eq!(texts(columns, "type"), ["int64", "string", "float64", "timestamp"]);
    assert_eq!(columns[1]["masked"], json!(who != Admin), "{kind:?} {who:?}: {answer}");
    assert_eq!(answer["settings"]["masking"]["customer"]["strategy"], "full");
    assert_eq!(answer["settings"]["refresh"]["mode"], "on_demand");
}

fn preview(kind: Kind, who: Who, answer: &Value) {
    let mut rows = answer["rows"].as_array().expect("rows").clone();
    rows.sort_by_key(|row| row["id"].as_i64());
    let expected = json!([
        {"id": 1, "customer": shown(who, "Ada"), "amount": 10.5, "at": "2024-02-28T12:00:00Z"},
        {"id": 2, "customer": null, "amount": -0.25, "at": "2024-02-29T12:00:00Z"},
        {"id": 3, "customer": shown(who, "Zoe"), "amount": 99.5, "at": "2024-03-01T12:00:00Z"},
    ]);
    assert_eq!((json!(rows), &answer["row_count"]), (expected, &json!(3)), "{kind:?} {who:?}");
    assert_eq!(column(answer, "customer")["masked"], json!(who != Admin));
}

fn explored(kind: Kind, who: Who, answer: &Value) {
    let expected = json!([{"id": 3, "customer": shown(who, "Zoe")}, {"id": 1, "customer": shown(who, "Ada")}]);
    assert_eq!((&answer["rows"], &answer["total"]), (&expected, &json!(2)), "{kind:?} {who:?}");
}

fn profile(kind: Kind, who: Who, answer: &Value) {
    assert_eq!((&answer["row_count"], &answer["sampled"]), (&json!(3), &json!(false)));
    let (amount, customer) = (column(answer, "amount"), column(answer, "customer"));
    assert_eq!((&amount["min"], &amount["max"], &amount["null_rate"]), (&json!(-0.25), &json!(99.5), &json!(0.0)));
    let seen = (&customer["cardinality"], &customer["null_count"], &customer["top_values"][0]["value"]);
    assert_eq!(seen, (&json!(if who == Admin { 2 } else { 1 }), &json!(1), &shown(who, "Ada")), "{kind:?} {who:?}");
}

fn window(kind: Kind, who: Who, answer: &Value) {
    assert_eq!((&answer["row_count"], &answer["window"]["time_column"]), (&json!(2), &json!("at")), "{kind:?} {who:?}: {answer}");
    let days = answer["series"].as_array().expect("days");
    assert_eq!(days.iter().map(|day| day["row_count"].as_u64()).collect::<Vec<_>>(), [Some(1), Some(1)]);
    assert_eq!(column(&days[1], "customer")["max"], shown(who, "Zoe"), "{kind:?} {who:?}");
}

fn history(kind: Kind, who: Who, answer: &Value) {
    let versions = if kind == Lakehouse { 2 } else { 1 };
    let newest = &answer["items"][0];
    assert_eq!((&answer["total"], &newest["row_count"]), (&json!(versions), &json!(3)), "{who:?}: {answer}");
    assert_eq!(newest["recipe_run"], if kind == Lakehouse { json!("run-7") } else { Value::Null });
}

fn summary(_: Kind, who: Who, answer: &Value) {
    let (datasets, columns) = (answer["datasets"].as_u64().expect("a number"), answer["columns"].as_u64().expect("a number"));
    let by_level = answer["by_sensitivity"].as_object().expect("levels");
    assert_eq!(by_level.values().filter_map(Value::as_u64).sum::<u64>(), columns);
    assert_eq!((datasets, columns), if who == Stranger { (0, 0) } else { (3, 12) }, "{who:?}: {answer}");
}

fn classification(kind: Kind, _: Who, answer: &Value) {
    assert_eq!(answer["dataset"], json!(kind.dataset()));
    assert_eq!(texts(answer["columns"].as_array().expect("columns"), "name"), ["id", "customer", "amount", "at"]);
    assert_eq!(
        (&column(answer, "customer")["strategy"], &column(answer, "amount")["sensitivity"]),
        (&json!("full"), &json!("low"))
    );
}

fn any_file(_: Kind, _: Who) -> Ask {
    Ask::File(Vec::new())
}

fn named_file(kind: Kind, who: Who) -> Ask {
    Ask::File(vec![("name", own("made", kind, who))])
}

fn made_of(kind: Kind, who: Who) -> Ask {
    Ask::Json(
        json!({"name": own("made", kind, who), "connector_id": kind.word(), "schema": kind.schema(), "source_table": "orders"}),
    )
}

fn imported(kind: Kind, who: Who) -> Ask {
    Ask::Json(
        json!({"name": own("taken", kind, who), "connector_id": kind.word(), "schema": kind.schema(), "source_table": "orders",
        "rename": {"customer": "client"}, "settings": masking("client")}),
    )
}

fn batch(kind: Kind, who: Who) -> Ask {
    let name = own("batch", kind, who);
    Ask::Json(
        json!({"name": name, "prefix": format!("{name}_"), "connector_id": kind.word(), "schema": kind.schema(), "pattern": "ord*"}),
    )
}

/// The server, what is behind its connectors, and everybody.
struct World<'a> {
    wire: &'a Wire,
    root: Caller<'a>,
    callers: [Caller<'a>; 4],
}

impl<'a> World<'a> {
    async fn new(server: &'a Server, wire: &'a Wire) -> Self {
        let callers = [
            Caller::member(server, "viewer", "default").await,
            Caller::member(server, "editor", "default").await,
            Caller::member(server, "admin", "default").await,
            Caller::member(server, "admin", "acme").await,
        ];
        Self { wire, root: Caller::admin(server), callers }
    }

    fn caller(&self, who: Who) -> Caller<'a> {
        match who {
            Viewer => self.callers[0].clone(),
            Editor => self.callers[1].clone(),
            Admin => self.callers[2].clone(),
            Stranger => self.callers[3].clone(),
            Intruder => self.callers[3].at("default"),
            Nobody => self.root.with("Bearer nonsense"),
        }
    }

    async fn call(&self, row: &Row, path: &str, kind: Kind, who: Who) -> Reply {
        let caller = self.caller(who);
        match (row.ask)(kind, who) {
            Ask::Query(query) if query.is_empty() => caller.call(row.method, path, None).await,
            Ask::Query(query) => caller.call(row.method, &format!("{path}?{query}"), None).await,
            Ask::Json(body) => caller.call(row.method, path, Some(&body)).await,
            Ask::File(fields) => caller.form(path, &fields, "orders.csv", CSV.as_bytes()).await,
        }
    }

    /// An import for somebody to cancel: on its way where the source can be held, else one that has ended.
    async fn import(&self, kind: Kind, who: Who) -> String {
        let name = own("cancel", kind, who);
        let schema = if kind == Connector { "many" } else { kind.schema() };
        let body = json!({"name": name, "prefix": format!("{name}_"), "connector_id": kind.word(), "schema": schema});
        self.root.post("/api/datasets/import-batch", &body).await.expect(202);
        if kind == Connector {
            self.wire.hold();
        } else {
            let path = format!("/api/datasets/import/{name}");
            let running = async || self.root.get(&path).await.ok().json()["status"] == "running";
            wait_for("the import", async || (!running().await).then_some(())).await;
        }
        name
    }

    async fn tried(&self, row: &Row, kind: Kind, who: Who) {
        let cancels = row.method == "DELETE";
        let name = if cancels { self.import(kind, who).await } else { kind.dataset() };
        let path = row.path.replace("{name}", &name);
        let reply = self.call(row, &path, kind, who).await;
        self.wire.mend();
        let what = format!("{} {path} as {who:?}: {} {}", row.method, reply.status, reply.text());
        let versions = ["history", "vacuum", "optimize"].iter().any(|end| path.ends_with(end));
        match (who, &row.apart) {
            (Nobody, _) => assert_eq!(refusal(&reply), (401, "unauthorized".to_owned()), "{what}"),
            (Intruder, _) => assert_eq!(refusal(&reply), (403, "permission_denied".to_owned()), "{what}"),
            (Viewer, _) if row.writes => {
                assert_eq!(refusal(&reply), (403, "permission_denied".to_owned()), "{what}");
                let named = path.contains(&kind.dataset()).then_some(&name);
                let body = reply.json();
                assert_eq!((&body["permission"], &body["target_id"]), (&json!("dataset.readwrite"), &json!(named)), "{what}");
            }
            (Stranger, Apart::None(code)) => assert_eq!(refusal(&reply), (404, (*code).to_owned()), "{what}"),
            _ if versions && kind == Connector => assert_eq!(refusal(&reply), (409, "not_lakehouse".to_owned()), "{what}"),
            _ if cancels && kind == Lakehouse => assert_eq!(refusal(&reply), (409, "import_not_running".to_owned()), "{what}"),
            _ => {
                assert!(reply.status < 300, "{what}");
                (row.check)(kind, who, &reply.json());
            }
        }
    }
}

/// The datasets of each kind, with one mask.
async fn prepared(admin: &Caller<'_>) {
    for kind in CONNECTED {
        let body = json!({"name": kind.dataset(), "connector_id": kind.word(), "schema": kind.schema(), "source_table": "orders",
            "settings": masking("customer")});
        admin.post("/api/datasets", &body).await.expect(201);
    }
    let fields = [("name", Upload.dataset()), ("settings", masking("customer").to_string())];
    admin.form("/api/datasets/file/upload", &fields, "orders.csv", CSV.as_bytes()).await.expect(201);
}

#[tokio::test]
async fn every_row_of_the_document_on_every_kind_of_dataset_as_everybody() {
    let many: String = (0..40).map(|at| format!("CREATE TABLE many.t_{at:02} (id int);\n")).collect();
    let postgres = Outside::postgres(&format!(
        "CREATE TABLE orders (id bigint, customer text, amount double precision, at timestamptz);
         INSERT INTO orders VALUES (1, 'Ada', 10.5, '2024-02-28T12:00:00Z'), (2, NULL, -0.25, '2024-02-29T12:00:00Z'),
             (3, 'Zoe', 99.5, '2024-03-01T12:00:00Z');
         CREATE SCHEMA many; {many}"
    ));
    let wire = Wire::to(postgres.address()).await;
    let scratch = Scratch::new();
    python::run("orders_table.py", &scratch.path("lake"), &[]);
    let server = Server::builder().start().await;
    let world = World::new(&server, &wire).await;
    world.root.connector("connector", "postgresql", &postgres.config_through(&wire)).await;
    world.root.connector("lakehouse", "lakehouse", &json!({"root": scratch.path("lake")})).await;
    prepared(&world.root).await;
    let document = server.request(Method::GET, "/openapi.json");
    let described = server.send(document).await.ok().json();
    let (mut rows, mut tried) = (BTreeSet::new(), BTreeSet::new());
    for row in reading().iter().chain(&writing()) {
        rows.insert((row.method, row.path));
        assert!(described["paths"][row.path][row.method.to_lowercase()].is_object(), "{} {}", row.method, row.path);
        for kind in row.kinds {
            for who in CALLERS {
                world.tried(row, *kind, who).await;
                tried.insert((row.method, row.path, *kind, who));
            }
        }
    }
    assert_eq!(rows, BTreeSet::from(DOCUMENT), "a row of the document is left out, or is none");
    assert_eq!(tried.len(), (12 * 3 + 6 * 2 + 2) * CALLERS.len());
    // Nobody's refused call changed anything.
    for kind in ALL {
        preview(*kind, Admin, &world.caller(Admin).get(&format!("/api/datasets/{}/preview", kind.dataset())).await.ok().json());
    }
    let theirs = world.caller(Stranger).get("/api/datasets").await.ok().json();
    assert_eq!((&theirs["total"], &theirs["items"][0]["name"]), (&json!(1), &json!("made_upload_stranger")), "{theirs}");
    let made = world.root.get("/api/datasets?limit=200&q=_viewer").await.ok().json();
    let of_viewers = made["items"].as_array().expect("items").iter().filter(|item| item["owner"] == "viewer of default").count();
    assert_eq!(of_viewers, 0, "{made}");
}
