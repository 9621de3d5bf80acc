"""Shadowing: what a write did to keys is read back and kept as documents.

The order is always the same: follow the log, read the keys, append. An append that another process came before is done anew
from the start, so the last entry of a key tells a state that is not older than the key's last write through a wrapper.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import Any, Dict, Iterable, Iterator, List, Optional, Set, Tuple

from ..errors import NedbError, error_of
from .commands import Args, own_key, refuse_sweeping, written_keys
from .entry import Op
from .mapping import Mappings, text_of
from .replica import MIRRORED, same
from .oplog import Oplog, Room
from .value import Reader, Steps, Value, read_values

_KINDS = frozenset({"string", "hash", "list", "set", "zset", "stream"})


class Shadow:
    """What is shadowed of a client's writes, and what is still to be read back."""

    def __init__(self, oplog: Oplog, reader: Reader) -> None:
        self.oplog = oplog
        self.reader = reader
        self.mappings = Mappings()
        self.is_on = False
        self._due: Set[bytes] = set()
        self._due_lock = threading.Lock()

    def renew(self, oplog: Oplog) -> None:
        """Goes on in a forked child, where the lock may be held for ever by a thread that is not there."""
        self.oplog = oplog
        self._due_lock = threading.Lock()

    def note(self, keys: Iterable[bytes]) -> None:
        """Says that keys may have changed: they are read back, if not now, then as soon as the server answers again."""
        with self._due_lock:
            self._due.update(keys)

    def _taken(self) -> List[bytes]:
        """The keys that are due, which are so no longer: a write from now on makes them due again."""
        with self._due_lock:
            keys, self._due = self._due, set()
            return sorted(keys)

    def touched(self, commands: Iterable[Args]) -> List[bytes]:
        """The keys that commands may change and that may be shadowed; refuses a command that would take or change the log.

        Extractors are not asked before the caller's write is done.
        """
        if not self.is_on:
            return []
        listed = list(commands)
        for args in listed:
            refuse_sweeping(args)
            for key in written_keys([args]):
                if self.mappings.is_own(self.reader.key(key)):
                    raise own_key(args, text_of(self.reader.key(key)))
        keys = (self.reader.key(key) for key in written_keys(listed))
        return [key for key in dict.fromkeys(keys) if self.mappings.matches(key)]

    def catch_up(self) -> Steps[None]:
        """Shadows the state of all keys that are due, as one commit, or as several when they are too much for one."""
        refused: List[NedbError] = []
        keys = self._placed(self._taken(), refused)
        while keys:
            keys = yield from self._commit(keys, refused)
        if refused:
            # What can be shadowed is; the rest is told once, and not with every later write.
            raise refused[0]

    def _placed(self, keys: List[bytes], told: List[NedbError]) -> List[bytes]:
        """Those of the keys that have a document."""
        placed: List[bytes] = []
        for key in keys:
            try:
                placed += [key] if self.has_place(key) else []
            except NedbError as error:
                told.append(error)
            except BaseException:
                self.note(keys)
                raise
        return placed

    def _commit(self, keys: List[bytes], told: List[NedbError]) -> Steps[List[bytes]]:
        """Shadows as many of the keys as fit into one entry; returns the others."""

        def gather() -> Steps[Dict[bytes, Optional[Value]]]:
            return read_values(keys)

        refused: List[NedbError] = []
        later: List[bytes] = []

        def decide(values: Dict[bytes, Optional[Value]], ts: int) -> List[Op]:
            refused.clear()
            later.clear()
            room = Room()
            changes: Dict[Tuple[str, Any], Op] = {}
            for key, value in values.items():
                if room.is_full:
                    later.append(key)
                    continue
                try:
                    change = self.change(key, value, "shadow", ts)
                    if change is not None:
                        room.take(change)
                except NedbError as error:
                    refused.append(error)
                    continue
                if change is not None:
                    changes[change["coll"], change["id"]] = change
            return list(changes.values())

        try:
            yield from self.oplog.append(gather, decide)
        except BaseException:
            self.note(keys)
            raise
        told += refused
        return later

    def has_place(self, key: bytes) -> bool:
        """Whether a key has a document, by its name."""
        with naming(key):
            return self.mappings.place(key) is not None

    def is_document(self, key: bytes, value: Value) -> bool:
        """Whether a value of this type is shadowed."""
        place = self.mappings.place(key)
        return place is not None and value.kind in _KINDS and place.mapping.takes(value.kind)

    def change(self, key: bytes, value: Optional[Value], source: str, ts: int) -> Optional[Op]:
        """The operation that makes the document what the key is; None when it is that already."""
        with naming(key):
            return self._change(key, value, source, ts)

    def _change(self, key: bytes, value: Optional[Value], source: str, ts: int) -> Optional[Op]:
        place = self.mappings.place(key)
        if place is None:
            return None
        replica = self.oplog.replica
        if value is None or value.is_over(ts) or not self.is_document(key, value):
            # Gone, or of a type that is not taken: no document, and no longer one.
            known = replica.db.get(place.coll, place.id)
            return None if known is None else {"op": "delete", "coll": place.coll, "id": known["_id"]}
        document = {**self.reader.document(place.mapping, key, value), "_source": source}
        put: Op = {"op": "put", "coll": place.coll, "id": place.id, "doc": document}
        if source == "backfill":
            put["evidence"] = "backfill"
        if value.expires_us is not None:
            put["expires_us"] = value.expires_us
        put = replica.tried(put, ts)
        return put if self._differs(put, value) else None

    def _differs(self, put: Op, value: Value) -> bool:
        """Whether the document is not so yet; where it came from does not count."""
        known = self.oplog.replica.db.get(put["coll"], put["id"])
        if known is None or not same(_content(known), _content(put["doc"])):
            return True
        before, after = self.oplog.replica.expiry(put["coll"], put["id"]), value.expires_us
        if before is None or after is None:
            return before is not after
        return abs(before - after) > value.tolerance_us


@contextmanager
def naming(key: bytes) -> Iterator[None]:
    """Makes whatever the caller's extractor and parser come to with a key a refusal of that key."""
    name = text_of(key)
    try:
        yield
    except NedbError as error:
        if error.kind not in ("invalid", "limit") or repr(name) in str(error):
            raise
        told = f"the key {name!r} cannot be a document: {error}"
        raise error_of(str(error.code), told, {"path": error.path, "limit": error.limit}) from error
    except MemoryError:
        raise
    except Exception as error:
        raise error_of("invalid_value", f"the key {name!r} cannot be a document: {error!r}", {"path": str(name)}) from error


def _content(document: Dict[str, Any]) -> Dict[str, Any]:
    return {name: value for name, value in document.items() if name not in MIRRORED and name != "_source"}
