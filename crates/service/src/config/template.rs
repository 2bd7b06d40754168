//! The configuration file that `init` writes.

/// A commented configuration file that loads as it is.
pub const TEMPLATE: &str = r##"# Datahall's configuration. Every key is optional; what stands behind a `#` is its default or an example.
# Check it with `datahall check`, start with `datahall serve`.

[server]
listen = "127.0.0.1"              # the host to listen on; 0.0.0.0 for all
port = 8080
# prefix = ""                     # put before every path, as "/data"
# compress = true
# max_body_bytes = 1048576
# max_page_size = 100000          # the most rows on a page
# request_timeout_ms = 30000      # of work on one answer; 0: no limit
# shutdown_timeout_secs = 30
# memory_budget_mb = 4096         # for rows in memory; default: half of the machine's
# force_lazy_above_mb = 0         # larger sources are read at each query instead; 0: no such limit
# workers = 4                     # default: one a processor
# log_format = "text"             # or "json"
# log_level = "info"

# [server.storage]                # tables that the server writes: uploads, imports, queries; default: lake/ in the data directory
# root = "s3://bucket/lake"        # or a folder
# backend = "s3"                   # or "local"; default: as root says. force_lazy_above_mb, materialization_memory_mb and
#                                  # materialization_sort_spill_reservation_mb are read here, and have no effect

# [server.storage.s3]
# region = "eu-west-1"
# endpoint = "https://s3.example.com"    # another server than AWS; it must know conditional puts (If-None-Match)
# addressing_style = "virtual"           # or "path"
# allow_http = false
# access_key_id_env = "LAKE_KEY_ID"      # variables that hold the credentials; default: those of AWS tools
# secret_access_key_env = "LAKE_SECRET"

# [server.startup]
# max_concurrent = 4              # datasets loaded at once
# readiness = "all"               # ready once all are loaded or have failed; "any": once one is loaded

# [sql]
# enabled = false                 # POST /api/v1/sql
# max_rows = 100000

# [metrics]
# enabled = false
# path = "/metrics"

# [swagger]                       # the page that shows the API
# enabled = true
# path = "/docs"

# Bearer tokens of an OpenID provider. Without it anyone may read what is public.
# [auth]
# enabled = true
# issuer = "https://login.example.com/realms/main"
# audience = "datahall"
# algorithms = ["RS256"]
# leeway_secs = 60
# jwks_refresh_secs = 3600
# read_scopes = ["datasets:read"]      # empty: any valid token may read
# reload_scopes = ["datasets:reload"]  # to register, reload, persist; empty: only the administrator's token may
# manage_scopes = ["datasets:manage"]  # saved queries
# anonymous_read = false
# tenant_claim = ""                    # a JSON pointer, as "/tenant"
# allowed_tenants = []
# admin_token_fallback = true          # ADMIN_TOKEN counts too
# start_degraded = true                # start although the provider cannot be reached

# Tokens signed elsewhere, with a known key.
# [auth.jwt]
# public_key_file = "jwt.pem"          # RS256
# secret = "env:JWT_SECRET"            # HS256

# [security]
# allowed_roots = ["/data"]            # local paths only below these; default: anywhere
# trusted_proxies = ["10.0.0.0/8"]     # whose X-Forwarded-For and X-Forwarded-Proto are believed; default: nobody's
# allow_private_networks = false       # whether URLs in requests may lead into private networks

# [limits]
# max_concurrent_queries = 512         # at once; more are refused with 503 and Retry-After; 0: any number
# max_concurrent_per_caller = 256      # of these, of one user, key or token, or of one address: 429; default: half; 0: any
# max_event_streams = 128              # of jobs that are watched, open at once: 503; 0: any number
# max_event_streams_per_caller = 16    # of these, of one caller: 429; default: an eighth; 0: any number
# max_result_rows = 0                  # the most rows one query gives; 0: any number
# query_timeout_ms = 0                 # of work on one query; 0: what request_timeout_ms says
# query_memory_mb = 1024               # for running queries, together; default: a quarter of the machine's
# spill_mb = 10240                     # what they may put on disk together when that is not enough; 0: nothing
# audit_retention_days = 0             # older entries of the audit log are deleted; 0: kept for ever
# upload_mb = 200                      # the longest file that is taken as an upload

# [jobs]                               # refreshes and other work that outlives a request
# enabled = true                       # false: this server leaves it to others on the same catalog
# workers = 2                          # done at once
# retention_days = 30                  # jobs that ended longer ago are deleted; 0: kept for ever

# Data packages: POST /source/upload. The variable AUTH_SERVER names the server whose key signs the tokens of owners.
# [specs]
# run_pipelines = true                 # false: others run them, and report by /source/update
# keep_revisions = 5                   # of each package, with their files; the latest successful one is kept beside them
# open_updates = false                 # whether anybody may report how pipelines go
# events_url = "https://hooks.example.com/specs"   # gets the end of each revision as JSON
# max_source_mb = 10240                # the longest source

