"""`subscribe` and `subscribe_all`: the operations of one history or of all as server-sent events, taken up again where a connection broke.

Promises that each operation comes once, and those of a history in order, and that whatever ends the reading comes as an error. A thread reads ahead a little,
so that who waits can be interrupted; a reader who is slower than the writers slows the server's sending to him alone. A forked child has no
such thread: a feed refuses to go on there.
"""

from __future__ import annotations

import abc
import http.client
import math
import os
import queue
import random
import socket
import threading
import time
from typing import Any, Dict, Iterator, NamedTuple, Optional, Sequence, Tuple, TypeVar, Union

from ..errors import NedbError, error_of
from . import _wire
from ._errors import error_from_told
from ._transport import _NETWORK, _PAUSE_S, _PAUSE_S_MAX, Transport

_AHEAD_MAX = 256
"""Operations that are read and not taken yet."""
_LOOK_S = 0.5
"""Between two looks of a reader at whether anybody still wants anything, and of a waiter at Python's signals."""
_SILENCE_S = 30.0
"""A server says something every ten seconds; after so many without a word the connection is dead."""
_FAILURES_FOR_EACH_RETRY = 4
"""A feed waits longer for a server that begins again than a call does: with the usual retries for about a minute."""


_Self = TypeVar("_Self", bound="_Following")


class _Frame(NamedTuple):
    """One event as it was sent; a comment has nothing of it."""

    id: Optional[str]
    name: str
    data: str


class _Event(NamedTuple):
    """What an event says, and the id with which a reader goes on behind it."""

    id: Optional[str]
    value: Optional[Dict[str, Any]]


