"""A client of `nedbd`: the calls of `NEDB` over HTTP.

    from nedb import NedbClient

    with NedbClient("http://127.0.0.1:7070", "shop") as db:
        db.put("orders", "17", {"state": "paid"})
        db.query("FROM orders WHERE state = $state", state="paid")

What lies where: `_wire` says what goes over the wire, `_transport` sends it and sends it again, `_calls` are the calls, `_feed` follows
histories, `_pin` checks what a server says; writes in flight are `Writer`, which is native. What a call means is decided by the daemon; docs/nedbd.md lists its routes.
"""

from .._native import PendingWrite, Writer
from ._calls import NedbClient
from ._errors import CasExhausted, NedbAuthError, NedbBadRequest, NedbConflict, NedbNotFound
from ._feed import Feed, FeedOfAll

__all__ = [
    "CasExhausted",
    "Feed",
    "FeedOfAll",
    "NedbAuthError",
    "NedbBadRequest",
    "NedbClient",
    "NedbConflict",
    "NedbNotFound",
    "PendingWrite",
    "Writer",
]
