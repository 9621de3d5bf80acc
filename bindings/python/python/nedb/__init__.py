"""NEDB: a versioned, tamper-evident, time-travelling document database, embedded.

    from nedb import NEDB

    with NEDB("shop") as db:
        db.put("orders", "17", {"state": "ordered"})
        first = db.seq
        db.put("orders", "17", {"state": "paid"})
        db.get("orders", "17", as_of=first)      # {'state': 'ordered', '_id': '17'}
        db.verify()                              # True

The guide is docs/python.md in the repository.
"""

from collections.abc import Sequence as _Sequence
from typing import TYPE_CHECKING, Any, List

from ._native import (
    NEDB,
    ChangeFeed,
    LiveQuery,
    LogView,
    Op,
    Plan,
    Query,
    Scan,
    __version__,
    check_proof,
    parse_nql,
    rebuild,
)
from .concurrent import AutoIndexDB, Sequencer
from .errors import (
    BusyError,
    CancelledError,
    ClosedError,
    ConflictError,
    ErasedError,
    IntegrityError,
    MongoError,
    MongoUnsupportedError,
    NedbError,
    NoSpaceError,
    PreconditionFailed,
    RedisError,
    RedisUnsupportedError,
    ReplayError,
    SQLError,
    SQLUnsupportedError,
    UnavailableError,
    UnsupportedError,
)
from .mongo import MongoClient, MongoCompat
from .objectid import ObjectId
from .redis_compat import RedisCompat
from .sql import sql_exec, sql_to_nql
from .wrap_redis import WrappedRedis, wrap_redis

if TYPE_CHECKING:
    from .client import CasExhausted, NedbAuthError, NedbBadRequest, NedbClient, NedbConflict, NedbNotFound

_Sequence.register(LogView)

__all__ = [
    "AutoIndexDB",
    "BusyError",
    "CancelledError",
    "CasExhausted",
    "ChangeFeed",
    "ClosedError",
    "ConflictError",
    "ErasedError",
    "IntegrityError",
    "LiveQuery",
    "LogView",
    "MongoClient",
    "MongoCompat",
    "MongoError",
    "MongoUnsupportedError",
    "NEDB",
    "NedbAuthError",
    "NedbBadRequest",
    "NedbClient",
    "NedbConflict",
    "NedbError",
    "NedbNotFound",
    "NoSpaceError",
    "ObjectId",
    "Op",
    "Plan",
    "PreconditionFailed",
    "Query",
    "RedisCompat",
    "RedisError",
    "RedisUnsupportedError",
    "ReplayError",
    "SQLError",
    "SQLUnsupportedError",
    "Scan",
    "Sequencer",
    "UnavailableError",
    "UnsupportedError",
    "WrappedRedis",
    "__version__",
    "check_proof",
    "parse_nql",
    "rebuild",
    "sql_exec",
    "sql_to_nql",
    "wrap_redis",
]


_OF_CLIENT = frozenset(("CasExhausted", "NedbAuthError", "NedbBadRequest", "NedbClient", "NedbConflict", "NedbNotFound"))


def __getattr__(name: str) -> Any:
    """The names of the client, which brings HTTP and TLS along: programs without a server do not wait for these."""
    if name not in _OF_CLIENT:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import client

    return getattr(client, name)


def __dir__() -> List[str]:
    return sorted({*globals(), *_OF_CLIENT})
