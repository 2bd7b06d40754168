"""The examples of the API's document, in Python and curl, against a server that was started from a datasets.toml."""

import json
import subprocess
import tomllib

import pyarrow
import pyarrow.parquet
import pytest
import requests
from harness import TOKEN, Server, block, ok, refused

ORIGINAL = "# Kept as it is: a comment, odd   spacing, and no newline at the end\n"


@pytest.fixture
def events(tmp_path):
    """Two files of events below a folder."""
    folder = tmp_path / "events"
    folder.mkdir()
    for part in (0, 1):
        ids = range(part * 100, part * 100 + 100)
        columns = {"id": list(ids), "ts": [f"2026-01-{1 + at % 28:02}" for at in ids], "kind": ["click"] * 100, "payload": [None] * 100}
        pyarrow.parquet.write_table(pyarrow.table(columns | {"extra": list(ids)}), folder / f"part-{part}.parquet")
    return folder


@pytest.fixture
def server(tmp_path):
    accidents = tmp_path / "accidents.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"severity": [1, 2, 3]}), accidents)
    with Server(ORIGINAL + block("accidents", accidents).rstrip()) as server:
        yield server


def curl(server, path, body=None):
    """`curl -s -X POST …`, as the document writes it."""
    command = ["curl", "-s", "-X", "POST", "-H", f"X-Admin-Token: {TOKEN}"]
    if body is not None:
        command += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
    output = subprocess.run([*command, server.url + path], capture_output=True, check=True, stdin=subprocess.DEVNULL)
    return json.loads(output.stdout)


def test_register_a_single_dataset(server, events):
    resp = requests.post(
        f"{server.url}/api/v1/datasets",
        headers={"X-Admin-Token": TOKEN},
        json={
            "name": "events",
            "source": {"kind": "parquet", "location": f"{events}/*.parquet"},
        },
    )
    resp.raise_for_status()
    summary = resp.json()
    assert {key: summary[key] for key in ("name", "rows", "columns")} == {"name": "events", "rows": 200, "columns": 5}
    assert server.count("events") == 200


def test_the_full_body_is_accepted(server, events):
    body = {
        "name": "events",
        "source": {"kind": "parquet", "location": f"{events}/*.parquet"},
        "columns": ["id", "ts", "kind", "payload"],
        "dict_encode": True,
        "lazy": False,
        "index": {"mode": "auto", "columns": [], "max_cardinality": 100000},
        "s3": {
            "region": "us-east-1",
            "endpoint": "http://minio.local:9000",
            "addressing_style": "path",
            "allow_http": True,
            "partitioning": "auto",
        },
    }
    summary = ok(server.post("/api/v1/datasets", body, admin=True))
    assert (summary["rows"], summary["columns"]) == (200, 4)
    assert list(server.rows("events", page_size=1)[0]) == ["id", "ts", "kind", "payload"]


@pytest.mark.parametrize(
    "name, location",
    [("accidents", "events/*.parquet"), ("ACCIDENTS", "events/*.parquet"), ("not/ok", "events/*.parquet"), ("", "events/*.parquet")]
    + [("x", "missing.parquet"), ("x", "empty/"), ("x", "empty/*.parquet"), ("x", "events/none-*.parquet"), ("x", "")],
)
def test_what_cannot_be_registered_is_a_400_and_changes_nothing(server, events, name, location):
    (events.parent / "empty").mkdir()
    before = ok(server.get("/api/v1/datasets"))
    message = refused(server.register(name, "parquet", f"{events.parent}/{location}" if location else ""))
    assert message
    assert ok(server.get("/api/v1/datasets")) == before
    assert sorted(path.name for path in events.parent.iterdir()) == ["accidents.parquet", "empty", "events"]


