"""The same commands to a real Redis server and to a database: the same answers, errors included.

What is compared is what stands on the wire of protocol 2. Not compared: what is random by design, ranges by member over
several scores, which mean nothing, and the milliseconds that pass between the two.
"""

import codecs
import os
import random
import re

import pytest
from conftest import ROOT
from nedb import NEDB, NedbError, RedisCompat

CASES = int(os.environ.get("NEDB_CASES", "25"))
COMMANDS_PER_CASE = 120

KEYS = ["a", "b", "user:1", "user:2", "c", "_kv:x"]
WORDS = ["x", "y", "z", "10", "-3", "w w", "", "3.5", "\xff"]
NUMBERS = ["0", "1", "-1", "2", "-2", "5", "-100", "100"]
SCORES = ["0", "1", "-1", "2.5", "-0.25", "3", "inf", "-inf", "1e3"]
BOUNDS = ["0", "(1", "-inf", "+inf", "2.5", "(2.5", "-1", "3"]
BAD = ["", "abc", "1.5", "99999999999999999999", "+1", " 1", "0x10"]

K, W, N, S, B = KEYS, WORDS, NUMBERS, SCORES, BOUNDS


def some(choices, most=3):
    return lambda rng: [rng.choice(choices) for _ in range(rng.randint(1, most))]


def pairs(left, right, most=3):
    return lambda rng: [rng.choice(side) for _ in range(rng.randint(1, most)) for side in (left, right)]


def maybe(*words):
    """One of the given lists of words, or none."""
    return lambda rng: [pick(rng, word) for word in rng.choice([(), *words])]


def pick(rng, word):
    return rng.choice(word) if isinstance(word, list) else word


_SET = [["NX"], ["XX"], ["GET"], ["EX", "1000"], ["PX", "900000"], ["KEEPTTL"], ["EXAT", "4000000000"], ["NX", "GET"], ["EX", "0"], ["BAD"]]
_EXPIRE = [["NX"], ["XX"], ["GT"], ["LT"], ["NX", "GT"], ["GT", "LT"], ["BAD"]]
_ZADD = [["NX"], ["XX"], ["GT"], ["LT"], ["CH"], ["INCR"], ["NX", "CH"], ["XX", "GT"], ["NX", "XX"], ["GT", "LT"], ["XX", "INCR"]]
_TWICE = [["EX", "1000"], ["EX", "x"], ["PX", "900000"], ["PXAT", "4000000000000"], ["KEEPTTL"], ["GET"], ["EXAT", "-1"], ["PERSIST"], ["nx"], ["XX"]]
_ENDS = ["9223372036854775807", "-9223372036854775808", "9223372036854775808", "-0", "00", "1 ", "x", "1"]
#: Not the greatest and the least: sums of floats beyond 2^53 are exact here, and rounded in Redis.
_WRONG = _ENDS[2:]
_GLOBS = ["*", "?", "[ab]", "[^ab]", "[a-c]", "user:*", "u*r:*", "\\a", "[", "[a", "[]", "[^]", "**", "[b-a]", "", "[a-", "\\", "user:[12]"]
_FLOATS = ["1e400", "-1e400", "1e-400", "nan", "infinity", "-Infinity", "+5", ".5", "5.", "1e", "", " 1", "--1", "1e5"]
_SCAN = [["COUNT", "1000"], ["MATCH", _GLOBS], ["COUNT", "0"], ["COUNT", "x"], ["TYPE", ["string", "zset", "none"]], ["BAD"], ["COUNT"], ["match", "*"]]
_LIMIT = [["LIMIT", "0", "2"], ["LIMIT", "1", "-1"], ["WITHSCORES"], ["LIMIT", "-1", "1"]]

