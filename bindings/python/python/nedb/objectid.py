"""Object ids, as documents that come from MongoDB have them.

A plain value: 12 bytes that compare, hash and print as 24 hexadecimal digits.
"""

from __future__ import annotations

from typing import Union

_BYTES = 12


class ObjectId:
    """Twelve bytes that name a document, given as bytes or as 24 hexadecimal digits."""

    __slots__ = ("_binary",)
    _binary: bytes

    def __init__(self, value: Union[str, bytes, ObjectId]) -> None:
        if isinstance(value, ObjectId):
            binary = value._binary
        elif isinstance(value, str):
            binary = bytes.fromhex(value) if len(value) == 2 * _BYTES else b""
        else:
            binary = bytes(value)
        if len(binary) != _BYTES:
            raise ValueError(f"{value!r} is no object id: it takes {_BYTES} bytes or {2 * _BYTES} hexadecimal digits")
        self._binary = binary

    @property
    def binary(self) -> bytes:
        """The twelve bytes."""
        return self._binary

    def __str__(self) -> str:
        return self._binary.hex()

    def __repr__(self) -> str:
        return f"ObjectId('{self}')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ObjectId) and self._binary == other._binary

    def __lt__(self, other: ObjectId) -> bool:
        return self._binary < other._binary

    def __hash__(self) -> int:
        return hash(self._binary)
