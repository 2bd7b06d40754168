"""Delta tables written by the `deltalake` package: what the table's log says is what is served."""

import io
import json
import struct

import pyarrow
import pyarrow.ipc
import pyarrow.parquet
import pytest
from deltalake import DeltaTable, QueryBuilder, write_deltalake
from harness import Server, ok, refused, where


@pytest.fixture(scope="module")
def server():
    with Server("[sql]\nenabled = true\n") as server:
        yield server


@pytest.fixture(params=[False, True], ids=["eager", "lazy"])
def lazy(request):
    return request.param


@pytest.fixture
def name(request, lazy):
    kept = "".join(letter if letter.isalnum() else "-" for letter in request.node.originalname)
    return f"{kept}-{'lazy' if lazy else 'eager'}"


def numbers(first, count, **more):
    ids = list(range(first, first + count))
    return pyarrow.table({"id": pyarrow.array(ids, pyarrow.int64()), "kind": ["even" if at % 2 == 0 else "odd" for at in ids], **more})


def served(server, name, path, lazy):
    """Registers the table and gives its rows, which every route must give alike."""
    ok(server.register(name, "delta", path, lazy=lazy))
    rows = server.rows(name, order_by=[{"col": "id"}], page_size=100_000)
    answer = server.post(
        f"/api/v1/datasets/{name}/query/stream", {"order_by": [{"col": "id"}]}, headers={"Accept": "application/vnd.apache.arrow.stream"}
    )
    assert pyarrow.ipc.open_stream(io.BytesIO(answer.content)).read_all()["id"].to_pylist() == [row["id"] for row in rows]
    assert server.count(name) == len(rows)
    assert server.sql(f'select count(*) as n from "{name}"') == [{"n": len(rows)}]
    return rows


def expected(path):
    return DeltaTable(path).to_pyarrow_table().sort_by("id").to_pylist()


def test_append_overwrite_delete(server, tmp_path, name, lazy):
    path = str(tmp_path / "table")
    write_deltalake(path, numbers(0, 100))
    write_deltalake(path, numbers(100, 100), mode="append")
    assert served(server, name, path, lazy) == expected(path)
    DeltaTable(path).delete("id % 3 = 0")
    ok(server.post(f"/api/v1/datasets/{name}/reload", admin=True))
    rows = server.rows(name, order_by=[{"col": "id"}])
    assert rows == expected(path) and len(rows) == 133
    write_deltalake(path, numbers(0, 5), mode="overwrite")
    assert ok(server.post(f"/api/v1/datasets/{name}/reload", admin=True))["rows"] == 5
    assert server.rows(name, order_by=[{"col": "id"}]) == expected(path)


def test_partitions(server, tmp_path, name, lazy):
    path = str(tmp_path / "table")
    days = pyarrow.array(["2024-01-01", "2024-01-02", None, "a b/c%d"] * 25)
    write_deltalake(path, numbers(0, 100, day=days), partition_by=["kind", "day"])
    rows = served(server, name, path, lazy)
    assert rows == expected(path)
    assert server.count(name, where("day", "eq", "a b/c%d"), where("kind", "eq", "odd")) == 25
    assert server.count(name, where("day", "is_null")) == 25


def test_partitions_of_other_types(server, tmp_path, name, lazy):
    path = str(tmp_path / "table")
    day = pyarrow.array([0, 19782, None, 1] * 25, pyarrow.int32()).cast(pyarrow.date32())
    write_deltalake(path, numbers(0, 100, day=day, part=pyarrow.array([1, 2] * 50, pyarrow.int32())), partition_by=["day", "part"])
    rows = served(server, name, path, lazy)
    assert [(row["id"], row["day"], row["part"]) for row in rows] == [
        (row["id"], row["day"] and row["day"].isoformat(), row["part"]) for row in expected(path)
    ]
    assert server.count(name, where("day", "gte", "2024-01-01")) == 25


