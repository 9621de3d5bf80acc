"""SQL, Redis commands and Mongo on an `AsyncNEDB`.

Each call runs in a thread. The arguments, the answers and the errors are those of the calls of the same names that block.
"""

from __future__ import annotations

import functools
from typing import Any, Awaitable, Callable, List, Mapping, Optional, Sequence, TypeVar, Union

from .. import sql
from ..mongo import Collection, CommandCursor, Cursor, MongoCompat
from ..redis_compat import RedisCompat
from ._database import AsyncNEDB
from ._pages import AsyncPages
from ._threads import call as in_thread

_T = TypeVar("_T")


async def sql_exec(
    db: AsyncNEDB, sql_text: str, params: Optional[Union[Sequence[Any], Mapping[str, Any]]] = None
) -> Any:
    """Runs one statement as `nedb.sql_exec` does."""
    return await in_thread(sql.sql_exec, db.db, sql_text, params)


class AsyncRedisCompat:
    """Redis commands on a database, awaited; see `nedb.RedisCompat`. MULTI and WATCH belong to the object."""

    def __init__(self, db: AsyncNEDB, client: str = "redis-compat", *, decode_responses: bool = True) -> None:
        self._redis = RedisCompat(db.db, client, decode_responses=decode_responses)

    async def execute(self, command: str, *args: Union[str, bytes, bytearray, memoryview, int, float]) -> Any:
        """Carries out one command and returns its answer."""
        return await in_thread(self._redis.execute, command, *args)

    async def reclaim(self) -> int:
        """Deletes the elements that expired values left behind, and returns how many."""
        return await in_thread(self._redis.reclaim)

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        """A command of this name as a method."""
        if name.startswith("_"):
            raise AttributeError(name)
        call = getattr(self._redis, name)
        return functools.partial(in_thread, call)


class AsyncCursor(AsyncPages):
    """The documents of a find or of a pipeline.

    `sort`, `skip`, `limit`, `as_of`, `clone` and `rewind` are those of the cursor that blocks, and come before the first document.
    """

    def __init__(self, cursor: Union[Cursor, CommandCursor]) -> None:
        super().__init__(cursor)
        self._cursor = cursor

    async def close(self) -> None:
        """Ends the cursor."""
        self._begin_anew()
        self._cursor.close()

    async def __aenter__(self) -> AsyncCursor:
        return self

    async def __aexit__(self, *reason: object) -> None:
        await self.close()

    def __getattr__(self, name: str) -> Any:
        """A setting of the cursor underneath, which is checked and refused there."""
        if name.startswith("_"):
            raise AttributeError(name)
        set_or_read = getattr(self._cursor, name)
        if name == "distinct":
            return functools.partial(in_thread, set_or_read)

        def call(*args: Any, **kwargs: Any) -> AsyncCursor:
            answer = set_or_read(*args, **kwargs)
            if answer is not self._cursor:
                return AsyncCursor(answer)
            self._begin_anew()
            return self

        return call


def _in_thread(call: Callable[..., _T]) -> Callable[..., Awaitable[_T]]:
    @functools.wraps(call)
    async def awaited(self: AsyncCollection, /, *args: Any, **kwargs: Any) -> _T:
        return await in_thread(call, self.collection, *args, **kwargs)

    return awaited


class AsyncCollection:
    """A collection whose calls are awaited; `collection` is the one underneath."""

    def __init__(self, collection: Collection) -> None:
        self.collection = collection

    @property
    def name(self) -> str:
        """The name of the collection."""
        return self.collection.name

    def find(self, *args: Any, **kwargs: Any) -> AsyncCursor:
        """The documents that a filter keeps, as `nedb.mongo.Collection.find` takes it; nothing is read before `async for`."""
        return AsyncCursor(self.collection.find(*args, **kwargs))

    async def aggregate(self, *args: Any, **kwargs: Any) -> AsyncCursor:
        """What a pipeline makes of the documents."""
        return AsyncCursor(await in_thread(self.collection.aggregate, *args, **kwargs))

    find_one = _in_thread(Collection.find_one)
    count_documents = _in_thread(Collection.count_documents)
    estimated_document_count = _in_thread(Collection.estimated_document_count)
    distinct = _in_thread(Collection.distinct)
    insert_one = _in_thread(Collection.insert_one)
    insert_many = _in_thread(Collection.insert_many)
    update_one = _in_thread(Collection.update_one)
    update_many = _in_thread(Collection.update_many)
    replace_one = _in_thread(Collection.replace_one)
    delete_one = _in_thread(Collection.delete_one)
    delete_many = _in_thread(Collection.delete_many)
    drop = _in_thread(Collection.drop)
    create_index = _in_thread(Collection.create_index)

    def __getitem__(self, name: str) -> AsyncCollection:
        return AsyncCollection(self.collection[name])

    def __getattr__(self, name: str) -> AsyncCollection:
        if name.startswith("_"):
            raise AttributeError(name)
        return AsyncCollection(getattr(self.collection, name))

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        """Is reached by the name of a method that is not there."""
        self.collection(*args, **kwargs)


class AsyncMongoCompat:
    """The calls of Mongo on a database, awaited; see `nedb.MongoCompat`."""

    def __init__(self, db: AsyncNEDB) -> None:
        self._mongo = MongoCompat(db.db)

    def get_collection(self, name: str, **options: Any) -> AsyncCollection:
        """A collection by its name."""
        return AsyncCollection(self._mongo.get_collection(name, **options))

    async def list_collection_names(self) -> List[str]:
        """The names of the collections that have documents."""
        return await in_thread(self._mongo.list_collection_names)

    async def drop_collection(self, name_or_collection: Union[str, AsyncCollection]) -> None:
        """Deletes every document of a collection; their history stays."""
        dropped = name_or_collection if isinstance(name_or_collection, str) else name_or_collection.collection
        await in_thread(self._mongo.drop_collection, dropped)

    def __getitem__(self, name: str) -> AsyncCollection:
        return AsyncCollection(self._mongo[name])

    def __getattr__(self, name: str) -> AsyncCollection:
        if name.startswith("_"):
            raise AttributeError(name)
        return AsyncCollection(getattr(self._mongo, name))
