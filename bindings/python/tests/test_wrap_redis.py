"""wrap_redis: the client stays what it is, and its writes become documents."""

import datetime
import json
import sys
import time
from types import SimpleNamespace

import nedb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nedb import WrappedRedis, wrap_redis
from nedb.wrap_redis.commands import known_commands, written_keys
from nedb.wrap_redis.mapping import glob


def shown(client, text):
    """A value as this client shows it."""
    return text if client.get_encoder().decode_responses else text.encode()


@pytest.fixture
def fake():
    fakeredis = pytest.importorskip("fakeredis", reason="the package fakeredis is not installed")
    return fakeredis.FakeRedis(server=fakeredis.FakeServer())


@pytest.fixture
def r(client):
    wrapped = wrap_redis(client)
    wrapped.nedb.register("c:*", "c")
    wrapped.nedb.shadow_writes = True
    return wrapped


def content(document):
    return document and {name: value for name, value in document.items() if name not in ("_id", "_source", "_expires_at")}


def doc(r, id="k"):
    return content(r.nedb.get("c", id))


def test_a_wrapped_client_is_the_callers_client(client):
    r = wrap_redis(client)
    assert isinstance(r, WrappedRedis) and isinstance(r, type(client))
    assert r.set("plain", "1") and r.get("plain") == client.get("plain") == shown(client, "1")
    with r.pipeline() as pipe:
        assert pipe.incr("n").incr("n").execute() == [1, 2]
    assert r.nedb.seq == -1 and r.nedb.head == r.nedb.head() == "0" * 64
    assert client.keys("nedb:*") == []
    with pytest.raises(ValueError):
        wrap_redis(r)
    with pytest.raises(TypeError):
        wrap_redis(object())


def test_each_type_becomes_its_document(r):
    r.set("c:k", "text")
    assert doc(r) == {"value": "text"} and r.nedb.get("c", "k")["_source"] == "shadow"
    r.set("c:k", b"\xff\x00")
    assert doc(r) == {"value": b"\xff\x00"}
    r.delete("c:k")
    r.hset("c:k", mapping={"name": "Ada", "age": 31})
    assert doc(r) == {"name": "Ada", "age": "31"}
    r.hset("c:k", "_id", "not mine")
    assert doc(r) == {"pairs": [["_id", "not mine"], ["age", "31"], ["name", "Ada"]]}
    r.delete("c:k")
    r.rpush("c:k", "a", "b", "a")
    assert doc(r) == {"items": ["a", "b", "a"]}
    r.delete("c:k")
    r.sadd("c:k", "b", "a")
    assert doc(r) == {"members": ["a", "b"]}
    r.delete("c:k")
    r.zadd("c:k", {"a": 1.5, "b": float("inf"), "c": -2})
    members = [{"member": "c", "score": -2.0}, {"member": "a", "score": 1.5}, {"member": "b", "score": "inf"}]
    assert doc(r) == {"members": members}
    r.delete("c:k")
    r.xadd("c:k", {"n": "1"}, id="5-1")
    assert doc(r) == {"entries": [{"id": "5-1", "fields": [["n", "1"]]}]}
    r.xtrim("c:k", maxlen=0, approximate=False)
    assert doc(r) == {"entries": []}
    assert r.nedb.verify()


def test_a_parser_and_an_extractor_say_what_the_document_is(client):
    r = wrap_redis(client)
    r.nedb.register("order:*", "orders", value_parser=json.loads).register(
        "trip:*:hash", "trips", id_extractor=lambda key: key.split(":")[1], value_parser=lambda fields: {"n": len(fields)}
    )
    r.nedb.register("n:*", "numbers", value_parser=int)
    r.nedb.shadow_writes = True
    r.set("order:17", json.dumps({"state": "paid", "lines": [1, 2.5, None]}))
    r.hset("trip:t1:hash", mapping={"a": "1", "b": "2"})
    r.set("n:1", "42")
    assert r.nedb.get("orders", "17") == {"state": "paid", "lines": [1, 2.5, None], "_source": "shadow", "_id": "17"}
    assert content(r.nedb.get("trips", "t1")) == {"n": 2}
    assert content(r.nedb.get("numbers", "1")) == {"value": 42}
    assert r.nedb.query("FROM orders WHERE state = $s SELECT _id", s="paid") == [{"_id": "17"}]
    with pytest.raises(ValueError, match="order:18") as caught:
        r.set("order:18", "no json")
    assert caught.value.code == "invalid_value"
    assert r.get("order:18") == shown(client, "no json")
    assert r.set("order:19", "{}") and r.nedb.get("orders", "19") is not None


