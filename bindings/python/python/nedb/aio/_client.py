"""The calls of `NedbClient`, awaited; each runs in a thread while the event loop goes on."""

from __future__ import annotations

import asyncio
import functools
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Awaitable, Callable, Dict, Generator, Optional, TypeVar, Union

from .._native import PendingWrite, Query, Writer
from ..client import Feed, FeedOfAll, NedbClient
from ._pages import AsyncPages
from ._threads import wait

_T = TypeVar("_T")

_PATIENCE_S = 0.2
"""How long a thread waits for an operation before it looks whether it is still wanted."""


def _in_thread(call: Callable[..., _T]) -> Callable[..., Awaitable[_T]]:
    @functools.wraps(call)
    async def awaited(self: AsyncNedbClient, /, *args: Any, **kwargs: Any) -> _T:
        return await asyncio.to_thread(call, self.client, *args, **kwargs)

    return awaited


class AsyncFeed:
    """The operations of a database from a seq on, or the events of all, for `async for`; `feed` is the one underneath."""

    def __init__(self, feed: Union[Feed, FeedOfAll]) -> None:
        self.feed = feed
        self._look: Optional[Future[Optional[Dict[str, Any]]]] = None

    def __aiter__(self) -> AsyncFeed:
        return self

    async def __anext__(self) -> Dict[str, Any]:
        while True:
            if self._look is None:
                self._look = wait(self.feed.next, _PATIENCE_S)
            look = self._look
            # Whoever is cancelled here leaves the look, and what it finds, to the next wait.
            await asyncio.wait([asyncio.wrap_future(look)])
            if self._look is not look:
                continue
            self._look = None
            found = look.result()
            if found is not None:
                return found
            if self.feed.closed:
                raise StopAsyncIteration

    async def close(self) -> None:
        """Ends the feed."""
        self.feed.close()

    async def __aenter__(self) -> AsyncFeed:
        return self

    async def __aexit__(self, *reason: object) -> None:
        await self.close()


class AsyncPending:
    """A write that was handed over; awaited, it gives its receipt. `pending` is the one underneath."""

    def __init__(self, pending: PendingWrite) -> None:
        self.pending = pending

    def __await__(self) -> Generator[Any, None, Dict[str, Any]]:
        return self._receipt().__await__()

    async def _receipt(self) -> Dict[str, Any]:
        # In small steps, so that a wait which is cancelled leaves no thread behind.
        while not self.pending.done():
            await asyncio.wrap_future(wait(self._look))
        return self.pending.result(0)

    def _look(self) -> None:
        try:
            self.pending.result(_PATIENCE_S)
        except Exception:
            # Whoever asks for the result gets it.
            return


class AsyncWriter:
    """Many writes in flight: each call is awaited until it is handed over, and what it gives until it is durable.

        async with await db.writer() as w:
            pending = [await w.put("events", n, {"n": n}) for n in range(10_000)]
            receipt = await pending[-1]

    One thread hands over, so that writes take effect in the order in which the calls were begun, also under `gather`. A call whose wait is
    cancelled may still hand over what it has.

    `writer` is the one underneath, whose arguments the calls take.
    """

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self._hands = ThreadPoolExecutor(1, thread_name_prefix="nedb-writer")

    async def __aenter__(self) -> AsyncWriter:
        return self

    async def __aexit__(self, *reason: object) -> None:
        await self._in_turn(self.writer.__exit__, *reason)
        self._hands.shutdown(wait=False)

    async def _in_turn(self, call: Callable[..., _T], *args: Any, **said: Any) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._hands, functools.partial(call, *args, **said))

    async def _hand_over(self, call: Callable[..., PendingWrite], *args: Any, **said: Any) -> AsyncPending:
        return AsyncPending(await self._in_turn(call, *args, **said))

    async def put(self, *args: Any, **said: Any) -> AsyncPending:
        """Hands a new version of a document over."""
        return await self._hand_over(self.writer.put, *args, **said)

    async def delete(self, *args: Any, **said: Any) -> AsyncPending:
        """Hands the deletion of a document over."""
        return await self._hand_over(self.writer.delete, *args, **said)

    async def restore(self, *args: Any, **said: Any) -> AsyncPending:
        """Hands an earlier version over, to be written again."""
        return await self._hand_over(self.writer.restore, *args, **said)

    async def link(self, *args: Any, **said: Any) -> AsyncPending:
        """Hands a new edge over."""
        return await self._hand_over(self.writer.link, *args, **said)

    async def unlink(self, *args: Any, **said: Any) -> AsyncPending:
        """Hands the end of an edge over."""
        return await self._hand_over(self.writer.unlink, *args, **said)

    async def tx(self, *args: Any, **said: Any) -> AsyncPending:
        """Hands operations over, all or none."""
        return await self._hand_over(self.writer.tx, *args, **said)

    async def flush(self) -> None:
        """Waits for everything that was handed over."""
        await self._in_turn(self.writer.flush)

    async def close(self) -> None:
        """Waits as `flush` does, and closes the connection."""
        await self._in_turn(self.writer.close)