FORMS = [
    ("SET", [K, W, maybe(*_SET)]), ("SET", [K, W]), ("GET", [K]), ("SETNX", [K, W]), ("GETSET", [K, W]), ("GETDEL", [K]),
    ("SETEX", [K, ["1000", "0", "-1", "x"], W]), ("GETEX", [K, maybe(["PERSIST"], ["EX", "1000"], ["EX", "0"], ["BAD"])]),
    ("MGET", [some(K)]), ("MSET", [pairs(K, W)]), ("MSETNX", [pairs(K, W)]), ("APPEND", [K, W]), ("STRLEN", [K]),
    ("INCR", [K]), ("DECR", [K]), ("INCRBY", [K, N + BAD]), ("DECRBY", [K, N + BAD]), ("INCRBYFLOAT", [K, ["0.5", "-1.25", "1e2", "x", "3"]]),
    ("GETRANGE", [K, N, N]), ("SETRANGE", [K, ["0", "1", "5", "-1", "x"], W]),
    ("HSET", [K, pairs(W, W)]), ("HSET", [K, pairs(W, W)]), ("HMSET", [K, pairs(W, W)]), ("HSETNX", [K, W, W]), ("HGET", [K, W]),
    ("HMGET", [K, some(W)]), ("HGETALL", [K]), ("HDEL", [K, some(W)]), ("HEXISTS", [K, W]), ("HLEN", [K]), ("HKEYS", [K]),
    ("HVALS", [K]), ("HSTRLEN", [K, W]), ("HINCRBY", [K, W, N + BAD]), ("HINCRBYFLOAT", [K, W, ["0.5", "-1.25", "x", "2"]]),
    ("LPUSH", [K, some(W)]), ("RPUSH", [K, some(W)]), ("RPUSH", [K, some(W)]), ("LPUSHX", [K, W]), ("RPUSHX", [K, W]),
    ("LPOP", [K, maybe([N])]), ("RPOP", [K, maybe([N])]), ("LLEN", [K]), ("LRANGE", [K, N, N]), ("LINDEX", [K, N]),
    ("LSET", [K, N, W]), ("LREM", [K, N, W]), ("LTRIM", [K, ["0", "1"], ["-1", "5"]]), ("LINSERT", [K, ["BEFORE", "AFTER", "BAD"], W, W]),
    ("LINSERT", [K, ["BEFORE", "AFTER"], W, W]), ("LMOVE", [K, K, ["LEFT", "RIGHT"], ["LEFT", "RIGHT", "UP"]]), ("RPOPLPUSH", [K, K]),
    ("LPOS", [K, W, maybe(["RANK", N], ["COUNT", N], ["MAXLEN", N], ["RANK", "-1", "COUNT", "0"])]),
    ("SADD", [K, some(W)]), ("SADD", [K, some(W)]), ("SREM", [K, some(W)]), ("SMEMBERS", [K]), ("SISMEMBER", [K, W]), ("SMISMEMBER", [K, some(W)]),
    ("SCARD", [K]), ("SMOVE", [K, K, W]), ("SINTER", [some(K)]), ("SUNION", [some(K)]), ("SDIFF", [some(K)]), ("SINTERSTORE", [K, some(K)]),
    ("SUNIONSTORE", [K, some(K)]), ("SDIFFSTORE", [K, some(K)]), ("SINTERCARD", ["2", K, K, maybe(["LIMIT", ["0", "1", "-1"]])]),
    ("SPOP", [K, "100"]), ("SRANDMEMBER", [K, "100"]),
    ("ZADD", [K, maybe(*_ZADD), pairs(S, W)]), ("ZADD", [K, pairs(S, W)]), ("ZADD", [K, pairs(S, W)]), ("ZADD", [K, BAD[:-1], W]), ("ZSCORE", [K, W]),
    ("ZMSCORE", [K, some(W)]), ("ZINCRBY", [K, S, W]), ("ZCARD", [K]), ("ZCOUNT", [K, B, B]), ("ZRANGE", [K, N, N, maybe(["WITHSCORES"], ["REV"])]),
    ("ZRANGE", [K, B, B, "BYSCORE", maybe(*_LIMIT)]), ("ZRANGE", [K, B, B, "BYSCORE", "REV"]),
    ("ZREVRANGE", [K, N, N, maybe(["WITHSCORES"])]), ("ZRANGEBYSCORE", [K, [*B, "", "abc", " 1"], B, maybe(*_LIMIT)]), ("ZREVRANGEBYSCORE", [K, B, B, maybe(*_LIMIT)]),
    ("ZRANK", [K, W]), ("ZREVRANK", [K, W]), ("ZREM", [K, some(W)]), ("ZREMRANGEBYRANK", [K, N, N]), ("ZREMRANGEBYSCORE", [K, B, B]),
    ("ZPOPMIN", [K, maybe([N])]), ("ZPOPMAX", [K, maybe([N])]),
    ("ZUNIONSTORE", [K, "2", K, K, maybe(["WEIGHTS", "2", "0.5"], ["AGGREGATE", ["MIN", "MAX", "SUM"]], ["BAD"])]),
    ("ZINTERSTORE", [K, "2", K, K, maybe(["WEIGHTS", "2", "0.5"], ["AGGREGATE", "MIN"], ["WEIGHTS", "x", "1"])]),
    ("DEL", [some(K, 2)]), ("EXISTS", [some(K)]), ("TYPE", [K]), ("EXPIRE", [K, ["1000", "2000", "-1", "x"], maybe(*_EXPIRE)]),
    ("PEXPIREAT", [K, ["4000000000000", "1000"], maybe(*_EXPIRE)]), ("PERSIST", [K]), ("TTL", [K]), ("PEXPIRETIME", [["none"]]), ("KEYS", [["*", "user:*", "?", "[ab]"]]),
    ("RENAME", [K, K]), ("RENAMENX", [K, K]), ("COPY", [K, K, maybe(["REPLACE"])]), ("DBSIZE", []), ("PING", [maybe([W])]), ("ECHO", [W]),
    ("SET", [K, W, maybe(*_TWICE), maybe(*_TWICE)]), ("GETEX", [K, maybe(*_TWICE), maybe(*_TWICE)]), ("PSETEX", [K, ["900000", "0", "x"], W]),
    ("UNLINK", [some(K, 2)]), ("TOUCH", [some(K)]), ("EXPIREAT", [K, ["4000000000", "1", *_ENDS[1:6]], maybe(*_EXPIRE)]), ("PTTL", [K]),
    ("PEXPIRE", [K, ["900000", "-1", "-9223372036854775808"], maybe(*_EXPIRE, ["Bad"])]), ("EXPIRETIME", [["none"]]), ("SET", [K, _WRONG]),
    ("INCRBY", [K, _WRONG]), ("DECRBY", [K, _WRONG]), ("HINCRBY", [K, W, _WRONG]), ("HSET", [K, W, _WRONG]), ("HINCRBYFLOAT", [K, W, _FLOATS[3:]]),
    ("INCRBYFLOAT", [K, _FLOATS[3:]]), ("GETRANGE", [K, _ENDS, _ENDS]), ("SETRANGE", [K, ["536870912", *_ENDS[:3]], W]),
    ("LRANGE", [K, _ENDS, _ENDS]), ("LINDEX", [K, _ENDS]), ("LSET", [K, _ENDS, W]), ("LREM", [K, _ENDS, W]), ("LPOP", [K, _ENDS]),
    ("LPOS", [K, W, maybe(["COUNT", "x"], ["MAXLEN", "x"], ["RANK", "x"], ["RANK"]), maybe(["COUNT", "1"], ["MAXLEN", "-1"])]),
    ("HRANDFIELD", [K, ["100", "0", "x"]]), ("HRANDFIELD", [K, "1", "WITHVALUES", "BAD"]), ("SPOP", [K, ["0", "-1", "x"]]), ("SRANDMEMBER", [K, ["0", "x"]]),
    ("ZADD", [K, _FLOATS, W]), ("ZADD", [K, "CH", "INCR", _FLOATS, W]), ("ZINCRBY", [K, _FLOATS, W]), ("ZCOUNT", [K, _FLOATS, [*_FLOATS, "(", "(1e400"]]),
    ("ZREMRANGEBYSCORE", [K, _FLOATS, ["1e400", "0"]]), ("ZREMRANGEBYRANK", [K, _ENDS, _ENDS]), ("ZPOPMIN", [K, ["0", "x", "-1"]]),
    ("ZRANGE", [K, B, B, maybe(["BYSCORE", "BYSCORE"], ["BYSCORE", "BYLEX"], ["REV", "REV"], ["WITHSCORES", "withscores"], ["LIMIT", "0", "1"])]),
    ("ZUNIONSTORE", [K, ["0", "1", "2", "-1", "x", "3"], K, K, maybe(["WEIGHTS", "2"], ["WEIGHTS", "inf", "0"], ["AGGREGATE"], ["weights", "1", "1", "aggregate", "max"])]),
    ("SINTERCARD", [["0", "1", "x", "5"], K, maybe(["LIMIT"], ["LIMIT", "x"], ["BAD"])]), ("KEYS", [_GLOBS]),
    ("SCAN", ["0", "COUNT", "1000", maybe(*_SCAN)]), ("SSCAN", [K, "0", "COUNT", "1000", maybe(*_SCAN)]), ("HSCAN", [K, ["0", "x"], "COUNT", "1000", maybe(*_SCAN)]),
    ("GET", []), ("SET", [K]), ("HSET", [K, W]), ("ZADD", [K, "1"]), ("NOSUCH", [["x"]]),
]

