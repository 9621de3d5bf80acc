"""Backfill: the keys that are there already become documents.

The keyspace is walked with SCAN. Each batch is one entry of the log, which also says how far the walk has come: an
interrupted backfill goes on from there, and what was imported is counted once. A walk belongs to one life of the server,
because the order of its keys does; in another life it begins anew, and what is unchanged is not written again. Between
batches other calls of the wrapped client have their turn: who writes waits for one batch at most.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ..errors import NedbError, error_of
from .entry import Op
from .oplog import Room
from .value import TURN, Steps, Value, read_values

if TYPE_CHECKING:
    from .shadow import Shadow

Progress = Callable[[Dict[str, Any]], None]


class Plan(NamedTuple):
    """How a backfill goes about it."""

    batch: int
    progress: Optional[Progress]
    skips_bad: bool


class _Counts:
    def __init__(self, imported: int) -> None:
        self.imported = imported
        self.scanned = self.unchanged = self.skipped = 0
        self.errors: List[str] = []

    def told(self, is_done: bool) -> Dict[str, Any]:
        counts = {"scanned": self.scanned, "imported": self.imported, "unchanged": self.unchanged, "skipped": self.skipped}
        return {**counts, "errors": list(self.errors), "done": is_done}


def backfill(shadow: Shadow, plan: Plan) -> Steps[int]:
    """Walks all keys; returns how many documents this walk wrote. The counts go on from those before an interruption."""
    if not shadow.mappings.all:
        raise error_of("invalid_argument", "no pattern is registered, so there is nothing to import", {})
    yield from shadow.oplog.follow()
    name, server = _name(shadow), (yield from _server())
    mark = shadow.oplog.replica.backfills.get(name)
    goes_on = mark is not None and mark["server"] == server
    imported_before = mark["imported"] if mark is not None else 0
    counts = _Counts(imported_before)
    cursor = mark["cursor"] if mark is not None and goes_on else "0"
    while True:
        [reply] = yield [("SCAN", cursor, *_match(shadow), "COUNT", plan.batch)]
        if isinstance(reply, Exception):
            raise reply
        before, cursor = cursor, reply[0].decode("ascii") if isinstance(reply[0], bytes) else str(reply[0])
        is_done = cursor == "0"
        counts.scanned += len(reply[1])
        batch = _Batch(shadow, plan, _placed(shadow, plan, reply[1], counts))

        def decide(values: Dict[bytes, Optional[Value]], ts: int) -> List[Op]:
            ops = batch.ops(values, ts)
            # What is too much for one entry is taken up again from the place before.
            at, is_end = (before, False) if batch.later else (cursor, is_done)
            is_marked = name in shadow.oplog.replica.backfills
            if not ops and not (is_end and is_marked):
                return []
            imported = counts.imported + len(ops)
            mark = {"op": "backfill", "name": name, "cursor": at, "server": server, "imported": imported, "done": is_end}
            return [*ops, mark]

        while True:
            yield from shadow.oplog.append(batch.gather, decide)
            counts.imported += batch.imported
            counts.unchanged += batch.unchanged
            counts.skipped += len(batch.keys) - batch.imported - batch.unchanged - len(batch.later)
            counts.errors += batch.errors
            if not batch.later:
                break
            batch = _Batch(shadow, plan, batch.later)
            yield TURN
        if plan.progress is not None:
            plan.progress(counts.told(is_done))
        if is_done:
            return counts.imported - imported_before
        yield TURN


def _placed(shadow: Shadow, plan: Plan, keys: Sequence[bytes], counts: _Counts) -> List[bytes]:
    """Those of the keys that have a document; one of which that cannot be told is as bad as a bad value."""
    placed: List[bytes] = []
    for key in dict.fromkeys(keys):
        try:
            placed += [key] if shadow.has_place(key) else []
        except NedbError as error:
            if not plan.skips_bad:
                raise
            counts.skipped += 1
            counts.errors.append(str(error))
    return placed


class _Batch:
    """The keys of one step of the walk, and what they came to when they were looked at last."""

    def __init__(self, shadow: Shadow, plan: Plan, keys: Sequence[bytes]) -> None:
        self.shadow = shadow
        self.plan = plan
        self.keys = keys
        self.imported = self.unchanged = 0
        self.errors: List[str] = []
        self.later: List[bytes] = []
        """Those that wait for the next entry."""

    def gather(self) -> Steps[Dict[bytes, Optional[Value]]]:
        return read_values(self.keys) if self.keys else _nothing()

    def ops(self, values: Dict[bytes, Optional[Value]], ts: int) -> List[Op]:
        # Told again when another process was first: counted from the beginning.
        self.imported = self.unchanged = 0
        self.errors, self.later = [], []
        room = Room()
        found: Dict[Tuple[str, Any], Op] = {}
        for key, value in values.items():
            if room.is_full:
                self.later.append(key)
                continue
            try:
                change = self.shadow.change(key, value, "backfill", ts)
                if change is not None:
                    room.take(change)
            except NedbError as error:
                if not self.plan.skips_bad:
                    raise
                self.errors.append(str(error))
                continue
            if change is None:
                self.unchanged += value is not None and self.shadow.is_document(key, value)
            elif change["op"] == "put":
                found[change["coll"], change["id"]] = change
        self.imported = len(found)
        return list(found.values())


def _nothing() -> Steps[Dict[bytes, Optional[Value]]]:
    return {}
    yield []


def _server() -> Steps[str]:
    """What tells one life of the server from the next."""
    [reply] = yield [("INFO", "server")]
    lines = reply.decode("utf-8", "replace").splitlines() if isinstance(reply, bytes) else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("run_id:")), "")


def _match(shadow: Shadow) -> List[Any]:
    """A single pattern is matched by the server."""
    patterns = shadow.mappings.all
    return ["MATCH", patterns[0].pattern] if len(patterns) == 1 else []


def _name(shadow: Shadow) -> str:
    """What the walk is of: the patterns and their collections."""
    parts = [part for mapping in shadow.mappings.all for part in (mapping.pattern, mapping.collection.encode("utf-8"))]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
