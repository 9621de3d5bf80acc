"""Iterators that block, for `async for`."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from typing import Any, Deque, Dict, Iterator, List, Optional

_PAGE = 256
"""How many rows one visit to a thread brings."""


class AsyncPages:
    """The rows of an iterator that blocks; a thread reads some hundreds at a time."""

    def __init__(self, rows: Iterator[Dict[str, Any]]) -> None:
        self._rows = rows
        self._page: Deque[Dict[str, Any]] = deque()

    async def to_list(self, length: Optional[int] = None) -> List[Dict[str, Any]]:
        """The rows that are left, or the next ones."""
        count = len(self._page) if length is None else min(length, len(self._page))
        taken = [self._page.popleft() for _ in range(count)]
        wanted = None if length is None else length - count
        rest = await asyncio.to_thread(lambda: list(itertools.islice(self._rows, wanted)))
        return taken + rest

    async def next(self) -> Dict[str, Any]:
        """The next row; `StopAsyncIteration` behind the last one."""
        return await self.__anext__()

    def __aiter__(self) -> AsyncPages:
        return self

    async def __anext__(self) -> Dict[str, Any]:
        if not self._page:
            self._page.extend(await self.to_list(_PAGE))
        if not self._page:
            raise StopAsyncIteration
        return self._page.popleft()