#: The answers whose order means nothing; with 2, pairs of elements.
UNORDERED = {"KEYS": 1, "SMEMBERS": 1, "SINTER": 1, "SUNION": 1, "SDIFF": 1, "HKEYS": 1, "HVALS": 1, "HGETALL": 2, "SPOP": 1, "SRANDMEMBER": 1, "HRANDFIELD": 1}

#: The scans, whose answers are a cursor and what has no order; each is asked for everything at once.
_SCANS = {"SCAN": 1, "SSCAN": 1, "HSCAN": 2}


def drawn(rng, forms=FORMS):
    """One command as a list of words."""
    name, parts = rng.choice(forms)
    words = [name]
    for part in parts:
        words += part(rng) if callable(part) else [pick(rng, part)]
    return [word.encode("latin-1") for word in words]


class Server:
    """A connection on which answers come as they stand on the wire."""

    def __init__(self, redis, url):
        self._errors = redis.exceptions.ResponseError
        self._pool = redis.from_url(url, protocol=2).connection_pool
        self._connection = self._pool.get_connection()

    def execute(self, words):
        self._connection.send_command(*words)
        try:
            return self._plain(self._connection.read_response())
        except self._errors as error:
            return self._plain(error)

    def _plain(self, answer):
        if isinstance(answer, list):
            return [self._plain(element) for element in answer]
        return ("error", error_text(answer)) if isinstance(answer, Exception) else answer

    def close(self):
        self._pool.release(self._connection)
        self._pool.disconnect()


