"""Which keys of Redis are documents, and which documents they are."""

from __future__ import annotations

import re
from typing import Any, Callable, List, NamedTuple, Optional, Union

from ..errors import error_of

Name = Union[str, bytes]
"""A key or an id: text where it is UTF-8, else bytes."""

VALUE_TYPES = ("string", "hash", "list", "set", "zset", "stream")

_OWN = re.compile(rb"nedb:.*:(oplog|snapshot|meta)", re.DOTALL)


def text_of(binary: bytes) -> Name:
    """The text that the bytes are, or the bytes."""
    try:
        return binary.decode("utf-8")
    except UnicodeDecodeError:
        return binary


class Place(NamedTuple):
    """Where the document of a key is kept, and by which rule."""

    mapping: CollectionMapping
    id: Any

    @property
    def coll(self) -> str:
        """The collection."""
        return self.mapping.collection


class CollectionMapping:
    """Keys that match a pattern are documents of a collection.

    `id_extractor(key)` gives the id, or None for a key that is no document; without one it is what the `*` at the end of the
    pattern stands for, else the whole key. `value_parser(value)` makes the document's dict of a value as the client shows it.
    `value_type` names the one type that is taken; "string", the default, takes every type as it is.
    """

    def __init__(
        self,
        pattern: Name,
        collection: str,
        id_extractor: Optional[Callable[[Name], Any]] = None,
        value_parser: Optional[Callable[[Any], Any]] = None,
        value_type: str = "string",
    ) -> None:
        if value_type not in VALUE_TYPES:
            raise error_of("invalid_argument", f"value_type {value_type!r} is none of {', '.join(VALUE_TYPES)}", {})
        if not isinstance(pattern, (str, bytes)):
            raise TypeError(f"a pattern is a str or bytes, not {type(pattern).__name__}")
        self.pattern = pattern.encode("utf-8") if isinstance(pattern, str) else bytes(pattern)
        self.collection = collection
        self.id_extractor = id_extractor
        self.value_parser = value_parser
        self.value_type = value_type
        self._matches = glob(self.pattern)
        literal = self.pattern[:-1]
        is_prefix = self.pattern.endswith(b"*") and not re.search(rb"[*?\[\\]", literal)
        self._prefix = literal if is_prefix else b""

    def takes(self, kind: str) -> bool:
        """Whether a value of this type is a document here."""
        return self.value_type in ("string", kind)

    def matches(self, key: bytes) -> bool:
        """Whether the pattern matches a key, which may be no document all the same."""
        return self._matches.fullmatch(key) is not None

    def place(self, key: bytes) -> Optional[Place]:
        """Where the document of a key is, or None when the key is none of these."""
        if not self.matches(key):
            return None
        if self.id_extractor is not None:
            id = self.id_extractor(text_of(key))
            return None if id is None else Place(self, id)
        suffix = key[len(self._prefix) :]
        # The key that is the prefix alone would have the id of another one.
        return Place(self, text_of(suffix)) if suffix else None


class Mappings:
    """The registered patterns; the first that matches a key counts. The keys of a history are never documents."""

    def __init__(self) -> None:
        self.all: List[CollectionMapping] = []

    @staticmethod
    def is_own(key: bytes) -> bool:
        """Whether a key holds a history."""
        return _OWN.fullmatch(key) is not None

    def matches(self, key: bytes) -> bool:
        """Whether a key may be a document by its pattern; nothing of the caller's is run to tell it."""
        return not _OWN.fullmatch(key) and any(mapping.matches(key) for mapping in self.all)

    def place(self, key: bytes) -> Optional[Place]:
        """Where the document of a key is."""
        if not self.all or _OWN.fullmatch(key):
            return None
        for mapping in self.all:
            place = mapping.place(key)
            if place is not None:
                return place
        return None


def glob(pattern: bytes) -> re.Pattern[bytes]:
    """The expression of a pattern of Redis: `*`, `?`, `[ab]`, `[a-z]`, `[^a]`, and `\\` before a sign that stands for itself."""
    parts: List[bytes] = []
    at = 0
    while at < len(pattern):
        sign = pattern[at : at + 1]
        at += 1
        if sign == b"*":
            parts.append(b".*")
        elif sign == b"?":
            parts.append(b".")
        elif sign == b"[":
            part, at = _class(pattern, at)
            parts.append(part)
        else:
            if sign == b"\\" and at < len(pattern):
                sign = pattern[at : at + 1]
                at += 1
            parts.append(re.escape(sign))
    return re.compile(b"".join(parts), re.DOTALL)


def _class(pattern: bytes, at: int) -> tuple[bytes, int]:
    """One of several signs, and where it ends; one that is not closed reaches to the end."""
    negates = pattern[at : at + 1] == b"^"
    at += negates
    signs: List[bytes] = []
    while at < len(pattern) and pattern[at : at + 1] != b"]":
        if pattern[at : at + 1] == b"\\" and at + 1 < len(pattern):
            at += 1
            signs.append(re.escape(pattern[at : at + 1]))
        elif pattern[at + 1 : at + 2] == b"-" and at + 2 < len(pattern):
            low, high = sorted((pattern[at], pattern[at + 2]))
            signs.append(re.escape(bytes([low])) + b"-" + re.escape(bytes([high])))
            at += 2
        else:
            signs.append(re.escape(pattern[at : at + 1]))
        at += 1
    if not signs:
        # An empty class matches nothing, an empty negated one everything.
        return (b"." if negates else b"(?!)"), at + 1
    return b"[" + (b"^" if negates else b"") + b"".join(signs) + b"]", at + 1
