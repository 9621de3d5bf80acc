"""Iterators that block, for `async for`."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from concurrent.futures import Future
from typing import Any, Deque, Dict, Iterator, List, Optional

from .._native import Cancellation
from ._threads import wait

_PAGE = 256
"""How many rows one visit to a thread brings."""


class AsyncPages:
    """The rows of an iterator that blocks; a thread reads some hundreds at a time.

    A wait that is cancelled loses no row: what the thread has read by then comes with the next wait. Where it ended the work on a
    row, the next wait raises `CancelledError` of `nedb`, and so does every later one.
    """

    def __init__(self, rows: Iterator[Dict[str, Any]]) -> None:
        self._rows = rows
        self._page: Deque[Dict[str, Any]] = deque()
        self._visit: Optional[Future[None]] = None
        self._cancellation = Cancellation()
        self._is_over = False
        self._failure: Optional[BaseException] = None

    def _begin_anew(self) -> None:
        """Forgets rows that were read ahead of a cursor that begins again."""
        self._page.clear()
        self._is_over = False

    def _read(self, cancellation: Cancellation, count: Optional[int]) -> None:
        """In a thread: puts so many rows on the page."""

        def take() -> None:
            taken = 0
            for row in itertools.islice(self._rows, count):
                self._page.append(row)
                taken += 1
            self._is_over = count is None or taken < count

        try:
            cancellation.run(take)
        except BaseException as failure:
            self._failure = failure

    async def _fill(self, count: Optional[int]) -> None:
        """Waits until a thread has read; one reads at a time."""
        if self._visit is None:
            self._cancellation = Cancellation()
            self._visit = wait(self._read, self._cancellation, count)
        visit = self._visit
        try:
            await asyncio.shield(asyncio.wrap_future(visit))
        except asyncio.CancelledError:
            self._cancellation.cancel()
            raise
        if self._visit is visit:
            self._visit = None

    async def to_list(self, length: Optional[int] = None) -> List[Dict[str, Any]]:
        """The rows that are left, or the next ones."""
        while not self._is_over and (length is None or len(self._page) < length):
            if self._failure is not None and self._visit is None:
                break
            await self._fill(None if length is None else length - len(self._page))
        if self._failure is not None and (length is None or len(self._page) < length):
            raise self._failure
        count = len(self._page) if length is None else min(length, len(self._page))
        return [self._page.popleft() for _ in range(count)]

    async def next(self) -> Dict[str, Any]:
        """The next row; `StopAsyncIteration` behind the last one."""
        return await self.__anext__()

    def __aiter__(self) -> AsyncPages:
        return self

    async def __anext__(self) -> Dict[str, Any]:
        while not self._page:
            if self._failure is not None:
                raise self._failure
            if self._is_over:
                raise StopAsyncIteration
            await self._fill(_PAGE)
        return self._page.popleft()
