"""The OpenAPI document held against the server by schemathesis: every answer is one it describes, none is a 5xx."""

import os
import subprocess
import sys
from pathlib import Path

import jsonschema_rs
import pyarrow
import pyarrow.parquet
import pytest
from harness import TOKEN, Server, block, is_long, ok

CHECKS = Path(__file__).with_name("checks.py")


# A connector that leads nowhere is told by 503, and those who ask with one that schemathesis made mean such a one. Names are mostly those of
# datasets, and of a connector, that are there, so that it is not "not found" that is judged.
CONFIG = """
[dictionaries.datasets]
values = ["small", "uploaded", "outside"]

[dictionaries.connectors]
values = ["3f2a9c"]

[parameters]
"path.name" = { dictionary = "datasets", probability = 0.8 }
"path.id" = { dictionary = "connectors", probability = 0.5 }
"query.connector_id" = { dictionary = "connectors", probability = 0.8 }

[[operations]]
include-operation-id = ["browse_schemas", "browse_tables", "create_dataset", "import_dataset", "import_batch"]
checks.not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 503]
"""


def outside(server, folder):
    """Tables behind a connector, called as the document's examples call them: so they are answered, and not refused."""
    sales = folder / "outside" / "sales"
    sales.mkdir(parents=True)
    (sales / "orders.csv").write_text("id,email,at\n1,a@example.org,2024-02-29T12:00:00Z\n2,,\n")
    (sales / "Customers.csv").write_text("id,E-Mail\n1,a@example.org\n")
    (sales / "fact_sold.csv").write_text("id\n1\n")
    connector = {"name": "3f2a9c", "connector_type": "filesystem", "config": {"root": str(sales.parent)}}
    ok(server.post("/api/connectors", connector, admin=True))
    ok(server.post("/api/datasets", {"name": "outside", "connector_id": "3f2a9c", "source_table": "orders"}, admin=True))


@pytest.fixture
def server(tmp_path):
    path = tmp_path / "small.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"id": [1, 2, 3], "text": ["a", None, "b"], "when": [None, None, None]}), path)
    with Server("[sql]\nenabled = true\n\n[metrics]\nenabled = true\n\n" + block("small", path)) as server:
        form = {"file": ("uploaded.csv", "id,at,mail\n1,2024-02-29T12:00:00Z,a@example.org\n2,,\n")}
        ok(server.post("/api/datasets/file/upload", admin=True, files=form))
        outside(server, tmp_path)
        yield server


@pytest.mark.parametrize("who", ["anonymous", "administrator"])
def test_every_answer_is_as_described(server, who, tmp_path):
    examples = 400 if is_long() else 25
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    command = [Path(sys.executable).with_name("schemathesis"), "run", f"{server.url}/openapi.json"]
    command += ["--max-examples", str(examples), "--generation-deterministic", "--workers", "1"]
    command += ["--checks", "no_fault_of_the_server,status_code_conformance,content_type_conformance,response_schema_conformance"]
    command += ["--suppress-health-check", "all", "--no-color"]
    if who == "administrator":
        command += ["--header", f"X-Admin-Token: {TOKEN}"]
    environment = os.environ | {"PYTHONIOENCODING": "utf-8", "SCHEMATHESIS_HOOKS": str(CHECKS)}
    run = subprocess.run(
        [str(word) for word in command], cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=1800,
    )
    assert run.returncode == 0, run.stdout[-12000:] + run.stderr[-2000:]
    assert ok(server.get("/healthz")) == {"status": "ok"}
    if who == "anonymous":
        assert server.count("small") == 3


def test_examples_are_what_their_schemas_say(server):
    document = ok(server.get("/openapi.json"))
    schemas = document["components"]["schemas"]
    seen = 0
    for name, schema in schemas.items():
        judge = jsonschema_rs.validator_for({**schema, "components": document["components"]})
        for example in schema.get("examples", []):
            assert [error.message for error in judge.iter_errors(example)] == [], name
            seen += 1
    assert seen > 20
