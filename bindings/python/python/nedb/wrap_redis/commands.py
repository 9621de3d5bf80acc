"""Which keys a command of Redis may change.

The table has every command that writes data; a test compares it with what a server says of itself. What changes no value
(consumer groups, blocking reads that find nothing) may be named all the same: the key is read again and found unchanged.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, List, Sequence

from ..errors import NedbError, error_of

Args = Sequence[Any]
"""A command as it is sent: its name, then its arguments."""


def _first(args: Args) -> Args:
    return args[1:2]


def _second(args: Args) -> Args:
    return args[2:3]


def _first_two(args: Args) -> Args:
    return args[1:3]


def _all(args: Args) -> Args:
    return args[1:]


def _pairs(args: Args) -> Args:
    return args[1::2]


def _but_last(args: Args) -> Args:
    return args[1:-1]


def _counted(place: int, step: int = 1) -> Callable[[Args], Args]:
    """The keys behind their number; with a step of 2 each is followed by its value."""

    def keys(args: Args) -> Args:
        count = int(args[place])
        return args[place + 1 : place + 1 + count * step : step]

    return keys


def _behind(*words: str) -> Callable[[Args], Args]:
    """The key behind a word such as STORE, where that is given."""

    def keys(args: Args) -> Args:
        found = (place for place, word in enumerate(args[2:-1], 2) if _name(word) in words)
        return [args[place + 1] for place in found]

    return keys


def _migrated(args: Args) -> Args:
    single = [args[3]] if len(args) > 3 and args[3] not in ("", b"") else []
    place = next((place for place, word in enumerate(args) if place > 5 and _name(word) == "KEYS"), len(args))
    return [*single, *args[place + 1 :]]


def _stream_group(args: Args) -> Args:
    """XREADGROUP changes what a group has read, and no entry."""
    return ()


_RULES: Dict[Callable[[Args], Args], str] = {
    _first: """
        SET SETEX PSETEX SETNX SETRANGE SETBIT GETSET GETDEL GETEX APPEND INCR INCRBY INCRBYFLOAT INCREX DECR DECRBY BITFIELD
        DELEX
        HSET HMSET HSETNX HINCRBY HINCRBYFLOAT HDEL HGETDEL HGETEX HSETEX HEXPIRE HPEXPIRE HEXPIREAT HPEXPIREAT HPERSIST
        LPUSH RPUSH LPUSHX RPUSHX LPOP RPOP LSET LREM LTRIM LINSERT
        SADD SREM SPOP SDIFFSTORE SINTERSTORE SUNIONSTORE
        ZADD ZINCRBY ZREM ZPOPMIN ZPOPMAX ZREMRANGEBYLEX ZREMRANGEBYRANK ZREMRANGEBYSCORE
        ZDIFFSTORE ZINTERSTORE ZUNIONSTORE ZRANGESTORE GEOADD GEOSEARCHSTORE
        XADD XDEL XTRIM XSETID XACK XACKDEL XDELEX XCLAIM XAUTOCLAIM XNACK
        PFADD PFMERGE EXPIRE EXPIREAT PEXPIRE PEXPIREAT PERSIST MOVE RESTORE RESTORE-ASKING""",
    _second: "BITOP XGROUP HIMPORT PFDEBUG",
    _first_two: "RENAME RENAMENX COPY SMOVE LMOVE BLMOVE LMOVEM BLMOVEM RPOPLPUSH BRPOPLPUSH",
    _all: "DEL UNLINK",
    _pairs: "MSET MSETNX",
    _but_last: "BLPOP BRPOP BZPOPMIN BZPOPMAX",
    _counted(1): "LMPOP ZMPOP",
    _counted(1, 2): "MSETEX",
    _counted(2): "BLMPOP BZMPOP EVAL EVALSHA FCALL",
    _behind("STORE"): "SORT",
    _behind("STORE", "STOREDIST"): "GEORADIUS GEORADIUSBYMEMBER",
    _migrated: "MIGRATE",
    _stream_group: "XREADGROUP",
}

_KEYS: Dict[str, Callable[[Args], Args]] = {name: rule for rule, names in _RULES.items() for name in names.split()}

SWEEPING = frozenset({"FLUSHDB", "FLUSHALL", "SWAPDB"})
"""Commands that take everything, the log of the history among it."""


def written_keys(commands: Iterable[Args]) -> List[Any]:
    """The keys that these commands may have changed, as the caller wrote them."""
    keys: List[Any] = []
    for args in commands:
        words = _words(args[0]) if args else []
        rule = _KEYS.get(words[0]) if words else None
        if rule is not None:
            try:
                keys += rule([*words, *args[1:]])
            except (IndexError, TypeError, ValueError):
                # A command that is not well-formed: the server refuses it, and changes nothing.
                continue
    return keys


def refuse_sweeping(args: Args) -> None:
    """Refuses a command that would take the log away."""
    if args and _name(args[0]) in SWEEPING:
        raise swept(_name(args[0]))


def swept(name: str) -> NedbError:
    """The refusal of a sweeping command."""
    message = f"{name} would take the log of the history with the data: delete the keys, or set shadow_writes to False first"
    return error_of("unsupported", message, {})


def own_key(args: Args, key: object) -> NedbError:
    """The refusal of a command that writes a key in which a history is."""
    message = f"{_name(args[0])} would change {key!r}, which holds a history: leave the key alone, or set shadow_writes to False first"
    return error_of("unsupported", message, {})


def known_commands() -> List[str]:
    """The names in the table."""
    return sorted([*_KEYS, *SWEEPING])


def _words(name: Any) -> List[str]:
    """The words of a command's name: clients send some names as one argument of two words."""
    if isinstance(name, (bytes, bytearray, memoryview)):
        name = bytes(name).decode("ascii", "replace")
    return str(name).upper().split()


def _name(word: Any) -> str:
    return next(iter(_words(word)), "")
