"""The state that the log in Redis tells, as a database in memory.

An entry of the log becomes one transaction of the replica, with the same seqs and the same time: whatever is asked as of a
seq or a time is answered by the engine itself. Nothing is written here that is not in the log already.
"""

from __future__ import annotations

import time
from collections import deque
from contextlib import contextmanager
from typing import Any, Deque, Dict, Iterator, List, Optional, Tuple

from .._native import NEDB
from ..errors import NedbError
from .entry import Entry, Op, Tip, corrupt, seq_count

MIRRORED = frozenset({"_id", "_caused_by", "_evidence", "_confidence", "_valid_from", "_valid_to", "_expires_at"})
"""Fields that a read adds to a document."""

_REFUSALS = ("invalid", "conflict", "not_found")
"""Kinds of errors that say that an operation of the log should never have got there."""
_RECENT = 1024
"""Entries whose hashes are remembered, so that an append whose answer was lost is recognised."""
_TRIALS_MAX = 256
"""Writes that are tried in one scratch database before the next one takes its place."""


class Replica:
    """A replica and where in the log it stands."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.db = NEDB._replica()
        self.tip = Tip()
        self.backfills: Dict[str, Op] = {}
        """The marks of backfills that are not at their end."""
        self.recent: Deque[str] = deque(maxlen=_RECENT)
        self.wanted: Optional[Tuple[int, str]] = None
        """A seq and the head there, of which somebody wants to know whether they come by."""
        self.has_wanted = False
        self._ahead_us: Optional[int] = None
        """By how much the server's clock is ahead of this process's steady one."""
        self._expiries: Dict[Tuple[str, Any], int] = {}
        self._trial = NEDB._replica()
        self._trials = 0

    def apply(self, entry: Entry) -> None:
        """Takes the next entry of the log."""
        self.tip.check(self.name, entry)
        try:
            ops = entry.operations()
            count = self._write(entry, ops)
        except NedbError as error:
            if error.kind not in _REFUSALS:
                raise
            raise corrupt(entry.id, f"its operations cannot be done ({error})") from error
        except (KeyError, TypeError) as error:
            raise corrupt(entry.id, f"its operations are not whole ({error!r})") from error
        self.tip = self.tip.after(entry, count)
        self.has_wanted |= (self.tip.seq, self.tip.hash) == self.wanted
        self.recent.append(entry.hash)

    def _write(self, entry: Entry, ops: List[Op]) -> int:
        data = [op for op in ops if op["op"] in ("put", "delete", "link", "unlink")]
        count = seq_count(ops)
        if len(data) != count:
            raise corrupt(entry.id, "it has an operation that this version does not know")
        with self.at(entry.ts):
            if data:
                answer = self.db.tx([_replayed(op, entry.ts) for op in data])
                if answer["seq"] != entry.seq + count - 1 or False in answer["results"]:
                    raise corrupt(entry.id, "one of its operations changes nothing")
            for op in ops:
                if op["op"] == "index":
                    self.db.create_index(op["coll"], op["field"], op["kind"], wait=True)
        for op in ops:
            self._note(op)
        return count

    def _note(self, op: Op) -> None:
        if op["op"] == "backfill":
            if op["done"]:
                self.backfills.pop(op["name"], None)
            else:
                self.backfills[op["name"]] = op
        elif op["op"] in ("put", "delete"):
            key = (op["coll"], op["id"])
            if op.get("expires_us") is None:
                self._expiries.pop(key, None)
            else:
                self._expiries[key] = op["expires_us"]

    def expiry(self, coll: str, id: Any) -> Optional[int]:
        """When the newest version of a document expires, in microseconds since 1970."""
        return self._expiries.get((coll, id))

    @contextmanager
    def at(self, ts: int) -> Iterator[None]:
        """Lets the replica see this time."""
        self.db._tell_time(ts)
        try:
            yield
        finally:
            self.db._tell_time(None)

    def tell_server_time(self, us: int) -> None:
        """Takes over the server's clock, by which keys expire; that of this machine may be far from it."""
        self._ahead_us = us - time.monotonic_ns() // 1000

    def now(self) -> int:
        """The time on the server, in microseconds since 1970; that of this machine while the server told none."""
        if self._ahead_us is None:
            return time.time_ns() // 1000
        return time.monotonic_ns() // 1000 + self._ahead_us

    def next_time(self) -> int:
        """The time of the next entry."""
        return max(self.now(), self.tip.ts)

    def _scratch(self) -> NEDB:
        self._trials += 1
        if self._trials > _TRIALS_MAX:
            self._trial, self._trials = NEDB._replica(), 0
        return self._trial

    def index_of(self, coll: str, field: str, kind: str) -> Tuple[str, str, str]:
        """Collection, field and kind of an index as the engine names them."""
        info = self._scratch().create_index(coll, field, kind)
        return info["collection"], info["field"], info["kind"]

    def has_index(self, index: Tuple[str, str, str]) -> bool:
        """Whether somebody made this index."""
        return index in ((info["collection"], info["field"], info["kind"]) for info in self.db.indexes())

    def tried(self, op: Op, ts: int) -> Op:
        """The operation in the form in which it is logged; what the engine would refuse is refused here."""
        result = self._result(op, ts)
        if op["op"] != "put":
            return op
        given = {name: value for name, value in result.items() if name not in MIRRORED}
        id = result["_id"]
        return {**op, "id": id, "doc": given}

    def stored(self, put: Op, ts: int) -> Dict[str, Any]:
        """The document as a put stores it, where it can no longer be read because its lifetime was over at once."""
        causes = {"_caused_by": put["caused_by"]} if put.get("caused_by") else {}
        return {**self._result(put, ts), **causes}

    def _result(self, op: Op, ts: int) -> Any:
        scratch = self._scratch()
        trial = {name: value for name, value in _replayed(op, ts).items() if name != "caused_by"}
        scratch._tell_time(ts)
        if op["op"] == "put":
            # A transaction would name the place of what cannot be stored within itself, of which the caller knows nothing.
            return scratch.put(**{name: value for name, value in trial.items() if name != "op"})
        [result] = scratch.tx([trial])["results"]
        return result


def _replayed(op: Op, ts: int) -> Op:
    """The operation as a transaction takes it: a lifetime instead of its end."""
    if "expires_us" not in op:
        return op
    # Half a microsecond more, so that the way through a float never loses one.
    ttl_s = (op["expires_us"] - ts + 0.5) / 1e6
    return {**{name: value for name, value in op.items() if name != "expires_us"}, "ttl_s": ttl_s}


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same in their types too; the order of fields does not count."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)
