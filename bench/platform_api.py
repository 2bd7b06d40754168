"""Measures the Datasets API on uploaded and connected tables beside DuckDB and psql on the same data."""

import csv
import json
import os
import secrets
import statistics
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path

import duckdb

import servers

# How often each is asked; the middle one counts.
TIMES = 9
# An upload takes long enough to be measured by few.
UPLOADS = 3
CSV_MB = 200
POSTGRES_ROWS = 5_000_000

# Each time another question: what is kept of an answer is no use.
EXPLORED = [
    (
        "explore: groups of flights-3m",
        "filter=distance:gt:{}&group=origin&agg=count,avg:delay:mean&order=-count,origin&limit=50",
        "SELECT origin, count(*) AS count, avg(delay) AS mean FROM t WHERE distance > {} GROUP BY origin ORDER BY count DESC, origin LIMIT 50",
    ),
    (
        "explore: filter, order and page of flights-3m",
        "filter=delay:gt:{}&filter=origin:in:SEA,PDX&order=date,origin,destination,delay,distance&limit=100",
        "SELECT * FROM t WHERE delay > {} AND origin IN ('SEA', 'PDX') ORDER BY date, origin, destination, delay, distance LIMIT 100",
    ),
]


class Api:
    """A server's Datasets API, asked as its administrator."""

    def __init__(self, server, token):
        self.url, self.server = server.url, server
        self.headers = {"Authorization": f"Bearer {token}"}

    def ask(self, path, body=None, method=None):
        headers = dict(self.headers)
        if body is not None:
            body, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        request = urllib.request.Request(self.url + path, data=body, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=600) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def upload(self, path, name):
        """Sends a file as curl does, streamed from disk."""
        fields = ["-F", f"name={name}", "-F", "replace=true", "-F", f"file=@{path}"]
        bearer = f"Authorization: {self.headers['Authorization']}"
        command = ["curl", "--silent", "--show-error", "--fail-with-body", "-H", bearer, *fields, self.url + "/api/datasets/file/upload"]
        run = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if run.returncode:
            raise RuntimeError(f"upload of {path}: {run.stdout} {run.stderr}")
        return json.loads(run.stdout)


def measure(options, tables, folder):
    """Rows of the table: what, ours, theirs (milliseconds each, or MiB), and what was wrong."""
    token = secrets.token_hex(16)
    rows, wrong = [], []
    with servers.datahall(options.binary, {}, folder, token) as server:
        api = Api(server, token)
        memory = upload_csv(api, options.cache, rows, wrong)
        flights(api, tables["flights"], rows, wrong)
        if os.environ.get("DATAHALL_BENCH_POSTGRES"):
            postgres(api, os.environ["DATAHALL_BENCH_POSTGRES"], rows, wrong)
    return rows, memory, wrong


def timed(ask, times=TIMES):
    """The last answer, and the middle of the times that it took, in milliseconds."""
    taken = []
    for turn in range(times):
        started = time.perf_counter()
        answer = ask(turn)
        taken.append((time.perf_counter() - started) * 1000)
    return answer, statistics.median(taken)


def flights(api, path, rows, wrong):
    api.upload(path, "flights_up")
    here = duckdb.connect()
    here.execute(f"CREATE VIEW t AS SELECT * FROM read_parquet('{path}')")
    for name, query, sql in EXPLORED:
        ours, ours_ms = timed(lambda turn: api.ask(f"/api/datasets/flights_up/explore?{query.format(60 + turn)}"))
        theirs, theirs_ms = timed(lambda turn: here.execute(sql.format(60 + turn)).fetchall())
        if len(ours["rows"]) != len(theirs) or not alike(ours["rows"][0], theirs[0]):
            wrong.append(f"{name}: {ours['rows'][0]} is not {theirs[0]}")
        rows.append((name, ours_ms, theirs_ms, "DuckDB"))
    profiles = []
    for _ in range(UPLOADS):
        # New rows: what is known of the old ones is no use.
        api.upload(path, "flights_up")
        started = time.perf_counter()
        profile = api.ask("/api/datasets/flights_up/profile")
        profiles.append((time.perf_counter() - started) * 1000)
    theirs, theirs_ms = timed(lambda _: here.execute("SUMMARIZE t").fetchall(), UPLOADS)
    if profile["row_count"] != theirs[0][10]:
        wrong.append(f"profile: {profile['row_count']} rows, not {theirs[0][10]}")
    rows.append(("profile of flights-3m (SUMMARIZE)", statistics.median(profiles), theirs_ms, "DuckDB"))


