"""Every write command through a wrapped client: the documents are then those that a backfill would make."""

import hashlib
import shlex
import socketserver
import threading
import time

import nedb
import pytest
from nedb import wrap_redis
from nedb.wrap_redis.commands import SWEEPING, known_commands

# One call a line, behind what it needs to be there. Each of them changes a document; that it does is checked.
CHANGING = """
SET c:a 1
SETEX c:a 1000 1
PSETEX c:a 1000000 1
SETNX c:a 1
SET c:a abc; SETRANGE c:a 1 x
SETBIT c:a 7 1
SET c:a 1; GETSET c:a 2
SET c:a 1; GETDEL c:a
SET c:a 1; GETEX c:a EX 1000
APPEND c:a x
INCR c:a
INCRBY c:a 2
INCRBYFLOAT c:a 2.5
INCREX c:a BYINT 2
DECR c:a
DECRBY c:a 2
BITFIELD c:a INCRBY u8 0 65
SET c:a 1; DELEX c:a
HSET c:a f 1
HMSET c:a f 1 g 2
HSETNX c:a f 1
HINCRBY c:a f 2
HINCRBYFLOAT c:a f 2.5
HSET c:a f 1 g 2; HDEL c:a f
HSET c:a f 1 g 2; HGETDEL c:a FIELDS 1 f
HSET c:a f 1 g 2; HGETEX c:a PXAT 1 FIELDS 1 f
HSETEX c:a EX 1000 FIELDS 1 f 1
HSET c:a f 1 g 2; HEXPIRE c:a 0 FIELDS 1 f
HSET c:a f 1 g 2; HPEXPIRE c:a 0 FIELDS 1 f
HSET c:a f 1 g 2; HEXPIREAT c:a 1 FIELDS 1 f
HSET c:a f 1 g 2; HPEXPIREAT c:a 1 FIELDS 1 f
HIMPORT PREPARE fields f g; HIMPORT SET c:a fields 1 2
LPUSH c:a x y
RPUSH c:a x y
RPUSH c:a x; LPUSHX c:a y
RPUSH c:a x; RPUSHX c:a y
RPUSH c:a x y; LPOP c:a
RPUSH c:a x y; RPOP c:a
RPUSH c:a x y; LSET c:a 0 z
RPUSH c:a x y; LREM c:a 0 x
RPUSH c:a x y z; LTRIM c:a 1 1
RPUSH c:a x; LINSERT c:a BEFORE x y
RPUSH c:a x y; LMOVE c:a c:b LEFT RIGHT
RPUSH c:a x y; BLMOVE c:a c:b LEFT RIGHT 1
RPUSH c:a x y z; LMOVEM c:a c:b LEFT RIGHT COUNT 2 OBO
RPUSH c:a x y z; BLMOVEM c:a c:b LEFT RIGHT 1 COUNT 2 OBO
RPUSH c:a x y; RPOPLPUSH c:a c:b
RPUSH c:a x y; BRPOPLPUSH c:a c:b 1
RPUSH c:b x y; BLPOP c:a c:b 1
RPUSH c:b x y; BRPOP c:a c:b 1
RPUSH c:b x y; LMPOP 2 c:a c:b LEFT
RPUSH c:b x y; BLMPOP 1 2 c:a c:b LEFT
RPUSH c:a 2 1; SORT c:a STORE c:d
SADD c:a x y
SADD c:a x y; SREM c:a x
SADD c:a x y; SPOP c:a
SADD c:a x y; SMOVE c:a c:b x
SADD c:a x y; SADD c:b y; SDIFFSTORE c:d c:a c:b
SADD c:a x y; SADD c:b y; SINTERSTORE c:d c:a c:b
SADD c:a x; SADD c:b y; SUNIONSTORE c:d c:a c:b
ZADD c:a 1 x 2 y
ZINCRBY c:a 2 x
ZADD c:a 1 x 2 y; ZREM c:a x
ZADD c:a 1 x 2 y; ZPOPMIN c:a
ZADD c:a 1 x 2 y; ZPOPMAX c:a
ZADD c:b 1 x 2 y; BZPOPMIN c:a c:b 1
ZADD c:b 1 x 2 y; BZPOPMAX c:a c:b 1
ZADD c:b 1 x 2 y; ZMPOP 2 c:a c:b MIN
ZADD c:b 1 x 2 y; BZMPOP 1 2 c:a c:b MIN
ZADD c:a 0 x 0 y; ZREMRANGEBYLEX c:a - [x
ZADD c:a 1 x 2 y; ZREMRANGEBYRANK c:a 0 0
ZADD c:a 1 x 2 y; ZREMRANGEBYSCORE c:a 0 1
ZADD c:a 1 x 2 y; ZADD c:b 1 y; ZDIFFSTORE c:d 2 c:a c:b
ZADD c:a 1 x 2 y; ZADD c:b 1 y; ZINTERSTORE c:d 2 c:a c:b
ZADD c:a 1 x 2 y; ZADD c:b 1 y; ZUNIONSTORE c:d 2 c:a c:b WEIGHTS 1 3
ZADD c:a 1 x 2 y; ZRANGESTORE c:d c:a 0 0
GEOADD c:a 13.36 38.11 Palermo
GEOADD c:a 13.36 38.11 Palermo; GEOSEARCHSTORE c:d c:a FROMMEMBER Palermo BYRADIUS 9 km
GEOADD c:a 13.36 38.11 Palermo; GEORADIUS c:a 13 38 99 km STORE c:d
GEOADD c:a 13.36 38.11 Palermo; GEORADIUS c:a 13 38 99 km STOREDIST c:d
GEOADD c:a 13.36 38.11 Palermo; GEORADIUSBYMEMBER c:a Palermo 9 km STORE c:d
XADD c:a 5-1 n 1
XADD c:a 5-1 n 1; XDEL c:a 5-1
XADD c:a 5-1 n 1; XDELEX c:a KEEPREF IDS 1 5-1
XADD c:a 5-1 n 1; XGROUP CREATE c:a g 0; XREADGROUP GROUP g me STREAMS c:a >; XACKDEL c:a g DELREF IDS 1 5-1
XADD c:a 5-1 n 1; XTRIM c:a MAXLEN 0
XGROUP CREATE c:a g $ MKSTREAM
PFADD c:a x y
PFADD c:a x; PFADD c:b y; PFMERGE c:d c:a c:b
PFADD c:a x; PFDEBUG TODENSE c:a
SET c:a a; SET c:b b; BITOP XOR c:d c:a c:b
MSET c:a 1 c:b 2
MSETNX c:a 1 c:b 2
MSETEX 2 c:a 1 c:b 2 EX 1000
SET c:a 1; DEL c:none c:a
SET c:a 1; UNLINK c:none c:a
SET c:a 1; RENAME c:a c:b
SET c:a 1; RENAMENX c:a c:b
SET c:a 1; COPY c:a c:b
SET c:a 1; MOVE c:a 1
SET c:a 1; MIGRATE 127.0.0.1 {port} c:a 0 5000
SET c:a 1; SET c:b 2; MIGRATE 127.0.0.1 {port} "" 0 5000 KEYS c:a c:b
RESTORE c:a 1000000 {dump}
RESTORE-ASKING c:a 1000000 {dump}
SET c:a 1; EXPIRE c:a 1000
SET c:a 1; EXPIREAT c:a {later_s}
SET c:a 1; PEXPIRE c:a 1000000
SET c:a 1; PEXPIREAT c:a {later_ms}
SET c:a 1 EX 1000; PERSIST c:a
EVAL {script} 2 c:b c:a
SCRIPT LOAD {script}; EVALSHA {sha} 1 c:a
FUNCTION LOAD {library}; FCALL put 1 c:a 1
"""