def test_a_refused_value_does_not_take_the_others_with_it(client):
    r = wrap_redis(client)
    r.nedb.register("j:*", "j", value_parser=json.loads)
    r.nedb.shadow_writes = True
    with pytest.raises(ValueError, match="j:2"):
        r.pipeline().set("j:1", "{}").set("j:2", "no json").set("j:3", "{}").execute()
    assert sorted(row["_id"] for row in r.nedb.query("FROM j")) == ["1", "3"]
    r.set("j:2", '{"n": 2}')
    assert r.nedb.collections() == {"j": 3}


KEYS = st.sampled_from(["c:a", "c:b", "c:c"])
TEXTS = st.sampled_from(["", "1", "x", "\xff"])
COMMANDS = st.one_of(
    st.tuples(st.sampled_from(["DEL", "INCR", "LPOP", "SPOP", "PERSIST", "GETDEL", "ZPOPMIN", "RPOP"]), KEYS),
    st.tuples(st.sampled_from(["SET", "APPEND", "LPUSH", "SADD", "SREM", "HDEL", "HINCRBY"]), KEYS, TEXTS),
    st.tuples(st.just("HSET"), KEYS, TEXTS, TEXTS),
    st.tuples(st.just("ZADD"), KEYS, st.integers(-2, 2), TEXTS),
    st.tuples(st.sampled_from(["EXPIRE"]), KEYS, st.integers(1000, 2000)),
    st.tuples(st.sampled_from(["RENAME", "COPY", "RPOPLPUSH", "SUNIONSTORE"]), KEYS, KEYS),
    st.tuples(st.just("MSET"), KEYS, TEXTS, KEYS, TEXTS),
)


@given(commands=st.lists(COMMANDS, max_size=30))
def test_after_any_commands_the_documents_are_those_of_the_keys(commands):
    fakeredis = pytest.importorskip("fakeredis", reason="the package fakeredis is not installed")
    client = fakeredis.FakeRedis(server=fakeredis.FakeServer())
    r, fresh = wrap_redis(client), wrap_redis(client, "fresh")
    for wrapped in (r, fresh):
        wrapped.nedb.register("c:*", "c")
    r.nedb.shadow_writes = True
    for command in commands:
        try:
            r.execute_command(*command)
        except Exception as error:
            assert type(error).__name__ == "ResponseError", error
    fresh.nedb.backfill()

    def documents(db):
        return {row["_id"]: {**content(row), "until": row.get("_expires_at")} for row in db.query("FROM c")}

    expected = documents(fresh.nedb)
    for row in expected.values():
        del row["_evidence"]
    assert documents(r.nedb) == expected
    assert r.nedb.verify()


def test_a_value_type_takes_only_its_keys(client):
    r = wrap_redis(client)
    r.nedb.register("h:*", "h", value_type="hash")
    r.nedb.shadow_writes = True
    r.hset("h:1", "a", "1")
    r.set("h:2", "text")
    assert r.nedb.collections() == {"h": 1}
    r.set("h:1", "text")
    assert r.nedb.get("h", "1") is None
    with pytest.raises(ValueError, match="value_type"):
        r.nedb.register("x:*", "x", value_type="graph")


def test_deletes_renames_and_unchanged_values(r):
    r.mset({"c:k": "1", "c:l": "2"})
    assert (doc(r), doc(r, "l"), r.nedb.seq) == ({"value": "1"}, {"value": "2"}, 1)
    r.set("c:k", "1")
    assert r.nedb.seq == 1
    r.rename("c:k", "c:m")
    assert doc(r) is None and doc(r, "m") == {"value": "1"}
    r.delete("c:m", "c:l", "c:none")
    assert r.nedb.collections().get("c", 0) == 0
    assert content(r.nedb.get_as_of("c", "l", 1)) == {"value": "2"}
    assert [version["kind"] for version in r.nedb.history("c", "l")] == ["delete", "put"]


