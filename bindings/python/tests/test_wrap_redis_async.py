"""wrap_redis with clients of asyncio: the same calls, awaited."""

import asyncio
import json

import pytest
from nedb import UnsupportedError, WrappedRedis, wrap_redis


@pytest.fixture(params=["real", "real, decoding", "real, protocol 3", "fake", "fake, decoding"])
def run(request):
    """Runs a coroutine with a wrapped client of an empty server."""
    options = {"decode_responses": True} if "decoding" in request.param else {"protocol": 3} if "3" in request.param else {}

    def start(work):
        async def main():
            if request.param.startswith("fake"):
                fakeredis = pytest.importorskip("fakeredis", reason="the package fakeredis is not installed")
                client = fakeredis.FakeAsyncRedis(server=fakeredis.FakeServer(), **options)
            else:
                redis = pytest.importorskip("redis.asyncio", reason="the package redis is not installed")
                client = redis.from_url(request.getfixturevalue("redis_url"), **options)
            await client.flushall()
            try:
                await work(wrap_redis(client))
            finally:
                await client.aclose()

        asyncio.run(main())

    return start


def shown(client, text):
    """A value as this client shows it."""
    return text if client.get_encoder().decode_responses else text.encode()


def shadowing(r):
    r.nedb.register("c:*", "c")
    r.nedb.shadow_writes = True
    return r.nedb


async def content(db, id):
    document = await db.get("c", id)
    return document and {name: value for name, value in document.items() if name not in ("_id", "_source")}


def test_writes_are_mirrored_and_asked_for(run):
    async def work(r):
        assert isinstance(r, WrappedRedis)
        r.nedb.register("order:*", "orders", value_parser=json.loads)
        r.nedb.shadow_writes = True
        await r.set("order:1", '{"n": 1}')
        async with r.pipeline() as pipe:
            pipe.set("order:2", '{"n": 2}').delete("order:1")
            await pipe.execute()
        assert await r.nedb.query("FROM orders SELECT n") == [{"n": 2}]
        assert (await r.nedb.get_as_of("orders", "1", 0))["n"] == 1
        assert r.nedb.seq == 2 and r.nedb.head == await r.nedb.checkpoint()
        assert await r.nedb.verify()
        with pytest.raises(UnsupportedError):
            await r.flushdb()

    run(work)


def test_tasks_write_at_once_and_lose_nothing(run):
    async def work(r):
        r.nedb.register("c:*", "c")
        r.nedb.shadow_writes = True

        async def add(number):
            for _ in range(10):
                await r.incr("c:shared")
            await r.nedb.put("d", str(number), {"n": number})

        await asyncio.gather(*(add(number) for number in range(5)))
        assert (await r.nedb.get("c", "shared"))["value"] == "50"
        assert await r.nedb.collections() == {"c": 1, "d": 5}
        assert await r.nedb.verify()

    run(work)


def test_a_backfill_is_awaited(run):
    async def work(r):
        for n in range(30):
            await r.set(f"c:{n}", n)
        told = []
        assert await r.nedb.register("c:*", "c").backfill(batch=5, progress=told.append) == 30
        assert told[-1]["done"] and await r.nedb.backfill() == 0

    run(work)


def test_each_type_is_mirrored_whatever_the_client_shows(run):
    async def work(r):
        db = shadowing(r)
        await r.set("c:s", "text")
        await r.set("c:raw", b"\xff\x00")
        await r.hset("c:h", mapping={"name": "Ada", "age": 31})
        await r.rpush("c:l", "a", "b")
        await r.sadd("c:m", "b", "a")
        await r.zadd("c:z", {"a": 1.5})
        await r.xadd("c:x", {"n": "1"}, id="5-1")
        assert await r.get("c:s") == shown(r, "text")
        assert await content(db, "s") == {"value": "text"} and await content(db, "raw") == {"value": b"\xff\x00"}
        assert await content(db, "h") == {"name": "Ada", "age": "31"}
        assert await content(db, "l") == {"items": ["a", "b"]} and await content(db, "m") == {"members": ["a", "b"]}
        assert await content(db, "z") == {"members": [{"member": "a", "score": 1.5}]}
        assert await content(db, "x") == {"entries": [{"id": "5-1", "fields": [["n", "1"]]}]}

    run(work)


