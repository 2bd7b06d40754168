"""The dataset server's own Python client, unmodified: every method it has, given `http://host/datapress`."""

import pyarrow
import pyarrow.parquet
import pytest
from datap_rs import DataPressClient, DataPressHTTPError
from harness import TOKEN, Server, block, flights, where

PREDICATES = [where("origin", "eq", "LAX"), where("delay", "gt", 60)]


@pytest.fixture(scope="module")
def server():
    with Server("[sql]\nenabled = true\n\n" + block("flights", flights())) as server:
        yield server


@pytest.fixture(params=[True, False], ids=["gzip", "identity"])
def client(server, request):
    return DataPressClient(server.url + "/datapress", admin_token=TOKEN, accept_compression=request.param)


@pytest.fixture(scope="module")
def table():
    return pyarrow.parquet.read_table(flights())


def test_probes(client):
    assert client.healthz()["status"] == "ok"
    assert client.readyz() == {"status": "ready", "datasets": 1}


def test_datasets(client):
    assert client.datasets() == ["flights"]


def test_schema(client, table):
    schema = client.schema("flights")
    assert schema["name"] == "flights"
    assert schema["rows"] == table.num_rows
    assert [column["name"] for column in schema["columns"]] == table.column_names
    assert set(schema["sample"]) == set(table.column_names)


def test_count(client, table):
    assert client.count("flights") == table.num_rows
    expected = sum(1 for row in _matching(table))
    assert client.count("flights", PREDICATES) == expected


def test_query_json(client, table):
    answer = client.query_json("flights", {"predicates": PREDICATES, "page_size": 7, "columns": ["origin", "delay"]})
    assert answer["page"] == 1 and answer["page_size"] == 7
    assert answer["data"] == [{"origin": row["origin"], "delay": row["delay"]} for row in _matching(table)[:7]]


def test_query_as_arrow(client, table):
    answer = client.query("flights", {"predicates": PREDICATES, "page_size": 100_000})
    assert isinstance(answer, pyarrow.Table)
    assert answer.column_names == table.column_names
    assert answer.to_pylist() == _matching(table)[:100_000]


def test_sql(client, table):
    assert client.sql("select count(*) as n from flights") == [{"n": table.num_rows}]
    assert len(client.sql("select origin from flights", max_rows=3)) == 3


def test_reload(client, table):
    answer = client.reload("flights")
    assert answer["dataset"] == "flights"
    assert answer["rows"] == table.num_rows
    assert answer["elapsed_ms"] >= 0


def test_errors(client, server):
    with pytest.raises(DataPressHTTPError) as missing:
        client.schema("nope")
    assert missing.value.status == 404
    assert "nope" in missing.value.payload["error"]
    with pytest.raises(DataPressHTTPError) as wrong:
        client.query_json("flights", {"columns": ["nope"]})
    assert wrong.value.status == 400
    assert wrong.value.payload["error"] == "unknown column: nope"
    with pytest.raises(DataPressHTTPError) as refused:
        DataPressClient(server.url + "/datapress", admin_token="wrong").reload("flights")
    assert refused.value.status == 403


def _matching(table):
    import pyarrow.compute as pc

    return table.filter((pc.field("origin") == "LAX") & (pc.field("delay") > 60)).to_pylist()