def test_every_route_of_the_document_needs_the_token(server, events):
    body = {"name": "events", "source": {"kind": "parquet", "location": f"{events}/*.parquet"}}
    for path in ("/api/v1/datasets", "/api/v1/datasets/persist", "/api/v1/config/reload"):
        for headers in ({}, {"X-Admin-Token": "wrong"}, {"X-Admin-Token": ""}):
            refused(server.post(path, body, headers=headers), 403)
        # Permission is judged before the body.
        refused(server.request("POST", path, data="{", headers={"Content-Type": "application/json"}), 403)
    assert [entry["name"] for entry in ok(server.get("/api/v1/datasets"))["datasets"]] == ["accidents"]


def test_persist_appends_one_block_and_loads_nothing(server, events):
    before = server.config_file.read_bytes()
    body = {"name": "events", "source": {"kind": "parquet", "location": f"{events}/*.parquet"}}
    answer = curl(server, "/api/v1/datasets/persist", body)
    assert answer == {"persisted": True, "path": str(server.config_file.resolve())}
    after = server.config_file.read_bytes()
    assert after.startswith(before + b"\n"), "what was there stays, byte for byte"
    blocks = tomllib.loads(after.decode())["dataset"]
    assert [one["name"] for one in blocks] == ["accidents", "events"]
    assert blocks[1]["source"] == body["source"]
    refused(server.post("/api/v1/datasets/events/count"), 404)
    # A name that the file has already.
    refused(server.post("/api/v1/datasets/persist", body, admin=True))
    assert server.config_file.read_bytes() == after


def test_register_then_persist_survives_a_restart(server, events):
    body = {"name": "events", "source": {"kind": "parquet", "location": f"{events}/*.parquet"}}
    ok(server.post("/api/v1/datasets", body, admin=True))
    ok(server.post("/api/v1/datasets/persist", body, admin=True))
    with Server(server.config_file.read_text()) as restarted:
        assert restarted.count("events") == 200


def test_hot_reload_registers_what_is_new_and_says_what_failed(server, events, tmp_path):
    orders = events / "part-0.parquet"
    added = block("events", f"{events}/*.parquet") + block("broken", tmp_path / "missing.parquet") + block("orders", orders)
    server.config_file.write_text(server.config_file.read_text() + "\n\n" + added)
    answer = curl(server, "/api/v1/config/reload")
    assert answer["registered"] == ["events", "orders"]
    assert answer["skipped"] == ["accidents"]
    assert [error["dataset"] for error in answer["errors"]] == ["broken"]
    assert answer["errors"][0]["error"]
    assert server.count("orders") == 100


def test_hot_reload_changes_nothing_that_is_live(server, events):
    server.config_file.write_text(block("events", f"{events}/*.parquet"))
    answer = curl(server, "/api/v1/config/reload")
    assert answer == {"registered": ["events"], "skipped": [], "errors": []} or answer["registered"] == ["events"]
    # It was taken out of the file, and is still there.
    assert server.count("accidents") == 3
    pyarrow.parquet.write_table(pyarrow.table({"id": [1]}), events / "part-2.parquet")
    assert curl(server, "/api/v1/config/reload")["skipped"] == ["events"]
    assert server.count("events") == 200
    # Rebuilding is what this is for.
    assert ok(server.post("/api/v1/datasets/events/reload", admin=True))["rows"] == 201
    assert server.count("events") == 201


def test_a_broken_file_is_refused_and_harms_nothing(server):
    server.config_file.write_text("[[dataset]\nname = ")
    refused(server.post("/api/v1/config/reload", admin=True))
    assert server.count("accidents") == 3


def test_automating_on_new_data(server, events):
    server.config_file.write_text(server.config_file.read_text() + "\n\n" + block("events", f"{events}/*.parquet"))

    def refresh_datapress():
        r = requests.post(
            f"{server.url}/api/v1/config/reload",
            headers={"X-Admin-Token": TOKEN},
        )
        r.raise_for_status()
        added = r.json()["registered"]
        return added

    assert refresh_datapress() == ["events"]
    assert refresh_datapress() == []
