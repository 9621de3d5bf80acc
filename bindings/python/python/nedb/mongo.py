"""Mongo: a database as programs for pymongo use it.

    from nedb import NEDB, MongoCompat

    people = MongoCompat(NEDB())["people"]
    people.insert_one({"name": "Ada", "born": 1815})
    people.find_one({"born": {"$lt": 1900}})["name"]     # 'Ada'

Calls are handed to the engine as documents; nothing of their meaning is here. What is not there raises
MongoUnsupportedError, which names it. The page docs/mongo.md lists every operator.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Dict, Iterable, Iterator, List, Mapping, NoReturn, Optional, Sequence, Tuple, Union

from ._native import NEDB, MongoCursor, _mongo_cursor, _mongo_insert, _mongo_run
from .concurrent import AutoIndexDB, Sequencer, unwrapped
from .errors import DuplicateKeyError, MongoError, MongoUnsupportedError, error_of
from .objectid import ObjectId

__all__ = [
    "ASCENDING",
    "Collection",
    "CommandCursor",
    "Cursor",
    "DESCENDING",
    "DeleteResult",
    "DuplicateKeyError",
    "InsertManyResult",
    "InsertOneResult",
    "MongoClient",
    "MongoCompat",
    "MongoError",
    "MongoUnsupportedError",
    "ObjectId",
    "UpdateResult",
]

_SCHEMES = ("mongodb://", "mongodb+srv://")

ASCENDING = 1
DESCENDING = -1

_Document = Dict[str, Any]
_Sort = Union[str, Mapping[str, int], Sequence[Union[str, Tuple[str, int]]]]
_Projection = Union[Mapping[str, Any], Sequence[str]]
_Moment = Union[int, str, datetime]


def _unsupported(what: str) -> NoReturn:
    raise error_of("mongo_unsupported", f"{what} is not supported", {"code": 115})


def _refused(message: str) -> NoReturn:
    raise error_of("mongo_refused", message, {"code": 2})


def _refuse_options(call: str, options: Mapping[str, Any]) -> None:
    for name, value in options.items():
        if value is not None:
            _unsupported(f"the option {name} of {call}")


_FLAGS = ((re.IGNORECASE, "i"), (re.MULTILINE, "m"), (re.DOTALL, "s"), (re.VERBOSE, "x"))


def _regex(pattern: re.Pattern[str]) -> _Document:
    if pattern.flags & re.ASCII:
        _unsupported("the flag re.ASCII of a regular expression")
    options = "".join(letter for flag, letter in _FLAGS if pattern.flags & flag)
    return {"$regex": pattern.pattern, "$options": options}


def _condition(value: Any) -> Any:
    """What a filter says of a field, with compiled patterns as operators."""
    if isinstance(value, re.Pattern):
        return _regex(value)
    if not isinstance(value, Mapping) or not next(iter(value), "").startswith("$"):
        return value
    made = {}
    for operator, operand in value.items():
        if operator == "$not":
            operand = _condition(operand)
        elif operator in ("$in", "$nin", "$all") and isinstance(operand, (list, tuple)):
            operand = [_condition(inner) for inner in operand]
        elif isinstance(operand, (list, tuple)) and any(isinstance(inner, re.Pattern) for inner in operand):
            _unsupported(f"a regular expression inside {operator}")
        elif operator == "$elemMatch" and isinstance(operand, Mapping):
            operand = _element(operand)
        made[operator] = operand
    return made


def _element(value: Any) -> Any:
    """What an element of an array must be: an object that a filter keeps, or a value."""
    if not isinstance(value, Mapping):
        return _condition(value)
    first = next(iter(value), "")
    return _condition(value) if first.startswith("$") and first not in ("$and", "$or", "$nor") else _prepared(value)


def _prepared(given: Any) -> Any:
    """A filter in the form that calls have; what is none is left for the engine to refuse."""
    if not isinstance(given, Mapping):
        return given
    made = {}
    for name, value in given.items():
        is_list_of_filters = name in ("$and", "$or", "$nor") and isinstance(value, (list, tuple))
        made[name] = [_prepared(part) for part in value] if is_list_of_filters else _condition(value)
    return made


def _filter(given: Any) -> _Document:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise TypeError(f"a filter is a mapping, not {type(given).__name__}")
    prepared: _Document = _prepared(given)
    return prepared


def _stage(stage: Any) -> Any:
    if not isinstance(stage, Mapping):
        return stage
    return {name: _filter(operand) if name == "$match" else operand for name, operand in stage.items()}


def _keys(keys: _Sort, direction: Optional[int] = None) -> Dict[str, int]:
    """The keys of a sort or an index in the form that calls have."""
    if isinstance(keys, str):
        return {keys: ASCENDING if direction is None else direction}
    if direction is not None:
        raise TypeError("a direction goes with one key; a list has its own")
    if isinstance(keys, Mapping):
        return dict(keys)
    pairs = [(key, ASCENDING) if isinstance(key, str) else key for key in keys]
    made = dict(pairs)
    if len(made) != len(pairs):
        _refused("a key is named twice")
    return made


def _projection(given: Optional[_Projection]) -> Optional[_Document]:
    if given is None or isinstance(given, Mapping):
        return dict(given) if given else None
    if isinstance(given, str):
        raise TypeError("a projection is a mapping or a list of names, not a str")
    return {name: 1 for name in given} or {"_id": 1}


class InsertOneResult:
    """What `insert_one` did."""

    def __init__(self, inserted_id: Any) -> None:
        self.inserted_id = inserted_id
        self.acknowledged = True

    def __repr__(self) -> str:
        return f"InsertOneResult({self.inserted_id!r}, acknowledged=True)"


class InsertManyResult:
    """What `insert_many` did."""

    def __init__(self, inserted_ids: List[Any]) -> None:
        self.inserted_ids = inserted_ids
        self.acknowledged = True

    def __repr__(self) -> str:
        return f"InsertManyResult({self.inserted_ids!r}, acknowledged=True)"


class UpdateResult:
    """What an update or a replacement did."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        self.matched_count: int = answer["matchedCount"]
        self.modified_count: int = answer["modifiedCount"]
        self.upserted_id: Any = answer["upsertedId"]
        self.acknowledged = True

    def __repr__(self) -> str:
        counts = f"matched_count={self.matched_count}, modified_count={self.modified_count}"
        return f"UpdateResult({counts}, upserted_id={self.upserted_id!r})"


