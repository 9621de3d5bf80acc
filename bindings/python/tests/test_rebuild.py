"""`rebuild`: what follows from the log is made of it again, in both forms."""

import asyncio
import shutil

import nedb
import pytest
from nedb import NEDB
from nedb.aio import rebuild as awaited_rebuild


@pytest.fixture
def shop(path):
    with NEDB(path) as db:
        db.create_index("orders", "state", wait=True)
        for n in range(50):
            db.put("orders", n, {"state": "paid" if n % 2 else "ordered"})
    return path


@pytest.mark.parametrize("rebuild", [nedb.rebuild, lambda path: asyncio.run(awaited_rebuild(path))], ids=["blocking", "awaited"])
def test_a_rebuilding_gives_the_same_answers_and_head(shop, rebuild):
    with NEDB(shop, read_only=True) as db:
        head = db.head
    shutil.rmtree(shop / "index")
    report = rebuild(shop)
    assert (report["size"], report["head"], report["documents"]) == (50, head, 50)
    assert [(index["collection"], index["field"], index["state"]) for index in report["indexes"]] == [("orders", "state", "ready")]
    with NEDB(shop) as db:
        assert db.head == head and db.verify_determinism()
        assert db.query("FROM orders WHERE state = 'paid' COUNT") == [{"count": 25}]


def test_a_handle_rebuilds_its_own_database_and_goes_on(shop):
    with NEDB(shop) as db:
        head, feed = db.head, db.subscribe(from_seq=-1)
        for file in (shop / "index").rglob("*"):
            if file.is_file():
                file.write_bytes(b"worn out")
        report = db.rebuild()
        assert (report["size"], report["head"], db.head, db.path) == (50, head, head, str(shop))
        assert db.query("FROM orders WHERE state = 'paid' COUNT") == [{"count": 25}]
        assert db.put("orders", "50", {"state": "paid"})["_id"] == "50" and db.verify_report(deep=True)["ok"]
        assert feed.closed and len(list(feed)) == 50, "what was begun before it ends"
        with pytest.raises(BlockingIOError):
            NEDB(shop)
    with pytest.raises(nedb.ClosedError):
        db.rebuild()
    with NEDB(shop) as db:
        assert db.seq == 50
    with pytest.raises(nedb.UnsupportedError):
        NEDB().rebuild()
    with NEDB(shop, read_only=True) as db, pytest.raises(PermissionError):
        db.rebuild()


def test_a_database_that_somebody_has_open_is_not_rebuilt(shop):
    with NEDB(shop):
        with pytest.raises(BlockingIOError):
            nedb.rebuild(shop)


def test_what_is_no_database_is_not_rebuilt(path):
    with pytest.raises(FileNotFoundError):
        nedb.rebuild(path)
    assert not path.exists()


def test_damage_in_the_log_is_refused_and_nothing_is_changed(shop):
    segment = next(iter(sorted((shop / "log").iterdir())))
    damaged = bytearray(segment.read_bytes())
    place = damaged.find(b"ordered")
    damaged[place] ^= 1
    segment.write_bytes(damaged)
    before = sorted(file.name for file in (shop / "index").iterdir())
    with pytest.raises(nedb.IntegrityError):
        nedb.rebuild(shop)
    assert sorted(file.name for file in (shop / "index").iterdir()) == before
