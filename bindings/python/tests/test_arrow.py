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


def test_columns_of_one_type_have_that_type_and_their_nulls(db):
    moment = dt.datetime(2026, 1, 2, tzinfo=dt.timezone.utc)
    typed = {"i": -5, "f": 0.5, "b": True, "s": "ü\0 x", "t": moment}
    rows = [{**typed, "i": n, "b": n % 3 == 0, "s": "ü" * n} if n % 5 else {"nothing": None} for n in range(100)]
    db.put_many("c", ((f"{n:03}", row) for n, row in enumerate(rows)))
    table = db.query("FROM c ORDER BY _id SELECT i, f, b, s, t, nothing", as_arrow=True)
    expected = [{name: row.get(name) for name in (*typed, "nothing")} for row in rows]
    assert table.to_pylist() == expected
    types = [str(field.type) for field in table.schema]
    assert types == ["int64", "double", "bool", "string", "timestamp[us, tz=UTC]", "null"]
    assert [column.null_count for column in table.columns] == [20, 20, 20, 20, 20, 100]
    table.validate(full=True)


def test_a_column_may_change_its_type_where_arrow_has_one_for_both(db):
    db.put_many("c", [("a", {"n": None}), ("b", {"n": 1}), ("c", {"n": None}), ("d", {"n": 0.5}), ("e", {"n": 2})])
    table = db.query("FROM c ORDER BY _id SELECT n", as_arrow=True)
    assert table["n"].to_pylist() == [None, 1.0, None, 0.5, 2.0]
    for first, then in ((True, 1), ("x", 1), (1.5, "x"), (dt.datetime.now(dt.timezone.utc), "x")):
        db.put_many("d", [("a", {"n": first}), ("b", {"n": then})])
        with pytest.raises(UnsupportedError, match="'n'"):
            db.query("FROM d", as_arrow=True)


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
