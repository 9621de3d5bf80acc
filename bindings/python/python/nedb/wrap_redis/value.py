"""Values of Redis as documents, and the commands that read them.

    string   {"value": text}, or what the parser makes of it      list     {"items": [..]}
    hash     its fields, or {"pairs": [[name, value], ..]}        set      {"members": [..]} in order
    zset     {"members": [{"member": m, "score": s}, ..]}         stream   {"entries": [{"id": i, "fields": [[name, value], ..]}, ..]}

Bytes that are UTF-8 are text, others stay bytes.
"""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, Generator, Iterable, List, NamedTuple, Optional, Sequence, Tuple, TypeVar

from ..errors import NedbError, error_of
from .mapping import CollectionMapping, text_of
from .replica import MIRRORED

_T = TypeVar("_T")
Command = Tuple[Any, ...]
Steps = Generator[List[Command], List[Any], _T]
"""What is to be asked of Redis, batch by batch: the same for every kind of client, which only sends it."""

TURN: List[Command] = []
"""Nothing is to be asked: a long call has come to a point where others may have their turn."""

_READS: Dict[str, Callable[[bytes], Command]] = {
    "string": lambda key: ("GET", key),
    "hash": lambda key: ("HGETALL", key),
    "list": lambda key: ("LRANGE", key, 0, -1),
    "set": lambda key: ("SMEMBERS", key),
    "zset": lambda key: ("ZRANGE", key, 0, -1, "WITHSCORES"),
    "stream": lambda key: ("XRANGE", key, "-", "+"),
}
_CHANGES_MAX = 16
"""Times that a key may change its type while it is read."""
_RESERVED = MIRRORED | {"_seq", "_ts", "_score", "_client", "_source"}


class Value(NamedTuple):
    """What a key held when it was read."""

    kind: str
    raw: Any
    expires_us: Optional[int]
    tolerance_us: int
    """How far the expiry may be off: a server before 7.0 tells only what is left."""

    def is_over(self, ts: int) -> bool:
        """Whether it has expired by then."""
        return self.expires_us is not None and self.expires_us <= ts


def read_values(keys: Sequence[bytes]) -> Steps[Dict[bytes, Optional[Value]]]:
    """Reads keys; None for one that does not exist. A module's type has no raw value."""
    found: Dict[bytes, Optional[Value]] = {}
    left = list(keys)
    for _ in range(_CHANGES_MAX):
        if not left:
            return found
        asked: List[Command] = [part for key in left for part in (("TYPE", key), ("PEXPIRETIME", key), ("PTTL", key))]
        replies = yield [*asked, ("TIME",)]
        now_us = time_us(replies[-1]) or time.time_ns() // 1000
        kinds = {key: _kind(replies[3 * place]) for place, key in enumerate(left)}
        ends = {key: _end(replies[3 * place + 1], replies[3 * place + 2], now_us) for place, key in enumerate(left)}
        readable = [key for key in left if kinds[key] in _READS]
        values = dict(zip(readable, (yield [_READS[kinds[key]](key) for key in readable]))) if readable else {}
        changed: List[bytes] = []
        for key in left:
            raw = values.get(key)
            if kinds[key] == "none":
                found[key] = None
            elif isinstance(raw, Exception) or (key in values and _is_gone(kinds[key], raw)):
                # It went, or became something else, between the two.
                changed.append(key)
            else:
                found[key] = Value(kinds[key], raw, *ends[key])
        left = changed
    if left:
        raise error_of("busy", f"the key {text_of(left[0])!r} changes its type faster than it can be read", {})
    return found


def time_us(reply: Any) -> Optional[int]:
    """What TIME told, in microseconds since 1970; None where the server does not tell it to this user."""
    if isinstance(reply, Exception):
        return None
    seconds, us = reply
    return int(seconds) * 1_000_000 + int(us)


def _kind(reply: Any) -> str:
    if isinstance(reply, Exception):
        raise reply
    return reply.decode() if isinstance(reply, bytes) else str(reply)


