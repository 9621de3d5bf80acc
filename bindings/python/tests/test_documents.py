"""Documents: what goes in comes back, and what cannot be stored is named."""

import copy
import datetime as dt
import uuid
from collections import OrderedDict
from decimal import Decimal
from enum import IntEnum

import nedb
import pytest
from nedb import NEDB, MongoCompat, ObjectId, RedisCompat, sql_exec
from nedb._native import NedbCore

UTC = dt.timezone.utc
PLUS_TWO = dt.timezone(dt.timedelta(hours=2))
MINUS_TWO = dt.timezone(dt.timedelta(hours=-2))


def stored(db, value):
    return db.put("c", "a", {"x": value})["x"]


@pytest.mark.parametrize(
    "value",
    [
        None, True, False, 0, -1, 127, 128, 2**31, -(2**63), 2**63 - 1, 2**63, -(2**63) - 1, 10**300, -(10**300),
        0.0, 1.5, -2.25e-300, 1e300, "", "text", "Zürich 東京 🦀", b"", b"\x00\xff" * 300, [], {}, [1, [2, [3, None]]],
        {"a": {"b": {"c": []}}}, {"": 1, "with space": 2, "$bytes": "not base64"},
        dt.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC), dt.datetime(1, 1, 1, tzinfo=UTC),
        dt.datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), dt.datetime(2026, 7, 1, 12, tzinfo=PLUS_TWO),
        Decimal("12.50"), Decimal("-0.001"), Decimal("1E+400"), Decimal("123456789012345678901234567890.1"),
        uuid.UUID("12345678-1234-5678-1234-567812345678"), ObjectId("0123456789abcdef01234567"),
    ],
)  # fmt: skip
def test_a_value_comes_back_equal_and_of_its_type(db, value):
    written = stored(db, value)
    read = db.get("c", "a")["x"]
    assert written == read == value
    assert type(read) is type(value)


def test_the_text_of_a_decimal_and_the_sign_of_zero_stay(db):
    assert str(stored(db, Decimal("1.00"))) == "1.00"
    assert str(stored(db, Decimal("-0.00"))) == "0.00", "zero has no sign, whatever its zeros"
    assert str(stored(db, -0.0)) == "-0.0"


def test_a_moment_comes_back_in_utc(db):
    assert stored(db, dt.datetime(2026, 7, 1, 12, tzinfo=PLUS_TWO)).tzinfo is UTC


@pytest.mark.parametrize("text", ["0000-12-31T22:00:00Z", "-009999-06-01T00:00:00Z"])
def test_a_moment_for_which_python_has_no_datetime_is_read_as_its_text(path, text):
    core = NedbCore.open(str(path))
    core.put("c", "a", f'{{"x": {{"$datetime": "{text}"}}}}')
    del core
    with NEDB(path) as db:
        db.put("c", "b", {"x": 1})
        assert db.get("c", "a")["x"] == text == db.log[0].payload["doc"]["x"]
        assert [row["x"] for row in db.query("FROM c")] == [text, 1]
        assert [row["x"] for row in MongoCompat(db)["c"].find()] == [text, 1]


def test_kin_of_the_plain_types_are_stored_as_these(db):
    class Colour(IntEnum):
        RED = 3

    assert stored(db, (1, 2)) == [1, 2]
    assert stored(db, bytearray(b"ab")) == b"ab"
    assert stored(db, memoryview(b"abcd")[1:3]) == b"bc"
    assert stored(db, OrderedDict(b=1, a=2)) == {"b": 1, "a": 2}
    assert stored(db, Colour.RED) == 3


def test_fields_keep_their_order(db):
    db.put("c", "a", {"z": 1, "a": 2, "m": 3})
    assert list(db.get("c", "a")) == ["z", "a", "m", "_id"]


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"items": [{"price": float("nan")}]}, "items[0].price"),
        ({"x": float("inf")}, "x"),
        ({"x": Decimal("NaN")}, "x"),
        ({"x": {1, 2}}, "x"),
        ({"a": [0, object()]}, "a[1]"),
        ({"a": {"b": dt.date(2026, 1, 1)}}, "a.b"),
        ({"when": dt.datetime(2026, 1, 1)}, "when"),
        ({"x": "\ud800"}, "x"),
        ({"x": {1: 2}}, "x"),
        ({"x": dt.datetime(1, 1, 1, tzinfo=PLUS_TWO)}, "x"),
        ({"x": [dt.datetime(9999, 12, 31, 23, tzinfo=MINUS_TWO)]}, "x[0]"),
        ({"x": 1 << (8 * 8 * 1024 + 8)}, "x"),
    ],
)
def test_a_value_that_cannot_be_stored_names_its_path(db, value, path):
    with pytest.raises(ValueError) as caught:
        db.put("c", "a", value)
    assert (caught.value.code, caught.value.path) == ("invalid_value", path)
    assert f"(in {path})" in str(caught.value)
    assert db.seq == -1


