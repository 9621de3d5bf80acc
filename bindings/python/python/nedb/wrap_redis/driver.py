"""Sending the steps of a call: at once, or as a coroutine."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, Callable, List, Optional

from .value import Command, Steps

_RAW = {"NEVER_DECODE": True}
"""Replies are wanted as bytes, whatever the client decodes for its caller."""


class Driver:
    """Sends for a blocking client; one call at a time, because each follows the log before it writes."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._lock = threading.RLock()

    def fresh(self) -> Driver:
        """One for a forked child, where the lock may be held for ever."""
        return Driver(self._client)

    def run(self, steps: Steps[Any]) -> Any:
        """Does the steps and returns what they come to."""
        with self._lock:
            step: Callable[[Any], List[Command]] = steps.send
            given: Any = None
            while True:
                try:
                    commands = step(given)
                except StopIteration as end:
                    return end.value
                try:
                    step, given = steps.send, staged(self._client, commands).execute(raise_on_error=False)
                except BaseException as error:
                    # The steps may have something to put right before the caller is told.
                    step, given = steps.throw, error

    def at_once(self, steps: Steps[Any]) -> None:
        """Does the steps where that needs no waiting for an event loop."""
        self.run(steps)


class AsyncDriver:
    """Sends for a client of asyncio."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._lock: Optional[asyncio.Lock] = None
        self._loop: Optional[asyncio.AbstractEventLoop] = None

    def fresh(self) -> AsyncDriver:
        """One for a forked child."""
        return AsyncDriver(self._client)

    async def run(self, steps: Steps[Any]) -> Any:
        """Does the steps and returns what they come to."""
        loop = asyncio.get_running_loop()
        if self._lock is None or self._loop is not loop:
            self._lock, self._loop = asyncio.Lock(), loop
        async with self._lock:
            step: Callable[[Any], List[Command]] = steps.send
            given: Any = None
            while True:
                try:
                    commands = step(given)
                except StopIteration as end:
                    return end.value
                try:
                    step, given = steps.send, await staged(self._client, commands).execute(raise_on_error=False)
                except BaseException as error:
                    step, given = steps.throw, error

    def at_once(self, steps: Steps[Any]) -> None:
        """Nothing: a property cannot wait."""
        steps.close()


def staged(client: Any, commands: List[Command]) -> Any:
    """A pipeline with the commands, whose replies stay as the server gives them."""
    pipe = client.pipeline(transaction=False)
    pipe.response_callbacks = {}
    for command in commands:
        pipe.execute_command(*command, **_RAW)
    return pipe