class AsyncNedbClient:
    """A database of a `nedbd` whose calls are awaited; `client` is the one underneath, whose arguments it takes."""

    def __init__(self, url: str, db: str, token: Optional[str] = None, **options: Any) -> None:
        self.client = NedbClient(url, db, token, **options)

    async def __aenter__(self) -> AsyncNedbClient:
        return self

    async def __aexit__(self, *reason: object) -> None:
        await self.close()

    async def seq(self) -> int:
        """The seq of the last operation; -1 when there is none."""
        return int((await self.summary())["seq"])

    async def head(self) -> str:
        """The root of the Merkle tree over all operations."""
        return str((await self.summary())["head"])

    def q(self, coll: str) -> Query:
        """Begins a query call by call; pass it to `execute`."""
        return self.client.q(coll)

    def scan(self, coll: str, **options: Any) -> AsyncPages:
        """The documents by id, as `NedbClient.scan` takes its options, for `async for`."""
        return AsyncPages(self.client.scan(coll, **options))

    async def writer(self, **options: Any) -> AsyncWriter:
        """Opens a connection with many writes in flight, as `NedbClient.writer` does, for `async with`."""
        return AsyncWriter(await asyncio.to_thread(self.client.writer, **options))

    async def subscribe(self, coll: Optional[str] = None, from_seq: Optional[int] = None) -> AsyncFeed:
        """Follows the operations, for `async for`."""
        return AsyncFeed(await asyncio.to_thread(self.client.subscribe, coll, from_seq))

    async def subscribe_all(self, *args: Any, **options: Any) -> AsyncFeed:
        """Follows the operations of all databases, as `NedbClient.subscribe_all` takes its arguments, for `async for`."""
        return AsyncFeed(await asyncio.to_thread(self.client.subscribe_all, *args, **options))

    health = _in_thread(NedbClient.health)
    databases = _in_thread(NedbClient.databases)
    create_database = _in_thread(NedbClient.create_database)
    drop_database = _in_thread(NedbClient.drop_database)
    summary = _in_thread(NedbClient.summary)
    put = _in_thread(NedbClient.put)
    put_many = _in_thread(NedbClient.put_many)
    get = _in_thread(NedbClient.get)
    get_many = _in_thread(NedbClient.get_many)
    delete = _in_thread(NedbClient.delete)
    expire = _in_thread(NedbClient.expire)
    restore = _in_thread(NedbClient.restore)
    tx = _in_thread(NedbClient.tx)
    link = _in_thread(NedbClient.link)
    unlink = _in_thread(NedbClient.unlink)
    cas_retry = _in_thread(NedbClient.cas_retry)
    last_seq = _in_thread(NedbClient.last_seq)
    collections = _in_thread(NedbClient.collections)
    drop_collection = _in_thread(NedbClient.drop_collection)
    sweep = _in_thread(NedbClient.sweep)
    neighbors = _in_thread(NedbClient.neighbors)
    inbound = _in_thread(NedbClient.inbound)
    query = _in_thread(NedbClient.query)
    execute = _in_thread(NedbClient.execute)
    explain = _in_thread(NedbClient.explain)
    sql_exec = _in_thread(NedbClient.sql_exec)
    mongo = _in_thread(NedbClient.mongo)
    create_index = _in_thread(NedbClient.create_index)
    drop_index = _in_thread(NedbClient.drop_index)
    indexes = _in_thread(NedbClient.indexes)
    stats = _in_thread(NedbClient.stats)
    slow = _in_thread(NedbClient.slow)
    forget_slow = _in_thread(NedbClient.forget_slow)
    checkpoint = _in_thread(NedbClient.checkpoint)
    history = _in_thread(NedbClient.history)
    diff = _in_thread(NedbClient.diff)
    since = _in_thread(NedbClient.since)
    verify = _in_thread(NedbClient.verify)
    verify_report = _in_thread(NedbClient.verify_report)
    proof = _in_thread(NedbClient.proof)
    verifier_key = _in_thread(NedbClient.verifier_key)
    signed_checkpoint = _in_thread(NedbClient.signed_checkpoint)
    consistency = _in_thread(NedbClient.consistency)
    close = _in_thread(NedbClient.close)