NAN = {"items": [{"price": float("nan")}]}


@pytest.mark.parametrize(
    ("write", "path"),
    [
        (lambda db: db.put_many("c", [("a", {}), ("b", NAN)]), "[1].items[0].price"),
        (lambda db: db.tx([{"op": "put", "coll": "c", "id": "a", "doc": {}}, {"op": "put", "coll": "c", "id": "b", "doc": NAN}]), "[1].items[0].price"),
        (lambda db: MongoCompat(db)["c"].insert_one(NAN), "items[0].price"),
        (lambda db: MongoCompat(db)["c"].update_one({}, {"$set": {"a": NAN}}, upsert=True), "update.$set.a.items[0].price"),
        (lambda db: MongoCompat(db)["c"].replace_one({}, NAN, upsert=True), "replacement.items[0].price"),
        (lambda db: sql_exec(db, "INSERT INTO c (_id, a) VALUES (?, ?)", ["a", NAN]), "items[0].price"),
    ],
    ids=["put_many", "tx", "insert_one", "update_one", "replace_one", "INSERT"],
)  # fmt: skip
def test_every_way_of_writing_names_the_path_and_writes_nothing(db, write, path):
    with pytest.raises(ValueError) as caught:
        write(db)
    assert (caught.value.code, caught.value.path) == ("invalid_value", path)
    assert f"(in {path})" in str(caught.value) and db.seq == -1


def test_a_document_that_contains_itself_is_refused(db):
    document = {}
    document["again"] = document
    with pytest.raises(ValueError) as caught:
        db.put("c", "a", document)
    assert caught.value.code == "nesting_too_deep"
    assert caught.value.limit[0] == "NESTING_MAX"


def test_a_refused_document_leaves_nothing_behind_for_the_next(db):
    with pytest.raises(ValueError):
        db.put("c", "a", {"half": [1, 2, object()]})
    assert db.put("c", "a", {"whole": 1}) == {"whole": 1, "_id": "a"}


def test_what_is_no_dict_is_a_type_error(db):
    for document in (None, 5, "{}", [("a", 1)]):
        with pytest.raises(TypeError):
            db.put("c", "a", document)


def test_reserved_fields_are_dropped_and_made_anew(db):
    first = db.put("c", "a", {"n": 1}, evidence="inference", confidence=0.5, caused_by=[])
    assert first == {"n": 1, "_id": "a", "_evidence": "inference", "_confidence": 0.5}
    again = db.put("c", "a", {**db.get("c", "a"), "_seq": 99, "_ts": 1})
    assert again == {"n": 1, "_id": "a"}


def test_an_id_in_the_document_must_be_the_one_of_the_call(db):
    assert db.put("c", "a", {"_id": "a"}) == {"_id": "a"}
    with pytest.raises(ValueError) as caught:
        db.put("c", "a", {"_id": "b"})
    assert caught.value.code == "id_mismatch"


def test_ids_are_text_bytes_or_integers(db):
    db.put("c", b"\xff\x00", {})
    db.put("c", 17, {})
    assert db.get("c", b"\xff\x00") == {"_id": b"\xff\x00"}
    assert db.get("c", "17") == db.get("c", 17) == {"_id": "17"}
    for wrong in (None, 1.5, True, ("a",)):
        with pytest.raises(TypeError):
            db.get("c", wrong)


def test_changing_a_result_changes_nothing_in_the_database(db):
    given = {"tags": ["a"]}
    answer = db.put("c", "a", given)
    given["tags"].append("mine")
    answer["tags"].append("answer")
    read = db.get("c", "a")
    read["tags"].append("read")
    row = db.query("FROM c")[0]
    row["tags"].append("row")
    assert db.get("c", "a") == {"tags": ["a"], "_id": "a"}


