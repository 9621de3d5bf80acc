"""What programs say through redis-py, said to a server; run by test_server_redis.py, with whatever version of redis-py there is.

The words are a host's port and the protocol's version. Each part asserts what a Redis answers, in both versions of the protocol; where a client makes a tuple of
the one and a list of the other, both are right.
"""

import sys
import threading

import redis


def strings(r):
    assert r.set("greeting", "hello", ex=100) and r.get("greeting") == "hello" and 0 < r.ttl("greeting") <= 100
    assert r.set("greeting", "again", nx=True) is None and r.getset("greeting", "bye") == "hello"
    assert r.mset({"a": "1", "b": "2"}) and r.mget("a", "none", "b") == ["1", None, "2"]
    assert r.incrby("a", 41) == 42 and r.append("b", "3") == 2 and r.delete("a", "b", "none") == 2
    assert r.setbit("bits", 7, 1) == 0 and r.bitcount("bits") == 1 and r.exists("bits", "bits") == 2


def containers(r):
    assert r.hset("user:1", mapping={"name": "Ada", "born": 1815}) == 2 and r.hgetall("user:1") == {"name": "Ada", "born": "1815"}
    assert r.hincrby("user:1", "born", 1) == 1816 and r.hmget("user:1", "name", "none") == ["Ada", None]
    assert r.rpush("queue", *range(5)) == 5 and r.lrange("queue", 0, -1) == list("01234") and list(r.blpop("queue", 1)) == ["queue", "0"]
    assert r.sadd("tags", "x", "y") == 2 and r.smembers("tags") == {"x", "y"} and r.sismember("tags", "x")
    assert r.zadd("board", {"ada": 3, "bob": 1.5}) == 2
    assert [tuple(pair) for pair in r.zrange("board", 0, -1, withscores=True)] == [("bob", 1.5), ("ada", 3.0)]
    assert r.zincrby("board", 2, "bob") == 3.5 and r.zrevrank("board", "bob") == 0
    assert sorted(r.scan_iter(match="*", count=2)) == sorted(r.keys()) and r.type("board") == "zset"


def pipelines(r):
    with r.pipeline(transaction=False) as pipe:
        for n in range(100):
            pipe.incr("count").set(f"k:{n}", n)
        assert pipe.execute()[-2:] == [100, True]
    with r.pipeline() as pipe:
        pipe.incr("count").get("count")
        assert pipe.execute() == [101, "101"]

    def raised(pipe):
        now = int(pipe.get("count"))
        pipe.multi()
        pipe.set("count", now + 1)

    assert r.transaction(raised, "count") == [True] and r.get("count") == "102"
    with r.pipeline() as pipe:
        pipe.watch("count")
        r.incr("count")
        pipe.multi()
        pipe.set("count", 0)
        try:
            pipe.execute()
            raise AssertionError("the key was changed")
        except redis.WatchError:
            pass
    try:
        r.lpush("greeting", "x")
        raise AssertionError("it is a string")
    except redis.ResponseError as error:
        assert "WRONGTYPE" in str(error)


def streams(r):
    first = r.xadd("events", {"n": "1"})
    r.xadd("events", {"n": "2"})
    assert r.xlen("events") == 2 and tuple(r.xrange("events")[0]) == (first, {"n": "1"})
    assert r.xgroup_create("events", "workers", id="0")
    assert r.xreadgroup("workers", "ann", {"events": ">"})
    assert r.xpending("events", "workers")["pending"] == 2
    full = r.xinfo_stream("events", full=True)
    assert full["length"] == 2 and len(full["groups"]) == 1 and len(full["entries"]) == 2
    assert r.xack("events", "workers", first) == 1 and r.xinfo_groups("events")[0]["pending"] == 1


def waiting(r):
    """A client that waits is woken by another one."""
    got = []
    waiter = threading.Thread(target=lambda: got.extend(r.brpop("later", timeout=20)))
    waiter.start()
    r.lpush("later", "now")
    waiter.join(timeout=30)
    assert got == ["later", "now"]


def connection(r):
    assert r.ping() and r.echo("x") == "x" and r.client_setname("conversation") and r.dbsize() > 0
    assert r.info("server")["redis_version"] and "appendfsync" in r.config_get("appendfsync") and r.time()[0] > 0
    assert r.execute_command("NEDB.VERIFY") is not None
    assert "Ada" in str(r.eval("FROM user LIMIT 1", 0))


def main(port, protocol):
    with redis.Redis(port=int(port), protocol=int(protocol), decode_responses=True, socket_timeout=30) as r:
        r.flushdb()
        for part in (strings, containers, pipelines, streams, waiting, connection):
            part(r)
    print(redis.__version__)


if __name__ == "__main__":
    main(*sys.argv[1:])
