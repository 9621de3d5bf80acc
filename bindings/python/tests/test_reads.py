"""Reads: the present, the past, scans and relations."""

import datetime as dt
import itertools

import pytest

from nedb import NEDB, IntegrityError

UTC = dt.timezone.utc


def test_every_moment_can_be_read(db):
    for n in range(3):
        db.put("c", "a", {"n": n})
    assert [db.get("c", "a", as_of=seq)["n"] for seq in (0, 1, 2, 99, 10**30)] == [0, 1, 2, 2, 2]
    assert db.get("c", "a", -1) is None
    assert db.get("c", "a", as_of=dt.datetime.now(UTC) - dt.timedelta(days=1)) is None
    assert db.get("c", "a", as_of="2001-01-01") is None


@pytest.mark.parametrize("moment", [-2, "yesterday", dt.datetime(2026, 1, 1), "2999-01-01"])
def test_a_moment_that_is_none_is_refused(db, moment):
    with pytest.raises(ValueError):
        db.get("c", "a", as_of=moment)


@pytest.mark.parametrize("moment", [1.5, True, b"0", dt.date(2026, 1, 1)])
def test_a_moment_of_another_type_is_a_type_error(db, moment):
    with pytest.raises(TypeError):
        db.get("c", "a", as_of=moment)


def test_many_documents_are_read_in_the_order_of_the_ids(db):
    db.put_many("c", ((n, {"n": n}) for n in range(100)))
    ids = [str(n) for n in range(99, -1, -1)] + ["missing"]
    assert [document and document["n"] for document in db.get_many("c", ids)] == [*range(99, -1, -1), None]
    assert db.get_many("c", ["0", "1"], as_of=0) == [{"n": 0, "_id": "0"}, None]


def test_a_scan_gives_documents_by_id(db):
    db.put_many("c", ((f"{letter}{n:03}", {"n": n}) for letter in "ab" for n in range(400)))
    ids = [document["_id"] for document in db.scan("c")]
    assert ids == sorted(ids) and len(ids) == 800
    assert [document["_id"] for document in db.scan("c", prefix="b", limit=2)] == ["b000", "b001"]
    assert [document["_id"] for document in db.scan("c", start="a398", end="b001")] == ["a398", "a399", "b000"]
    assert [document["_id"] for document in db.scan("c", reverse=True, limit=1)] == ["b399"]
    assert len(list(db.scan("c", as_of=9))) == 10
    with pytest.raises(TypeError):
        db.scan("c", colour="red")


def test_a_scan_with_a_prefix_and_ends_gives_what_lies_within_both(db):
    all_ids = ["a", "a1", "b", "b0", "b1", "b10", "b2", "c"]
    db.put_many("c", ((id, {}) for id in all_ids))
    ends = [None, "", "a1", "b", "b1", "b15", "c"]
    for prefix, start, end, reverse in itertools.product(["", "b", "b1"], ends, ends, [False, True]):
        within = [id for id in all_ids if id.startswith(prefix) and (start or "") <= id and (end is None or id < end)]
        # An empty id names no document; as a bound it lies before all of them.
        found = [document["_id"] for document in db.scan("c", prefix=prefix, start=start, end=end, reverse=reverse)]
        assert found == (within[::-1] if reverse else within), (prefix, start, end, reverse)


def test_a_scan_gives_the_documents_before_damage_and_then_the_error(path):
    with NEDB(path) as db:
        db.put_many("c", ((f"{n:03}", {"text": f"document number {n:03} " * 20}) for n in range(100)))
        scan = db.scan("c")
        [segment] = sorted((path / "log").iterdir())[:1]
        with open(segment, "r+b") as file:
            at = segment.read_bytes().index(b"document number 050")
            file.seek(at)
            file.write(b"D")
        read = []
        with pytest.raises(IntegrityError):
            for document in scan:
                read.append(document["_id"])
        assert read == [f"{n:03}" for n in range(50)]


def test_a_scan_sees_the_moment_at_which_it_began(db):
    db.put_many("c", ((n, {}) for n in range(1000)))
    scan = db.scan("c")
    next(scan)
    db.drop_collection("c")
    assert sum(1 for _ in scan) == 999


def test_collections_are_listed_with_their_sizes(db):
    db.put_many("b", [("x", {}), ("y", {})])
    db.put("a", "x", {})
    assert db.collections() == {"a": 1, "b": 2}
    assert db.collections(as_of=-1) == {}


def test_neighbours_come_in_the_order_of_their_links(db):
    for target in ("p:z", "p:a", "p:m"):
        db.link("p:bash", "depends", target)
    db.unlink("p:bash", "depends", "p:a")
    assert db.neighbors("p:bash", "depends") == ["p:z", "p:m"]
    assert db.neighbors("p:bash", "depends", as_of=2) == ["p:z", "p:a", "p:m"]
    assert db.inbound("p:m", "depends") == ["p:bash"]
    assert db.inbound("p:a", "depends") == []
    assert db.inbound("p:a", "depends", as_of=2) == ["p:bash"] and db.inbound("p:a", "depends", as_of=0) == []


def test_last_seq_is_minus_one_where_there_is_nothing(db):
    assert db.last_seq("c", "a") == -1
    db.put("c", "a", {})
    assert db.last_seq("c", "a") == 0
    db.delete("c", "a")
    assert db.last_seq("c", "a") == -1


def test_indexes_are_made_listed_and_dropped(db):
    db.put_many("c", ((n, {"n": n}) for n in range(100)))
    info = db.create_index("c", "n", "sorted", wait=True)
    assert (info["kind"], info["state"], info["entries"]) == ("ordered", "ready", 100)
    assert [index["field"] for index in db.indexes()] == ["n"]
    assert db.drop_index("c", "n") is True
    for alias in ("ordered", "sorted", "range"):
        assert db.create_index("d", alias, alias)["kind"] == "ordered"
    assert db.create_index("d", "eq")["kind"] == "eq" and db.create_index("d", "text", "search")["kind"] == "search"
    assert db.drop_index("c", "n") is False
    with pytest.raises(ValueError):
        db.create_index("c", "n", "fast")
    with pytest.raises(ValueError):
        db.create_index("c", "not..a path")


def test_stats_tell_sizes(db):
    db.put("c", "a", {})
    stats = db.stats()
    assert (stats["size"], stats["durability"], stats["collections"]) == (1, "sync", [{"name": "c", "documents": 1}])