def spoil(value):
    """Changes a result wherever it can be changed."""
    if isinstance(value, dict):
        for inner in value.values():
            spoil(inner)
        value["spoilt"] = True
    elif isinstance(value, (list, set)):
        for inner in value:
            spoil(inner)
        getattr(value, "append", getattr(value, "add", None))("spoilt")


READS = {
    "get": lambda db: db.get("c", "a"),
    "get as of": lambda db: db.get("c", "a", as_of=0),
    "get_many": lambda db: db.get_many("c", ["a", "b"]),
    "scan": lambda db: list(db.scan("c")),
    "query": lambda db: db.query("FROM c ORDER BY n"),
    "a query by calls": lambda db: db.q("c").run(),
    "explain": lambda db: [{**step, "time_us": 0} for step in db.explain("FROM c")],
    "history": lambda db: db.history("c", "a"),
    "diff": lambda db: db.diff(-1, 1),
    "collections": lambda db: db.collections(),
    "neighbors": lambda db: db.neighbors("c:a", "to"),
    "indexes": lambda db: db.indexes(),
    "the payload of an operation": lambda db: db.log[0].payload,
    "its causes": lambda db: db.log[1].caused_by,
    "an operation as a dict": lambda db: db.log[1].to_dict(),
    "SELECT": lambda db: sql_exec(db, "SELECT * FROM c"),
    "find_one": lambda db: MongoCompat(db)["c"].find_one({"_id": "a"}),
    "find": lambda db: list(MongoCompat(db)["c"].find()),
    "aggregate": lambda db: list(MongoCompat(db)["c"].aggregate([{"$group": {"_id": None, "all": {"$push": "$tags"}}}])),
    "HGETALL": lambda db: RedisCompat(db).execute("HGETALL", "h:1"),
    "SMEMBERS": lambda db: RedisCompat(db).execute("SMEMBERS", "s"),
    "LRANGE": lambda db: RedisCompat(db).execute("LRANGE", "l", 0, -1),
}


def test_changing_a_result_of_any_read_changes_no_later_one(db):
    db.put("c", "a", {"n": 1, "tags": ["x"], "in": {"deep": [{"er": [1]}]}})
    db.put("c", "b", {"n": 2, "tags": []}, caused_by=0)
    db.link("c:a", "to", "c:b")
    db.create_index("c", "n", wait=True)
    for words in ("HSET h:1 f 1", "SADD s a b", "RPUSH l a b"):
        RedisCompat(db).execute(*words.split())
    head = db.head
    for name, read in READS.items():
        result = read(db)
        kept = copy.deepcopy(result)
        spoil(result)
        assert result != kept and read(db) == kept, name
    op = db.log[0]
    spoil(op.payload)
    assert op.payload["doc"] == {"n": 1, "tags": ["x"], "in": {"deep": [{"er": [1]}]}}
    assert db.head == head and db.verify()


def test_changing_what_a_write_gave_or_was_given_changes_nothing(db):
    given = {"tags": [["x"]]}
    document, _, _ = db.put("c", "a", given, idem="k", receipt=True)
    [answer] = db.tx([{"op": "put", "coll": "c", "id": "b", "doc": given}])["results"]
    MongoCompat(db)["c"].insert_one({"_id": "m", **given})
    restored = db.restore("c", "a", 0)
    for value in (given, document, answer, restored):
        spoil(value)
    assert [db.get("c", id)["tags"] for id in "abm"] == [[["x"]]] * 3
    assert db.put("c", "a", {"tags": [["x"]]}, idem="k") == {"tags": [["x"]], "_id": "a"}


def test_object_ids_compare_and_hash_by_their_bytes():
    one, same = ObjectId("0123456789abcdef01234567"), ObjectId(bytes.fromhex("0123456789abcdef01234567"))
    assert one == same and hash(one) == hash(same) and str(one) == "0123456789abcdef01234567"
    assert ObjectId(one) < ObjectId("f" * 24) and one != "0123456789abcdef01234567"
    for wrong in ("", "xyz", b"short", "g" * 24):
        with pytest.raises(ValueError):
            ObjectId(wrong)


def test_results_are_of_the_package(db):
    db.put("c", "a", {"oid": ObjectId("f" * 24)})
    assert isinstance(db.query("FROM c")[0]["oid"], nedb.ObjectId)