def test_expiry_is_that_of_the_key(r):
    r.set("c:k", "1", ex=1000)
    assert "_expires_at" in r.nedb.get("c", "k")
    seq = r.nedb.seq
    r.expire("c:k", 2000)
    assert r.nedb.seq == seq + 1
    r.persist("c:k")
    assert "_expires_at" not in r.nedb.get("c", "k")
    r.set("c:k", "2", px=1)
    while r.get("c:k") is not None:
        pass
    assert r.nedb.get("c", "k") is None


@pytest.mark.parametrize("ahead_s", [3600, -3600])
def test_keys_expire_by_the_clock_of_the_server(r, monkeypatch, ahead_s):
    clock = SimpleNamespace(time_ns=lambda: time.time_ns() + ahead_s * 10**9, monotonic_ns=time.monotonic_ns)
    for module in ("replica", "value"):
        monkeypatch.setattr(sys.modules[f"nedb.wrap_redis.{module}"], "time", clock)
    r.set("c:k", "1", px=600_000)
    assert content(r.nedb.get("c", "k")) == {"value": "1"}
    [version] = r.nedb.history("c", "k")
    written_at = datetime.datetime.fromisoformat(version["ts"].replace("Z", "+00:00")).timestamp()
    assert abs(written_at - time.time()) < 600
    r.set("c:gone", "1", px=1)
    while r.get("c:gone") is not None:
        pass
    assert r.nedb.get("c", "gone") is None
    assert content(wrap_redis(r._wrapped).nedb.get("c", "k")) == {"value": "1"}
    assert r.nedb.verify()
    r.set("c:k", "3")
    assert doc(r) == {"value": "3"} and r.nedb.verify()


def test_a_pipeline_is_one_commit(r):
    before = len(r.xrange("nedb:default:oplog"))
    with r.pipeline(transaction=True) as pipe:
        pipe.set("c:a", "1").hset("c:b", "x", "2").set("other", "3").incr("c:a")
        pipe.execute()
    assert (doc(r, "a"), doc(r, "b")) == ({"value": "2"}, {"x": "2"})
    assert len(r.xrange("nedb:default:oplog")) == before + 1
    with r.pipeline(transaction=False) as pipe:
        pipe.lpush("c:a", "wrong type").set("c:d", "4")
        with pytest.raises(Exception, match="WRONGTYPE"):
            pipe.execute()
    assert doc(r, "d") == {"value": "4"}


def test_a_pipeline_that_is_too_much_for_one_commit_becomes_several(r, monkeypatch):
    monkeypatch.setattr(sys.modules["nedb.wrap_redis.oplog"], "_COMMIT_OPS", 10)
    with r.pipeline() as pipe:
        for n in range(25):
            pipe.set(f"c:{n}", n)
        pipe.execute()
    assert len(r.xrange("nedb:default:oplog")) == 3 and r.nedb.collections() == {"c": 25} and r.nedb.verify()


def test_a_key_that_is_the_prefix_alone_is_no_document(r):
    r.set("c:", "none")
    r.set("c:c:", "some")
    assert r.nedb.collections() == {"c": 1} and doc(r, "c:") == {"value": "some"}


def test_a_watched_transaction_is_mirrored_and_one_that_is_broken_off_is_not(r, client):
    r.set("c:n", "1")

    def raise_it(pipe):
        n = int(pipe.get("c:n"))
        pipe.multi()
        pipe.set("c:n", n + 1)

    r.transaction(raise_it, "c:n")
    assert doc(r, "n") == {"value": "2"}
    with r.pipeline() as pipe:
        pipe.watch("c:n")
        pipe.set("c:now", "at once")
        assert doc(r, "now") == {"value": "at once"}
        client.set("c:n", "9")
        pipe.multi()
        pipe.set("c:n", "3")
        with pytest.raises(Exception, match="Watched variable"):
            pipe.execute()
    assert doc(r, "n") == {"value": "9"}