class Database:
    """The same of a database."""

    def __init__(self, db):
        self._redis = RedisCompat(db, decode_responses=False)

    def execute(self, words):
        try:
            return self._plain(self._redis.execute(words[0].decode(), *words[1:]))
        except NedbError as error:
            return self._plain(error)

    def _plain(self, answer):
        if isinstance(answer, NedbError):
            return ("error", error_text(answer))
        if isinstance(answer, dict):
            return [self._plain(word) for pair in answer.items() for word in pair]
        if isinstance(answer, (list, set)):
            plain = []
            for element in answer:
                plain += map(self._plain, element) if isinstance(element, tuple) else [self._plain(element)]
            return plain
        if isinstance(answer, float):
            return f"{answer:.17g}".encode()
        return answer.encode() if isinstance(answer, str) else answer


def error_text(error):
    """The text of an error; redis-py takes some prefixes away."""
    return re.sub("^(ERR|EXECABORT) ", "", str(error))


def comparable(words, answer):
    scanned = _SCANS.get(words[0].decode())
    if scanned is not None and isinstance(answer, list):
        cursor, found = answer
        return cursor, sorted(tuple(found[place : place + scanned]) for place in range(0, len(found), scanned))
    group = UNORDERED.get(words[0].decode())
    if group is None or not isinstance(answer, list):
        return answer
    return sorted(tuple(answer[place : place + group]) for place in range(0, len(answer), group))


#: By how much the two may differ: the time that passes between them.
_SLACK = {b"TTL": 2, b"PTTL": 2000}


def assert_same(words, theirs, ours, said):
    theirs, ours = comparable(words, theirs), comparable(words, ours)
    if words[0] in _SLACK and isinstance(theirs, int) and theirs > 0:
        assert abs(theirs - ours) <= _SLACK[words[0]], said
    else:
        assert ours == theirs, "\n".join(str(line) for line in said)


@pytest.fixture
def server(redis_url):
    redis = pytest.importorskip("redis", reason="the package redis is not installed: nothing was compared with a real Redis")
    server = Server(redis, redis_url)
    server.execute([b"FLUSHALL"])
    yield server
    server.close()


READS = [[b"TYPE"], [b"GET"], [b"HGETALL"], [b"LRANGE", b"0", b"-1"], [b"SMEMBERS"], [b"ZRANGE", b"0", b"-1", b"WITHSCORES"]]


