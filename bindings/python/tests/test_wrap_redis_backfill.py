"""Backfill: what is in Redis already becomes documents, once, and an interrupted one goes on."""

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from nedb import wrap_redis


def fill(client, count):
    for n in range(count):
        client.set(f"order:{n}", json.dumps({"n": n}))


def wrapped(client, **register):
    r = wrap_redis(client)
    r.nedb.register("order:*", "orders", value_parser=json.loads, **register)
    return r


def test_every_type_is_imported_and_counted_exactly(client):
    client.set("k:string", "1")
    client.hset("k:hash", "a", "1")
    client.rpush("k:list", "1")
    client.sadd("k:set", "1")
    client.zadd("k:zset", {"a": 1})
    client.xadd("k:stream", {"a": "1"})
    client.set("other", "1")
    r = wrap_redis(client)
    assert r.nedb.register("k:*", "k").backfill() == 6
    rows = r.nedb.query("FROM k")
    assert {row["_id"] for row in rows} == {"string", "hash", "list", "set", "zset", "stream"}
    assert all((row["_source"], row["_evidence"]) == ("backfill", "backfill") for row in rows)
    assert r.nedb.backfill() == 0 and r.nedb.seq == 5 and r.nedb.verify()


def test_progress_is_told_and_adds_up(client):
    fill(client, 50)
    client.rpush("order:list", "no json")
    told = []
    r = wrapped(client, value_type="hash")
    r.nedb.register("*", "rest", value_parser=lambda value: {"is": str(value)})
    with pytest.raises(ValueError):
        r.nedb.backfill(on_error="ignore")
    assert wrapped(client).nedb.backfill(batch=10, progress=told.append, on_error="skip") == 50
    last = told[-1]
    assert (last["imported"], last["scanned"], last["skipped"], last["done"]) == (50, 51, 1, True)
    assert len(last["errors"]) == 1 and "order:list" in last["errors"][0]
    assert [counts["imported"] for counts in told] == sorted(counts["imported"] for counts in told)


def test_a_bad_value_stops_it_by_name(client):
    client.set("order:1", "no json")
    with pytest.raises(ValueError, match="order:1"):
        wrapped(client).nedb.backfill()


def strange_id(key):
    """An extractor of ids that cannot take two of the keys."""
    if key == "order:1":
        raise KeyError(key)
    return 1.5 if key == "order:2" else key


def test_a_key_without_an_id_is_bad_as_a_bad_value_is(client):
    fill(client, 4)
    told = []
    with pytest.raises(ValueError, match="order:[12]") as caught:
        wrapped(client, id_extractor=strange_id).nedb.backfill()
    assert caught.value.code == "invalid_value"
    r = wrapped(client, id_extractor=strange_id)
    assert r.nedb.backfill(progress=told.append, on_error="skip") == 2
    assert (told[-1]["scanned"], told[-1]["skipped"], len(told[-1]["errors"])) == (4, 2, 2)
    assert all(f"order:{n}" in "".join(told[-1]["errors"]) for n in (1, 2)) and r.nedb.verify()


class Stopped(Exception):
    pass


def test_an_interrupted_backfill_goes_on_and_counts_once(client):
    fill(client, 200)
    batches = []

    def stop(counts):
        batches.append(counts)
        if len(batches) == 3:
            raise Stopped

    with pytest.raises(Stopped):
        wrapped(client).nedb.backfill(batch=20, progress=stop)
    assert 0 < batches[-1]["imported"] < 200
    told = []
    r = wrapped(client)
    # What this call wrote; what is told on the way counts from the beginning.
    assert r.nedb.backfill(batch=20, progress=told.append) == 200 - batches[-1]["imported"]
    assert told[-1]["imported"] == 200
    assert sum(counts["scanned"] for counts in told[-1:]) <= 200 - batches[-1]["imported"] + 40
    assert r.nedb.collections() == {"orders": 200} and r.nedb.seq == 199
    assert r.nedb.backfill() == 0 and r.nedb.verify()


def test_a_batch_that_is_too_much_for_one_commit_becomes_several(client, monkeypatch):
    monkeypatch.setattr(sys.modules["nedb.wrap_redis.oplog"], "_COMMIT_OPS", 7)
    fill(client, 50)
    told = []
    r = wrapped(client)
    assert r.nedb.backfill(batch=50, progress=told.append) == 50
    assert (told[-1]["imported"], told[-1]["skipped"], told[-1]["unchanged"]) == (50, 0, 0)
    assert r.nedb.collections() == {"orders": 50} and r.nedb.verify() and r.nedb.backfill() == 0


def test_a_backfill_beside_writers_misses_nothing(client):
    fill(client, 100)
    r, other = wrapped(client), wrapped(client)
    other.nedb.shadow_writes = True

    def write(counts):
        other.set("order:3", json.dumps({"n": counts["scanned"]}))

    r.nedb.backfill(batch=10, progress=write)
    assert r.nedb.collections() == {"orders": 100}
    assert r.nedb.get("orders", "3")["n"] == json.loads(client.get("order:3"))["n"]
    assert r.nedb.verify()


def test_writers_have_their_turn_between_the_batches(client):
    fill(client, 200)
    r = wrapped(client)
    r.nedb.shadow_writes = True
    writer = threading.Thread(target=lambda: r.set("order:5", json.dumps({"n": "new"})))
    sources = []

    def watch(counts):
        if not sources:
            writer.start()
            while not r.nedb._driver._turns.has_waiting:
                pass
        document = r.nedb.get("orders", "5")
        sources.append(document and document["_source"])

    assert r.nedb.backfill(batch=10, progress=watch) >= 199
    writer.join()
    assert len(sources) > 2 and sources[1] == "shadow"
    assert r.nedb.get("orders", "5")["n"] == "new"
    assert r.nedb.collections() == {"orders": 200} and r.nedb.verify()


def test_two_backfills_of_one_client_at_the_same_time_import_everything_once(client):
    fill(client, 150)
    r = wrapped(client)
    with ThreadPoolExecutor(2) as pool:
        counts = [done.result() for done in [pool.submit(r.nedb.backfill, batch=10) for _ in range(2)]]
    assert max(counts) <= 150 and r.nedb.collections() == {"orders": 150}
    assert r.nedb.seq == 149 and r.nedb.verify() and r.nedb.backfill() == 0


def test_nothing_registered_is_an_error(client):
    with pytest.raises(ValueError, match="registered"):
        wrap_redis(client).nedb.backfill()


def test_the_keys_of_a_history_are_never_documents(client):
    r = wrap_redis(client)
    r.nedb.register("*", "all").put("c", "a", {})
    r.nedb.checkpoint()
    client.set("plain", "1")
    assert r.nedb.backfill() == 1
