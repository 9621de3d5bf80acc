"""The log in Redis: following it, appending to it, its snapshot, and its verification.

Appending is a compare-and-append. An entry's id in the stream is its number, and a stream takes only ids that rise: an entry
drafted after number n can be added if and only if nobody added number n + 1 before.
"""

from __future__ import annotations

import zlib
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from ..errors import IntegrityError, NedbError, error_of
from .entry import GENESIS, Entry, Op, Tip, corrupt, entry_of, entry_of_line, flat_fields, written
from .replica import Replica
from .value import Steps, time_us

_PAGE = 256
"""Entries that are read at once."""
_ATTEMPTS_MAX = 10_000
"""Times that others may be first before an append gives up. Each time one of them has got on."""
_COMMIT_OPS = 4096
"""Operations of one entry after which what is left waits for the next one."""
_COMMIT_BYTES = 4 << 20
"""Bytes of operations after which it does: with one more document far below what a transaction of the engine may have."""
_CHUNK_BYTES = 4 << 20
"""Bytes of entries in one piece of the snapshot, before they are compressed."""
_CHUNK_BYTES_MAX = 1 << 30
"""Bytes that a piece may have when it is read: the limit of a value in Redis is 512 MiB."""

Gather = Callable[[], Steps[Any]]
Decide = Callable[[Any, int], List[Op]]