class _Following(abc.ABC):
    """What feeds have in common: the thread that reads, and those who wait for it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._ready: queue.Queue[Union[_Event, NedbError]] = queue.Queue(_AHEAD_MAX)
        self._ending = threading.Event()
        self._connection: Optional[http.client.HTTPConnection] = None
        self._has_heard = False
        """Whether the connection said something of worth."""
        self._process = os.getpid()
        self._reader = threading.Thread(target=self._read, name="nedb-feed", daemon=True)

    @abc.abstractmethod
    def _asked(self) -> Tuple[str, Dict[str, str]]:
        """The path and the headers that ask for what comes next."""

    @abc.abstractmethod
    def _heard(self, frame: _Frame) -> None:
        """Hands over what an event says."""

    @abc.abstractmethod
    def _taken(self, told: _Event) -> Optional[Dict[str, Any]]:
        """Counts what is taken; None where it is not what was asked for."""

    def __iter__(self: _Self) -> _Self:
        return self

    def __next__(self) -> Dict[str, Any]:
        found = self.next()
        if found is None:
            raise StopIteration
        return found

    def next(self, timeout_s: Optional[float] = None) -> Optional[Dict[str, Any]]:
        """What comes next, or None when the feed was closed or none came within the time; None waits for ever."""
        if self._process != os.getpid():
            message = f"the feed was begun in process {self._process} and cannot be used in its forked child {os.getpid()}: subscribe there"
            raise error_of("unsupported", message, {})
        if timeout_s is not None:
            _check_time(timeout_s)
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        # What is ready at the deadline is looked through still, and what comes meanwhile is not.
        late_max = _AHEAD_MAX
        while not self._ending.is_set() and late_max > 0:
            left = _LOOK_S if deadline is None else max(deadline - time.monotonic(), 0)
            try:
                found = self._ready.get(timeout=min(left, _LOOK_S))
            except queue.Empty:
                if deadline is not None and left <= _LOOK_S:
                    return None
                continue
            if isinstance(found, NedbError):
                self.close()
                raise found
            taken = self._taken(found)
            if taken is not None:
                return taken
            late_max -= left == 0
        return None

    @property
    def closed(self) -> bool:
        """Whether nothing more will come."""
        return self._ending.is_set()

    def close(self) -> None:
        """Ends the feed."""
        self._ending.set()
        connection = self._connection
        # In a forked child the connection is the parent's.
        is_own = self._process == os.getpid()
        sock = connection.sock if connection is not None and is_own else None
        if sock is not None:
            try:
                # Closing alone does not wake a thread that reads.
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()

    def _read(self) -> None:
        """What the thread does: it connects, reads until the connection breaks, and connects again."""
        failures = 0
        while not self._ending.is_set():
            self._has_heard = False
            try:
                self._read_connection()
                # The server ended it in order, as it does when it ends itself.
                error = error_of("io", f"the server at {self._transport.url} ended the feed", {})
            except NedbError as told:
                if told.kind not in ("busy", "unavailable"):
                    self._hand_over(told)
                    return
                error = told
            except _NETWORK as failed:
                error = error_of("io", f"the feed of {self._transport.url} broke: {failed}", {})
                error.__cause__ = failed
            except Exception as failed:
                # Without this the thread would end, and who waits would wait for ever.
                error = error_of("io", f"the feed of {self._transport.url} cannot be read: {failed!r}", {})
                error.__cause__ = failed
                self._hand_over(error)
                return
            failures = 1 if self._has_heard else failures + 1
            if failures > self._transport.retries * _FAILURES_FOR_EACH_RETRY:
                self._hand_over(error)
                return
            self._ending.wait(random.uniform(0.5, 1) * min(_PAUSE_S * 2.0**failures, _PAUSE_S_MAX))

    def _read_connection(self) -> None:
        path, headers = self._asked()
        headers = {"Accept": "text/event-stream", **headers}
        self._connection, response = self._transport.stream(path, headers, max(self._transport.timeout, _SILENCE_S))
        try:
            for frame in _events(response):
                if self._ending.is_set():
                    return
                if frame.name == "error":
                    raise _told(_wire.answer(frame.data))
                # What says no more than a position is said to everybody who comes.
                self._has_heard = self._has_heard or bool(frame.data) or frame.id is None
                if frame.id is not None or frame.data:
                    self._heard(frame)
        finally:
            self._connection.close()

    def _hand_over(self, found: Union[_Event, NedbError]) -> None:
        while not self._ending.is_set():
            try:
                self._ready.put(found, timeout=_LOOK_S)
                return
            except queue.Full:
                continue


class Feed(_Following):
    """The operations of a database from a seq on, as they become durable: an iterator of dicts."""

    def __init__(self, transport: Transport, path: str, coll: Optional[str], from_seq: int) -> None:
        if from_seq < -1:
            raise error_of("invalid_argument", f"from_seq {from_seq} is no seq: they begin at 0, and -1 is the empty database", {})
        super().__init__(transport)
        self.position = max(from_seq, 0)
        """The seq that comes next; a later subscription from it misses nothing."""
        self._path, self._coll = path, coll
        self._next_seq = self.position
        self._reader.start()

    def _asked(self) -> Tuple[str, Dict[str, str]]:
        if self._next_seq > 0:
            return self._path, {"Last-Event-ID": str(self._next_seq - 1)}
        return f"{self._path}?from_seq=-1", {}

    def _heard(self, frame: _Frame) -> None:
        value = _wire.answer(frame.data, seq=int, coll=str)
        if value["seq"] >= self._next_seq:
            self._hand_over(_Event(frame.id, value))
            self._next_seq = value["seq"] + 1

    def _taken(self, told: _Event) -> Optional[Dict[str, Any]]:
        found = _wire.shaped(told.value)
        self.position = found["seq"] + 1
        return found if self._coll is None or found["coll"] == self._coll else None


class FeedOfAll(_Following):
    """The events of all databases that a token may read, or of those that were named: an iterator of dicts.

    Each has the name of its `event` and of its `database`. That of an operation is its kind, such as `put`, and the rest is the operation; there are
    also `dropped`, and `unavailable` with the error of a database that cannot be read at present, which the server tries again.
    """

    def __init__(
        self, transport: Transport, databases: Optional[Sequence[str]], from_seq: Optional[int], position: Optional[str]
    ) -> None:
        super().__init__(transport)
        self.position = position
        """Behind which id a later subscription misses nothing of what this one did not give; None before anything was taken."""
        names = None if databases is None else ",".join(databases)
        self._path = "/" + _wire.path("events", databases=names, from_seq=from_seq)
        self._last_id = position
        self._refusal: Optional[NedbError] = None
        self._begun = threading.Event()
        self._reader.start()
        # Before its first event a feed says where it stands, without which another connection would begin later than this one.
        try:
            while not self._begun.wait(_LOOK_S):
                pass
            if self._refusal is not None:
                raise self._refusal
        except BaseException:
            self.close()
            raise

    def _asked(self) -> Tuple[str, Dict[str, str]]:
        return self._path, {} if self._last_id is None else {"Last-Event-ID": self._last_id}

    def _heard(self, frame: _Frame) -> None:
        value = None
        if frame.data:
            value = {"event": frame.name, **_wire.answer(frame.data, database=str)}
            if frame.name not in ("dropped", "unavailable"):
                _wire.shaped(value, seq=int, coll=str)
        self._hand_over(_Event(frame.id, value))
        if frame.id is not None:
            self._last_id = frame.id
            self._begun.set()

    def _hand_over(self, found: Union[_Event, NedbError]) -> None:
        if isinstance(found, NedbError) and not self._begun.is_set():
            self._refusal = found
            self._begun.set()
        if self._ready.full():
            self._begun.set()
        super()._hand_over(found)

    def _taken(self, told: _Event) -> Optional[Dict[str, Any]]:
        if told.id is not None:
            self.position = told.id
        return told.value


def _events(response: http.client.HTTPResponse) -> Iterator[_Frame]:
    """The events of a stream."""
    id: Optional[str] = None
    name, data = "", ""
    for line in iter(response.readline, b""):
        try:
            text = line.decode().rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise _wire.foreign(line) from error
        if not text:
            if data or id is not None:
                yield _Frame(id, name, data)
            id, name, data = None, "", ""
        elif text.startswith(":"):
            yield _Frame(None, "", "")
        elif text.startswith("id: "):
            id = text[len("id: ") :]
        elif text.startswith("event: "):
            name = text[len("event: ") :]
        elif text.startswith("data: "):
            data += text[len("data: ") :]


def _told(value: Dict[str, Any]) -> NedbError:
    """The error that an event tells."""
    try:
        return error_from_told(value)
    except (ValueError, KeyError, TypeError):
        return _wire.foreign(value)


def _check_time(seconds: float) -> None:
    if not math.isfinite(seconds):
        raise error_of("invalid_argument", f"a time of {seconds} seconds ends beyond all time", {})
    if seconds < 0:
        raise error_of("invalid_argument", f"a time of {seconds} seconds is negative", {})
