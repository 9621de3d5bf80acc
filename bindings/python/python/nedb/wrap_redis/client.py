"""The wrapped clients: every call of the caller's client passes through, and writes are shadowed when that is asked for.

A wrapped client is of a class made from that of the given client, so that it is one, and shares its connections.
"""

from __future__ import annotations

import inspect
from typing import Any, Callable, List

from ..errors import error_of
from .commands import Args
from .driver import AsyncDriver, Driver
from .face import Nedb
from .wrapped import WrappedRedis


class _Blocking(WrappedRedis):
    def execute_command(self, *args: Any, **options: Any) -> Any:
        call = super().execute_command  # type: ignore[misc]
        return _shadowing(self.nedb, [args], lambda: call(*args, **options))

    def pipeline(self, *args: Any, **options: Any) -> Any:
        return _shadowed(super().pipeline(*args, **options), _BlockingPipeline, self.nedb)  # type: ignore[misc]


class _BlockingPipeline:
    _nedb: Nedb
    command_stack: List[Any]

    def immediate_execute_command(self, *args: Any, **options: Any) -> Any:
        call = super().immediate_execute_command  # type: ignore[misc]
        return _shadowing(self._nedb, [args], lambda: call(*args, **options))

    def execute(self, raise_on_error: bool = True) -> Any:
        call = super().execute  # type: ignore[misc]
        return _shadowing(self._nedb, [args for args, _ in self.command_stack], lambda: call(raise_on_error))


class _Async(WrappedRedis):
    async def execute_command(self, *args: Any, **options: Any) -> Any:
        call = super().execute_command  # type: ignore[misc]
        return await _shadowing_async(self.nedb, [args], lambda: call(*args, **options))

    def pipeline(self, *args: Any, **options: Any) -> Any:
        return _shadowed(super().pipeline(*args, **options), _AsyncPipeline, self.nedb)  # type: ignore[misc]


class _AsyncPipeline:
    _nedb: Nedb
    command_stack: List[Any]

    async def immediate_execute_command(self, *args: Any, **options: Any) -> Any:
        call = super().immediate_execute_command  # type: ignore[misc]
        return await _shadowing_async(self._nedb, [args], lambda: call(*args, **options))

    async def execute(self, raise_on_error: bool = True) -> Any:
        call = super().execute  # type: ignore[misc]
        commands = [args for args, _ in self.command_stack]
        return await _shadowing_async(self._nedb, commands, lambda: call(raise_on_error))


def _shadowing(face: Nedb, commands: List[Args], call: Callable[[], Any]) -> Any:
    """Does the call and shadows what its commands changed."""
    keys = face._touched(commands)
    try:
        answer = call()
    except BaseException as error:
        if keys and _may_have_changed(face, keys, error):
            face._catch_up([])
        raise
    if keys:
        face._catch_up(keys)
    return answer


async def _shadowing_async(face: Nedb, commands: List[Args], call: Callable[[], Any]) -> Any:
    keys = face._touched(commands)
    try:
        answer = await call()
    except BaseException as error:
        if keys and _may_have_changed(face, keys, error):
            await face._catch_up([])
        raise
    if keys:
        await face._catch_up(keys)
    return answer


def _may_have_changed(face: Nedb, keys: List[bytes], error: BaseException) -> bool:
    """Notes keys of a call that failed: a script may have stopped halfway, commands beside the failed one were done.

    Tells whether the server answered, so that the keys can be read back before the caller learns of the error.
    """
    face._doubtful(keys)
    return isinstance(error, Exception) and type(error).__name__ not in ("ConnectionError", "TimeoutError", "BusyLoadingError")


def wrap(client: Any, db_name: str) -> Any:
    """A client that passes every call through to this one's connections and has `.nedb`."""
    kind = type(client)
    if isinstance(client, WrappedRedis):
        raise error_of("invalid_argument", "the client is wrapped already", {})
    if not (hasattr(client, "execute_command") and hasattr(client, "pipeline") and hasattr(client, "get_encoder")):
        raise TypeError(f"{kind.__name__} is no client of redis-py or fakeredis")
    if not hasattr(client, "connection_pool"):
        message = f"{kind.__name__} has its keys on several servers, and a history is one stream: wrap a client of one server"
        raise error_of("unsupported", message, {})
    is_async = inspect.iscoroutinefunction(inspect.unwrap(kind.execute_command))
    face = Nedb(client, AsyncDriver(client) if is_async else Driver(client), db_name)
    made = type("WrappedRedis", (_Async if is_async else _Blocking, kind), {"nedb": face, "_wrapped": client})
    wrapped: Any = object.__new__(made)
    wrapped.__dict__.update(client.__dict__)
    return wrapped


def _shadowed(pipe: Any, layer: type, face: Nedb) -> Any:
    """The pipeline as one that shadows what it did."""
    pipe.__class__ = type(type(pipe).__name__, (layer, type(pipe)), {"_nedb": face})
    return pipe

