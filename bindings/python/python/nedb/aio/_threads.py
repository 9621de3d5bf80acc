"""Threads for calls that block."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Callable, TypeVar

from .._native import Cancellation

if TYPE_CHECKING:
    from typing_extensions import ParamSpec

    _P = ParamSpec("_P")
_T = TypeVar("_T")

_WAITERS_MAX = 4096
"""Feeds that are waited for at once; the threads begin when they are needed."""


async def call(work: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Calls in a thread. When the wait is cancelled the call ends too, as soon as the engine looks up from its work.

    What it wrote by then stays written, as with any call whose answer is lost.
    """
    cancellation = Cancellation()
    try:
        return await asyncio.to_thread(cancellation.run, work, *args, **kwargs)
    except asyncio.CancelledError:
        cancellation.cancel()
        raise


def _new_waiters() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_WAITERS_MAX, thread_name_prefix="nedb-wait")


_waiters = _new_waiters()


def wait(work: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
    """Begins a wait in a thread of its own, so that the threads of the event loop are left to calls."""
    return _waiters.submit(work, *args, **kwargs)


def _begin_anew() -> None:
    global _waiters
    # The threads stayed with the parent.
    _waiters = _new_waiters()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