@pytest.mark.parametrize("seed", range(CASES))
def test_random_commands_are_answered_as_redis_answers_them(server, seed):
    rng = random.Random(seed)
    with NEDB() as db:
        database, said = Database(db), []
        for _ in range(COMMANDS_PER_CASE):
            calls = [drawn(rng)]
            if rng.random() < 0.08:
                calls = [[b"MULTI"], *(drawn(rng) for _ in range(rng.randint(0, 5))), [b"EXEC"]]
            queued = []
            for words in calls:
                theirs, ours = server.execute(words), database.execute(words)
                said.append((words, theirs, ours))
                if words == [b"EXEC"] and isinstance(theirs, list) and isinstance(ours, list):
                    assert len(theirs) == len(ours), said
                    for call, their, our in zip(queued, theirs, ours):
                        assert_same(call, their, our, said)
                else:
                    assert_same(words, theirs, ours, said)
                if ours == b"QUEUED":
                    queued.append(words)
        for key in KEYS:
            for read in READS:
                words = [read[0], key.encode(), *read[1:]]
                theirs, ours = server.execute(words), database.execute(words)
                assert_same(words, theirs, ours, [*said, (words, theirs, ours)])


#: LTRIM that keeps everything touches the key in Redis, and writes nothing here.
_TOUCHING = [(name, parts) for name, parts in FORMS if name not in ("LTRIM", "SCAN", "KEYS", "DBSIZE")]


@pytest.mark.parametrize("seed", range(CASES))
def test_exec_is_refused_when_redis_refuses_it(server, redis_url, seed):
    rng = random.Random(seed)
    redis = pytest.importorskip("redis")
    other = Server(redis, redis_url)
    try:
        with NEDB() as db:
            ours, our_other, said = Database(db), Database(db), []

            def both(words, theirs, mine):
                answers = theirs.execute(words), mine.execute(words)
                said.append((words, *answers))
                return answers

            for _ in range(12):
                watched = [word.encode() for word in rng.sample(KEYS, 2)]
                both([b"WATCH", *watched], server, ours)
                calls = [drawn(rng, _TOUCHING) for _ in range(rng.randint(0, 3))]
                is_one = rng.random() < 0.3
                for words in [[b"MULTI"], *calls, [b"EXEC"]] if is_one else calls:
                    both(words, other, our_other)
                both([b"MULTI"], server, ours)
                both([b"PING"], server, ours)
                theirs, mine = both([b"EXEC"], server, ours)
                assert theirs == mine, "\n".join(map(str, said))
    finally:
        other.close()


#: Lines of the golden scripts that a server cannot be asked: NEDB's own, those for the runner, what is random or differs by design.
_OWN = re.compile(r"#|@|NEDB\.|EVAL|.?SCAN|RANDOMKEY|FLUSHDB SOMETIME|SPOP|SRANDMEMBER|HRANDFIELD|COPY.*DB|SETRANGE s 9999999")
#: Lines that ask for what came after Redis 7.0.
_NEWER = re.compile(r"ZRANK.*WITHSCORE")
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
_SCRIPTS = ["strings_set", "strings_family", "strings_numbers", "hashes", "lists_ends", "lists_middle", "sets", "sets_combined"]
_SCRIPTS += ["sorted_sets", "sorted_ranges", "sorted_combined", "keys", "wrong_types"]


@pytest.mark.parametrize("name", _SCRIPTS)
def test_the_golden_scripts_say_what_redis_says(server, name):
    script = (ROOT / "tests" / "redis" / f"{name}.txt").read_text(encoding="utf-8")
    with NEDB() as db:
        database, said = Database(db), []
        for block in script.split("\n\n"):
            for line in block.split("\n---")[0].splitlines():
                if _OWN.match(line) or _NEWER.match(line):
                    continue
                words = [codecs.escape_decode((found[1] or found[2] or "").encode())[0] for found in _WORD.finditer(line)]
                theirs, ours = server.execute(words), database.execute(words)
                said.append((line, theirs, ours))
                assert_same([words[0].upper(), *words[1:]], theirs, ours, said)


def test_a_scan_gives_what_redis_gives(server):
    with NEDB() as db:
        database = Database(db)
        members = [str(number).encode() for number in range(700)]
        calls = [[b"SADD", b"s", *members], [b"ZADD", b"z", *(word for member in members for word in (member, member))]]
        calls.append([b"HSET", b"h", *(word for member in members for word in (member, b"v"))])
        calls += [[b"SET", b"key:" + member, b"v"] for member in members[:50]]
        for words in calls:
            assert server.execute(words) == database.execute(words)
        for words in ([b"SCAN"], [b"SSCAN", b"s"], [b"ZSCAN", b"z"], [b"HSCAN", b"h"]):
            assert set(scanned(server, words)) == set(scanned(database, words))


def scanned(side, words):
    found, cursor = [], b"0"
    while True:
        cursor, piece = side.execute([*words, cursor, b"COUNT", b"30"])
        found += piece
        if cursor == b"0":
            return found
