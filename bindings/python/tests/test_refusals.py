"""Arguments that make no sense are refused as every other error is: with a class to catch and a code, and without a word of the inside."""

import pytest
from nedb import NEDB, MongoClient, MongoCompat, NedbError, RedisCompat, UnsupportedError, sql_exec

BEYOND = 2**70


@pytest.mark.parametrize("number", [-1, -7, BEYOND, -BEYOND, pytest.param(10**5000, id="of 5001 digits")])
@pytest.mark.parametrize(
    "call",
    [
        lambda db, n: db.proof(n),
        lambda db, n: db.restore("c", "a", n),
        lambda db, n: db.tx([{"op": "restore", "coll": "c", "id": "a", "seq": n}]),
        lambda db, n: db.scan("c", limit=n),
        lambda db, n: db.q("c").limit(n),
        lambda db, n: db.q("c").offset(n),
        lambda db, n: db.q("c").traverse("knows", n),
        lambda db, n: db.q("c").traverse("knows", 1, n),
        lambda db, n: db.put_many("c", [], batch=n),
        lambda db, n: db.execute("FROM c", memory_bytes_max=n),
        lambda db, n: db.put("c", "b", {}, nonce=n),
        lambda db, n: db.put("c", "b", {}, caused_by=n),
    ],
)
def test_a_number_that_is_none_of_the_call_is_a_value_error_with_a_code(db, call, number):
    db.put("c", "a", {})
    with pytest.raises(ValueError) as raised:
        call(db, number)
    assert isinstance(raised.value, NedbError) and raised.value.code == "invalid_argument"
    assert db.seq == 0


@pytest.mark.parametrize("seq", [-2, -7, BEYOND, -BEYOND])
@pytest.mark.parametrize(
    "call",
    [
        lambda db, seq: db.since(seq),
        lambda db, seq: db.subscribe(from_seq=seq),
        lambda db, seq: db.consistency(seq, 0),
        lambda db, seq: db.consistency(-1, seq),
        lambda db, seq: db.put("c", "b", {}, if_seq=seq),
    ],
)
def test_what_is_no_seq_is_refused_where_a_seq_or_minus_one_is_taken(db, call, seq):
    db.put("c", "a", {})
    with pytest.raises(ValueError, match="is no seq") as raised:
        call(db, seq)
    assert raised.value.code == "invalid_argument" and db.seq == 0


def test_minus_one_is_before_the_first_operation(db):
    db.put("c", "a", {})
    assert [op.seq for op in db.since(-1)] == [op.seq for op in db.since()] == [0]
    assert next(db.subscribe(from_seq=-1)).seq == 0
    assert db.consistency(-1, 0)["from_size"] == 0


@pytest.mark.parametrize("call", [lambda db: db.proof("1"), lambda db: db.scan("c", limit=1.5), lambda db: db.since("0")])
def test_what_is_no_number_is_a_type_error(db, call):
    with pytest.raises(TypeError):
        call(db)


@pytest.mark.parametrize("seconds", [-1, -0.5, float("nan"), float("inf"), 1e30])
@pytest.mark.parametrize(
    "call",
    [
        lambda db, s: db.put("c", "a", {}, ttl_s=s),
        lambda db, s: db.expire("c", "a", s),
        lambda db, s: db.tx([{"op": "put", "coll": "c", "id": "a", "doc": {}, "ttl_s": s}]),
        lambda db, s: db.execute("FROM c", timeout_s=s),
        lambda db, s: db.subscribe().next(s),
    ],
)
def test_a_time_that_is_none_is_told_in_the_words_of_the_caller(db, call, seconds):
    with pytest.raises(ValueError, match="is negative$" if seconds < 0 else "ends beyond all time$") as raised:
        call(db, seconds)
    assert raised.value.code == "invalid_argument"


def test_a_database_that_is_not_there_is_a_file_not_found_error(path):
    with pytest.raises(FileNotFoundError) as raised:
        NEDB(path, read_only=True)
    assert raised.value.code == "not_a_database" and not path.exists()


@pytest.mark.parametrize("limit", ["x", None, 1.5])
def test_a_limit_of_a_cursor_that_is_no_number_is_told_so(db, limit):
    with pytest.raises(TypeError, match="^a limit is a whole number, not "):
        MongoCompat(db)["c"].find().limit(limit)


@pytest.mark.parametrize("url", ["mongodb://localhost", "mongodb+srv://ada:secret@example.com/shop"])
def test_an_address_of_mongodb_is_refused_by_name(url):
    with pytest.raises(UnsupportedError, match="wire protocol of MongoDB") as raised:
        MongoClient(url)
    assert raised.value.code == "unsupported" and "secret" not in str(raised.value)


@pytest.mark.parametrize("face", [lambda: sql_exec(None, "SELECT * FROM c"), lambda: RedisCompat(None), lambda: MongoCompat("shop")])
def test_a_face_on_what_is_no_database_is_told_so(face):
    with pytest.raises(TypeError, match="^this takes a NEDB, or a Sequencer or AutoIndexDB of one, not "):
        face()
