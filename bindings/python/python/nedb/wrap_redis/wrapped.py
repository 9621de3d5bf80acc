"""What every wrapped client is, by which it is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .face import Nedb


class WrappedRedis:
    """A client of Redis with a history beside it, under `.nedb`."""

    nedb: Nedb

    def __del__(self) -> None:
        # The connections are those of the client that was wrapped, which ends them.
        return None