class DeleteResult:
    """What a delete did."""

    def __init__(self, deleted_count: int) -> None:
        self.deleted_count = deleted_count
        self.acknowledged = True

    def __repr__(self) -> str:
        return f"DeleteResult(deleted_count={self.deleted_count})"


class Cursor:
    """The documents of a find, read as they are asked for; nothing is asked before the first one is."""

    def __init__(self, collection: Collection, call: _Document) -> None:
        self.collection = collection
        self._call = call
        self._documents: Optional[MongoCursor] = None
        self._is_closed = False

    def _set(self, name: str, value: Any) -> Cursor:
        if self._documents is not None:
            _refused(f"{name} comes too late: the cursor was begun")
        self._call[name] = value
        return self

    def sort(self, key_or_list: _Sort, direction: Optional[int] = None) -> Cursor:
        """Sets the order: a key with its direction, or a list of such pairs."""
        return self._set("sort", _keys(key_or_list, direction))

    def skip(self, skip: int) -> Cursor:
        """Passes over the first documents."""
        return self._set("skip", skip)

    def limit(self, limit: int) -> Cursor:
        """Ends after so many documents, whatever the sign; 0 sets no limit."""
        if not isinstance(limit, int):
            raise TypeError(f"a limit is a whole number, not {type(limit).__name__}")
        return self._set("limit", abs(limit))

    def as_of(self, moment: _Moment) -> Cursor:
        """Asks about an earlier moment: a seq, -1, a datetime or its text."""
        return self._set("as_of", moment)

    def max_time_ms(self, max_time_ms: Optional[int]) -> Cursor:
        """Ends the find with a TimeoutError so many milliseconds after its first document was asked for; 0 or None set no end."""
        return self._set("maxTimeMS", max_time_ms)

    def distinct(self, key: str) -> List[Any]:
        """The different values of a field among the documents that the filter keeps."""
        bounds = {"as_of": self._call.get("as_of"), "maxTimeMS": self._call.get("maxTimeMS")}
        return self.collection.distinct(key, self._call["filter"], **bounds)

    def clone(self) -> Cursor:
        """The same find, not begun."""
        return Cursor(self.collection, dict(self._call))

    def rewind(self) -> Cursor:
        """Begins anew with the next document."""
        self._documents = None
        self._is_closed = False
        return self

    def close(self) -> None:
        """Ends the cursor."""
        self._is_closed = True

    def to_list(self, length: Optional[int] = None) -> List[_Document]:
        """The documents that are left, or the next ones."""
        if length is None:
            return list(self)
        # The range comes first, so that no document is taken in vain.
        return [document for _, document in zip(range(length), self)]

    def next(self) -> _Document:
        """The next document."""
        return self.__next__()

    def __iter__(self) -> Cursor:
        return self

    def __next__(self) -> _Document:
        if self._is_closed:
            raise StopIteration
        if self._documents is None:
            self._documents = _mongo_cursor(self.collection.database.db, self._call)
        return next(self._documents)

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)
        _unsupported(f"{name} of a cursor")