# What is written is no part of a document: who has read a stream, its next id, a field's lifetime.
WITHOUT_A_TRACE = """
HSETEX c:a EX 1000 FIELDS 1 f 1; HPERSIST c:a FIELDS 1 f
XADD c:a 5-1 n 1; XSETID c:a 9-0
XADD c:a 5-1 n 1; XGROUP CREATE c:a g 0; XREADGROUP GROUP g me STREAMS c:a >
XADD c:a 5-1 n 1; XGROUP CREATE c:a g 0; XREADGROUP GROUP g me STREAMS c:a >; XACK c:a g 5-1
XADD c:a 5-1 n 1; XGROUP CREATE c:a g 0; XREADGROUP GROUP g me STREAMS c:a >; XNACK c:a g FAIL IDS 1 5-1
XADD c:a 5-1 n 1; XGROUP CREATE c:a g 0; XREADGROUP GROUP g me STREAMS c:a >; XCLAIM c:a g you 0 5-1
XADD c:a 5-1 n 1; XGROUP CREATE c:a g 0; XREADGROUP GROUP g me STREAMS c:a >; XAUTOCLAIM c:a g you 0 0
"""

SCRIPT = "return redis.call('SET', KEYS[1], '1')"
LIBRARY = "#!lua name=nedb\nredis.register_function('put', function(keys, args) return redis.call('SET', keys[1], args[1]) end)"
# A server has all of them from this version on.
NEWEST = (8, 8)
NEWER_THAN_7_0 = set(
    """
    DELEX HEXPIRE HEXPIREAT HPEXPIRE HPEXPIREAT HPERSIST HGETDEL HGETEX HSETEX HIMPORT INCREX LMOVEM BLMOVEM MSETEX
    XACKDEL XDELEX XNACK
    """.split()
)


