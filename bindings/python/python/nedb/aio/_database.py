"""The calls of `NEDB`, awaited."""

from __future__ import annotations

import asyncio
import functools
import os
import weakref
from concurrent.futures import Future
from os import PathLike
from typing import TYPE_CHECKING, Any, Awaitable, Callable, Dict, Optional, TypeVar, Union

from .. import _native
from .._native import NEDB, ChangeFeed, LiveQuery, LogView, Query
from ._pages import AsyncPages
from ._threads import call as in_thread
from ._threads import wait

if TYPE_CHECKING:
    from typing_extensions import Concatenate, ParamSpec

    _P = ParamSpec("_P")
_T = TypeVar("_T")

_PATIENCE_S = 0.2
"""How long a thread waits for an operation before it looks whether it is still wanted."""


def _in_thread(call: Callable[Concatenate[NEDB, _P], _T]) -> Callable[Concatenate[AsyncNEDB, _P], Awaitable[_T]]:
    @functools.wraps(call)
    async def awaited(self: AsyncNEDB, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        return await in_thread(call, self.db, *args, **kwargs)

    return awaited


_Feed = Union[ChangeFeed, LiveQuery]

_looks: weakref.WeakKeyDictionary[_Feed, Future[Any]] = weakref.WeakKeyDictionary()
"""Looks at a feed that are under way. One whose wait was cancelled keeps what it finds for the next wait."""


if hasattr(os, "register_at_fork"):
    # A child has none of the threads that look; it is refused where it asks.
    os.register_at_fork(after_in_child=_looks.clear)


async def _next_of(feed: _Feed) -> Any:
    while True:
        look = _looks.get(feed)
        if look is None:
            look = wait(feed.next, _PATIENCE_S)
            _looks[feed] = look
        if not look.done():
            await asyncio.wait([asyncio.wrap_future(look)])
        if _looks.get(feed) is not look:
            continue
        del _looks[feed]
        found = look.result()
        if found is not None:
            return found
        if feed.closed:
            # What was written between the end of the look and the close is still in the feed.
            last = await in_thread(feed.next, 0)
            if last is None:
                raise StopAsyncIteration
            return last


async def rebuild(path: Union[str, PathLike[str]]) -> Dict[str, Any]:
    """Makes all indexes and checkpoints of a database of its log again, as `nedb.rebuild` does."""
    return await in_thread(_native.rebuild, path)


class AsyncNEDB:
    """A database whose calls are awaited; `db` is the one underneath, which other threads may use as well."""

    def __init__(self, db: NEDB) -> None:
        self.db = db

    @classmethod
    async def open(cls, path: Union[str, PathLike[str], None] = None, **options: Any) -> AsyncNEDB:
        """Opens a database as `NEDB(path, **options)` does."""
        return cls(await in_thread(NEDB, path, **options))

    async def __aenter__(self) -> AsyncNEDB:
        return self

    async def __aexit__(self, *reason: object) -> None:
        await in_thread(self.db.close)

    @property
    def path(self) -> Optional[str]:
        """The directory, or None in memory."""
        return self.db.path

    @property
    def closed(self) -> bool:
        """Whether the handle was closed."""
        return self.db.closed

    @property
    def head(self) -> str:
        """The root of the Merkle tree over all operations."""
        return self.db.head

    @property
    def seq(self) -> int:
        """The seq of the last operation; -1 when there is none."""
        return self.db.seq

    @property
    def log(self) -> LogView:
        """The operations as a sequence; reading them blocks."""
        return self.db.log

    def q(self, coll: str) -> Query:
        """Begins a query call by call; pass it to `execute`."""
        return self.db.q(coll)

    def subscribe(self, coll: Optional[str] = None, from_seq: Optional[int] = None) -> ChangeFeed:
        """Follows the operations, for `async for`."""
        return self.db.subscribe(coll, from_seq)

    def live(self, nql: str, params: Optional[Dict[str, Any]] = None) -> LiveQuery:
        """Follows the rows of a query, for `async for`."""
        return self.db.live(nql, params)

    def scan(self, coll: str, **options: Any) -> AsyncPages:
        """The documents by id, as `NEDB.scan` takes its options, for `async for`."""
        return AsyncPages(self.db.scan(coll, **options))

    put = _in_thread(NEDB.put)
    put_many = _in_thread(NEDB.put_many)
    get = _in_thread(NEDB.get)
    get_many = _in_thread(NEDB.get_many)
    delete = _in_thread(NEDB.delete)
    expire = _in_thread(NEDB.expire)
    sweep = _in_thread(NEDB.sweep)
    last_seq = _in_thread(NEDB.last_seq)
    restore = _in_thread(NEDB.restore)
    collections = _in_thread(NEDB.collections)
    drop_collection = _in_thread(NEDB.drop_collection)
    create_index = _in_thread(NEDB.create_index)
    wait_for_index = _in_thread(NEDB.wait_for_index)
    indexes = _in_thread(NEDB.indexes)
    drop_index = _in_thread(NEDB.drop_index)
    tx = _in_thread(NEDB.tx)
    link = _in_thread(NEDB.link)
    unlink = _in_thread(NEDB.unlink)
    neighbors = _in_thread(NEDB.neighbors)
    inbound = _in_thread(NEDB.inbound)
    rebuild = _in_thread(NEDB.rebuild)
    query = _in_thread(NEDB.query)
    execute = _in_thread(NEDB.execute)
    explain = _in_thread(NEDB.explain)
    verify = _in_thread(NEDB.verify)
    verify_report = _in_thread(NEDB.verify_report)
    verify_determinism = _in_thread(NEDB.verify_determinism)
    history = _in_thread(NEDB.history)
    since = _in_thread(NEDB.since)
    diff = _in_thread(NEDB.diff)
    proof = _in_thread(NEDB.proof)
    verifier_key = _in_thread(NEDB.verifier_key)
    consistency = _in_thread(NEDB.consistency)
    checkpoint = _in_thread(NEDB.checkpoint)
    flush = _in_thread(NEDB.flush)
    stats = _in_thread(NEDB.stats)
    close = _in_thread(NEDB.close)
