"""Redis commands on a NEDB database, in process: no server, no socket.

    from nedb import NEDB, RedisCompat

    r = RedisCompat(NEDB("shop"))
    r.execute("SET", "greeting", "hello")       # 'OK'
    r.execute("HSET", "user:1", "name", "Ada")  # 1: and the document 1 of the collection user has a name

docs/redis.md lists the commands and says where values lie.
"""

from __future__ import annotations

from typing import Any, Callable, FrozenSet, Union

from ._native import NEDB, RedisSession
from .concurrent import AutoIndexDB, Sequencer, unwrapped
from .errors import RedisError, RedisUnsupportedError

__all__ = ["RedisCompat", "RedisError", "RedisUnsupportedError"]

_COMMANDS: FrozenSet[str] = frozenset(RedisSession.commands())


class RedisCompat:
    """Redis commands on a database, each of them atomic, from any number of threads.

    `client` is the name under which the history keeps what is written. A byte string comes back as `str` when it is
    UTF-8 and as `bytes` when it is not; with `decode_responses=False` it always comes back as `bytes`. MULTI and WATCH belong
    to the object: threads that use them need one each.
    """

    def __init__(
        self,
        db: Union[NEDB, Sequencer, AutoIndexDB],
        client: str = "redis-compat",
        *,
        decode_responses: bool = True,
    ) -> None:
        self._session = RedisSession(unwrapped(db), client, decode_responses)

    def execute(self, command: str, *args: Union[str, bytes, bytearray, memoryview, int, float]) -> Any:
        """Carries out one command and returns its answer.

        Text is sent as UTF-8, numbers as Python prints them. Integers come back as `int`, floats as `float`, nothing as
        `None`, hashes as `dict`, sets as `set`, other lists as `list`, members with scores as a list of pairs. An error of
        the command is a `RedisError`, what is not supported a `RedisUnsupportedError`, and what the engine refuses the
        exception that it always is; within the answer of EXEC an error stands in its place.
        """
        return self._session.execute((command, *args))

    def reclaim(self) -> int:
        """Deletes the elements that expired values left behind, which no read finds, and returns how many."""
        return self._session.reclaim()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """A command of this name as a method: `r.lpush("l", 1)` is `r.execute("LPUSH", "l", 1)`."""
        if name.upper() not in _COMMANDS:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}, and there is no such command")

        def call(*args: Union[str, bytes, bytearray, memoryview, int, float]) -> Any:
            return self.execute(name, *args)

        return call
