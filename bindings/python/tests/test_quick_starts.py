"""Programs as users of the earlier package wrote them on their first day: they run unchanged in what stands here."""

import datetime
import json

import nedb
import pytest
from nedb import NEDB, Op, PreconditionFailed, Query, ReplayError, parse_nql


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
