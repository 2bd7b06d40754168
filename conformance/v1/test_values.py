"""Values: what pyarrow and DuckDB wrote into Parquet is what every route gives back, whole or lazily read."""

import datetime
import decimal
import io
import json
import math
import struct

import duckdb
import pyarrow
import pyarrow.ipc
import pyarrow.parquet
import pytest
from harness import Server, block, ok, where

SECOND = datetime.timedelta(seconds=1)
MOMENT = datetime.datetime(2024, 2, 29, 12, 34, 56, 789012)
D = decimal.Decimal

COLUMNS = {
    "i8": (pyarrow.int8(), [7, -128, 127]),
    "i16": (pyarrow.int16(), [7, -(2**15), 2**15 - 1]),
    "i32": (pyarrow.int32(), [7, -(2**31), 2**31 - 1]),
    "i64": (pyarrow.int64(), [2**53 + 1, -(2**63), 2**63 - 1]),
    "u8": (pyarrow.uint8(), [7, 0, 255]),
    "u32": (pyarrow.uint32(), [7, 0, 2**32 - 1]),
    "u64": (pyarrow.uint64(), [2**53 + 1, 0, 2**64 - 1]),
    "f32": (pyarrow.float32(), [0.1, -0.0, 3.4028234663852886e38]),
    "f64": (pyarrow.float64(), [0.1, 5e-324, 1.7976931348623157e308]),
    "odd": (pyarrow.float64(), [math.nan, math.inf, -math.inf]),
    "flag": (pyarrow.bool_(), [True, False, True]),
    "text": (pyarrow.string(), ["ü😀", "", 'q"uo\\te\n\x01']),
    "large": (pyarrow.large_string(), ["a", "b", "c"]),
    "view": (pyarrow.string_view(), ["short", "longer than twelve bytes", ""]),
    "dict": (pyarrow.dictionary(pyarrow.int32(), pyarrow.string()), ["x", "y", "x"]),
    "binary": (pyarrow.binary(), [b"abc", b"", b"\xff\x00"]),
    "fixed": (pyarrow.binary(3), [b"abc", b"def", b"\xff\xfe\x00"]),
    "day": (pyarrow.date32(), [datetime.date(2024, 2, 29), datetime.date(1, 1, 1), datetime.date(9999, 12, 31)]),
    "ms": (pyarrow.timestamp("ms"), [MOMENT.replace(microsecond=789000), datetime.datetime(1970, 1, 1), datetime.datetime(1969, 12, 31)]),
    "us": (pyarrow.timestamp("us"), [MOMENT, datetime.datetime(1970, 1, 1), datetime.datetime(1, 1, 1)]),
    "utc": (pyarrow.timestamp("us", "UTC"), [MOMENT, datetime.datetime(1970, 1, 1), datetime.datetime(1969, 12, 31)]),
    "paris": (pyarrow.timestamp("us", "Europe/Paris"), [MOMENT, datetime.datetime(1970, 1, 1), datetime.datetime(1969, 12, 31)]),
    "clock": (pyarrow.time64("us"), [datetime.time(12, 34, 56, 789012), datetime.time(0), datetime.time(23, 59, 59)]),
    "money": (pyarrow.decimal128(12, 4), [D("12.3400"), D("-0.0001"), D("99999999.9999")]),
    "huge": (pyarrow.decimal128(38, 0), [D(1), D("9" * 38), D("-" + "9" * 38)]),
    "list": (pyarrow.list_(pyarrow.int64()), [[1, None, 2**63 - 1], [], [None]]),
    "nested": (pyarrow.list_(pyarrow.list_(pyarrow.string())), [[["a"], [], None], [], [["b", None]]]),
    "point": (
        pyarrow.struct([("x", pyarrow.int64()), ("tags", pyarrow.list_(pyarrow.struct([("t", pyarrow.string())])))]),
        [{"x": 1, "tags": [{"t": 'a"'}, {"t": None}]}, {"x": None, "tags": []}, {"x": 2**63 - 1, "tags": None}],
    ),
}