def test_a_schema_that_grew(server, tmp_path, name, lazy):
    path = str(tmp_path / "table")
    write_deltalake(path, numbers(0, 10))
    write_deltalake(path, numbers(10, 10, extra=["x"] * 10), mode="append", schema_mode="merge")
    rows = served(server, name, path, lazy)
    assert rows == expected(path)
    assert server.count(name, where("extra", "is_null")) == 10


def test_update_merge_optimize_and_checkpoint(server, tmp_path, name, lazy):
    path = str(tmp_path / "table")
    write_deltalake(path, numbers(0, 50))
    table = DeltaTable(path)
    table.update(updates={"kind": "'changed'"}, predicate="id < 5")
    merge = table.merge(numbers(45, 10), predicate="t.id = s.id", source_alias="s", target_alias="t")
    merge.when_matched_update_all().when_not_matched_insert_all().execute()
    table.optimize.compact()
    table.create_checkpoint()
    write_deltalake(path, numbers(55, 5), mode="append")
    rows = served(server, name, path, lazy)
    assert rows == expected(path) and len(rows) == 60


def test_only_some_columns(server, tmp_path, name, lazy):
    path = str(tmp_path / "table")
    write_deltalake(path, numbers(0, 10, extra=["x"] * 10))
    assert ok(server.register(name, "delta", path, lazy=lazy, columns=["extra", "id"]))["columns"] == 2
    assert server.rows(name, page_size=1) == [{"extra": "x", "id": 0}]
    refused(server.register(name + "-2", "delta", path, lazy=lazy, columns=["nope"]))


def test_a_table_with_deletion_vectors_is_read_right_or_refused(server, tmp_path, name, lazy):
    """Written by hand from the protocol, as no package writes them: rows 3 and 7 of ten are deleted."""
    path = tmp_path / "table"
    deletion_vector_table(path)
    answer = server.register(name, "delta", path, lazy=lazy)
    if answer.ok:
        assert [row["id"] for row in server.rows(name, order_by=[{"col": "id"}])] == [0, 1, 2, 4, 5, 6, 8, 9]
        assert server.count(name) == 8
    else:
        assert "deletion" in refused(answer).lower()


@pytest.mark.parametrize("stats", ["", "stats"])
def test_a_table_with_mapped_columns_is_read_right_or_refused(server, tmp_path, name, lazy, stats):
    path = tmp_path / "table"
    column_mapping_table(path, stats)
    name += stats
    answer = server.register(name, "delta", path, lazy=lazy)
    if answer.ok:
        assert server.rows(name, order_by=[{"col": "id"}]) == [{"id": 1, "label": "a"}, {"id": 2, "label": None}]
        assert server.count(name, where("label", "eq", "a")) == 1
    else:
        assert "mapping" in refused(answer).lower()


def test_a_log_without_statistics(server, tmp_path, name, lazy):
    path = tmp_path / "table"
    path.mkdir()
    pyarrow.parquet.write_table(numbers(0, 10), path / "part-0.parquet")
    fields = [{"name": column, "type": kind, "nullable": True, "metadata": {}} for column, kind in (("id", "long"), ("kind", "string"))]
    add = {"path": "part-0.parquet", "size": (path / "part-0.parquet").stat().st_size}
    write_log(path, {"minReaderVersion": 1, "minWriterVersion": 2}, fields, {}, add)
    assert served(server, name, path, lazy) == numbers(0, 10).to_pylist()


@pytest.mark.parametrize("what", ["missing", "empty folder", "plain parquet", "broken log"])
def test_what_is_no_delta_table_is_refused_and_left_alone(server, tmp_path, name, lazy, what):
    path = tmp_path / "table"
    if what != "missing":
        path.mkdir()
    if what == "plain parquet":
        pyarrow.parquet.write_table(numbers(0, 3), path / "part.parquet")
    if what == "broken log":
        (path / "_delta_log").mkdir()
        (path / "_delta_log" / f"{0:020}.json").write_text('{"metaData": ')
    before = sorted(str(one) for one in tmp_path.rglob("*"))
    assert refused(server.register(name, "delta", path, lazy=lazy))
    assert sorted(str(one) for one in tmp_path.rglob("*")) == before


