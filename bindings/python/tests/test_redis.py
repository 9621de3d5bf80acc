"""Redis commands through Python: the types of answers, and what programs for the earlier package rely on."""

import math
import threading

import nedb.redis_compat
import pytest
from conftest import ROOT
from nedb import NEDB, ClosedError, NedbError, RedisCompat, RedisError, RedisUnsupportedError, UnsupportedError, check_proof


@pytest.fixture
def r(db):
    return RedisCompat(db)


def test_the_names_are_where_programs_import_them_from():
    assert nedb.redis_compat.RedisCompat is RedisCompat
    assert nedb.redis_compat.RedisError is RedisError
    assert nedb.redis_compat.RedisUnsupportedError is RedisUnsupportedError
    assert issubclass(RedisError, NedbError) and issubclass(RedisUnsupportedError, UnsupportedError)


def test_answers_have_the_types_of_the_earlier_package(r):
    assert r.execute("PING") == "PONG"
    assert r.execute("SET", "k", "hello") == "OK"
    assert r.execute("GET", "k") == "hello"
    assert r.execute("GET", "none") is None
    assert r.execute("MGET", "k", "none") == ["hello", None]
    assert r.execute("INCRBY", "n", 9) == 9
    assert r.execute("HSET", "user:1", "name", "Ada", "age", 31) == 2
    assert r.execute("HGETALL", "user:1") == {"name": "Ada", "age": "31"}
    assert r.execute("HEXISTS", "user:1", "name") == 1
    assert r.execute("SADD", "tags", "a", "b") == 2
    assert r.execute("SMEMBERS", "tags") == {"a", "b"}
    assert r.execute("SINTER", "tags", "none") == set()
    assert r.execute("RPUSH", "q", "a", "b") == 2
    assert r.execute("LRANGE", "q", 0, -1) == ["a", "b"]
    assert r.execute("HGETALL", "none") == {}


def test_sorted_sets_have_pairs_and_floats(r):
    r.execute("ZADD", "z", 1, "a", 2.5, "b", "inf", "c")
    assert r.execute("ZSCORE", "z", "b") == 2.5
    assert r.execute("ZRANGE", "z", 0, -1, "WITHSCORES") == [("a", 1.0), ("b", 2.5), ("c", math.inf)]
    assert r.execute("ZRANGE", "z", 0, 0) == ["a"]


def test_words_are_text_bytes_and_numbers(r):
    r.execute("SET", b"k", bytearray(b"x"))
    assert r.execute("GET", "k") == "x"
    r.execute("SET", "k", memoryview(b"y"))
    assert r.execute("GET", "k") == "y"
    r.execute("SET", "k", 0.1)
    assert r.execute("GET", "k") == "0.1"
    for word in (None, True, ["a"], {}):
        with pytest.raises(TypeError):
            r.execute("SET", "k", word)


def test_bytes_that_are_no_text_stay_bytes(db, r):
    r.execute("SET", "raw", b"\xff\x00")
    assert r.execute("GET", "raw") == b"\xff\x00"
    raw = RedisCompat(db, decode_responses=False)
    raw.execute("HSET", "h", "é", "ü")
    assert raw.execute("HGETALL", "h") == {"é".encode(): "ü".encode()}
    assert raw.execute("PING") == "PONG"
    assert r.execute("HGET", "h", "é") == "ü"


def test_errors_are_exceptions_with_the_text_of_redis(r):
    r.execute("SET", "k", "v")
    with pytest.raises(RedisError, match="^WRONGTYPE Operation against a key") as caught:
        r.execute("LPUSH", "k", "x")
    assert caught.value.code == "redis_command"
    with pytest.raises(RedisError, match="^ERR unknown command 'NOSUCH'"):
        r.execute("NOSUCH", "a")
    with pytest.raises(RedisUnsupportedError, match="SUBSCRIBE"):
        r.execute("SUBSCRIBE", "news")
    with pytest.raises(ValueError) as caught:
        r.execute("SET", "x" * 2000, "v")
    assert caught.value.code == "id_too_long"


def test_a_transaction_gives_errors_in_their_place(r):
    r.execute("MULTI")
    assert r.execute("SET", "k", "text") == "QUEUED"
    r.execute("INCR", "k")
    r.execute("GET", "k")
    first, error, last = r.execute("EXEC")
    assert (first, last) == ("OK", "text")
    assert isinstance(error, RedisError)


def test_commands_are_methods_too(r):
    assert r.lpush("l", 1, 2) == 2
    assert r.LRANGE("l", 0, -1) == ["2", "1"]
    with pytest.raises(AttributeError):
        r.no_such_command
    assert not hasattr(r, "subscribe")


def test_documents_and_hashes_are_the_same(db, r):
    r.execute("HSET", "user:1", "name", "Ada")
    assert db.get("user", "1") == {"name": "Ada", "_id": "1"}
    db.put("user", "2", {"name": "Bob", "age": 7})
    assert r.execute("HGET", "user:2", "age") == "7"
    assert r.execute("EVAL", "FROM user WHERE name = 'Bob' SELECT _id", 0) == ['{"_id":"2"}']


def test_a_proof_is_asked_for_as_a_command_and_checked_without_the_database(db, r):
    r.execute("SET", "k", "v")
    r.execute("SET", "k", "w")
    checked = check_proof(r.execute("NEDB.PROOF", 0), [db.verifier_key()])
    assert (checked["signature"], checked["root"], checked["size"]) == ("verified", db.head, 2)
    assert (checked["leaf"], checked["entry"]["collection"]) == (db.log[0].hash, "_kv")
    assert r.execute("NEDB.VERIFY") == 1


def test_strings_of_the_earlier_package_are_read(db, r):
    db.put("_kv", "old", {"_v": "value"})
    assert r.execute("GET", "old") == "value"
    assert r.execute("KEYS", "*") == ["old"]


def test_what_is_written_bears_the_client(db, r):
    r.execute("SET", "k", "v")
    assert db.log[-1].client == "redis-compat"
    RedisCompat(db, client="till-7").execute("SET", "k", "w")
    assert db.log[-1].client == "till-7"


def test_four_hundred_increments_from_threads_give_four_hundred(db, r):
    def increment():
        for _ in range(50):
            r.execute("INCR", "visits")

    threads = [threading.Thread(target=increment) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert r.execute("GET", "visits") == "400"


def test_a_closed_database_refuses_commands():
    db = NEDB()
    r = RedisCompat(db)
    db.close()
    with pytest.raises(ClosedError):
        r.execute("GET", "k")


def test_values_survive_the_process(path):
    with NEDB(path) as db:
        RedisCompat(db).execute("RPUSH", "l", "a", "b")
    with NEDB(path) as db:
        assert RedisCompat(db).execute("LRANGE", "l", 0, -1) == ["a", "b"]
        assert db.verify()


def test_every_command_is_documented():
    page = (ROOT / "docs" / "redis.md").read_text(encoding="utf-8")
    for name in nedb.redis_compat._COMMANDS:
        assert f"| `{name}" in page
