"""wrap_redis with clients of asyncio: the same calls, awaited."""

import asyncio
import json

import pytest
from nedb import UnsupportedError, WrappedRedis, wrap_redis


@pytest.fixture(params=["real", "fake"])
def run(request):
    """Runs a coroutine with a wrapped client of an empty server."""

    def start(work):
        async def main():
            if request.param == "fake":
                fakeredis = pytest.importorskip("fakeredis", reason="the package fakeredis is not installed")
                client = fakeredis.FakeAsyncRedis(server=fakeredis.FakeServer())
            else:
                redis = pytest.importorskip("redis.asyncio", reason="the package redis is not installed")
                client = redis.from_url(request.getfixturevalue("redis_url"))
            await client.flushall()
            try:
                await work(wrap_redis(client))
            finally:
                await client.aclose()

        asyncio.run(main())

    return start


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