def alike(ours, theirs):
    """Whether the numbers and words of two rows are the same, whatever the form of moments."""
    plain = [value for value in theirs if isinstance(value, (int, float, str))]
    return all(any(value == other or str(value) == str(other) or near(value, other) for other in ours.values()) for value in plain)


def near(one, other):
    return isinstance(one, float) and isinstance(other, (int, float)) and abs(one - other) <= 1e-9 * abs(one)


def upload_csv(api, cache, rows, wrong):
    """A CSV of 200 MB: how long it takes, and how much memory above what the idle server holds."""
    path = cache / f"upload-{CSV_MB}mb.csv"
    lines = written(path)
    idle = api.server.memory_mib("VmRSS")
    reset_peak(api.server.process.pid)
    taken = []
    for _ in range(UPLOADS):
        started = time.perf_counter()
        made = api.upload(path, "uploaded")
        taken.append((time.perf_counter() - started) * 1000)
    peak = api.server.memory_mib("VmHWM")
    if made["row_count"] != lines:
        wrong.append(f"upload: {made['row_count']} rows, not {lines}")
    target = cache / "read-by-duckdb.parquet"
    here = duckdb.connect()
    _, theirs_ms = timed(lambda _: here.execute(f"COPY (SELECT * FROM read_csv('{path}', sample_size=-1)) TO '{target}'"), UPLOADS)
    target.unlink()
    rows.append((f"upload of a {CSV_MB} MB CSV (read_csv, all rows looked at, to Parquet)", statistics.median(taken), theirs_ms, "DuckDB"))
    return peak - idle


def reset_peak(pid):
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def written(path):
    """The file, made when it is not there; how many rows it has."""
    count = path.with_suffix(".rows")
    if not count.is_file():
        lines = 0
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "city", "amount", "at", "note", "share"])
            while file.tell() < CSV_MB * 1_000_000:
                for _ in range(1000):
                    day, second = 1 + lines % 28, lines % 60
                    moment = f"2024-{1 + lines % 12:02}-{day:02}T12:34:{second:02}"
                    writer.writerow([lines, f"city {lines % 977}", f"{lines % 100_000}.{lines % 100:02}", moment, f"a note, with a comma {lines * 7919 % 1_000_003}", lines / 7])
                    lines += 1
        count.write_text(str(lines))
    return int(count.read_text())


def postgres(api, url, rows, wrong):
    """The first rows of a great table, beside psql asking for as many."""
    made = f"CREATE TABLE IF NOT EXISTS bench_rows AS SELECT i AS id, 'name ' || i AS name, i / 4.0 AS amount FROM generate_series(1, {POSTGRES_ROWS}) i"
    psql(url, made)
    parts = urllib.parse.urlsplit(url)
    config = {"host": parts.hostname, "port": parts.port, "database": parts.path.strip("/"), "user": parts.username, "password": parts.password or "x"}
    connector = api.ask("/api/connectors", {"name": "bench", "connector_type": "postgresql", "config": config})
    api.ask("/api/datasets", {"name": "outside_rows", "connector_id": connector["connector_id"], "source_table": "bench_rows", "schema": "public"})
    ours, ours_ms = timed(lambda _: api.ask("/api/datasets/outside_rows/preview?limit=100"))
    if len(ours["rows"]) != 100:
        wrong.append(f"preview: {len(ours['rows'])} rows, not 100")
    _, theirs_ms = timed(lambda _: psql(url, "SELECT * FROM bench_rows LIMIT 100"))
    rows.append((f"preview of {POSTGRES_ROWS:,} rows of PostgreSQL", ours_ms, theirs_ms, "psql"))


def psql(url, sql):
    command = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--command", sql, url]
    return subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL).stdout


def table(rows, memory):
    """The table as Markdown."""
    lines = ["", "| Datasets API | Datahall ms | peer ms | peer | ratio (below 1: faster) |", "|---|---:|---:|---|---:|"]
    lines += [f"| {name} | {ours:.0f} | {theirs:.0f} | {peer} | {ours / theirs:.2f} |" for name, ours, theirs, peer in rows]
    lines += ["", f"The upload took {memory:.0f} MiB of memory above those of the idle server at its most."]
    return "\n".join(lines)
