"""Sending the steps of a call: at once, or as a coroutine."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from typing import Any, Callable, Deque, List, Optional

from .value import TURN, Command, Steps

_RAW = {"NEVER_DECODE": True}
"""Replies are wanted as bytes, whatever the client decodes for its caller."""


class Driver:
    """Sends for a blocking client; one call at a time, because each follows the log before it writes."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._turns = Turns()

    def fresh(self) -> Driver:
        """One for a forked child, where the lock may be held for ever."""
        return Driver(self._client)

    def run(self, steps: Steps[Any]) -> Any:
        """Does the steps and returns what they come to; where they say so, others have their turn in between."""
        while True:
            part = Part(steps)
            with self._turns:
                while (commands := part.next()) is not None:
                    try:
                        part.answer(staged(self._client, commands).execute(raise_on_error=False))
                    except BaseException as error:
                        part.fail(error)
            if part.has_ended:
                return part.came

    def at_once(self, steps: Steps[Any]) -> None:
        """Does the steps where that needs no waiting for an event loop."""
        self.run(steps)


class Turns:
    """A lock whose holder may take it again, and which goes to who waits longest.

    An `RLock` would go to the thread that has just released it: a backfill that lets others in between would go on alone.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._waiting: Deque[object] = deque()
        self._holder: Optional[int] = None
        self._depth = 0

    def __enter__(self) -> None:
        with self._changed:
            if self._holder == threading.get_ident():
                self._depth += 1
                return
            place = object()
            self._waiting.append(place)
            try:
                self._changed.wait_for(lambda: self._holder is None and self._waiting[0] is place)
                self._holder, self._depth = threading.get_ident(), 1
            finally:
                # Who is interrupted while it waits must not hold up those behind it.
                self._waiting.remove(place)
                self._changed.notify_all()

    @property
    def has_waiting(self) -> bool:
        """Whether somebody waits."""
        return bool(self._waiting)

    def __exit__(self, *raised: object) -> None:
        with self._changed:
            self._depth -= 1
            if self._depth == 0:
                self._holder = None
                self._changed.notify_all()


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
        """Does the steps and returns what they come to; where they say so, others have their turn in between."""
        loop = asyncio.get_running_loop()
        if self._lock is None or self._loop is not loop:
            self._lock, self._loop = asyncio.Lock(), loop
        lock = self._lock
        while True:
            part = Part(steps)
            # It goes to who waits longest, so others do have their turn.
            async with lock:
                while (commands := part.next()) is not None:
                    try:
                        part.answer(await staged(self._client, commands).execute(raise_on_error=False))
                    except BaseException as error:
                        part.fail(error)
            if part.has_ended:
                return part.came

    def at_once(self, steps: Steps[Any]) -> None:
        """Nothing: a property cannot wait."""
        steps.close()


class Part:
    """The steps up to their end, or up to where others may have their turn: all of it but the sending, which the drivers do."""

    def __init__(self, steps: Steps[Any]) -> None:
        self._steps = steps
        self._step: Callable[[Any], List[Command]] = steps.send
        self._given: Any = None
        self.has_ended = False
        self.came: Any = None
        """What ended steps came to."""

    def next(self) -> Optional[List[Command]]:
        """The commands that are to be sent now, or None where the part ends."""
        try:
            commands = self._step(self._given)
        except StopIteration as end:
            self.has_ended, self.came = True, end.value
            return None
        return None if commands is TURN else commands

    def answer(self, replies: Any) -> None:
        """Takes the replies for the steps to go on with."""
        self._step, self._given = self._steps.send, replies

    def fail(self, error: BaseException) -> None:
        """Takes why there are no replies: the steps may have something to put right before the caller is told."""
        self._step, self._given = self._steps.throw, error


def staged(client: Any, commands: List[Command]) -> Any:
    """A pipeline with the commands, whose replies stay as the server gives them."""
    pipe = client.pipeline(transaction=False)
    pipe.response_callbacks = {}
    for name, *given in commands:
        pipe.execute_command(name, *map(_sent, given), **_RAW)
    return pipe


def _sent(word: Any) -> Any:
    """Text is UTF-8 in the log, whatever the client's own encoding makes of it."""
    return word.encode("utf-8") if isinstance(word, str) else word