# [specs.mail]                         # tells of what fails
# server = "smtps://mail.example.com:465"          # or smtp://
# starttls = false                     # for smtp://: change to TLS first
# from = "datahall@example.com"
# to = ["data@example.com"]
# user = "datahall"
# password = "env:SMTP_PASSWORD"

# [specs.s3]                           # where specs may name sources
# buckets = ["bucket/prefix"]
# region = "eu-west-1"
# endpoint = "https://s3.example.com"
# path_style = false
# allow_http = false
# access_key_id = "env:SPECS_S3_KEY_ID"    # or the id itself; default: what the environment gives
# secret_access_key = "env:SPECS_S3_SECRET"

# A dataset: one table under a name. As many of these blocks as you like; paths are relative to the working folder.
# [[dataset]]
# name = "events"
# description = "What happened"
# columns = ["id", "ts", "kind"]       # default: all
# dict_encode = true                   # keep text dictionary-encoded in memory
# lazy = false                         # true: read from the source at each query
# on_start = "eager"                   # "lazy": load when first read; "skip": load when a reload asks for it
# visibility = "public"                # "private": only for the administrator and bearers of tokens
# row_filter = "region IN (caller('region'))"  # rows that are seen, by columns and attributes of the caller; who lacks one sees none
#
# [dataset.source]
# kind = "parquet"                     # parquet, delta, csv, tsv, json, ndjson, arrow, xlsx
# location = "/data/events/*.parquet"  # a file, a folder, a glob, s3://… or https://…
#
# [dataset.index]                      # equality indexes of rows in memory
# mode = "auto"                        # "none", or "list" with columns
# columns = []
# max_cardinality = 100000
#
# [dataset.options]                    # of text files and workbooks
# delimiter = ","
# header = true
# quote = "\""
# null_values = ["", "NA"]
# sheet = "Sheet1"
#
# [dataset.s3]                         # credentials: EVENTS_AWS_ACCESS_KEY_ID, … in the environment come first
# region = "us-east-1"
# endpoint = "https://minio.example.com"
# addressing_style = "path"            # or "virtual"
# endpoint_bucket_in_host = "auto"     # true, false: whether the endpoint's host name holds the bucket already
# allow_http = false                   # whether an http:// endpoint may be used
# partitioning = "auto"                # whether key=value folders become columns; "hive", "none"
# access_key_id = "…"                  # better in the environment
# secret_access_key = "…"
# session_token = "…"
#
# [dataset.refresh]                    # when it is loaded anew, on every server that has it
# interval = "1h"                      # 30s, 10m, 1h, 1d, 1w
# timeout = "1h"                       # the longest a load may take; default: as long as it takes
# jitter = true                        # spread the times of an interval a little
#
# A saved query is a dataset too: kind "query" with `sql` instead of a location. Its refresh also has
# on_upstream_reload (after what it reads, debounce "5s" later); instead of an interval, any refresh may say
# cron "0 6 * * MON-FRI" with a time_zone, "Europe/Paris". How its rows are kept, in [dataset.materialize]:
# residency "auto" (in memory if they fit, else on disk), "memory" or "lazy" (on disk), sort_by ["a", "b"], and
# reuse_on_start true: after a start the rows of before are served again when they would be the same.
#
# [dataset.masks.salary]               # a column that is not shown as it is; a block for each
# strategy = "bucket"                  # partial, full, hash, redact, none, email, bucket, tokenise
# unmask_roles = ["admin"]             # roles and groups that see it as it is; []: nobody
# hidden = false                       # true: not there at all for the others
# width = 10                           # of the ranges of strategy bucket
#
# [dataset.projection_filter]          # columns that can be seen: include or exclude
# exclude = ["secret"]
#
# [dataset.predicate_filter]           # columns that conditions may name: include or exclude
# exclude = ["email"]
"##;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Settings};

    fn load(text: &str) -> Settings {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("datasets.toml");
        std::fs::write(&path, text).unwrap();
        Settings::load(&path, &Environment::fixed(&[])).unwrap()
    }

    #[test]
    fn it_loads_as_it_is_and_with_every_example_switched_on() {
        assert_eq!(load(TEMPLATE).server.port, 8080);
        let is_setting = |line: &str| line.starts_with("# [") || (line.starts_with("# ") && line.contains(" = "));
        let all: Vec<&str> = TEMPLATE.lines().map(|line| if is_setting(line) { &line[2..] } else { line }).collect();
        let settings = load(&all.join("\n"));
        assert_eq!(settings.datasets[0].name, "events");
        assert!(settings.auth.enabled && settings.limits.query_memory_mb.is_some());
    }
}