def typed_table():
    """Every type, three values each, and a null first, in the middle and last; `id` counts the rows."""
    arrays, names = [pyarrow.array(range(7), pyarrow.int64())], ["id"]
    for name, (kind, (first, second, third)) in COLUMNS.items():
        values = [None, first, second, None, third, first, None]
        if pyarrow.types.is_timestamp(kind) and kind.tz:
            values = [value and value.replace(tzinfo=datetime.UTC) for value in values]
        if pyarrow.types.is_dictionary(kind):
            arrays.append(pyarrow.array(values, pyarrow.string()).dictionary_encode())
        else:
            arrays.append(pyarrow.array(values, kind))
        names.append(name)
    return pyarrow.table(arrays, names=names)


def as_json(value, kind):
    """The one JSON form of a value."""
    if value is None:
        return None
    if pyarrow.types.is_floating(kind):
        return value if math.isfinite(value) else None
    if pyarrow.types.is_decimal(kind):
        return f"{value:f}"
    if pyarrow.types.is_binary(kind) or pyarrow.types.is_fixed_size_binary(kind):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return None
    if pyarrow.types.is_timestamp(kind):
        naive = value.astimezone(datetime.UTC).replace(tzinfo=None) if value.tzinfo else value
        return _fraction(naive.isoformat(timespec="seconds"), value.microsecond) + ("Z" if kind.tz else "")
    if pyarrow.types.is_date(kind):
        return value.isoformat()
    if pyarrow.types.is_time(kind):
        return _fraction(value.isoformat(timespec="seconds"), value.microsecond)
    if pyarrow.types.is_list(kind):
        return [as_json(item, kind.value_type) for item in value]
    if pyarrow.types.is_struct(kind):
        return {field.name: as_json(value[field.name], field.type) for field in kind}
    return value


def _fraction(text, micros):
    # A fraction is written only when there is one.
    return f"{text}.{micros:06}" if micros % 1000 else f"{text}.{micros // 1000:03}" if micros else text


