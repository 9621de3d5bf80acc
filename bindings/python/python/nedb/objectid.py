"""Object ids, as documents of MongoDB have them.

A plain value: 12 bytes that compare, hash and print as 24 hexadecimal digits. A new one is the time in seconds, five random
bytes of the process, and a number that ascends, so ids of one process sort as they were made.
"""

from __future__ import annotations

import itertools
import os
import time
from datetime import datetime, timezone
from functools import total_ordering
from typing import Any, Iterator, Optional, Tuple, Union

_BYTES = 12
_SECONDS_BYTES = 4
_NUMBERS = 1 << 24


def _first_number() -> Iterator[int]:
    return itertools.count(int.from_bytes(os.urandom(3), "big"))


_process = os.urandom(5)
_numbers = _first_number()


def _after_fork() -> None:
    global _process, _numbers
    _process, _numbers = os.urandom(5), _first_number()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _seconds(seconds: float) -> bytes:
    return (int(seconds) & 0xFFFFFFFF).to_bytes(_SECONDS_BYTES, "big")


@total_ordering
class ObjectId:
    """Twelve bytes that name a document, given as bytes or as 24 hexadecimal digits; without a value, a new one."""

    __slots__ = ("_binary",)
    _binary: bytes

    def __init__(self, value: Optional[Union[str, bytes, ObjectId]] = None) -> None:
        if value is None:
            number = next(_numbers) % _NUMBERS
            binary = _seconds(time.time()) + _process + number.to_bytes(3, "big")
        elif isinstance(value, ObjectId):
            binary = value._binary
        elif isinstance(value, str):
            binary = bytes.fromhex(value) if len(value) == 2 * _BYTES else b""
        elif isinstance(value, bytes):
            binary = value
        else:
            raise TypeError(f"an object id is made of a str, bytes or another one, not {type(value).__name__}")
        if len(binary) != _BYTES:
            raise ValueError(f"{value!r} is no object id: it takes {_BYTES} bytes or {2 * _BYTES} hexadecimal digits")
        self._binary = binary

    @classmethod
    def from_datetime(cls, generation_time: datetime) -> ObjectId:
        """The least id of a second, to compare others with; a time without a zone is in UTC. It is not unique."""
        if generation_time.tzinfo is None:
            generation_time = generation_time.replace(tzinfo=timezone.utc)
        return cls(_seconds(generation_time.timestamp()) + bytes(_BYTES - _SECONDS_BYTES))

    @classmethod
    def is_valid(cls, oid: Any) -> bool:
        """Whether an object id can be made of the value."""
        try:
            cls(oid)
        except (TypeError, ValueError):
            return False
        return oid is not None

    @property
    def binary(self) -> bytes:
        """The twelve bytes."""
        return self._binary

    @property
    def generation_time(self) -> datetime:
        """When the id was made, to the second."""
        return datetime.fromtimestamp(int.from_bytes(self._binary[:_SECONDS_BYTES], "big"), timezone.utc)

    def __bytes__(self) -> bytes:
        return self._binary

    def __str__(self) -> str:
        return self._binary.hex()

    def __repr__(self) -> str:
        return f"ObjectId('{self}')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ObjectId) and self._binary == other._binary

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, ObjectId):
            return NotImplemented
        return self._binary < other._binary

    def __hash__(self) -> int:
        return hash(self._binary)

    def __reduce__(self) -> Tuple[Any, Tuple[bytes]]:
        return ObjectId, (self._binary,)
