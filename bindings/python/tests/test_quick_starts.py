"""Programs as users of the earlier package wrote them on their first day: they run unchanged in what stands here."""

import datetime
import json
import threading

import nedb
import pytest
from nedb import (
    NEDB, AutoIndexDB, MongoClient, MongoError, Op, PreconditionFailed, Query, RedisCompat, RedisUnsupportedError, ReplayError, Sequencer,
    SQLError, SQLUnsupportedError, parse_nql, sql_exec, sql_to_nql, wrap_redis,
)  # fmt: skip


def test_put_query_and_travel_in_time():
    db = NEDB()
    db.create_index("users", "status")
    db.create_index("users", "name", "search")
    db.put("users", "u1", {"name": "Ada Lovelace", "status": "active", "age": 36})
    db.put("users", "u2", {"name": "Alan Turing", "status": "retired", "age": 41})
    before = db.seq
    db.put("users", "u1", {"name": "Ada Lovelace", "status": "retired", "age": 37})

    assert [row["_id"] for row in db.query('FROM users WHERE status = "retired" ORDER BY age DESC LIMIT 10')] == ["u2", "u1"]
    assert [row["_id"] for row in db.query('FROM users SEARCH "lovelace"')] == ["u1"]
    assert db.query(f'FROM users AS OF {before} WHERE status = "active"')[0]["age"] == 36
    assert db.get("users", "u1", as_of=before)["age"] == 36
    assert db.query("FROM users WHERE status = retired GROUP BY status COUNT")[0]["count"] == 2


def test_the_builder_gives_the_plan_of_the_text():
    db = NEDB()
    for n in range(5):
        db.put("orders", f"o{n}", {"total": n * 10, "state": "paid" if n % 2 else "open"})
    query = db.q("orders").where("state", "=", "paid").order_by("total", desc=True).limit(1)
    assert isinstance(query, Query)
    assert query.run() == db.execute(query.plan) == [{"total": 30, "state": "paid", "_id": "o3"}]
    assert query.plan == parse_nql("FROM orders WHERE state = 'paid' ORDER BY total DESC LIMIT 1")


def test_relations_are_walked():
    db = NEDB()
    for name in ("ada", "alan", "grace"):
        db.put("people", name, {"name": name})
    db.link("people:ada", "knows", "people:alan")
    db.link("people:alan", "knows", "people:grace")
    assert db.neighbors("people:ada", "knows") == ["people:alan"]
    assert db.inbound("people:grace", "knows") == ["people:alan"]
    rows = db.query("FROM people WHERE _id = 'ada' TRAVERSE knows *1..2")
    assert sorted(row["_id"] for row in rows) == ["alan", "grace"]
    assert db.unlink("people:ada", "knows", "people:alan") and db.neighbors("people:ada", "knows") == []


def test_a_write_says_why_and_how_sure_it_is():
    db = NEDB()
    db.put("facts", "seen", {"text": "wet street"}, evidence="user_message")
    db.put("facts", "rain", {"text": "it rained"}, caused_by=[0], evidence="inference", confidence=0.8)
    rain = db.get("facts", "rain")
    assert (rain["_caused_by"], rain["_evidence"], rain["_confidence"]) == ([0], "inference", 0.8)
    assert [row["_id"] for row in db.query('FROM facts WHERE _id = "rain" TRACE caused_by')] == ["seen"]
    assert [row["_id"] for row in db.query('FROM facts WHERE _id = "seen" TRACE caused_by REVERSE')] == ["rain"]
    with pytest.raises(ValueError):
        db.put("facts", "x", {}, confidence=1.1)


def test_a_fact_holds_in_an_interval():
    db = NEDB()
    db.put("prices", "tea", {"price": 4}, valid_from="2025-01-01", valid_to="2026-01-01")
    for day, found in (("2025-06-01", 1), ("2026-01-01", 0), ("2024-12-31", 0)):
        assert len(db.query(f'FROM prices VALID AS OF "{day}"')) == found


def test_a_document_lives_for_a_time():
    db = NEDB()
    db.put("sessions", "s1", {"user": "ada"}, ttl_s=3600)
    stored = db.get("sessions", "s1")
    at = datetime.datetime.fromisoformat(stored["_expires_at"].replace("Z", "+00:00").split(".")[0].split("+")[0] + "+00:00")
    assert abs((at - datetime.datetime.now(datetime.timezone.utc)).total_seconds() - 3600) < 60
    db.put("sessions", "s2", {"user": "bob"}, ttl_s=1e-6)
    assert db.get("sessions", "s2") is None
    assert db.expire("sessions", "s1", None) and "_expires_at" not in db.get("sessions", "s1")


