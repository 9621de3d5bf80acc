"""NEDB beside a Redis that is there already: its keys become documents with a provable history, kept in Redis itself.

    import json, redis
    from nedb import wrap_redis

    r = wrap_redis(redis.Redis(), db_name="shop")
    r.nedb.register("order:*", "orders", value_parser=json.loads)
    r.nedb.backfill()
    r.nedb.shadow_writes = True
    r.set("order:17", '{"state": "paid"}')         # as before; and a new version of orders 17
    r.nedb.query("FROM orders WHERE state = 'paid'")

docs/wrap_redis.md has the guide, the form of the log, and what cannot be seen from a client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .wrapped import WrappedRedis

if TYPE_CHECKING:
    from .face import Nedb
    from .mapping import CollectionMapping

__all__ = ["CollectionMapping", "Nedb", "WrappedRedis", "wrap_redis"]


def wrap_redis(r: Any, db_name: str = "default") -> Any:
    """Wraps a client of redis-py (blocking or asyncio) or fakeredis: it stays that client, and has `.nedb`."""
    # Loaded when it is first used: programs without a Redis need not wait for it.
    from .client import wrap

    return wrap(r, db_name)


def __getattr__(name: str) -> Any:
    if name == "Nedb":
        from .face import Nedb

        return Nedb
    if name == "CollectionMapping":
        from .mapping import CollectionMapping

        return CollectionMapping
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
