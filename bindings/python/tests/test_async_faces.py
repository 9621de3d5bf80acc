"""SQL, Redis commands and Mongo for asyncio: the answers and errors are those of the calls that block."""

import asyncio
import inspect
import time

import pytest
from nedb import NEDB, MongoUnsupportedError, RedisError, SQLUnsupportedError
from nedb.aio import AsyncCollection, AsyncCursor, AsyncMongoCompat, AsyncNEDB, AsyncRedisCompat, sql_exec
from nedb.aio._pages import AsyncPages
from nedb.mongo import Collection, MongoCompat
from nedb.redis_compat import RedisCompat


def run(face, work):
    """Runs the work on a face of a database in memory."""

    async def main():
        async with await AsyncNEDB.open() as db:
            return await work(face(db))

    return asyncio.run(main())


def public(cls):
    return {name for name, _ in inspect.getmembers(cls, callable) if not name.startswith("_")}


def test_every_call_that_blocks_has_one_that_is_awaited():
    # These do not block, or come from the object itself.
    unblocking = {"q", "clear_metrics", "subscribe", "live"}
    blocking = {name for name in public(NEDB) if not name.startswith("_")} - unblocking
    assert blocking - public(AsyncNEDB) == set()
    assert public(Collection) - public(AsyncCollection) == set()
    assert public(MongoCompat) - public(AsyncMongoCompat) == set()
    assert public(RedisCompat) - public(AsyncRedisCompat) == set()


def test_a_scan_comes_in_pages():
    async def work(db):
        await db.put_many("c", ((f"{n:04}", {"n": n}) for n in range(1000)))
        seen = [document["n"] async for document in db.scan("c", start="0100", reverse=True)]
        assert seen == list(range(999, 99, -1))
        return await db.scan("c").to_list(2)

    assert run(lambda db: db, work) == [{"n": 0, "_id": "0000"}, {"n": 1, "_id": "0001"}]


def test_a_cancelled_wait_for_rows_loses_none():
    def rows():
        for n in range(1000):
            if n % 100 == 0:
                time.sleep(0.02)
            yield {"n": n}

    async def main():
        pages, seen, cancelled = AsyncPages(rows()), [], 0
        while True:
            try:
                seen.append((await asyncio.wait_for(pages.next(), 0.005))["n"])
            except asyncio.TimeoutError:
                cancelled += 1
            except StopAsyncIteration:
                break
        assert seen == list(range(1000)) and cancelled > 0

    asyncio.run(main())


def test_idle_subscriptions_leave_the_threads_of_the_event_loop_to_calls():
    async def work(db):
        feeds = [db.subscribe() for _ in range(100)]
        waits = [asyncio.ensure_future(feed.__anext__()) for feed in feeds]
        await asyncio.sleep(0.3)
        began = time.monotonic()
        for _ in range(20):
            await db.get("c", "a")
        elapsed = time.monotonic() - began
        await db.put("c", "a", {})
        assert {(await wait).seq for wait in waits} == {0}
        return elapsed

    # With the feeds on those threads each of them waited for one.
    assert run(lambda db: db, work) < 5


def test_sql():
    async def work(db):
        written = await sql_exec(db, "INSERT INTO users (_id, born) VALUES (?, ?)", ["ada", 1815])
        assert written["rowcount"] == 1
        with pytest.raises(SQLUnsupportedError):
            await sql_exec(db, "CREATE VIEW v AS SELECT 1")
        return await sql_exec(db, "SELECT _id FROM users WHERE born < :year", {"year": 1900})

    assert run(lambda db: db, work) == [{"_id": "ada"}]


def test_redis():
    async def work(redis):
        assert await redis.execute("SET", "n", 1) == "OK"
        await asyncio.gather(*(redis.incr("n") for _ in range(50)))
        with pytest.raises(RedisError, match="WRONGTYPE"):
            await redis.lpush("n", "x")
        with pytest.raises(AttributeError):
            redis.no_such_command
        assert await redis.reclaim() == 0
        return await redis.get("n")

    assert run(AsyncRedisCompat, work) == "51"


def test_mongo():
    async def work(mongo):
        people = mongo.people
        inserted = await people.insert_many([{"_id": n, "n": n} for n in range(1000)])
        assert len(inserted.inserted_ids) == 1000
        assert (await people.update_one({"_id": 7}, {"$set": {"n": -7}})).modified_count == 1
        assert (await people.find_one({"_id": 7}))["n"] == -7
        assert await people.count_documents({"n": {"$lt": 0}}) == 1
        ordered = people.find({"n": {"$gte": 600}}).sort("n", -1).limit(300)
        seen = [document["n"] async for document in ordered]
        assert seen == list(range(999, 699, -1))
        cursor = people.find().sort("_id", 1)
        assert isinstance(cursor, AsyncCursor)
        assert [d["_id"] for d in await cursor.to_list(3)] == [0, 1, 2]
        assert (await cursor.next())["_id"] == 3
        assert [d["_id"] for d in await cursor.to_list(2)] == [4, 5]
        assert len(await cursor.to_list()) == 994
        with pytest.raises(StopAsyncIteration):
            await cursor.next()
        assert len(await cursor.rewind().to_list()) == 1000
        assert len(await cursor.clone().distinct("n")) == 1000
        counted = await people.aggregate([{"$group": {"_id": None, "count": {"$sum": 1}}}])
        assert await counted.to_list() == [{"_id": None, "count": 1000}]
        with pytest.raises(MongoUnsupportedError):
            await people.find_one_and_frobnicate({})
        assert await mongo.list_collection_names() == ["people"]
        await mongo.drop_collection(people)
        return await mongo["people"].estimated_document_count()

    assert run(AsyncMongoCompat, work) == 0


def test_a_cursor_that_is_closed_has_no_more_documents():
    async def work(mongo):
        await mongo.c.insert_many([{"_id": n} for n in range(10)])
        async with mongo.c.find() as cursor:
            await cursor.next()
        return await cursor.to_list()

    assert run(AsyncMongoCompat, work) == []
