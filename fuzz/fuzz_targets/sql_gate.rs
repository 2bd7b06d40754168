//! Whatever the SQL is, it reads the one table or is refused; it writes nothing and harms nothing.
#![no_main]

use datahall_fuzz::Server;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

fuzz_target!(|sql: &str| {
    let body = serde_json::json!({ "sql": sql, "max_rows": 100 });
    SERVER.post("/api/v1/sql", body.to_string().as_bytes());
    SERVER.is_unharmed();
});
