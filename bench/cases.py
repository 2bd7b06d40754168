"""What is asked of both servers: eleven requests over two real tables."""

from dataclasses import dataclass

FLIGHTS = "/api/v1/datasets/flights/query"
LINEITEM = "/api/v1/datasets/lineitem/query"
ARROW = "application/vnd.apache.arrow.stream"

Q1 = """
select l_returnflag, l_linestatus,
       sum(l_quantity) as sum_qty, sum(l_extendedprice) as sum_base_price,
       sum(l_extendedprice * (1 - l_discount)) as sum_disc_price,
       sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)) as sum_charge,
       avg(l_quantity) as avg_qty, avg(l_extendedprice) as avg_price, avg(l_discount) as avg_disc,
       count(*) as count_order
from lineitem where l_shipdate <= date '1998-09-02'
group by l_returnflag, l_linestatus order by l_returnflag, l_linestatus
"""


@dataclass(frozen=True)
class Case:
    """One request, and how its answer is to be compared."""

    name: str
    path: str
    body: dict
    ordered: bool = False
    accept: str = "application/json"
    rows: int | None = None
    """How many rows the answer must have; None: not checked by number."""


def where(column, op, value):
    return {"col": column, "op": op, "val": value}


CASES = [
    Case("equality page", FLIGHTS, {"predicates": [where("origin", "eq", "LAX")], "page_size": 100}, rows=100),
    Case(
        "equality and range page",
        FLIGHTS,
        {"predicates": [where("origin", "eq", "LAX"), where("delay", "gt", 60)], "page_size": 100},
        rows=100,
    ),
    Case("point look-up", LINEITEM, {"predicates": [where("l_orderkey", "eq", 3000001)], "page_size": 100}),
    Case(
        "IN and LIKE page",
        FLIGHTS,
        {"predicates": [where("origin", "in", ["LAX", "SFO", "SEA"]), where("destination", "like", "S%")], "page_size": 100},
        rows=100,
    ),
    Case(
        "filtered count",
        "/api/v1/datasets/flights/count",
        {"predicates": [where("delay", "gt", 30), where("distance", "lt", 500)]},
    ),
    Case(
        "group by",
        FLIGHTS,
        {
            "group_by": ["origin"],
            "aggregations": [{"op": "count", "alias": "flights"}, {"op": "avg", "col": "delay", "alias": "mean_delay"}],
            "order_by": [{"col": "flights", "dir": "desc"}, {"col": "origin"}],
            "page_size": 50,
        },
        ordered=True,
        rows=50,
    ),
    Case(
        "top k",
        FLIGHTS,
        {
            "columns": ["delay", "origin", "destination", "date"],
            "order_by": [{"col": "delay", "dir": "desc"}, {"col": "date"}, {"col": "origin"}, {"col": "destination"}],
            "limit": 10,
        },
        ordered=True,
        rows=10,
    ),
    Case("deep page", FLIGHTS, {"page": 20_000, "page_size": 100}, rows=100),
    Case("10,000 rows as JSON", FLIGHTS, {"page_size": 10_000}, rows=10_000),
    Case("100,000 rows as Arrow", FLIGHTS, {"page_size": 100_000}, accept=ARROW, rows=100_000),
    Case("grouped SQL (TPC-H Q1)", "/api/v1/sql", {"sql": " ".join(Q1.split())}, ordered=True, rows=4),
]
