"""`.nedb`: the history beside a client of Redis, for both kinds of client.

Every call is a series of steps (what to ask of Redis, batch by batch) that a driver sends: at once for a blocking client, as
a coroutine for one of asyncio. So each call is written once; with an asyncio client its result is awaited.
"""

from __future__ import annotations

import datetime
import operator
import os
import secrets
from typing import Any, Callable, Dict, List, Optional, Union

from .._native import Query
from ..errors import error_of
from .backfill import Plan, Progress, backfill
from .driver import AsyncDriver, Driver
from .entry import GENESIS, Entry, Op
from .mapping import CollectionMapping, Name
from .oplog import Oplog
from .shadow import Shadow
from .value import Reader, Steps

_NAME_BYTES_MAX = 128
_CAUSES_MAX = 1024
_INDEXES_MAX = 64
"""Of one collection: the limits of the engine, known before an entry is in the log."""
_SAID = ("caused_by", "evidence", "confidence", "valid_from", "valid_to")


class Head(str):
    """A head: text, and callable for programs that know it as a method."""

    def __call__(self) -> str:
        return str(self)


class Nedb:
    """The documents of the registered keys and of direct writes, with their history in the log beside them."""

    def __init__(self, client: Any, driver: Union[Driver, AsyncDriver], db_name: str) -> None:
        if not db_name or len(db_name.encode("utf-8")) > _NAME_BYTES_MAX or any(ord(sign) < 32 for sign in db_name):
            raise error_of("invalid_name", f"{db_name!r} cannot name a database: 1 to {_NAME_BYTES_MAX} bytes in one line", {})
        self.db_name = db_name
        self._reader = Reader(client.get_encoder())
        self._driver = driver
        self._by = secrets.token_hex(8)
        self._shadow = Shadow(Oplog(db_name, self._by), self._reader)
        self._process = os.getpid()

    def __repr__(self) -> str:
        return f"<nedb {self.db_name!r}, entry {self._log.replica.tip.number}>"

    @property
    def _log(self) -> Oplog:
        """The log; in a forked child one of its own, because a replica cannot be used there."""
        if self._process != os.getpid():
            self._by = secrets.token_hex(8)
            self._shadow.renew(Oplog(self.db_name, self._by))
            self._driver = self._driver.fresh()
            self._process = os.getpid()
        return self._shadow.oplog

    def _run(self, steps: Callable[[Oplog], Steps[Any]]) -> Any:
        log = self._log
        return self._driver.run(steps(log))

    def _read(self, read: Callable[[Any], Any]) -> Any:
        def steps(log: Oplog) -> Steps[Any]:
            yield from log.follow()
            with log.replica.at(log.replica.now()):
                return read(log.replica.db)

        return self._run(steps)

    # What is shadowed.

    def register(
        self,
        pattern: Name,
        collection: str,
        id_extractor: Optional[Callable[[Name], Any]] = None,
        value_parser: Optional[Callable[[Any], Any]] = None,
        value_type: str = "string",
    ) -> Nedb:
        """Makes keys that match a pattern documents of a collection; the first pattern that matches a key counts."""
        # The name is the engine's to judge: later it could only be told to whoever writes a key.
        Query(collection)
        self._shadow.mappings.all.append(CollectionMapping(pattern, collection, id_extractor, value_parser, value_type))
        return self

    @property
    def shadow_writes(self) -> bool:
        """Whether writes through the wrapped client are shadowed."""
        return self._shadow.is_on

    @shadow_writes.setter
    def shadow_writes(self, is_on: bool) -> None:
        self._shadow.is_on = bool(is_on)

    def backfill(self, *, batch: int = 256, progress: Optional[Progress] = None, on_error: str = "stop") -> Any:
        """Imports the registered keys that are there; returns how many documents this call wrote.

        An interrupted backfill goes on where it was, and `progress` counts what was imported before as well. `progress` gets a dict of counts after each batch. A value that cannot be
        a document ends it, or with `on_error="skip"` is counted and named in `errors`.
        """
        if on_error not in ("stop", "skip") or batch < 1:
            raise error_of("invalid_argument", "on_error is 'stop' or 'skip', and batch at least 1", {})
        plan = Plan(batch, progress, on_error == "skip")
        return self._run(lambda _log: backfill(self._shadow, plan))

    # Writing.

    def put(
        self, coll: str, id: Any, doc: Dict[str, Any], ttl_s: Optional[float] = None, *, if_seq: Optional[int] = None, **said: Any
    ) -> Any:
        """Writes a document beside the keys and returns it as stored; `said` is provenance as NEDB.put takes it."""
        unknown = sorted(set(said) - set(_SAID))
        if unknown:
            raise TypeError(f"put() got an unexpected keyword argument {unknown[0]!r}")

        def decide(log: Oplog, ts: int) -> List[Op]:
            self._check_seq(log, (coll, id), if_seq)
            put: Op = {"op": "put", "coll": coll, "id": id, "doc": doc, **_given(said)}
            _check_causes(log, put)
            if ttl_s is not None:
                # The engine says which lifetimes there are.
                log.replica.tried({**put, "ttl_s": ttl_s}, ts)
                put["expires_us"] = ts + int(ttl_s * 1e6)
            return [log.replica.tried(put, ts)]

        def stored(log: Oplog, entry: Entry) -> Any:
            document = log.replica.db.get(coll, id, entry.seq)
            return log.replica.stored(entry.operations()[0], entry.ts) if document is None else document

        return self._write(decide, stored)

    def delete(self, coll: str, id: Any, *, if_seq: Optional[int] = None) -> Any:
        """Deletes a document; False, and nothing is written, when there is none."""

        def decide(log: Oplog, ts: int) -> List[Op]:
            self._check_seq(log, (coll, id), if_seq)
            known = log.replica.db.get(coll, id)
            return [] if known is None else [{"op": "delete", "coll": coll, "id": known["_id"]}]

        return self._write(decide, _has_happened)

    def link(self, frm: str, rel: str, to: str) -> Any:
        """Adds an edge between two nodes, each `coll:id`; False when it is there."""
        return self._edge({"op": "link", "frm": frm, "rel": rel, "to": to}, False)

    def unlink(self, frm: str, rel: str, to: str) -> Any:
        """Removes an edge; False when there is none."""
        return self._edge({"op": "unlink", "frm": frm, "rel": rel, "to": to}, True)

    def create_index(self, coll: str, field: str, kind: str = "eq") -> Any:
        """Makes an index, here and wherever this log is followed; False when it is there."""

        def decide(log: Oplog, ts: int) -> List[Op]:
            index = log.replica.index_of(coll, field, kind)
            op = {"op": "index", **dict(zip(("coll", "field", "kind"), index))}
            if log.replica.has_index(index):
                return []
            if sum(info["collection"] == index[0] for info in log.replica.db.indexes()) >= _INDEXES_MAX:
                raise error_of("too_many_indexes", f"a collection has at most {_INDEXES_MAX} indexes", {})
            return [op]

        return self._write(decide, _has_happened)

    def checkpoint(self) -> Any:
        """Adds what happened since the last one to the snapshot, from which the next process starts; returns the head."""
        return self._run(lambda log: log.checkpoint())

    def _edge(self, op: Op, must_exist: bool) -> Any:
        def decide(log: Oplog, ts: int) -> List[Op]:
            log.replica.tried(op, ts)
            exists = op["to"] in log.replica.db.neighbors(op["frm"], op["rel"])
            return [op] if exists is must_exist else []

        return self._write(decide, _has_happened)

    def _write(self, decide: Callable[[Oplog, int], List[Op]], answer: Callable[[Oplog, Any], Any]) -> Any:
        def nothing() -> Steps[None]:
            return
            yield []

        def steps(log: Oplog) -> Steps[Any]:
            entry = yield from log.append(nothing, lambda _, ts: decide(log, ts))
            return answer(log, entry)

        return self._run(steps)

    @staticmethod
    def _check_seq(log: Oplog, key: Any, if_seq: Optional[int]) -> None:
        if if_seq is None:
            return
        expected, actual = int(operator.index(if_seq)), log.replica.db.last_seq(*key)
        if expected < -1:
            message = f"if_seq {expected} is no seq: they begin at 0, and -1 means that there is none"
            raise error_of("invalid_argument", message, {})
        if expected == actual:
            return
        failure = {"index": 0, "coll": key[0], "id": key[1], "expected": expected, "actual": actual}
        message = f"{key[0]} {key[1]!r}: expected seq {expected}, found {actual}"
        raise error_of("precondition_failed", message, {"failures": [failure]})

    # Reading.

    def get(self, coll: str, id: Any) -> Any:
        """The document, or None."""
        return self._read(lambda db: db.get(coll, id))

    def get_as_of(self, coll: str, id: Any, as_of: Any) -> Any:
        """The document as it was after a seq, or at a time."""
        return self._read(lambda db: db.get(coll, id, as_of))

    def query(self, nql: str, /, **params: Any) -> Any:
        """Answers a query in NQL."""
        return self._read(lambda db: db.query(nql, **params))

    def neighbors(self, frm: str, rel: str, as_of: Any = None) -> Any:
        """The nodes that links of this relation lead to."""
        return self._read(lambda db: db.neighbors(frm, rel, as_of))

    def inbound(self, to: str, rel: str, as_of: Any = None) -> Any:
        """The nodes from which links of this relation lead here."""
        return self._read(lambda db: db.inbound(to, rel, as_of))

    def history(self, coll: str, id: Any) -> Any:
        """The versions of a document, newest first."""
        return self._read(lambda db: db.history(coll, id))

    def collections(self) -> Any:
        """The collections with their numbers of documents."""
        return self._read(lambda db: db.collections())

    # What it comes to.

    def refresh(self) -> Any:
        """Reads what others wrote; returns the seq of the last operation."""
        return self._read(lambda db: db.seq)

    @property
    def head(self) -> Head:
        """The hash of the last entry; of what was read so far, where the client is one of asyncio."""
        self._driver.at_once(self._log.follow())
        return Head(self._log.replica.tip.hash)

    @property
    def seq(self) -> int:
        """The seq of the last operation, or -1; of what was read so far, where the client is one of asyncio."""
        self._driver.at_once(self._log.follow())
        return self._log.replica.tip.seq

    def _exists(self) -> Any:
        """Whether anything was ever written in the log or the snapshot; a history that is not there verifies as an empty one."""

        def steps(log: Oplog) -> Steps[bool]:
            [count] = yield [("EXISTS", log.stream, log.snapshot)]
            if isinstance(count, Exception):
                raise count
            return bool(count)

        return self._run(steps)

    def verify(self) -> Any:
        """Whether the whole log, read again, checks."""

        def steps(log: Oplog) -> Steps[bool]:
            report = yield from log.verify()
            return bool(report["verdict"] != "corrupt")

        return self._run(steps)

    def verify_report(self, expect_head: Optional[str] = None) -> Any:
        """What reading the whole log again found; `expect_head` is a seq and head that were kept, as `seq:head`."""
        expected = None
        if expect_head is not None:
            seq, _, head = expect_head.rpartition(":")
            if not seq.lstrip("-").isdigit() or len(head) != len(GENESIS):
                raise error_of("invalid_argument", f"{expect_head!r} is no seq and head, such as 41:9f86..", {})
            expected = (int(seq), head)
        return self._run(lambda log: log.verify(expected))

    # For the wrapped client.

    def _touched(self, commands: Any) -> List[bytes]:
        return self._shadow.touched(commands)

    def _catch_up(self, keys: List[bytes]) -> Any:
        """Shadows these keys, and those that are due from before."""
        self._doubtful(keys)
        return self._run(lambda _log: self._shadow.catch_up())

    def _doubtful(self, keys: List[bytes]) -> None:
        """Notes keys of a command whose end is not known."""
        # A child that was forked needs locks of its own before it takes one.
        _own = self._log
        self._shadow.note(keys)


def _has_happened(_log: Oplog, entry: Optional[Entry]) -> bool:
    return entry is not None


def _given(said: Dict[str, Any]) -> Dict[str, Any]:
    """Provenance as it is logged: lists of seqs, and times as text."""
    given = {name: value for name, value in said.items() if value is not None}
    for name in ("valid_from", "valid_to"):
        if isinstance(given.get(name), datetime.date):
            given[name] = given[name].isoformat()
    if "caused_by" in given:
        causes = given["caused_by"]
        given["caused_by"] = [causes] if isinstance(causes, int) else list(causes)
    return given


def _check_causes(log: Oplog, put: Op) -> None:
    if len(put.get("caused_by", ())) > _CAUSES_MAX:
        raise error_of("too_many_causes", f"a write has at most {_CAUSES_MAX} causes", {})
    for cause in put.get("caused_by", ()):
        if isinstance(cause, bool) or not isinstance(cause, int) or not 0 <= cause <= log.replica.tip.seq:
            raise error_of("invalid_argument", f"the cause {cause!r} is no earlier seq", {})