def test_a_script_is_mirrored_by_the_keys_that_it_is_given(r, client):
    pytest.importorskip("lupa")
    r.eval("redis.call('SET', KEYS[1], ARGV[1]) return 1", 1, "c:k", "7")
    assert doc(r) == {"value": "7"}
    script = r.register_script("return redis.call('INCR', KEYS[1])")
    assert script(keys=["c:k"]) == 8 and doc(r) == {"value": "8"}
    with r.pipeline() as pipe:
        script(keys=["c:k"], client=pipe)
        assert pipe.execute() == [9]
    assert doc(r) == {"value": "9"}
    with pytest.raises(Exception, match="stop"):
        r.eval("redis.call('SET', KEYS[1], 'half') return redis.error_reply('stop')", 1, "c:k")
    assert doc(r) == {"value": "half"}


def test_what_would_take_the_log_away_is_refused(r):
    r.set("c:k", "1")
    for sweep in (r.flushdb, r.flushall, lambda: r.swapdb(0, 1), lambda: r.pipeline().set("c:k", "2").flushdb().execute()):
        with pytest.raises(nedb.UnsupportedError, match="shadow_writes"):
            sweep()
    assert doc(r) == {"value": "1"}
    r.nedb.shadow_writes = False
    r.flushdb()
    with pytest.raises(nedb.IntegrityError) as caught:
        r.nedb.put("c", "k", {})
    assert caught.value.code == "rollback"


OWN = ("nedb:default:oplog", "nedb:default:snapshot", "nedb:another:oplog")


@pytest.mark.parametrize("key", OWN)
@pytest.mark.parametrize(
    "write",
    [
        lambda r, key: r.xtrim(key, maxlen=0),
        lambda r, key: r.delete("c:k", key),
        lambda r, key: r.unlink(key),
        lambda r, key: r.rename(key, "elsewhere"),
        lambda r, key: r.rename("c:k", key),
        lambda r, key: r.expire(key, 1),
        lambda r, key: r.set(key.encode(), "x"),
        lambda r, key: r.xadd(key, {"a": "b"}),
        lambda r, key: r.pipeline().set("c:k", "2").xdel(key, "1-0").execute(),
        lambda r, key: r.eval("return redis.call('DEL', KEYS[1])", 1, key),
    ],
)
def test_a_write_to_a_history_itself_is_refused(r, key, write):
    r.set("c:k", "1")
    with pytest.raises(nedb.UnsupportedError, match=f"would change '{key}'"):
        write(r, key)
    assert doc(r) == {"value": "1"} and r.nedb.verify() and r.nedb.seq == 0
    # Reading is nobody's harm, and neither is a key of the caller's that looks much like one.
    r.xrange(key, "-", "+")
    r.set(f"{key}:mine", "1")


@pytest.mark.parametrize(
    ("pattern", "collection", "error"),
    [("x:*", "a:b", ValueError), ("x:*", "", ValueError), ("x:*", "x" * 200, ValueError), (5, "x", TypeError), (None, "x", TypeError), ("x:*", 5, TypeError)],
)
def test_what_cannot_be_registered_is_refused_at_once(r, pattern, collection, error):
    with pytest.raises(error):
        r.nedb.register(pattern, collection)
    r.set("x:1", "1")
    assert r.nedb.collections() == {}


def test_what_cannot_be_stored_is_told_with_its_path_in_the_document(r):
    for call in (lambda: r.nedb.put("d", "1", {"x": [{"y": float("nan")}]}), lambda: nedb.NEDB().put("d", "1", {"x": [{"y": float("nan")}]})):
        with pytest.raises(ValueError) as raised:
            call()
        assert (raised.value.code, raised.value.path) == ("invalid_value", "x[0].y") and "(in x[0].y)" in str(raised.value)
    r.nedb.register("nan:*", "nan", value_parser=lambda value: {"x": float("nan")})
    with pytest.raises(ValueError) as raised:
        r.set("nan:1", "1")
    assert raised.value.path == "x" and "'nan:1'" in str(raised.value) and "[0]" not in str(raised.value)


