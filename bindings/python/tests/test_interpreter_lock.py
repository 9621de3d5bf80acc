"""Every call gives the interpreter lock away while the engine works: another thread gets on meanwhile.

The interpreter is told never to take the lock from a thread, so what another thread does, it does while the lock is given away.
"""

import sys
import threading
import time

import pytest
from nedb import NEDB, MongoCompat, RedisCompat, sql_exec
from nedb._native import NedbCore

HAS_LOCK = getattr(sys, "_is_gil_enabled", lambda: True)()
pytestmark = pytest.mark.skipif(not HAS_LOCK, reason="this interpreter has no lock")
# A short call may be over before the other thread has woken up: it is then done again.
PATIENCE_S = 60


class Counter:
    """A thread that counts whenever it is let."""

    def __enter__(self):
        self.counted, self.ends = 0, False
        self.thread = threading.Thread(target=self.run)
        self.interval = sys.getswitchinterval()
        self.thread.start()
        sys.setswitchinterval(1000)
        return self

    def __exit__(self, *_):
        sys.setswitchinterval(self.interval)
        self.ends = True
        self.thread.join()

    def run(self):
        while not self.ends:
            self.counted += 1
            time.sleep(0)

    def moves_during(self, call):
        """Whether it gets on while the call, done again and again, runs."""
        deadline = time.monotonic() + PATIENCE_S
        before = self.counted
        while self.counted == before and time.monotonic() < deadline:
            call()
        return self.counted > before


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    class Shop(NEDB):
        """A database that more can be kept beside."""

    with Shop(tmp_path_factory.mktemp("lock") / "db", durability="none") as db:
        db.put_many("c", ((f"{n:04}", {"n": n, "text": "some words " * 5}) for n in range(2000)))
        for n in range(100):
            db.link("c:0000", "to", f"c:{n:04}")
        db.put("c", "many", {"n": 0})
        db.create_index("c", "n", wait=True)
        db.r, db.mongo, db.feed = RedisCompat(db), MongoCompat(db), db.subscribe()
        db.r.execute("SET", "text", "x")
        db.r.execute("HSET", "h", *(str(n) for n in range(100)))
        yield db


IDS = [f"{n:04}" for n in range(500)]
CALLS = {
    "put": lambda db: db.put("w", "a", {"n": 1}),
    "put_many": lambda db: db.put_many("w", [(id, {"n": 1}) for id in IDS]),
    "get": lambda db: db.get("c", "0007"),
    "get as of": lambda db: db.get("c", "0007", as_of=100),
    "get_many": lambda db: db.get_many("c", IDS),
    "delete": lambda db: db.delete("w", "none"),
    "expire": lambda db: db.expire("c", "many", None),
    "restore": lambda db: db.restore("c", "0007", 7),
    "last_seq": lambda db: db.last_seq("c", "0007"),
    "tx": lambda db: db.tx([{"op": "put", "coll": "w", "id": "b", "doc": {}}]),
    "link": lambda db: db.link("c:0000", "to", "c:0001"),
    "unlink": lambda db: db.unlink("c:0000", "none", "c:0001"),
    "neighbors": lambda db: db.neighbors("c:0000", "to"),
    "inbound": lambda db: db.inbound("c:0001", "to"),
    "scan": lambda db: list(db.scan("c")),
    "the first document of a scan": lambda db: next(db.scan("c")),
    "collections": lambda db: db.collections(),
    "drop_collection": lambda db: db.drop_collection("none"),
    "sweep": lambda db: db.sweep(),
    "create_index": lambda db: db.create_index("c", "n", wait=True),
    "wait_for_index": lambda db: db.wait_for_index("c", "n"),
    "drop_index": lambda db: db.drop_index("c", "none"),
    "indexes": lambda db: db.indexes(),
    "query": lambda db: db.query("FROM c WHERE text CONTAINS 'word' ORDER BY n DESC LIMIT 5"),
    "execute": lambda db: db.execute("FROM c WHERE n = $n", {"n": 7}),
    "a query by calls": lambda db: db.q("c").where(n=7).run(),
    "explain": lambda db: db.explain("FROM c WHERE n = 7"),
    "verify": lambda db: db.verify(),
    "verify_report": lambda db: db.verify_report(deep=True),
    "verify_determinism": lambda db: db.verify_determinism(),
    "history": lambda db: db.history("c", "0007"),
    "diff": lambda db: db.diff(0, 500, "c"),
    "since": lambda db: db.since(1000),
    "the whole log": lambda db: list(db.log),
    "an operation of the log": lambda db: db.log[7],
    "proof": lambda db: db.proof(7),
    "consistency": lambda db: db.consistency(7, 1000),
    "checkpoint": lambda db: db.checkpoint(),
    "flush": lambda db: db.flush(),
    "verifier_key": lambda db: db.verifier_key(),
    "stats": lambda db: db.stats(),
    "waiting for an operation": lambda db: db.feed.next(timeout_s=0.001),
    "the position of a feed": lambda db: db.feed.position,
    "opening and closing": lambda _: NEDB().close(),
    "SELECT": lambda db: sql_exec(db, "SELECT n FROM c WHERE n < 50 ORDER BY n DESC"),
    "UPDATE": lambda db: sql_exec(db, "UPDATE w SET n = 2 WHERE _id = 'a'"),
    "DELETE": lambda db: sql_exec(db, "DELETE FROM w WHERE n = 99"),
    "INSERT": lambda db: sql_exec(db, "INSERT INTO w (n) VALUES (?)", [3]),
    "a session of Redis": lambda db: RedisCompat(db),
    "Redis GET": lambda db: db.r.execute("GET", "text"),
    "Redis HGETALL": lambda db: db.r.execute("HGETALL", "h"),
    "Redis INCR": lambda db: db.r.execute("INCR", "n"),
    "Mongo find": lambda db: list(db.mongo["c"].find({"n": {"$gt": 1900}})),
    "Mongo aggregate": lambda db: list(db.mongo["c"].aggregate([{"$group": {"_id": None, "sum": {"$sum": "$n"}}}])),
    "Mongo insert_one": lambda db: db.mongo["w"].insert_one({"n": 1}),
    "Mongo update_one": lambda db: db.mongo["w"].update_one({"_id": "m"}, {"$inc": {"n": 1}}, upsert=True),
}


@pytest.mark.parametrize("name", CALLS)
def test_another_thread_gets_on_while_a_call_runs(db, name):
    with Counter() as counter:
        assert counter.moves_during(lambda: CALLS[name](db))


def test_another_thread_gets_on_while_the_json_core_works(tmp_path):
    core = NedbCore.open(str(tmp_path / "core"))
    calls = [
        lambda: core.put("c", "a", '{"n": 1}'), lambda: core.get("c", "a"), lambda: core.query("FROM c"), lambda: core.link("c:a", "to", "c:b"),
        lambda: core.neighbors("c:a", "to"), lambda: core.inbound("c:b", "to"), core.verify, core.flush, core.head, core.seq,
    ]  # fmt: skip
    with Counter() as counter:
        for call in calls:
            assert counter.moves_during(call)


def test_without_a_call_no_other_thread_gets_on():
    def is_alone():
        before = counter.counted
        sum(range(1_000_000))
        return counter.counted == before

    with Counter() as counter:
        # A wait that began before the interval was set may still end once.
        assert any(is_alone() for _ in range(5))