def test_a_write_is_done_once_and_never_replayed():
    db = NEDB()
    first = db.put("payments", "p1", {"amount": 5}, client="till", idem="sale-1")
    assert db.put("payments", "p1", {"amount": 5}, client="till", idem="sale-1") == first and db.seq == 0
    with pytest.raises(nedb.ConflictError):
        db.put("payments", "p1", {"amount": 6}, client="till", idem="sale-1")
    db.put("payments", "p2", {"amount": 1}, client="app", nonce=5)
    with pytest.raises(ReplayError) as caught:
        db.put("payments", "p3", {"amount": 1}, client="app", nonce=5)
    assert caught.value.last == 5


def test_a_transaction_happens_as_a_whole():
    db = NEDB()
    db.put("accounts", "a", {"left": 10})
    pay = [
        {"op": "put", "coll": "accounts", "id": "a", "doc": {"left": 3}, "if_seq": 0},
        {"op": "put", "coll": "accounts", "id": "b", "doc": {"left": 7}, "if_seq": -1},
    ]
    assert db.tx(pay)["count"] == 2
    with pytest.raises(PreconditionFailed) as caught:
        db.tx(pay)
    assert [failure["index"] for failure in caught.value.failures] == [0, 1]
    assert db.get("accounts", "a")["left"] == 3


def test_the_log_is_a_chain_that_anybody_reads(path):
    with NEDB(str(path)) as db:
        for n in range(3):
            db.put("c", "a", {"n": n})
        ops = list(db.log)
        assert all(isinstance(op, Op) for op in ops) and len(db.log) == 3
        assert [op.prev_hash for op in ops][0] == "0" * 64
        assert json.loads(json.dumps(ops[2].to_dict()))["payload"]["doc"]["n"] == 2
        head = db.checkpoint()
        assert head == db.head == db.log.head
    with NEDB(str(path)) as again:
        assert again.head == head and again.verify()


def test_dicts_are_copies():
    db = NEDB()
    row = db.put("c", "a", {"tags": ["x"]})
    row["tags"].append("y")
    assert db.get("c", "a")["tags"] == ["x"]


def test_sql_is_asked_of_the_same_documents():
    db = NEDB()
    sql_exec(db, "INSERT INTO users (_id, name, status, age) VALUES ('u1', 'Ada', 'active', 36), ('u2', 'Alan', 'active', 41)")
    before = db.seq
    assert sql_exec(db, "UPDATE users SET status = 'retired' WHERE age > 40")["rowcount"] == 1
    assert sql_exec(db, "SELECT name FROM users WHERE status = 'active' ORDER BY age DESC") == [{"name": "Ada"}]
    assert sql_exec(db, "SELECT status, COUNT(*) AS n FROM users GROUP BY status ORDER BY status") == [
        {"status": "active", "n": 1},
        {"status": "retired", "n": 1},
    ]
    assert len(sql_exec(db, f"SELECT * FROM users AS OF {before} WHERE status = 'active'")) == 2
    assert db.get("users", "u2")["status"] == "retired"
    assert sql_exec(db, "DELETE FROM users WHERE name = ?", ["Alan"])["rowcount"] == 1
    assert db.query(sql_to_nql("SELECT name FROM users WHERE age < 40")) == [{"name": "Ada"}]
    with pytest.raises(SQLUnsupportedError, match="ALTER TABLE"):
        sql_exec(db, "ALTER TABLE users ADD COLUMN x INT")
    with pytest.raises(SQLError):
        sql_exec(db, "SELEC name FROM users")


def test_redis_commands_and_documents_are_one():
    db = NEDB()
    r = RedisCompat(db)
    r.execute("HSET", "user:1", "name", "Ada", "visits", 1)
    assert r.execute("HINCRBY", "user:1", "visits", 1) == 2
    assert r.execute("HGETALL", "user:1") == {"name": "Ada", "visits": "2"}
    assert db.query('FROM user WHERE name = "Ada"') == [{"name": "Ada", "visits": 2, "_id": "1"}]
    assert r.execute("SET", "lock", "me", "NX", "EX", 30) == "OK" and r.execute("SET", "lock", "you", "NX") is None
    assert 0 < r.execute("TTL", "lock") <= 30
    r.execute("RPUSH", "queue", "a", "b")
    assert r.execute("LPOP", "queue") == "a"
    r.execute("ZADD", "board", 10, "ada", 20, "alan")
    assert r.execute("ZREVRANGE", "board", 0, 0, "WITHSCORES") == [("alan", 20.0)]
    assert [version["kind"] for version in db.history("user", "1")] == ["put", "put"]
    assert db.get("user", "1", as_of=0)["visits"] == "1"
    with pytest.raises(RedisUnsupportedError):
        r.execute("PUBLISH", "news", "x")
    assert db.verify()