def same(one, other):
    """Equal, the sign of zero included."""
    if isinstance(one, float) and isinstance(other, float):
        return struct.pack("d", one) == struct.pack("d", other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


@pytest.fixture(scope="module")
def table():
    return typed_table()


@pytest.fixture(scope="module")
def server(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("values")
    plain, snappy = folder / "plain.parquet", folder / "small-groups.parquet"
    pyarrow.parquet.write_table(table, plain, compression="none", store_schema=True)
    pyarrow.parquet.write_table(table, snappy, row_group_size=2, data_page_version="2.0")
    lazy = "lazy = true"
    config = block("eager", plain) + block("lazy", plain, more=lazy) + block("groups", snappy) + block("lazygroups", snappy, more=lazy)
    with Server("[sql]\nenabled = true\n\n" + config) as server:
        yield server


DATASETS = ["eager", "lazy", "groups", "lazygroups"]


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("route", ["query", "stream", "sql"])
def test_json_has_one_form_for_a_value_on_every_route(server, table, dataset, route):
    order = {"order_by": [{"col": "id"}]}
    if route == "query":
        rows = server.rows(dataset, **order)
    elif route == "stream":
        answer = server.post(f"/api/v1/datasets/{dataset}/query/stream", order, headers={"Accept": "application/x-ndjson"})
        assert answer.ok, answer.text
        rows = [json.loads(line) for line in answer.text.splitlines()]
    else:
        rows = server.sql(f"select * from {dataset} order by id")
    _compare(rows, table)


def _compare(rows, table):
    assert len(rows) == table.num_rows
    wrong = []
    for at, (row, expected) in enumerate(zip(rows, table.to_pylist())):
        assert list(row) == table.column_names
        for field in table.schema:
            kind = field.type.value_type if pyarrow.types.is_dictionary(field.type) else field.type
            value = as_json(expected[field.name], kind)
            if pyarrow.types.is_float32(kind) and value is not None:
                agrees = same(struct.unpack("f", struct.pack("f", row[field.name]))[0], value)
            elif kind in (pyarrow.timestamp("ms"), pyarrow.timestamp("us"), pyarrow.time64("us")) or pyarrow.types.is_timestamp(kind):
                agrees = _same_moment(row[field.name], value)
            else:
                agrees = same(row[field.name], value)
            if not agrees:
                wrong.append(f"row {at}, {field.name}: {row[field.name]!r}, not {value!r}")
    assert not wrong, "\n".join(wrong)


def _same_moment(given, expected):
    # A fraction may carry trailing zeros: `.789` and `.789000` are one moment.
    def plain(text):
        if text is None or "." not in text:
            return text
        body, zone = (text[:-1], "Z") if text.endswith("Z") else (text, "")
        return body.rstrip("0").rstrip(".") + zone

    return plain(given) == plain(expected)


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("route", ["query", "query/stream"])
def test_arrow_is_exact(server, table, dataset, route):
    answer = server.post(
        f"/api/v1/datasets/{dataset}/{route}", {"order_by": [{"col": "id"}]}, headers={"Accept": "application/vnd.apache.arrow.stream"}
    )
    assert answer.ok, answer.text
    _exact(pyarrow.ipc.open_stream(io.BytesIO(answer.content)).read_all(), table)


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_exported_file_is_exact(server, table, dataset, tmp_path):
    answer = server.get(f"/api/v1/datasets/{dataset}/parquet")
    assert answer.ok, answer.text
    _exact(pyarrow.parquet.read_table(io.BytesIO(answer.content)).sort_by("id"), table)
    path = tmp_path / "export.parquet"
    path.write_bytes(answer.content)
    # And another reader agrees that it is a good file.
    assert duckdb.execute(f"select count(*), sum(id) from '{path}'").fetchall() == [(7, 21)]


def _exact(given, table):
    assert given.column_names == table.column_names
    for name in table.column_names:
        left, right = given[name].combine_chunks(), table[name].combine_chunks()
        # How text is laid out in memory is not part of its value, and Parquet has no timestamps in seconds.
        for_values = [side.cast(_plain_type(side.type)) for side in (left, right)]
        assert for_values[0].type == for_values[1].type, f"{name}: {left.type}, not {right.type}"
        texts = [repr(side.to_pylist()) for side in for_values]
        assert texts[0] == texts[1], name


def _plain_type(kind):
    if pyarrow.types.is_dictionary(kind):
        return _plain_type(kind.value_type)
    if pyarrow.types.is_large_string(kind) or pyarrow.types.is_string_view(kind):
        return pyarrow.string()
    if pyarrow.types.is_large_binary(kind) or pyarrow.types.is_binary_view(kind):
        return pyarrow.binary()
    return kind


@pytest.mark.parametrize("dataset", DATASETS)
def test_each_value_finds_its_own_row(server, table, dataset):
    rows = server.rows(dataset, order_by=[{"col": "id"}])
    for name, (kind, _) in COLUMNS.items():
        if pyarrow.types.is_nested(kind) or pyarrow.types.is_binary(kind) or pyarrow.types.is_fixed_size_binary(kind):
            continue
        for row in (row for row in rows if row[name] is not None):
            found = {one["id"] for one in server.rows(dataset, predicates=[where(name, "eq", row[name])], columns=["id"])}
            expected = {one["id"] for one in rows if one[name] is not None and one[name] == row[name]}
            assert found == expected, f"{name} eq {row[name]!r}"
        nulls = {row["id"] for row in table.select(["id", name]).to_pylist() if row[name] is None}
        assert {one["id"] for one in server.rows(dataset, predicates=[where(name, "is_null")], columns=["id"])} == nulls, name


def test_what_duckdb_wrote_is_read_alike(server, tmp_path):
    path = tmp_path / "duck.parquet"
    duckdb.execute(
        f"""copy (select range as id, (range * 3)::hugeint::decimal(20, 2) as price, range::varchar as text,
            date '2024-01-01' + range::int as day, case when range % 3 = 0 then null else range / 7.0 end as part
            from range(10000)) to '{path}' (format parquet, row_group_size 2048, compression zstd)"""
    )
    for name, more in (("duck", {}), ("lazyduck", {"lazy": True})):
        assert ok(server.register(name, "parquet", path, **more))["columns"] == 5
        total = server.sql(f"select count(*) as n, count(part) as parts, sum(price) as total, max(day) as last from {name}")
        assert total == [{"n": 10000, "parts": 6666, "total": "149985000.00", "last": "2051-05-18"}]
        assert server.rows(name, predicates=[where("id", "eq", 7)], columns=["price", "text", "day"]) == [
            {"price": "21.00", "text": "7", "day": "2024-01-08"}
        ]
