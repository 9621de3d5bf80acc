"""Requests and their answers: connections that are kept, and requests that are sent again.

A request is sent again when the server was too busy, which did nothing, and when the network failed, which may have done everything. So
the second case is left to requests that may come twice: reads, and writes with an idempotency key. Promises: a pool may be shared by
threads; a forked child opens connections of its own.
"""

from __future__ import annotations

import http.client
import os
import random
import socket
import ssl
import threading
import time
from enum import Enum
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple
from urllib.parse import urlsplit

from ..errors import NedbError, error_of
from . import _wire
from ._errors import error_from, error_from_told

_IDLE_MAX = 16
"""Connections that are kept for the next requests; more are closed after their own."""
_PAUSE_S, _PAUSE_S_MAX = 0.05, 5.0
"""The first pause before a request is sent again, which doubles, and the longest."""
_RETRY_AFTER_S_MAX = 60.0
"""The longest pause that a server may ask for."""
_BUSY = (429, 502, 503, 504)
_JSON = "application/json"
_NETWORK = (OSError, http.client.HTTPException)


class Again(Enum):
    """When a request may be sent a second time."""

    ALWAYS = "it changes nothing, or its key lets it change something once"
    UNDONE = "only when the first one surely did nothing"


class Request(NamedTuple):
    """One request."""

    method: str
    path: str
    body: Optional[str] = None
    again: Again = Again.ALWAYS


class Unsent(Exception):
    """The connection could not be made: the server saw nothing of the request."""