def _is_gone(kind: str, raw: Any) -> bool:
    """Whether nothing was read: only a text and a stream may be empty and there."""
    return raw is None or (not raw and kind not in ("string", "stream"))


def _end(exact: Any, left: Any, now_us: int) -> Tuple[Optional[int], int]:
    if not isinstance(exact, Exception):
        return (exact * 1000 if exact >= 0 else None), 0
    if isinstance(left, Exception):
        raise left
    return (now_us + left * 1000 if left >= 0 else None), 100_000


class Reader:
    """Makes documents of values, in the way in which a client shows these."""

    def __init__(self, encoder: Any) -> None:
        self._encoder = encoder

    def key(self, key: Any) -> bytes:
        """The bytes of a key as the client sends it."""
        return bytes(self._encoder.encode(key))

    def document(self, mapping: CollectionMapping, key: bytes, value: Value) -> Dict[str, Any]:
        """The document of a value."""
        if mapping.value_parser is None:
            return _PLAIN[value.kind](value.raw)
        try:
            parsed = mapping.value_parser(_SHOWN[value.kind](value.raw, self._shown))
        except NedbError:
            raise
        except Exception as error:
            message = f"the parser of {mapping.collection!r} refuses the value of the key {text_of(key)!r}: {error!r}"
            raise error_of("invalid_value", message, {"path": str(text_of(key))}) from error
        return dict(parsed) if isinstance(parsed, dict) else {"value": parsed}

    def _shown(self, value: bytes) -> Any:
        return self._encoder.decode(value) if self._encoder.decode_responses else value


def _hash(raw: Any) -> Dict[str, Any]:
    pairs = [(text_of(name), text_of(value)) for name, value in _pairs(raw)]
    if all(isinstance(name, str) and name not in _RESERVED for name, _ in pairs):
        return {str(name): value for name, value in pairs}
    return {"pairs": [[name, value] for name, value in sorted(pairs, key=lambda pair: _order(pair[0]))]}


def _zset(raw: Any) -> Dict[str, Any]:
    return {"members": [{"member": text_of(member), "score": _score(score)} for member, score in _pairs(raw)]}


def _score(score: Any) -> Any:
    number = float(score)
    return number if number - number == 0 else str(number)


def _stream(raw: Any) -> Dict[str, Any]:
    entries = ((text_of(id), _pairs(fields)) for id, fields in raw)
    return {"entries": [{"id": id, "fields": [[text_of(n), text_of(v)] for n, v in fields]} for id, fields in entries]}


_PLAIN: Dict[str, Callable[[Any], Dict[str, Any]]] = {
    "string": lambda raw: {"value": text_of(raw)},
    "hash": _hash,
    "list": lambda raw: {"items": [text_of(item) for item in raw]},
    "set": lambda raw: {"members": [text_of(member) for member in sorted(raw)]},
    "zset": _zset,
    "stream": _stream,
}

_SHOWN: Dict[str, Callable[[Any, Callable[[bytes], Any]], Any]] = {
    "string": lambda raw, shown: shown(raw),
    "hash": lambda raw, shown: {shown(name): shown(value) for name, value in _pairs(raw)},
    "list": lambda raw, shown: [shown(item) for item in raw],
    "set": lambda raw, shown: {shown(member) for member in raw},
    "zset": lambda raw, shown: [(shown(member), float(score)) for member, score in _pairs(raw)],
    "stream": lambda raw, shown: [(shown(id), {shown(n): shown(v) for n, v in _pairs(f)}) for id, f in raw],
}


def _pairs(raw: Any) -> Iterable[Tuple[bytes, Any]]:
    """The pairs of a reply: a flat list in the older protocol, a dict or pairs in the newer one."""
    if isinstance(raw, dict):
        return list(raw.items())
    if raw and isinstance(raw[0], (list, tuple)):
        return [(pair[0], pair[1]) for pair in raw]
    return list(zip(raw[::2], raw[1::2]))


def _order(name: Any) -> bytes:
    return name.encode("utf-8") if isinstance(name, str) else bytes(name)