class CommandCursor:
    """The documents that a pipeline makes, read as they are asked for."""

    def __init__(self, documents: MongoCursor) -> None:
        self._documents: Iterator[_Document] = documents

    def next(self) -> _Document:
        """The next document."""
        return self.__next__()

    def to_list(self) -> List[_Document]:
        """The documents that are left."""
        return list(self)

    def close(self) -> None:
        """Ends the cursor."""
        self._documents = iter(())

    def __iter__(self) -> CommandCursor:
        return self

    def __next__(self) -> _Document:
        return next(self._documents)

    def __enter__(self) -> CommandCursor:
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()


class Collection:
    """A collection; it need not exist."""

    def __init__(self, database: MongoCompat, name: str) -> None:
        self.database = database
        self.name = name

    def __repr__(self) -> str:
        return f"Collection({self.database!r}, {self.name!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Collection) and (self.database.db, self.name) == (other.database.db, other.name)

    def __hash__(self) -> int:
        return hash((id(self.database.db), self.name))

    def __getitem__(self, name: str) -> Collection:
        return Collection(self.database, f"{self.name}.{name}")

    def __getattr__(self, name: str) -> Collection:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __iter__(self) -> NoReturn:
        raise TypeError("a collection is not iterable: find() gives its documents")

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Is reached by the name of a method that is not there, which reads as that of a collection."""
        _unsupported(f"the method {self.name.rpartition('.')[2]}")

    def _run(self, op: str, **fields: Any) -> _Document:
        return _mongo_run(self.database.db, {"op": op, "collection": self.name, **fields})

    def find(
        self,
        filter: Optional[Mapping[str, Any]] = None,
        projection: Optional[_Projection] = None,
        skip: int = 0,
        limit: int = 0,
        *,
        sort: Optional[_Sort] = None,
        as_of: Optional[_Moment] = None,
        max_time_ms: Optional[int] = None,
        **options: Any,
    ) -> Cursor:
        """The documents that a filter keeps; by id where no order is asked for."""
        _refuse_options("find", options)
        bounds = {"skip": skip, "limit": limit, "as_of": as_of, "maxTimeMS": max_time_ms}
        return Cursor(self, self._find_call(filter, projection, sort=sort, **bounds))

    def _find_call(
        self,
        filter: Optional[Mapping[str, Any]],
        projection: Optional[_Projection],
        *,
        sort: Optional[_Sort],
        **fields: Any,
    ) -> _Document:
        if "limit" in fields:
            # A driver of MongoDB asks with the sign for one batch; here there are none.
            fields["limit"] = abs(fields["limit"])
        return {
            "op": "find",
            "collection": self.name,
            "filter": _filter(filter),
            "projection": _projection(projection),
            "sort": _keys(sort) if sort else None,
            **fields,
        }

    def find_one(
        self,
        filter: Any = None,
        projection: Optional[_Projection] = None,
        skip: int = 0,
        *,
        sort: Optional[_Sort] = None,
        as_of: Optional[_Moment] = None,
        max_time_ms: Optional[int] = None,
        **options: Any,
    ) -> Optional[_Document]:
        """The first document that a filter keeps, or None. What is no mapping is an `_id`."""
        _refuse_options("find_one", options)
        if filter is not None and not isinstance(filter, Mapping):
            filter = {"_id": filter}
        call = self._find_call(filter, projection, skip=skip, sort=sort, as_of=as_of, maxTimeMS=max_time_ms)
        found: Optional[_Document] = _mongo_run(self.database.db, {**call, "op": "findOne"})["doc"]
        return found

    def count_documents(
        self,
        filter: Mapping[str, Any],
        *,
        skip: int = 0,
        limit: int = 0,
        as_of: Optional[_Moment] = None,
        maxTimeMS: Optional[int] = None,
        **options: Any,
    ) -> int:
        """How many documents a filter keeps."""
        _refuse_options("count_documents", options)
        bounds = {"skip": skip, "limit": limit, "as_of": as_of, "maxTimeMS": maxTimeMS}
        answer = self._run("count", filter=_filter(filter), **bounds)
        return int(answer["count"])

    def estimated_document_count(self) -> int:
        """How many documents the collection has; it is exact here."""
        return self.count_documents({})

    def distinct(
        self,
        key: str,
        filter: Optional[Mapping[str, Any]] = None,
        *,
        as_of: Optional[_Moment] = None,
        maxTimeMS: Optional[int] = None,
        **options: Any,
    ) -> List[Any]:
        """The different values of a field, in their order; an array counts by its elements."""
        _refuse_options("distinct", options)
        return list(self._run("distinct", key=key, filter=_filter(filter), as_of=as_of, maxTimeMS=maxTimeMS)["values"])

    def aggregate(
        self,
        pipeline: Sequence[Mapping[str, Any]],
        *,
        as_of: Optional[_Moment] = None,
        maxTimeMS: Optional[int] = None,
        **options: Any,
    ) -> CommandCursor:
        """What a pipeline makes of the documents."""
        _refuse_options("aggregate", options)
        stages = [_stage(stage) for stage in pipeline]
        bounds = {"as_of": as_of, "maxTimeMS": maxTimeMS}
        call = {"op": "aggregate", "collection": self.name, "pipeline": stages, **bounds}
        return CommandCursor(_mongo_cursor(self.database.db, call))

    def insert_one(self, document: _Document, **options: Any) -> InsertOneResult:
        """Inserts a document; one without `_id` is given an ObjectId, in the dict as well."""
        _refuse_options("insert_one", options)
        return InsertOneResult(self._insert([document])[0])

    def insert_many(self, documents: Iterable[_Document], ordered: bool = True, **options: Any) -> InsertManyResult:
        """Inserts documents in one transaction: all or none."""
        _refuse_options("insert_many", options)
        if not ordered:
            _unsupported("ordered=False of insert_many, which is all or nothing,")
        return InsertManyResult(self._insert(list(documents)))

    def _insert(self, documents: List[_Document]) -> List[Any]:
        ids = _mongo_insert(self.database.db, self.name, documents)
        for document, inserted_id in zip(documents, ids):
            document.setdefault("_id", inserted_id)
        return ids

    def update_one(
        self, filter: Mapping[str, Any], update: Mapping[str, Any], upsert: bool = False, **options: Any
    ) -> UpdateResult:
        """Updates the first document that a filter keeps."""
        return self._update("updateOne", filter, update, upsert, options)

    def update_many(
        self, filter: Mapping[str, Any], update: Mapping[str, Any], upsert: bool = False, **options: Any
    ) -> UpdateResult:
        """Updates all documents that a filter keeps, in one transaction."""
        return self._update("updateMany", filter, update, upsert, options)

    def _update(
        self,
        op: str,
        filter: Mapping[str, Any],
        update: Mapping[str, Any],
        upsert: bool,
        options: Mapping[str, Any],
    ) -> UpdateResult:
        _refuse_options(op, options)
        if isinstance(update, Mapping) and isinstance(update.get("$pull"), Mapping):
            update = {**update, "$pull": {path: _element(value) for path, value in update["$pull"].items()}}
        return UpdateResult(self._run(op, filter=_filter(filter), update=update, upsert=upsert))

    def replace_one(
        self, filter: Mapping[str, Any], replacement: Mapping[str, Any], upsert: bool = False, **options: Any
    ) -> UpdateResult:
        """Puts a document in the place of the first that a filter keeps; the `_id` stays."""
        _refuse_options("replace_one", options)
        fields = {"filter": _filter(filter), "replacement": dict(replacement), "upsert": upsert}
        return UpdateResult(self._run("replaceOne", **fields))

    def delete_one(self, filter: Mapping[str, Any], **options: Any) -> DeleteResult:
        """Deletes the first document that a filter keeps."""
        _refuse_options("delete_one", options)
        return DeleteResult(self._run("deleteOne", filter=_filter(filter))["deletedCount"])

    def delete_many(self, filter: Mapping[str, Any], **options: Any) -> DeleteResult:
        """Deletes all documents that a filter keeps, in one transaction."""
        _refuse_options("delete_many", options)
        return DeleteResult(self._run("deleteMany", filter=_filter(filter))["deletedCount"])

    def drop(self, **options: Any) -> None:
        """Deletes every document; the history stays."""
        _refuse_options("drop", options)
        self._run("drop")

    def create_index(self, keys: _Sort, **options: Any) -> str:
        """Makes an index on one field and returns its name; queries use it as soon as it is built."""
        _refuse_options("create_index", {name: value for name, value in options.items() if value is not False})
        return str(self._run("createIndex", keys=_keys(keys))["name"])


class MongoCompat:
    """A database whose collections are used as those of pymongo: `MongoCompat(db)["people"]` or `.people`."""

    def __init__(self, db: Union[NEDB, Sequencer, AutoIndexDB]) -> None:
        if isinstance(db, str) and db.startswith(_SCHEMES):
            # Without the address itself, which may have a password.
            message = "NEDB does not speak the wire protocol of MongoDB: give this a NEDB, or ask a nedbd with NedbClient.mongo"
            raise error_of("unsupported", message, {})
        self.db = unwrapped(db)

    def __repr__(self) -> str:
        return f"MongoCompat({self.db!r})"

    def get_collection(self, name: str, **options: Any) -> Collection:
        """A collection; it need not exist."""
        _refuse_options("get_collection", options)
        return Collection(self, name)

    def __getitem__(self, name: str) -> Collection:
        return Collection(self, name)

    def __getattr__(self, name: str) -> Collection:
        if name.startswith("_"):
            raise AttributeError(name)
        return Collection(self, name)

    def __iter__(self) -> NoReturn:
        raise TypeError("a database is not iterable: list_collection_names() gives the names of its collections")

    def list_collection_names(self) -> List[str]:
        """The names of the collections that have documents."""
        return list(self.db.collections())

    def drop_collection(self, name_or_collection: Union[str, Collection]) -> None:
        """Deletes every document of a collection; the history stays."""
        given = name_or_collection
        (given if isinstance(given, Collection) else self[given]).drop()


MongoClient = MongoCompat