class Room:
    """What still fits into one entry."""

    def __init__(self) -> None:
        self._ops = self._bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether what comes next waits for another entry."""
        return self._ops >= _COMMIT_OPS or self._bytes >= _COMMIT_BYTES

    def take(self, op: Op) -> None:
        """Counts an operation; refuses one that cannot be written."""
        self._ops += 1
        self._bytes += len(written([op]))


class Oplog:
    """The keys of one history, and a replica that follows them."""

    def __init__(self, name: str, by: str) -> None:
        self.name = name
        self.by = by
        self.stream = f"nedb:{name}:oplog"
        self.snapshot = f"nedb:{name}:snapshot"
        self.replica = Replica(name)
        self.is_open = False
        self._is_snapshot_sound = True

    def follow(self) -> Steps[None]:
        """Brings the replica to the end of the log."""
        if self.is_open:
            yield from self._read_on()
            return
        given = yield from self._last_given()
        yield from self._restore()
        yield from self._read_on()
        self._check_end(given)
        self.is_open = True

    def _last_given(self) -> Steps[int]:
        """The greatest number that an entry ever had, which a stream remembers; 0 where the server tells nothing.

        It is asked before the log is read: what others add meanwhile has greater ones.
        """
        [told] = yield [("XINFO", "STREAM", self.stream)]
        if isinstance(told, Exception):
            return 0
        fields = told if isinstance(told, dict) else dict(zip(told[::2], told[1::2]))
        number = fields.get(b"last-generated-id", b"0").partition(b"-")[0]
        return int(number)

    def _check_end(self, given: int) -> None:
        """Refuses a log that ends before an entry that it had."""
        if self.replica.tip.number < given:
            message = f"{self.stream} had an entry {given}-0 and ends with {self.replica.tip.number}-0: entries were taken away"
            raise error_of("rollback", message, {})

    def _read_on(self) -> Steps[None]:
        while True:
            start = self.replica.tip.number
            # With the last one that was read: a stream from a backup or another server may have another in its place.
            read = ("XRANGE", self.stream, f"{max(start, 1)}-0", "+", "COUNT", _PAGE + 1)
            page, length, clock = yield [read, ("XLEN", self.stream), ("TIME",)]
            server_us = time_us(clock)
            if server_us is not None:
                self.replica.tell_server_time(server_us)
            entries = _entries(page)
            if start:
                if not entries or entries[0].number != start:
                    raise _rollback(self.stream, start, _sure(length))
                if entries.pop(0).hash != self.replica.tip.hash:
                    raise error_of("head_mismatch", f"entry {start}-0 of {self.stream} is not the one that was read before", {})
            for entry in entries:
                self.replica.apply(entry)
            if _sure(length) < self.replica.tip.number:
                raise _rollback(self.stream, self.replica.tip.number, length)
            if len(entries) < _PAGE:
                return

    def append(self, gather: Gather, decide: Decide) -> Steps[Optional[Entry]]:
        """Follows, gathers what is needed from Redis, decides what to write, and appends it; again when others were first.

        `decide` sees the replica at the entry's time and has no effect of its own. None when there is nothing to write.
        """
        for _ in range(_ATTEMPTS_MAX):
            yield from self.follow()
            gathered = yield from gather()
            entry = self._draft(gathered, decide)
            if entry is None:
                return None
            # An entry that is not the first needs the stream to be there: it is never begun in its middle.
            must_exist = ["NOMKSTREAM"] if entry.number > 1 else []
            [reply] = yield [("XADD", self.stream, *must_exist, entry.id, *entry.fields())]
            if reply is None:
                raise _rollback(self.stream, self.replica.tip.number, 0)
            if not isinstance(reply, Exception):
                self.replica.apply(entry)
                return entry
            if "equal or smaller" not in str(reply):
                raise reply
            yield from self.follow()
            if entry.hash in self.replica.recent:
                # It was added, and only the answer was lost.
                return entry
            if self.replica.tip.number < entry.number:
                # The stream remembers an id that it no longer has.
                raise _rollback(self.stream, entry.number, self.replica.tip.number)
        raise error_of("busy", f"{_ATTEMPTS_MAX} times another writer of {self.stream} was first", {})

    def _draft(self, gathered: Any, decide: Decide) -> Optional[Entry]:
        replica = self.replica
        ts = replica.next_time()
        with replica.at(ts):
            ops = decide(gathered, ts)
        return Entry.sealed(self.name, replica.tip, ts, self.by, written(ops)) if ops else None

    def checkpoint(self) -> Steps[str]:
        """Adds what the snapshot lacks to it, or makes one that did not check anew; returns the head.

        Of two processes that make it anew at once, each piece is one's or the other's: both cut the same entries into pieces.
        """
        yield from self.follow()
        if not self._is_snapshot_sound:
            yield [("DEL", self.snapshot)]
            self._is_snapshot_sound = True
        [last] = yield [("XREVRANGE", self.snapshot, "+", "-", "COUNT", 1)]
        chunks = _chunks(last)
        piece, number = (chunks[0].piece, chunks[0].last) if chunks else (0, 0)
        while number < self.replica.tip.number:
            lines: List[str] = []
            size, head = 0, ""
            first = number + 1
            while size < _CHUNK_BYTES and number < self.replica.tip.number:
                [page] = yield [("XRANGE", self.stream, f"{number + 1}-0", "+", "COUNT", _PAGE)]
                for entry in _entries(page):
                    lines.append(entry.line())
                    size += len(entry.ops)
                    number, head = entry.number, entry.hash
                    if size >= _CHUNK_BYTES or number == self.replica.tip.number:
                        break
                else:
                    if not _sure(page):
                        raise _rollback(self.stream, self.replica.tip.number, number)
            data = zlib.compress("\n".join(lines).encode("utf-8"), 6)
            fields = ("v", "1", "first", str(first), "last", str(number), "head", head, "data", data)
            piece += 1
            [reply] = yield [("XADD", self.snapshot, f"{piece}-0", *fields)]
            if isinstance(reply, Exception):
                if "equal or smaller" not in str(reply):
                    raise reply
                # Another process was first with this piece.
                break
        return self.replica.tip.hash

    def _restore(self) -> Steps[None]:
        """Takes over the snapshot; one that does not check is not used, because the log is the truth."""
        replica = Replica(self.name)
        self._is_snapshot_sound = yield from self._load(replica)
        if self._is_snapshot_sound:
            yield from self._check_covered(replica.tip)
            self.replica = replica

    def _check_covered(self, tip: Tip) -> Steps[None]:
        """Refuses a log without the entries that a sound snapshot has: they were in it before they were there."""
        found = tip.hash if not tip.number else (yield from self.hash_at(tip.number))
        if found == tip.hash:
            return
        remedy = f"bring the log back from a backup, or delete {self.snapshot} to go on with what the log has now"
        if found:
            message = f"entry {tip.number}-0 of {self.stream} is not the one that {self.snapshot} has: {remedy}"
            raise error_of("head_mismatch", message, {})
        message = f"{self.stream} has no entry {tip.number}-0, which {self.snapshot} has: entries were taken away; {remedy}"
        raise error_of("rollback", message, {})

    def _load(self, replica: Replica) -> Steps[bool]:
        """Replays the snapshot; false when it does not check, and then the replica is of no use."""
        piece = 0
        while True:
            [page] = yield [("XRANGE", self.snapshot, f"{piece + 1}-0", "+", "COUNT", 1)]
            try:
                chunks = _chunks(page)
                if not chunks:
                    return True
                for line in chunks[0].lines():
                    replica.apply(entry_of_line(line))
                if replica.tip.number != chunks[0].last or replica.tip.hash != chunks[0].head:
                    return False
            except (IntegrityError, KeyError, TypeError, ValueError, zlib.error):
                return False
            piece = chunks[0].piece

    def verify(self, expected: Optional[Tuple[int, str]] = None) -> Steps[Dict[str, Any]]:
        """Reads the whole log again into a fresh replica and compares everything that there is, a kept seq and head too."""
        fresh = Oplog(self.name, self.by)
        fresh.is_open = True
        fresh.replica.wanted = expected
        fresh.replica.has_wanted = expected == (-1, GENESIS)
        report: Dict[str, Any] = {"verdict": "corrupt", "stream": self.stream}
        try:
            given = yield from self._last_given()
            yield from fresh.follow()
            fresh._check_end(given)
            known = self.replica.tip
            if self.is_open and known.number > fresh.replica.tip.number:
                raise _rollback(self.stream, known.number, fresh.replica.tip.number)
            if self.is_open and known.number and known.hash != (yield from fresh.hash_at(known.number)):
                raise error_of("head_mismatch", f"entry {known.number}-0 is not the one that was read before", {})
            if expected is not None and not fresh.replica.has_wanted:
                raise error_of("head_mismatch", f"the head at seq {expected[0]} is not {expected[1]}", {})
            snapshot = Replica(self.name)
            self._is_snapshot_sound = yield from self._load(snapshot)
            if not self._is_snapshot_sound:
                raise error_of("corrupt", f"{self.snapshot} does not check behind entry {snapshot.tip.number}", {})
            yield from self._check_covered(snapshot.tip)
            if not fresh.replica.db.verify():
                raise error_of("corrupt", "the replayed database does not verify", {})
        except NedbError as error:
            if error.kind != "integrity":
                raise
            report.update(error=str(error), code=error.code, place=error.place)
        else:
            report["verdict"] = "consistent" if expected is None else "anchored"
        tip = fresh.replica.tip
        return {**report, "entries": tip.number, "seq": tip.seq, "head": tip.hash}

    def hash_at(self, number: int) -> Steps[str]:
        """The hash of the entry with a number; empty when there is none."""
        [page] = yield [("XRANGE", self.stream, f"{number}-0", f"{number}-0")]
        return "".join(entry.hash for entry in _entries(page))


class _Chunk(NamedTuple):
    piece: int
    last: int
    head: str
    data: bytes

    def lines(self) -> List[str]:
        data = zlib.decompressobj().decompress(self.data, _CHUNK_BYTES_MAX)
        return data.decode("utf-8").split("\n")


def _chunks(page: Any) -> List[_Chunk]:
    chunks = []
    for id, flat in _sure(page):
        fields = flat_fields(flat)
        try:
            piece = int(id.decode("ascii").partition("-")[0])
            chunks.append(_Chunk(piece, int(fields[b"last"]), fields[b"head"].decode("ascii"), fields[b"data"]))
        except (KeyError, ValueError) as error:
            raise corrupt(str(id), f"it is no piece of a snapshot ({error!r})") from None
    return chunks


def _entries(page: Any) -> List[Entry]:
    return [entry_of(id, flat_fields(fields)) for id, fields in _sure(page)]


def _sure(reply: Any) -> Any:
    if isinstance(reply, Exception):
        raise reply
    return reply


def _rollback(stream: str, read: int, found: Any) -> NedbError:
    message = f"{stream} has {found} entries, and {read} of it were read before: entries were taken away"
    return error_of("rollback", message, {})