def test_a_mongo_client_finds_what_was_put():
    db = NEDB()
    db.put("users", "u1", {"name": "Ada", "status": "active", "age": 36})
    client = MongoClient(db)
    users = client["users"]
    users.insert_many([{"_id": "u2", "name": "Alan", "status": "active", "age": 41}, {"_id": "u3", "name": "Kurt", "status": "retired"}])
    assert [row["name"] for row in users.find({"status": "active"}).sort("age", -1).to_list()] == ["Alan", "Ada"]
    assert users.update_many({"status": "active"}, {"$inc": {"age": 1}, "$push": {"tags": "x"}}).modified_count == 2
    assert users.find_one({"_id": "u1"}) == {"_id": "u1", "name": "Ada", "status": "active", "age": 37, "tags": ["x"]}
    groups = users.aggregate([{"$group": {"_id": "$status", "n": {"$sum": 1}}}, {"$sort": {"n": -1}}])
    assert list(groups) == [{"_id": "active", "n": 2}, {"_id": "retired", "n": 1}]
    assert users.count_documents({"age": {"$exists": False}}) == 1 and users.distinct("status") == ["active", "retired"]
    with pytest.raises(MongoError, match="E11000"):
        users.insert_one({"_id": "u1"})
    assert db.get("users", "u1", as_of=0)["age"] == 36


def test_a_redis_that_runs_already_gets_a_history():
    fakeredis = pytest.importorskip("fakeredis", reason="the package fakeredis is not installed")
    raw = fakeredis.FakeRedis(server=fakeredis.FakeServer())
    raw.set("car:1", json.dumps({"owner": "Ada", "state": "parked"}))
    raw.hset("ride:7", mapping={"car": "1", "state": "asked"})
    r = wrap_redis(raw, db_name="rides")
    r.nedb.register("car:*", collection="cars", value_parser=json.loads).register("ride:*", collection="rides", value_type="hash")
    assert r.nedb.backfill() == 2 and r.get("car:1") == raw.get("car:1")
    r.nedb.shadow_writes = True
    before = r.nedb.seq
    r.set("car:1", json.dumps({"owner": "Ada", "state": "driving"}))
    r.hset("ride:7", "state", "driving")
    assert r.nedb.get("cars", "1")["_source"] == "shadow" and r.nedb.get("rides", "7")["car"] == "1"
    assert r.nedb.get_as_of("cars", "1", before)["state"] == "parked"
    assert [row["_id"] for row in r.nedb.query('FROM rides WHERE state = "driving"')] == ["7"]
    r.nedb.put("choices", "e1", {"car": "1"}, caused_by=[r.nedb.seq], evidence="inference", confidence=0.97)
    assert [row["_id"] for row in r.nedb.query('FROM choices WHERE _id = "e1" TRACE caused_by')] == ["7"]
    assert {key for key in raw.keys("*") if not key.startswith(b"nedb:rides:")} == {b"car:1", b"ride:7"}
    again = wrap_redis(raw, db_name="rides")
    assert (again.nedb.head(), again.nedb.seq) == (r.nedb.head(), r.nedb.seq) and again.nedb.verify()


def test_indexes_are_suggested_to_who_asks():
    db = AutoIndexDB(NEDB(auto_index=False), threshold=3, verbose=False)
    for n in range(20):
        db.put("users", f"u{n}", {"status": "retired" if n else "active"})
    for _ in range(3):
        assert len(db.query('FROM users WHERE status = "active"')) == 1
    [advice] = db.suggest()
    assert "users.status" in advice and db.analyze() == []
    db.create_index("users", "status")
    db.wait_for_index("users", "status")
    assert db.suggest() == [] and len(db.query('FROM users WHERE status = "active"')) == 1


def test_threads_write_through_a_sequencer(path):
    with Sequencer(NEDB(str(path)), max_batch=64) as db:

        def write(name):
            for n in range(20):
                db.put("events", f"{name}-{n}", {"n": n}, client=name, idem=f"{name}-{n}")

        threads = [threading.Thread(target=write, args=(name,)) for name in ("a", "b", "c", "d")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert db.seq == 79 and db.query("FROM events COUNT") == [{"count": 80}] and db.verify()
    with NEDB(str(path)) as again:
        assert again.seq == 79