class Transport:
    """Sends requests to one server."""

    def __init__(self, url: str, token: Optional[str], timeout: float, retries: int, tls: Optional[ssl.SSLContext]) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
            raise error_of("invalid_argument", "the address of a server is http://HOST:PORT or https://HOST:PORT", {})
        try:
            port = parts.port
        except ValueError as error:
            raise error_of("invalid_argument", f"the address of a server has no such port: {error}", {}) from None
        if retries < 0 or not timeout > 0:
            raise error_of("invalid_argument", f"{retries} retries and a timeout of {timeout} seconds: neither may be negative", {})
        self.url = f"{parts.scheme}://{parts.netloc}"
        self.token = token
        self.timeout, self.retries = timeout, retries
        self._is_tls, self.tls = parts.scheme == "https", tls
        self._host, self._port, self.prefix = parts.hostname, port, parts.path.rstrip("/")
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._idle: List[http.client.HTTPConnection] = []
        self._lock, self._process, self._is_closed = threading.Lock(), os.getpid(), False

    def text(self, request: Request) -> str:
        """The text of the answer; an error of the server is raised."""
        attempt = 0
        while True:
            pause: Optional[float] = None
            try:
                response, body = self._exchange(request)
                if _is_success(response):
                    return _text_of(body)
                error = _error_of(response, body)
                is_busy = response.status in _BUSY and error.kind == "busy"
                # A proxy before the server has no code: it may have passed the request on.
                may_again = is_busy or (response.status in _BUSY and error.code == "io" and request.again is Again.ALWAYS)
                pause = _asked_pause_s(response.headers)
            except Unsent as failed:
                error, may_again = self._failed(failed.__cause__), True
            except _NETWORK as failed:
                error, may_again = self._failed(failed), request.again is Again.ALWAYS
            if not may_again or attempt >= self.retries or self._is_closed:
                raise error
            attempt += 1
            if pause is None:
                # Callers that failed together do not come back together.
                pause = random.uniform(0.5, 1) * min(_PAUSE_S * 2.0 ** (attempt - 1), _PAUSE_S_MAX)
            time.sleep(pause)

    def read(self, request: Request, **shape: _wire.Shape) -> Dict[str, Any]:
        """The value of the answer, which is an object that has these fields."""
        return _wire.answer(self.text(request), **shape)

    def stream(self, path: str, headers: Mapping[str, str], timeout: float) -> Tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """Begins an answer that goes on, on a connection of its own."""
        connection = self._new()
        connection.timeout = timeout
        try:
            connection.request("GET", self.prefix + path, headers={**self._headers, **headers})
            response = connection.getresponse()
            if not _is_success(response):
                raise _error_of(response, response.read())
        except BaseException:
            connection.close()
            raise
        return connection, response

    def close(self) -> None:
        """Closes the connections that are kept; one that is in use ends with its request."""
        with self._lock:
            idle, self._idle, self._is_closed = self._idle, [], True
        for connection in idle:
            connection.close()

    def _exchange(self, request: Request) -> Tuple[http.client.HTTPResponse, bytes]:
        """One request and its answer. A connection that was kept may have been closed by the server meanwhile."""
        connection, was_kept = self._take()
        try:
            try:
                response, body = self._once(connection, request)
            except _NETWORK:
                if not was_kept or request.again is not Again.ALWAYS:
                    raise
                connection.close()
                connection = self._connected()
                response, body = self._once(connection, request)
        except BaseException:
            # What is left of an answer must not be taken for the next one.
            connection.close()
            raise
        self._give_back(connection, response)
        return response, body

    def _once(self, connection: http.client.HTTPConnection, request: Request) -> Tuple[http.client.HTTPResponse, bytes]:
        headers: Dict[str, str] = dict(self._headers)
        body = None
        if request.body is not None:
            body, headers["Content-Type"] = request.body.encode(), _JSON
        connection.request(request.method, self.prefix + request.path, body, headers)
        response = connection.getresponse()
        return response, response.read()

    def _take(self) -> Tuple[http.client.HTTPConnection, bool]:
        with self._lock:
            if self._is_closed:
                raise error_of("closed", "the client was closed", {})
            if self._process != os.getpid():
                # They are the parent's: what two processes send on one would be mixed.
                self._idle, self._process = [], os.getpid()
            while self._idle:
                connection = self._idle.pop()
                if not _has_ended(connection):
                    return connection, True
                connection.close()
        return self._connected(), False

    def _give_back(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        with self._lock:
            if not response.will_close and not self._is_closed and len(self._idle) < _IDLE_MAX and self._process == os.getpid():
                self._idle.append(connection)
                return
        connection.close()

    def _connected(self) -> http.client.HTTPConnection:
        connection = self._new()
        try:
            connection.connect()
        except _NETWORK as error:
            connection.close()
            raise Unsent from error
        return connection

    def _new(self) -> http.client.HTTPConnection:
        if self._is_tls:
            return http.client.HTTPSConnection(self._host, self._port, timeout=self.timeout, context=self.tls)
        return http.client.HTTPConnection(self._host, self._port, timeout=self.timeout)

    def _failed(self, error: Optional[BaseException]) -> NedbError:
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        made = error_of("io", f"the server at {self.url} did not answer: {what}", {})
        made.__cause__ = error
        return made


def _has_ended(connection: http.client.HTTPConnection) -> bool:
    """Whether the server has closed a connection that nothing is asked on: then there is something to read, which is the end."""
    sock = connection.sock
    if sock is None or isinstance(sock, ssl.SSLSocket):
        # Under TLS nobody can look without reading; the request itself finds out.
        return sock is None
    try:
        sock.settimeout(0)
        sock.recv(1, socket.MSG_PEEK)
    except (BlockingIOError, InterruptedError):
        sock.settimeout(connection.timeout)
        return False
    except OSError:
        pass
    return True


def _is_success(response: http.client.HTTPResponse) -> bool:
    """Whether it is an answer; a redirect is none: the daemon has none, and a request that writes is not sent to another place unasked."""
    return 200 <= response.status <= 299


def _text_of(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise _wire.foreign(body) from error


def _error_of(response: http.client.HTTPResponse, body: bytes) -> NedbError:
    """The error of an answer; what is not the daemon's own is told with its status."""
    try:
        return error_from_told(_wire.read(body.decode()))
    except (ValueError, KeyError, TypeError, RecursionError):
        codes = {401: "unauthenticated", 403: "denied", 404: "not_found"}
        return error_from(codes.get(response.status, "io"), f"the server answered {response.status} {response.reason}")


def _asked_pause_s(headers: http.client.HTTPMessage) -> Optional[float]:
    """How long the server wants to be left alone, a little spread."""
    text = headers.get("Retry-After", "")
    return min(float(text), _RETRY_AFTER_S_MAX) * random.uniform(1, 1.25) if text.isascii() and text.isdigit() else None
