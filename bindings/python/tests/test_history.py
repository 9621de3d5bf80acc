"""The history as a sequence, its proofs, and following it."""

import asyncio
import collections.abc
import shutil
import threading

import nedb
import pytest
from nedb import NEDB, check_proof
from nedb.aio import AsyncNEDB
from nedb.aio._database import _next_of


@pytest.fixture
def shop(db):
    db.put("orders", "1", {"state": "ordered"}, client="till", evidence="external")
    db.put("orders", "1", {"state": "paid"}, caused_by=0, confidence=0.5, idem="pay-1")
    db.link("orders:1", "by", "people:ada")
    db.delete("orders", "1")
    return db


def test_the_log_is_a_sequence(shop):
    log = shop.log
    assert len(log) == 4 and log.head == shop.head
    assert [op.seq for op in log] == [op.seq for op in log.ops] == [0, 1, 2, 3]
    assert [op.op for op in log[:2]] == ["put", "put"]
    assert [op.seq for op in log[::-2]] == [3, 1]
    assert log[-1].seq == 3 and log[10:] == []
    assert isinstance(log, collections.abc.Sequence) and list(reversed(log)) == log[::-1]
    assert log[1] == log[1] != log[0] and len({log[1], log[1], log[0]}) == 2 and log[0] != "an operation"
    assert log[2] in log and "an operation" not in log and log.count(log[2]) == 1 and log.index(log[2]) == 2
    other = NEDB()
    other.put("orders", "1", {})
    for absent in (lambda: log.index(other.log[0]), lambda: log.index(log[2], 3), lambda: log.index(log[2], 0, -2)):
        with pytest.raises(ValueError, match="does not have"):
            absent()
    assert log.index(log[2], -2, 3) == 2 and other.log[0] not in log
    for wrong in (4, -5):
        with pytest.raises(IndexError):
            log[wrong]
    assert "4 operations" in repr(log) and "<Op 0 put orders:1>" == repr(log[0])


def test_a_long_log_is_read_in_order(db):
    db.put_many("c", ((n, {"n": n}) for n in range(1000)))
    assert [op.payload["doc"]["n"] for op in db.log] == list(range(1000))


def test_an_operation_says_everything_about_itself(shop):
    put, paid, link, delete = shop.log.ops
    assert (put.client, put.nonce, put.evidence, put.caused_by, put.idem) == ("till", 1, "external", None, None)
    assert put.payload == {"key": "orders:1", "coll": "orders", "id": "1", "doc": {"state": "ordered"}}
    assert (paid.caused_by, paid.confidence, len(paid.idem)) == ([0], 0.5, 64)
    assert link.payload == {"frm": "orders:1", "rel": "by", "to": "people:ada"}
    assert delete.payload == {"key": "orders:1", "coll": "orders", "id": "1"}
    assert put.ts <= paid.ts <= delete.ts
    told = paid.to_dict()
    assert told["caused_by"] == [0] and told["op"] == "put" and "evidence" not in told


def test_hashes_chain_the_operations(shop):
    first, second = shop.log[0], shop.log[1]
    assert first.prev_hash == "0" * 64
    assert second.prev_hash == shop.consistency(0, 1)["from_root"]
    assert len({op.hash for op in shop.log}) == 4
    assert check_proof(shop.proof(1))["leaf"] == second.hash


def test_history_gives_all_versions_newest_first(shop):
    versions = shop.history("orders", "1")
    assert [(version["seq"], version["kind"]) for version in versions] == [(3, "delete"), (1, "put"), (0, "put")]
    assert versions[1]["document"] == {"state": "paid"} and versions[1]["caused_by"] == [0]
    assert len(shop.history("orders", "1", as_of=0)) == 1
    assert versions == shop.query("HISTORY orders $id", id="1")


def test_diff_gives_what_changed(shop):
    [change] = shop.diff(0, 1)
    assert (change["coll"], change["id"], change["change"]) == ("orders", "1", "changed")
    assert change["before"]["document"]["state"] == "ordered"
    assert [change["change"] for change in shop.diff(-1, 3)] == []
    assert shop.diff(0, 1, "people") == []
    assert shop.diff(0, 1, "orders") == shop.query("DIFF orders FROM 0 TO 1")


