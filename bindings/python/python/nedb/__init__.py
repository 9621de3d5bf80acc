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

from ._native import (
    NEDB,
    ChangeFeed,
    LogView,
    Op,
    Plan,
    Query,
    Scan,
    __version__,
    check_proof,
    parse_nql,
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

__all__ = [
    "AutoIndexDB",
    "BusyError",
    "CancelledError",
    "ChangeFeed",
    "ClosedError",
    "ConflictError",
    "ErasedError",
    "IntegrityError",
    "LogView",
    "MongoClient",
    "MongoCompat",
    "MongoError",
    "MongoUnsupportedError",
    "NEDB",
    "NedbError",
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
    "sql_exec",
    "sql_to_nql",
    "wrap_redis",
]