def test_documents_are_written_beside_the_keys(client):
    db = wrap_redis(client, "shop").nedb
    first = db.put("facts", "a", {"text": "it rained", "n": 10**30, "raw": b"\xff"}, evidence="inference", confidence=0.5)
    assert first["n"] == 10**30 and first["raw"] == b"\xff" and first["_confidence"] == 0.5
    again = db.put("facts", "b", {"text": "wet"}, caused_by=0, valid_from="2026-01-01", if_seq=-1)
    assert again["_caused_by"] == [0] and again["_valid_from"].startswith("2026-01-01")
    assert db.query("FROM facts WHERE _id = 'b' TRACE caused_by SELECT text") == [{"text": "it rained"}]
    assert db.link("facts:b", "after", "facts:a") is True and db.link("facts:b", "after", "facts:a") is False
    assert db.neighbors("facts:b", "after") == ["facts:a"] and db.inbound("facts:a", "after") == ["facts:b"]
    assert db.unlink("facts:b", "after", "facts:a") is True and db.neighbors("facts:b", "after", 2) == ["facts:a"]
    assert db.create_index("facts", "text", "search") is True and db.create_index("facts", "text", "search") is False
    assert [row["_id"] for row in db.query("FROM facts SEARCH 'rained'")] == ["a"]
    with pytest.raises(nedb.PreconditionFailed) as caught:
        db.put("facts", "a", {}, if_seq=7)
    assert caught.value.failures == [{"index": 0, "coll": "facts", "id": "a", "expected": 7, "actual": 0}]
    for wrong in ({"x": float("nan")}, {"x": {1}}):
        with pytest.raises(ValueError):
            db.put("facts", "c", wrong)
    for said in ({"caused_by": 99}, {"confidence": 2.0}):
        with pytest.raises(ValueError):
            db.put("facts", "c", {}, **said)
    with pytest.raises(TypeError):
        db.put("facts", "c", {}, nonce=1)
    assert db.delete("facts", "a") is True and db.delete("facts", "a") is False
    assert db.get_as_of("facts", "a", 0)["text"] == "it rained"
    assert db.verify() and db.seq == 4


def test_a_time_names_the_same_state_in_every_process(client):
    db = wrap_redis(client).nedb
    for n in range(3):
        db.put("c", "a", {"n": n})
    times = [version["ts"] for version in reversed(db.history("c", "a"))]
    other = wrap_redis(client).nedb
    assert [version["ts"] for version in reversed(other.history("c", "a"))] == times
    for n, time in enumerate(times):
        assert other.get_as_of("c", "a", time)["n"] >= n


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 129])
def test_a_database_has_a_name_in_one_line(client, name):
    with pytest.raises(ValueError):
        wrap_redis(client, name)


def test_the_table_knows_every_write_command_of_the_server(redis_client):
    known = set(known_commands())
    for name, info in redis_client.command().items():
        if "write" in info["flags"] and not name.startswith(("module", "function")):
            assert name.split("|")[0].split(" ")[0].upper() in known, name


@pytest.mark.parametrize(
    "command",
    [
        "SET k v", "MSET a 1 b 2", "DEL a b c", "RENAME a b", "LMOVE a b LEFT RIGHT", "BITOP AND dest a b", "SORT a STORE dest",
        "ZUNIONSTORE dest 2 a b", "EVAL return 2 a b arg", "LMPOP 2 a b LEFT", "BLPOP a b 0", "GEORADIUS a 1 2 3 m STORE dest",
        "COPY a b", "XGROUP CREATE k g $", "MIGRATE h 1 a 0 10", "HSET k f v", "GETEX k PERSIST", "ZRANGESTORE dest a 0 -1",
    ],
)  # fmt: skip
def test_the_written_keys_are_among_those_that_the_server_names(redis_client, command):
    words = command.split()
    named = redis_client.execute_command("COMMAND GETKEYS", *words)
    found = written_keys([words])
    assert found and set(found) <= set(named)
    # A source that is only read need not be read back; every other key is found.
    assert set(named) - set(found) <= {"a", "b"}