def test_a_parser_gets_the_value_as_the_client_shows_it(run):
    async def work(r):
        seen = []
        r.nedb.register("p:*", "p", value_parser=lambda value: seen.append(value) or {"n": 1})
        r.nedb.shadow_writes = True
        await r.set("p:1", "text")
        await r.hset("p:2", "name", "Ada")
        assert seen == [shown(r, "text"), {shown(r, "name"): shown(r, "Ada")}]

    run(work)


def test_a_transaction_is_one_commit_and_what_failed_in_it_does_not_hide_the_rest(run):
    async def work(r):
        db = shadowing(r)
        async with r.pipeline(transaction=True) as pipe:
            pipe.set("c:a", "1").hset("c:b", "x", "2").set("other", "3").incr("c:a")
            assert (await pipe.execute())[-1] == 2
        assert await content(db, "a") == {"value": "2"} and await content(db, "b") == {"x": "2"}
        assert await r.xlen("nedb:default:oplog") == 1
        for transaction in (True, False):
            async with r.pipeline(transaction=transaction) as pipe:
                pipe.lpush("c:a", "wrong type").set("c:d", str(transaction))
                with pytest.raises(Exception, match="LPUSH c:a"):
                    await pipe.execute()
            assert await content(db, "d") == {"value": str(transaction)}
        assert await db.verify()

    run(work)


def test_a_watched_transaction_is_mirrored_and_one_that_is_broken_off_is_not(run):
    async def work(r):
        db = shadowing(r)
        await r.set("c:n", "1")

        async def raise_it(pipe):
            n = int(await pipe.get("c:n"))
            pipe.multi()
            pipe.set("c:n", n + 1)

        await r.transaction(raise_it, "c:n")
        assert await content(db, "n") == {"value": "2"}
        async with r.pipeline() as pipe:
            await pipe.watch("c:n")
            await pipe.set("c:now", "at once")
            assert await content(db, "now") == {"value": "at once"}
            await r.set("c:n", "9")
            pipe.multi()
            pipe.set("c:n", "3")
            with pytest.raises(Exception, match="Watched variable"):
                await pipe.execute()
        assert await content(db, "n") == {"value": "9"}
        assert [version["document"]["value"] for version in await db.history("c", "n")] == ["9", "2", "1"]

    run(work)


def test_a_script_is_mirrored_by_the_keys_that_it_is_given(run):
    pytest.importorskip("lupa", reason="the package lupa is not installed")

    async def work(r):
        db = shadowing(r)
        await r.eval("redis.call('SET', KEYS[1], ARGV[1]) return 1", 1, "c:k", "7")
        assert await content(db, "k") == {"value": "7"}
        script = r.register_script("return redis.call('INCR', KEYS[1])")
        assert await script(keys=["c:k"]) == 8 and await content(db, "k") == {"value": "8"}
        async with r.pipeline() as pipe:
            await script(keys=["c:k"], client=pipe)
            assert await pipe.execute() == [9]
        assert await content(db, "k") == {"value": "9"}
        with pytest.raises(Exception, match="stop"):
            await r.eval("redis.call('SET', KEYS[1], 'half') return redis.error_reply('stop')", 1, "c:k")
        assert await content(db, "k") == {"value": "half"} and await db.verify()

    run(work)


def test_writers_have_their_turn_between_the_batches_of_a_backfill(run):
    async def work(r):
        for n in range(200):
            await r.set(f"c:{n}", "old")
        db = shadowing(r)
        begun, sources = [], []

        def watch(counts):
            if not begun:
                begun.append(asyncio.ensure_future(r.set("c:5", "new")))
            document = db._log.replica.db.get("c", "5")
            sources.append(document and document["_source"])

        await db.backfill(batch=2, progress=watch)
        is_before_its_end = "shadow" in sources
        await begun[0]
        assert is_before_its_end and await content(db, "5") == {"value": "new"}
        assert await db.collections() == {"c": 200} and await db.verify()

    run(work)