def test_since_gives_what_came_after(shop):
    assert [op.seq for op in shop.since(1)] == [2, 3]
    assert len(shop.since()) == len(shop.since(-1)) == 4
    assert shop.since(99) == []


def test_a_proof_is_checked_without_the_database(shop):
    text, key = shop.proof(1), shop.verifier_key()
    checked = check_proof(text, [key])
    assert checked["signature"] == "verified" and checked["entry"]["collection"] == "orders"
    assert check_proof(text)["signature"] == "unchecked"
    with pytest.raises(nedb.IntegrityError):
        check_proof(text, [NEDB().verifier_key()])
    with pytest.raises((nedb.IntegrityError, ValueError)):
        check_proof(text.replace(text.splitlines()[2], text.splitlines()[2][::-1]))
    with pytest.raises(KeyError) as caught:
        shop.proof(99)
    assert caught.value.code == "unknown_proof_seq"


def test_consistency_leads_from_an_earlier_head_to_a_later(shop):
    proof = shop.consistency(1, 3)
    assert (proof["from_size"], proof["to_size"], proof["to_root"]) == (2, 4, shop.head)
    assert shop.consistency(-1, 3)["from_size"] == 0
    with pytest.raises(ValueError):
        shop.consistency(-2, 3)


def test_verification(shop):
    assert shop.verify() and shop.verify_determinism()
    report = shop.verify_report(expect_head=f"{shop.seq}:{shop.head}")
    assert (report["verdict"], report["ok"], report["operations"]) == ("anchored", True, 4)
    assert shop.verify_report(deep=True)["deep"]["keys"] > 0
    wrong = shop.verify_report(expect_head=f"1:{shop.head}")
    assert (wrong["verdict"], wrong["findings"][0]["code"]) == ("inconsistent", "head_mismatch")


def test_damage_is_an_integrity_error_and_not_an_absence(path):
    with NEDB(path) as db:
        db.put("c", "a", {"text": "x" * 5000})
    [segment] = sorted((path / "log").iterdir())[:1]
    written = bytearray(segment.read_bytes())
    at = written.index(b"x" * 1000)
    written[at] ^= 1
    segment.write_bytes(bytes(written))
    with pytest.raises(nedb.IntegrityError):
        with NEDB(path) as db:
            db.get("c", "a")


@pytest.mark.parametrize("is_open", [True, False])
def test_a_report_of_a_damaged_file_says_corrupt_and_where(path, is_open):
    db = NEDB(path)
    for n in range(3):
        db.put("c", str(n), {"text": f"document {n} " * 500})
    db.checkpoint()
    if not is_open:
        db.close()
    [segment] = sorted((path / "log").iterdir())[:1]
    written = bytearray(segment.read_bytes())
    written[written.index(b"document 1 ")] ^= 1
    segment.write_bytes(bytes(written))
    if not is_open:
        db = NEDB(path)
    report = db.verify_report()
    assert not db.verify() and (report["verdict"], report["ok"], report["operations"]) == ("corrupt", False, 1)
    [finding] = report["findings"]
    assert (finding["code"], finding["file"], finding["seq"]) == ("corrupt", f"log/{segment.name}", 1)
    assert 0 < finding["offset"] <= written.index(b"document 0 ") + 2 * 5500


