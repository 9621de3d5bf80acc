"""One entry of the log in Redis: its fields, its hash, and what must hold from one to the next.

docs/wrap_redis.md is normative; this is the one place that writes and reads the form.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from .._native import _from_json, _to_json
from ..errors import NedbError, error_of

VERSION = "1"
GENESIS = "0" * 64
"""What the first entry names as the hash before it, and the head of an empty log."""

_FIELDS = ("v", "seq", "ts", "by", "prev", "hash", "ops")
_WRITER = re.compile("[0-9a-f]{16}")
_SEQLESS = ("index", "backfill")
"""Operations that take no seq: they say something about the history and change no document."""

Op = Dict[str, Any]


class Entry(NamedTuple):
    """A commit: operations that happened together."""

    number: int
    """From 1, dense; its id in the stream is `{number}-0`."""
    seq: int
    """The seq of its first operation."""
    ts: int
    """Microseconds since 1970; never less than those of the entry before."""
    by: str
    """Who wrote it: 16 random hexadecimal digits of each wrapper."""
    prev: str
    hash: str
    ops: str
    """One operation as JSON on each line."""

    @classmethod
    def sealed(cls, db: str, after: Tip, ts: int, by: str, ops: str) -> Entry:
        """The entry that follows a tip."""
        entry = cls(after.number + 1, after.seq + 1, ts, by, after.hash, "", ops)
        return entry._replace(hash=entry.computed_hash(db))

    def computed_hash(self, db: str) -> str:
        """The hash that its content has."""
        head = f"nedb redis oplog {VERSION}\n{db}\n{self.number}\n{self.seq}\n{self.ts}\n{self.by}\n{self.prev}\n"
        return hashlib.sha256(head.encode("utf-8") + self.ops.encode("utf-8")).hexdigest()

    @property
    def id(self) -> str:
        """Its id in the stream."""
        return f"{self.number}-0"

    def fields(self) -> List[str]:
        """Names and values, as XADD takes them."""
        values = (VERSION, str(self.seq), str(self.ts), self.by, self.prev, self.hash, self.ops)
        return [part for pair in zip(_FIELDS, values) for part in pair]

    def operations(self) -> List[Op]:
        """The operations."""
        return [_from_json(line) for line in self.ops.split("\n")] if self.ops else []

    def line(self) -> str:
        """The entry as one line of a snapshot."""
        return json.dumps(list(self), ensure_ascii=False, separators=(",", ":"))


class Tip(NamedTuple):
    """Where a log ends: what the next entry must follow."""

    number: int = 0
    seq: int = -1
    ts: int = 0
    hash: str = GENESIS

    def check(self, db: str, entry: Entry) -> None:
        """Refuses an entry that does not follow."""
        reason: Optional[str] = None
        if entry.number != self.number + 1:
            reason = f"it follows entry {self.number}: those between are missing"
        elif entry.prev != self.hash:
            reason = "it does not name the hash of the entry before it"
        elif entry.computed_hash(db) != entry.hash:
            reason = "its content does not have its hash"
        elif entry.seq != self.seq + 1 or entry.ts < self.ts:
            reason = f"its seq or time does not follow those of entry {self.number}"
        if reason is not None:
            raise corrupt(entry.id, reason)

    def after(self, entry: Entry, count: int) -> Tip:
        """The tip behind an entry with so many seqs."""
        return Tip(entry.number, self.seq + count, entry.ts, entry.hash)


def written(ops: List[Op]) -> str:
    """The text of operations."""
    return "\n".join(_to_json(op) for op in ops)


def seq_count(ops: List[Op]) -> int:
    """How many of the operations take a seq."""
    return sum(op["op"] not in _SEQLESS for op in ops)


def entry_of(id: bytes, fields: Mapping[bytes, bytes]) -> Entry:
    """The entry that the stream has under an id."""
    if b"op" in fields and b"v" not in fields:
        message = "the stream was written by nedb-engine 1.x; it is not read here, and its import comes with that of the 1.x files"
        raise error_of("old_format", message, {})
    known = [name.encode() for name in _FIELDS]
    if set(known) == set(fields) and known != list(fields):
        raise corrupt(_shown(id), "its fields are not in their order")
    version = fields.get(b"v", b"").decode("ascii", "replace")
    if version != VERSION:
        raise error_of("newer_format", f"entry {_shown(id)} has the form {version!r}, this version reads {VERSION!r}", {})
    try:
        if len(fields) != len(_FIELDS):
            raise ValueError(id)
        values = {name: fields[name.encode()].decode("utf-8") for name in _FIELDS}
        number, zero = id.decode("ascii").split("-")
        if zero != "0" or not _WRITER.fullmatch(values["by"]):
            raise ValueError(id)
        seq, ts = _exact_int(values["seq"]), _exact_int(values["ts"])
        return Entry(_exact_int(number), seq, ts, values["by"], values["prev"], values["hash"], values["ops"])
    except (KeyError, ValueError) as error:
        raise corrupt(_shown(id), f"its fields are not those of an entry ({error!r})") from None


def _exact_int(text: str) -> int:
    """The number of a text that is written as this version writes it: one form for one number."""
    number = int(text)
    if str(number) != text:
        raise ValueError(text)
    return number


def entry_of_line(line: str) -> Entry:
    """The entry on a line of a snapshot."""
    number, seq, ts, by, prev, hash, ops = json.loads(line)
    return Entry(int(number), int(seq), int(ts), str(by), str(prev), str(hash), str(ops))


def corrupt(id: str, reason: str) -> NedbError:
    """The error of an entry that does not check."""
    return error_of("corrupt", f"entry {id} of the log in Redis: {reason}", {"place": id})


def _shown(id: bytes) -> str:
    return id.decode("ascii", "replace")


def flat_fields(reply: Any) -> Dict[bytes, bytes]:
    """The fields of a stream's entry, which arrive as a flat list; none may be there twice."""
    pairs: List[Tuple[bytes, bytes]] = list(zip(reply[::2], reply[1::2]))
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise error_of("corrupt", "an entry of a stream in Redis has a field twice", {})
    return fields
