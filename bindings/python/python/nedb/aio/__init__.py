"""The same database for asyncio: each blocking call runs in a thread while the event loop goes on.

    from nedb.aio import AsyncNEDB

    async with await AsyncNEDB.open("shop") as db:
        await db.put("orders", "17", {"state": "paid"})
        async for op in db.subscribe(from_seq=0):
            ...

`sql_exec`, `AsyncRedisCompat` and `AsyncMongoCompat` are the faces of SQL, Redis and Mongo on such a database;
`AsyncNedbClient` is the client of a server.
"""

from ._client import AsyncFeed, AsyncNedbClient, AsyncPending, AsyncWriter
from ._compat import AsyncCollection, AsyncCursor, AsyncMongoCompat, AsyncRedisCompat, sql_exec
from ._database import AsyncNEDB, rebuild
from ._pages import AsyncPages

__all__ = [
    "AsyncCollection",
    "AsyncCursor",
    "AsyncFeed",
    "AsyncMongoCompat",
    "AsyncNEDB",
    "AsyncNedbClient",
    "AsyncPages",
    "AsyncPending",
    "AsyncRedisCompat",
    "AsyncWriter",
    "rebuild",
    "sql_exec",
]
