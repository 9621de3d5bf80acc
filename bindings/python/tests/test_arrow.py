"""Rows of a query as a table of Arrow."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from nedb import ObjectId, UnsupportedError

pyarrow = pytest.importorskip("pyarrow", reason="the package pyarrow is not installed: no table was made")


def test_a_table_has_the_values_of_the_rows(db):
    moment = dt.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=dt.timezone.utc)
    document = {"n": 1, "x": 1.5, "text": "ü", "raw": b"\xff", "yes": True, "at": moment, "d": Decimal("1.50"), "list": [1, 2], "in": {"a": None}}
    db.put("c", "a", document)
    db.put("c", "b", {"n": 2**40, "late": "only here", "id": uuid.UUID(int=7), "oid": ObjectId("f" * 24)})
    table = db.query("FROM c ORDER BY _id", as_arrow=True)
    first, second = table.to_pylist()
    assert {name: value for name, value in first.items() if value is not None} == {**document, "_id": "a"}
    assert (second["n"], second["late"], second["x"]) == (2**40, "only here", None)
    assert (second["id"], second["oid"]) == (str(uuid.UUID(int=7)), "f" * 24)
    assert table.schema.field("n").type == pyarrow.int64() and table.column_names[:2] == ["n", "x"]


def test_every_way_to_ask_gives_tables(db):
    db.put_many("c", ((n, {"n": n, "odd": n % 2}) for n in range(10_000)))
    assert db.query("FROM c WHERE n >= $low", low=9_000, as_arrow=True).num_rows == 1000
    counted = db.execute(db.q("c").group_by("odd").count(), as_arrow=True)
    assert counted.to_pydict() == {"odd": [0, 1], "count": [5000, 5000]}
    assert db.query("FROM none", as_arrow=True).num_rows == 0
    assert db.query("FROM c LIMIT 1", as_arrow=False) == [{"n": 0, "odd": 0, "_id": "0"}]
    assert sum(db.query("FROM c SELECT n", as_arrow=True)["n"].to_pylist()) == sum(range(10_000))


def test_a_field_of_several_types_is_refused_by_name(db):
    db.put("c", "a", {"mixed": 1})
    db.put("c", "b", {"mixed": "one"})
    for value in ("one", 10**40):
        db.put("c", "b", {"mixed": value})
        with pytest.raises(UnsupportedError, match="'mixed'"):
            db.query("FROM c", as_arrow=True)


def test_a_table_becomes_a_frame(db):
    pytest.importorskip("pandas", reason="the package pandas is not installed: no frame was made")
    db.put("c", "a", {"n": 1})
    assert db.query("FROM c", as_arrow=True).to_pandas()["n"].tolist() == [1]