def damaged(file, at=None):
    written = bytearray(file.read_bytes())
    written[written.index(at) if at else len(written) // 2] ^= 1
    file.write_bytes(bytes(written))


def with_runs(path):
    """A database whose state is in files, and these files."""
    db = NEDB(path)
    db.put_many("c", ((str(n), {"n": n, "text": f"document {n} " * 50}) for n in range(300)))
    db.create_index("c", "n", wait=True)
    db.checkpoint()
    return db, sorted((path / "index").iterdir())


def test_damage_of_the_log_is_found_by_a_deep_verification_as_well(path):
    db, _ = with_runs(path)
    [segment] = (path / "log").iterdir()
    damaged(segment, b"document 7 ")
    assert not db.verify() and not db.verify_determinism()
    report = db.verify_report(deep=True)
    assert (report["verdict"], report["ok"], report["deep"]) == ("corrupt", False, None)
    assert [(finding["code"], finding["file"]) for finding in report["findings"]] == [("corrupt", f"log/{segment.name}")]


@pytest.mark.parametrize("kind", ["keys", "temporal"])
def test_damage_of_what_is_derived_is_found_by_a_deep_verification_alone(path, kind):
    db, files = with_runs(path)
    [run] = [file for file in files if file.name.startswith(f"{kind}-")]
    damaged(run)
    assert db.verify() and db.verify_report()["ok"] and not db.verify_determinism()
    report = db.verify_report(deep=True)
    assert (report["verdict"], report["ok"], report["operations"]) == ("corrupt", False, 300)
    [finding] = report["findings"]
    assert (finding["code"], finding["file"]) == ("corrupt", f"index/{run.name}")
    db.close()
    # What is derived may be deleted, and is made again from the log.
    shutil.rmtree(path / "index")
    with NEDB(path) as again:
        assert again.verify_determinism() and again.verify_report(deep=True)["deep"]["keys"] == 300


def test_a_subscription_waits_for_what_comes(db):
    db.put("c", "before", {})
    feed = db.subscribe()
    assert feed.next(timeout_s=0) is None
    writer = threading.Thread(target=lambda: db.put("c", "after", {}))
    writer.start()
    assert next(feed).payload["id"] == "after"
    writer.join()
    assert feed.position == 2


def test_a_subscription_begins_anywhere_and_ends_with_the_database(db):
    for coll in ("a", "b", "a"):
        db.put(coll, "x", {})
    every, only_a = db.subscribe(from_seq=0), db.subscribe("a", from_seq=1)
    assert [next(every).seq for _ in range(3)] == [0, 1, 2]
    assert next(only_a).seq == 2
    threading.Timer(0.05, db.close).start()
    assert list(every) == []
    assert every.closed


def test_a_subscription_tells_what_was_durable_before_the_close(path):
    db = NEDB(path)
    feed = db.subscribe()
    db.put_many("c", ((n, {}) for n in range(10)))
    db.close()
    assert feed.closed
    assert [op.seq for op in feed] == list(range(10))


def test_a_subscription_keeps_its_time_while_other_collections_are_written(db):
    feed, stop = db.subscribe("quiet"), threading.Event()

    def write():
        while not stop.is_set():
            db.put("loud", "x", {})

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert feed.next(timeout_s=0.1) is None
        db.put("quiet", "x", {})
        assert next(feed).payload["coll"] == "quiet"
    finally:
        stop.set()
        writer.join()


def test_a_cancelled_wait_loses_no_operation(path):
    async def main():
        async with await AsyncNEDB.open(path) as db:
            feed = db.subscribe()
            for _ in range(3):
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(feed.__anext__(), 0.01)
            for n in range(3):
                await db.put("c", str(n), {})
            assert [(await feed.__anext__()).seq for _ in range(3)] == [0, 1, 2]

    asyncio.run(main())


def test_an_async_subscription_tells_what_came_between_its_last_look_and_the_close():
    class Feed:
        """A feed that is written to and closed just after a look at it has ended."""

        closed, left = False, ["an operation"]

        def next(self, timeout_s):
            if not self.closed:
                self.closed = True
                return None
            return self.left.pop() if self.left else None

    async def main():
        feed = Feed()
        assert await _next_of(feed) == "an operation"
        with pytest.raises(StopAsyncIteration):
            await _next_of(feed)

    asyncio.run(main())


def test_asyncio(path):
    async def main():
        async with await AsyncNEDB.open(path) as db:
            assert await db.put("c", "a", {"n": 1}, evidence="external") == {"n": 1, "_id": "a", "_evidence": "external"}
            assert await db.get("c", "a", as_of=0) == await db.get("c", "a")
            assert await db.query("FROM c WHERE n = $n SELECT n", n=1) == [{"n": 1}]
            assert await db.execute(db.q("c").select("n")) == [{"n": 1}]
            writes = [db.put("c", str(n), {}) for n in range(50)]
            seen = []
            async for op in db.subscribe(from_seq=0):
                if op.seq == 0:
                    await asyncio.gather(*writes)
                seen.append(op.seq)
                if len(seen) == 51:
                    break
            assert seen == list(range(51)) == [op.seq for op in db.log] and db.seq == 50
            assert db.path == str(path) and not db.closed
            assert await db.verify()
            feed = db.subscribe()
            waiting = asyncio.ensure_future(feed.__anext__())
            await db.close()
            with pytest.raises(StopAsyncIteration):
                await waiting
            assert db.closed

    asyncio.run(main())
