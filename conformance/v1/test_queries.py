"""Answers to queries over real flights, held against DuckDB's answers over the same file, read whole and lazily."""

import math

import duckdb
import pytest
from harness import Server, block, flights, ok, where

PREDICATES = {
    "eq": (where("origin", "eq", "LAX"), "origin = 'LAX'"),
    "neq": (where("origin", "neq", "LAX"), "origin <> 'LAX'"),
    "gt": (where("delay", "gt", 120), "delay > 120"),
    "gte": (where("delay", "gte", 120), "delay >= 120"),
    "lt": (where("delay", "lt", -30), "delay < -30"),
    "lte": (where("delay", "lte", -30), "delay <= -30"),
    "eq with a float": (where("delay", "eq", 3.0), "delay = 3"),
    "gt with a float": (where("delay", "gt", 119.5), "delay > 119.5"),
    "in": (where("origin", "in", ["LAX", "SFO", "none"]), "origin in ('LAX', 'SFO', 'none')"),
    "in numbers": (where("distance", "in", [100, 200, 300]), "distance in (100, 200, 300)"),
    "like": (where("destination", "like", "S%"), "destination like 'S%'"),
    "like one": (where("destination", "like", "S_O"), "destination like 'S_O'"),
    "ilike": (where("destination", "ilike", "sf%"), "destination ilike 'sf%'"),
    "is_null": (where("delay", "is_null"), "delay is null"),
    "is_not_null": (where("delay", "is_not_null"), "delay is not null"),
    "day": (where("date", "gte", "2001-06-30"), "date >= timestamp '2001-06-30'"),
    "moment": (where("date", "lt", "2001-01-01T01:00:00"), "date < timestamp '2001-01-01 01:00:00'"),
}


@pytest.fixture(scope="module")
def server():
    config = block("eager", flights()) + block("lazy", flights(), more="lazy = true")
    with Server("[sql]\nenabled = true\n\n" + config) as server:
        yield server


@pytest.fixture(scope="module")
def duck():
    connection = duckdb.connect()
    connection.execute(f"create view flights as select * from '{flights()}'")

    def ask(statement):
        cursor = connection.execute(statement)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, (_plain(value) for value in row))) for row in cursor.fetchall()]

    return ask


def _plain(value):
    return value.isoformat() if hasattr(value, "isoformat") else value


def alike(ours, theirs):
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs):
        assert one.keys() == other.keys()
        for key, value in other.items():
            if isinstance(value, float):
                assert math.isclose(one[key], value, rel_tol=1e-9), (key, one, other)
            else:
                assert one[key] == value, (key, one, other)


both = pytest.mark.parametrize("dataset", ["eager", "lazy"])


@both
@pytest.mark.parametrize("name", PREDICATES)
def test_counts_agree_for_every_operator(server, duck, dataset, name):
    predicate, sql = PREDICATES[name]
    assert server.count(dataset, predicate) == duck(f"select count(*) as n from flights where {sql}")[0]["n"]


@both
def test_counts_agree_for_all_pairs_of_operators(server, duck, dataset):
    pairs = [(one, other) for one in PREDICATES for other in PREDICATES if one < other]
    counts = ", ".join(f"count(*) filter ({PREDICATES[one][1]} and {PREDICATES[other][1]}) as p{at}" for at, (one, other) in enumerate(pairs))
    expected = list(duck(f"select {counts} from flights")[0].values())
    found = [server.count(dataset, PREDICATES[one][0], PREDICATES[other][0]) for one, other in pairs]
    assert found == expected


@both
def test_pages_are_the_rows_in_the_order_of_the_file(server, duck, dataset):
    expected = duck("select * from flights where origin = 'LAX' and delay > 60 limit 250")
    pages = [
        server.rows(dataset, predicates=[where("origin", "eq", "LAX"), where("delay", "gt", 60)], page=page, page_size=100)
        for page in (1, 2, 3)
    ]
    alike([row for page in pages for row in page][:250], expected)
    assert server.rows(dataset, page=10**9, page_size=100) == []


@both
def test_a_deep_page(server, duck, dataset):
    n = duck("select count(*) as n from flights")[0]["n"]
    page = n // 100 - 1
    alike(server.rows(dataset, page=page, page_size=100), duck(f"select * from flights limit 100 offset {(page - 1) * 100}"))


@both
def test_limit_caps_over_all_pages(server, dataset):
    sizes = [len(server.rows(dataset, limit=25, page=page, page_size=10)) for page in (1, 2, 3, 4)]
    assert sizes == [10, 10, 5, 0]
    assert server.rows(dataset, limit=0) == []


@both
def test_groups(server, duck, dataset):
    rows = server.rows(
        dataset,
        group_by=["origin"],
        aggregations=[{"op": "count"}, {"op": "COUNT", "col": "delay"}]
        + [{"op": op, "col": "delay"} for op in ("sum", "avg", "min", "max")],
        having=[where("count", "gt", 1000)],
        order_by=[{"col": "count", "dir": "DESC"}, {"col": "origin"}],
    )
    expected = duck(
        """select origin, count(*) as count, count(delay) as count_delay, cast(sum(delay) as bigint) as sum_delay, avg(delay) as avg_delay,
           min(delay) as min_delay, max(delay) as max_delay from flights group by origin having count(*) > 1000
           order by count desc, origin"""
    )
    alike(rows, expected)


@both
def test_groups_without_aggregations_count_and_distinct_does_not(server, duck, dataset):
    rows = server.rows(dataset, group_by=["origin", "destination"], order_by=[{"col": "origin"}, {"col": "destination"}], page_size=100000)
    expected = duck("select origin, destination, count(*) as count from flights group by all order by all")
    alike(rows, expected)
    distinct = server.rows(dataset, columns=["ORIGIN"], distinct=True, order_by=[{"col": "Origin"}])
    alike(distinct, duck("select distinct origin from flights order by origin"))


@both
def test_top_rows(server, duck, dataset):
    order = [{"col": "delay", "dir": "desc"}, {"col": "date"}, {"col": "origin"}, {"col": "destination"}]
    columns = ["delay", "date", "origin", "destination"]
    expected = duck("select delay, date, origin, destination from flights order by delay desc nulls first, date, origin, destination limit 40")
    alike(server.rows(dataset, columns=columns, order_by=order, page_size=40), expected)


@both
def test_sql(server, duck, dataset):
    statement = """with busy as (select origin, count(*) as n from {0} group by origin having count(*) > 500)
        select b.origin, b.n, max(f.distance) as longest from {0} f join busy b on b.origin = f.origin
        where f.delay between 10 and 90 group by b.origin, b.n order by b.n desc, b.origin limit 20"""
    alike(server.sql(statement.format(dataset)), duck(statement.format("flights")))


def test_sql_joins_datasets(server):
    rows = server.sql("select count(*) as n from (select origin from eager limit 5) e join (select 1 as one from lazy limit 2) l on true")
    assert rows == [{"n": 10}]


def test_both_residencies_say_what_they_are(server, duck):
    n = duck("select count(*) as n from flights")[0]["n"]
    for dataset, residency in (("eager", "memory"), ("lazy", "lazy")):
        status = ok(server.get(f"/api/v1/datasets/{dataset}/status"))
        assert (status["state"], status["residency"], status["rows"]) == ("published", residency, n)