def scripts(block):
    """Each line's commands as lists of words, under the name of the last of them."""
    for line in block.strip().splitlines():
        commands = [shlex.split(command) for command in line.split(";")]
        yield commands[-1][0], commands


CALLS = [(name, commands, True) for name, commands in scripts(CHANGING)]
CALLS += [(name, commands, False) for name, commands in scripts(WITHOUT_A_TRACE)]


class Receiver(socketserver.StreamRequestHandler):
    """The server that MIGRATE sends to: it takes everything."""

    def handle(self):
        while line := self.rfile.readline():
            for _ in range(int(line[1:])):
                self.rfile.read(int(self.rfile.readline()[1:]) + 2)
            self.wfile.write(b"+OK\r\n")


@pytest.fixture(scope="module")
def receiver_port():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Receiver) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture(params=["real", "fake"])
def server(request):
    """A client of an empty server, and the names of those commands of the table that it may lack."""
    if request.param == "real":
        client = request.getfixturevalue("redis_client")
        version = tuple(map(int, client.info("server")["redis_version"].split(".")))
        return client, NEWER_THAN_7_0 if version < NEWEST else set()
    fakeredis = pytest.importorskip("fakeredis", reason="the package fakeredis is not installed")
    return fakeredis.FakeRedis(server=fakeredis.FakeServer(version=NEWEST)), set(known_commands())


def test_there_is_a_call_of_every_command_of_the_table():
    assert {name for name, _, _ in CALLS} | SWEEPING == set(known_commands())


def documents(wrapped):
    """What is mirrored, without where it came from."""
    rows = wrapped.nedb.query("FROM c")
    return {row["_id"]: {name: value for name, value in row.items() if name not in ("_source", "_evidence")} for row in rows}


def mirrored(client, name):
    wrapped = wrap_redis(client, name)
    wrapped.nedb.register("c:*", "c").backfill()
    return wrapped


def given(client, port):
    """What the words in braces stand for."""
    later_s = int(time.time()) + 1000
    client.set("k", "1")
    dump = client.dump("k")
    client.delete("k")
    sha = hashlib.sha1(SCRIPT.encode()).hexdigest()
    values = {"port": port, "later_s": later_s, "later_ms": later_s * 1000, "dump": dump, "script": SCRIPT, "sha": sha, "library": LIBRARY}
    return {f"{{{name}}}": value for name, value in values.items()}


@pytest.mark.parametrize(("name", "commands", "changes"), CALLS, ids=[" ".join(words[-1]) for _, words, _ in CALLS])
def test_every_write_command_is_mirrored(server, receiver_port, name, commands, changes):
    client, may_lack = server
    if commands[0][0] == "GEOADD" and type(client).__module__.startswith("fakeredis"):
        pytest.skip(f"{name}: fakeredis keeps a place as text, where a server has the score of a member")
    values = given(client, receiver_port)
    *before, call = [[values.get(word, word) for word in words] for words in commands]
    try:
        for words in before:
            client.execute_command(*words)
        r = mirrored(client, "default")
        known = documents(r)
        r.nedb.shadow_writes = True
        r.execute_command(*call)
    except Exception as error:
        if "unknown command" in str(error) and may_lack & {words[0] for words in commands}:
            pytest.skip(f"{name}: this server does not know it")
        raise
    assert documents(r) == documents(mirrored(client, "fresh"))
    assert (documents(r) != known) is changes
    assert r.nedb.verify()


@pytest.mark.parametrize("name", sorted(SWEEPING))
def test_every_sweeping_command_is_refused(server, name):
    client, _ = server
    r = mirrored(client, "default")
    r.nedb.shadow_writes = True
    r.set("c:a", "1")
    with pytest.raises(nedb.UnsupportedError, match=name):
        r.execute_command(name, *([0, 1] if name == "SWAPDB" else []))
    assert documents(r) == {"a": {"value": "1", "_id": "a"}}