def deletion_vector_table(path):
    """A table of ten rows whose one file has an inline deletion vector."""
    path.mkdir()
    file = path / "part-0.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"id": pyarrow.array(range(10), pyarrow.int64())}), file)
    # RoaringBitmapArray, portable form: magic, number of bitmaps, key, then one standard 32-bit bitmap.
    bitmap = struct.pack("<IIHHIHH", 12346, 1, 0, 1, 16, 3, 7)
    data = struct.pack("<IQI", 1681511377, 1, 0) + bitmap
    vector = {"storageType": "i", "pathOrInlineDv": z85(data), "sizeInBytes": len(data), "cardinality": 2}
    write_log(
        path,
        {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["deletionVectors"], "writerFeatures": ["deletionVectors"]},
        [{"name": "id", "type": "long", "nullable": True, "metadata": {}}],
        {"delta.enableDeletionVectors": "true"},
        {"path": file.name, "size": file.stat().st_size, "stats": json.dumps({"numRecords": 10}), "deletionVector": vector},
    )


def column_mapping_table(path, stats):
    """A table whose columns have other names in its file; its log tells statistics of it, or does not."""
    path.mkdir()
    file = path / "part-0.parquet"
    kinds = {"col-1": pyarrow.int64(), "col-2": pyarrow.string()}
    fields = [pyarrow.field(name, kind, metadata={"PARQUET:field_id": name[-1]}) for name, kind in kinds.items()]
    pyarrow.parquet.write_table(pyarrow.table([pyarrow.array([1, 2]), pyarrow.array(["a", None])], schema=pyarrow.schema(fields)), file)

    def column(name, kind, number):
        metadata = {"delta.columnMapping.id": number, "delta.columnMapping.physicalName": f"col-{number}"}
        return {"name": name, "type": kind, "nullable": True, "metadata": metadata}

    write_log(
        path,
        {"minReaderVersion": 2, "minWriterVersion": 5},
        [column("id", "long", 1), column("label", "string", 2)],
        {"delta.columnMapping.mode": "name", "delta.columnMapping.maxColumnId": "2"},
        {"path": file.name, "size": file.stat().st_size} | ({"stats": json.dumps({"numRecords": 2})} if stats else {}),
    )


def write_log(path, protocol, fields, configuration, add):
    schema = json.dumps({"type": "struct", "fields": fields})
    metadata = {"id": "0b5a5d0e-0000-4000-8000-000000000001", "format": {"provider": "parquet", "options": {}}, "schemaString": schema}
    metadata |= {"partitionColumns": [], "configuration": configuration, "createdTime": 0}
    add = {"partitionValues": {}, "modificationTime": 0, "dataChange": True} | add
    log = path / "_delta_log"
    log.mkdir()
    lines = [json.dumps(action) for action in ({"protocol": protocol}, {"metaData": metadata}, {"add": add})]
    (log / f"{0:020}.json").write_text("\n".join(lines) + "\n")


def z85(data):
    """Base85 with ZeroMQ's alphabet, in which Delta writes inline deletion vectors."""
    alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
    assert len(data) % 4 == 0
    words = [int.from_bytes(data[at : at + 4], "big") for at in range(0, len(data), 4)]
    return "".join(alphabet[word // 85**place % 85] for word in words for place in (4, 3, 2, 1, 0))


def test_the_tables_written_by_hand_are_good(tmp_path):
    """The package itself sees in them what these tests say is there."""
    column_mapping_table(tmp_path / "mapped", "")
    deletion_vector_table(tmp_path / "deleted")
    assert _read(tmp_path / "deleted") == [{"id": at} for at in range(10) if at not in (3, 7)]
    assert _read(tmp_path / "mapped") == [{"id": 1, "label": "a"}, {"id": 2, "label": None}]


def _read(path):
    batches = QueryBuilder().register("t", DeltaTable(path)).execute("select * from t order by id").read_all()
    return pyarrow.table(batches).to_pylist()