@pytest.mark.parametrize(
    ("pattern", "key", "matches"),
    [
        ("a:*", "a:1", True), ("a:*", "b:1", False), ("a?c", "abc", True), ("a?c", "ac", False), ("[ab]x", "bx", True),
        ("[^ab]x", "bx", False), ("[a-c]x", "cx", True), ("[c-a]x", "bx", True), ("a\\*", "a*", True), ("a\\*", "ab", False),
        ("[]x", "ax", False), ("h[^]llo", "hello", True), ("*", "any\nthing", True), ("a[b", "ab", True), ("a.c", "abc", False),
    ],
)  # fmt: skip
def test_patterns_match_as_the_server_matches(redis_client, pattern, key, matches):
    redis_client.set(key, "1")
    assert bool(glob(pattern.encode()).fullmatch(key.encode())) is matches
    assert (redis_client.keys(pattern) == [key.encode()]) is matches


def strange_id(key):
    """An extractor whose id is not always one."""
    if "raises" in key:
        raise KeyError(key)
    return 1.5 if "float" in key else key


def unstorable(value):
    """A parser whose document cannot always be stored."""
    text = value if isinstance(value, str) else value.decode()
    return {"n": object() if text == "bad" else text}


@pytest.mark.parametrize("name", ["c:float", "c:raises", "c:value"])
def test_a_key_that_cannot_be_a_document_does_not_stop_the_others(client, name):
    r = wrap_redis(client)
    r.nedb.register("c:*", "c", id_extractor=strange_id, value_parser=unstorable)
    r.nedb.shadow_writes = True
    with pytest.raises(ValueError, match=name) as caught:
        r.mset({"c:a": "1", name: "bad", "c:z": "2"})
    assert isinstance(caught.value, nedb.NedbError) and caught.value.code == "invalid_value"
    # Redis has it all, the history what can be one, and the next write is told nothing of it.
    assert r.get(name) == shown(client, "bad") and r.nedb.collections() == {"c": 2}
    assert r.set("c:a", "3") and r.nedb.get("c", "c:a")["n"] == "3" and r.nedb.verify()


def test_an_extractor_is_asked_after_the_write(client):
    seen = []

    def extracted(key):
        seen.append(client.get(key))
        return None

    r = wrap_redis(client)
    r.nedb.register("c:*", "c", id_extractor=extracted)
    r.nedb.shadow_writes = True
    assert r.set("c:a", "1") and r.nedb.seq == -1
    assert seen and set(seen) == {shown(client, "1")}


def outcome(db, call):
    """What a call comes to: its answer, or the error with what it says in its parts."""
    try:
        answer = call(db)
    except Exception as error:
        return type(error), getattr(error, "code", None), getattr(error, "failures", None)
    return content(answer) if isinstance(answer, dict) else answer


@pytest.mark.parametrize("seq", [3, 0, -1, -5, True, 1.5, "0"])
@pytest.mark.parametrize("id", ["none", "there"])
def test_a_condition_on_the_seq_fails_as_in_the_engine(fake, db, id, seq):
    made = wrap_redis(fake).nedb
    for one in (made, db):
        one.put("c", "there", {})
    for call in (lambda db: db.put("c", id, {"n": 1}, if_seq=seq), lambda db: db.delete("c", id, if_seq=seq)):
        assert outcome(made, call) == outcome(db, call)
    assert made.seq == db.seq and made.verify()


@pytest.mark.parametrize("ttl_s", [0, 1e-7, 1, True, 1e9, -1, -1e-9, float("inf"), float("nan"), 1e300, 10**30, 1e13, "5"])
def test_a_lifetime_is_taken_as_by_the_engine(fake, db, ttl_s):
    made = wrap_redis(fake).nedb
    put = [outcome(one, lambda db: db.put("c", "a", {"n": 1}, ttl_s=ttl_s)) for one in (made, db)]
    assert put[0] == put[1]
    assert outcome(made, lambda db: db.get("c", "a")) == outcome(db, lambda db: db.get("c", "a"))
    assert made.seq == db.seq and made.verify()


def test_a_lifetime_that_is_over_at_once_gives_the_whole_document(fake, db):
    made = wrap_redis(fake).nedb
    said = {"caused_by": 0, "evidence": "inference", "confidence": 0.5}
    for one in (made, db):
        one.put("c", "cause", {})
    put, expected = (one.put("c", "a", {"n": 1}, ttl_s=0, **said) for one in (made, db))
    assert "_expires_at" in put and put.keys() == expected.keys()
    assert content(put) == content(expected) and made.verify()
