//! Whatever the body of a query is, the answer is rows or a refusal that says why.
#![no_main]

use datahall_fuzz::Server;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

fuzz_target!(|body: &[u8]| {
    SERVER.post("/api/v1/datasets/t/query", body);
    SERVER.post("/api/v1/datasets/t/count", body);
});
