"""The calls of `NEDB`, over HTTP.

Promises: arguments, answers and errors are those of the calls in process, but for what the class says of itself. A write that may be
sent twice has an idempotency key, so that it is done once.
"""

from __future__ import annotations

import math
import operator
import ssl
import time
import uuid
from datetime import date, datetime
from os import PathLike
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from .._native import Query, Writer
from ..errors import PreconditionFailed, error_of
from . import _wire
from ._errors import NedbNotFound, exhausted
from ._feed import Feed, FeedOfAll
from ._pin import Pin
from ._transport import Again, Request, Transport
from ._wire import Id, Moment, Shape, id_given, id_text, moment_text, object_text, path

_Document = Dict[str, Any]
_Causes = Union[int, str, Iterable[Union[int, str]]]
_Time = Union[str, date, datetime]

_TIMEOUT_S = 30.0
_RETRIES = 4
_CAS_ATTEMPTS = 16
_PAGE = 1000
"""Documents of a scan that one request brings."""
_BATCH = 4096
_BATCH_BYTES_MAX = 8 << 20
"""Bytes of the documents of one transaction of `put_many`."""
_OF_OPERATION = ("nonce", "ttl_s", "caused_by", "evidence", "confidence", "valid_from", "valid_to", "if_seq")
_OF_REQUEST = ("client", "idem")


class _Written(NamedTuple):
    result: Any
    seq: int
    head: str


class NedbClient:
    """A database of a `nedbd`: `NedbClient("http://127.0.0.1:7070", "shop", token)`.

    The calls are those of `NEDB`. `timeout` is the seconds that the server may be silent. A request that failed because the server was busy or
    the network broke is sent again, `retries` times at most, after pauses that grow; a write has an idempotency key for that, so that it is
    done once. (With a key, a delete that finds nothing logs a no-op, as it does in process.)

    With `verify=True`, `get` and `get_many` believe nothing: each document that they give was checked against the operation's commitment, that
    against a signed checkpoint, and that against the last one that was seen, which is kept in the file `pin`, or in memory. The key of
    the database is `verifier_key`, or the one that the server tells the first time, which is pinned as well.

    An object may be shared by threads. `tls` is an `ssl.SSLContext` for an address with https, where the default one does not do.
    """

    def __init__(
        self,
        url: str,
        db: str,
        token: Optional[str] = None,
        timeout: float = _TIMEOUT_S,
        *,
        retries: int = _RETRIES,
        verify: bool = False,
        pin: Union[str, PathLike[str], None] = None,
        verifier_key: Optional[str] = None,
        tls: Optional[ssl.SSLContext] = None,
    ) -> None:
        if not verify and (pin is not None or verifier_key is not None):
            raise error_of("invalid_argument", "pin and verifier_key belong to verify=True", {})
        self.name = db
        self._transport = Transport(url, token, timeout, retries, tls)
        self._root = "/v1/" + path("databases", db)
        self._pin = Pin(pin, verifier_key, self._ask) if verify else None

    def __repr__(self) -> str:
        return f"<NedbClient {self._transport.url}, {self.name}>"

    def __enter__(self) -> NedbClient:
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._transport.close()

    # What the server has.

    def health(self) -> Dict[str, Any]:
        """What the daemon tells about itself."""
        return self._transport.read(Request("GET", "/health"))

    def databases(self) -> List[Dict[str, Any]]:
        """The databases that the token has a right on: dicts with `name seq head rows collections`."""
        answer: List[Dict[str, Any]] = self._transport.read(Request("GET", "/v1/databases"), databases=[dict])["databases"]
        return answer

    def create_database(self, init: Optional[_Document] = None) -> Dict[str, Any]:
        """Makes the database of this client; `init` is `{indexes, seed, links}` as docs/nedbd.md says. It takes the right `admin`."""
        texts = {} if init is None else {"init": _wire.value_text(init)}
        request = Request("POST", "/v1/databases", object_text({"name": self.name}, **texts), Again.UNDONE)
        return _wire.shaped(self._transport.read(request, database=dict)["database"], name=str)

    def drop_database(self) -> None:
        """Removes the database with its history. It takes the right `admin`."""
        self._transport.read(Request("DELETE", self._root, again=Again.UNDONE))

    def summary(self) -> Dict[str, Any]:
        """What is told about the database: `name seq head rows collections indexes`."""
        answer = self._transport.read(Request("GET", self._root), database=dict)["database"]
        return _wire.shaped(answer, seq=int, head=str, collections=dict, indexes=[dict])

    @property
    def seq(self) -> int:
        """The seq of the last operation; -1 when there is none."""
        return int(self.summary()["seq"])

    @property
    def head(self) -> str:
        """The root of the Merkle tree over all operations."""
        return str(self.summary()["head"])

    # Writes.

    def put(
        self,
        coll: str,
        id: Id,
        doc: _Document,
        client: Optional[str] = None,
        nonce: Optional[int] = None,
        idem: Optional[str] = None,
        ttl_s: Optional[float] = None,
        caused_by: Optional[_Causes] = None,
        evidence: Optional[str] = None,
        confidence: Optional[float] = None,
        valid_from: Optional[_Time] = None,
        valid_to: Optional[_Time] = None,
        if_seq: Optional[int] = None,
        *,
        receipt: bool = False,
    ) -> Any:
        """Writes a new version of a document and returns it as it was stored; with `receipt=True` `(document, seq, head)`."""
        said = dict(zip(_OF_OPERATION, (nonce, ttl_s, caused_by, evidence, confidence, valid_from, valid_to, if_seq)))
        text = object_text({"op": "put", "coll": coll, "id": id_text(id), **_told(said)}, doc=_wire.document_text(doc))
        written = self._write_one(text, client, idem)
        _wire.shaped(written.result)
        return tuple(written) if receipt else written.result

    def delete(self, coll: str, id: Id, **said: Any) -> bool:
        """Deletes a document; False when there is none. Takes what the call in process takes."""
        return bool(self._change({"op": "delete", "coll": coll, "id": id_text(id)}, said))

    def expire(self, coll: str, id: Id, ttl_s: Optional[float], **said: Any) -> bool:
        """Lets a document expire so many seconds from now, or never with None; False when there is none."""
        return bool(self._change({"op": "expire", "coll": coll, "id": id_text(id), **_told({"ttl_s": ttl_s})}, said))

    def restore(self, coll: str, id: Id, seq: int, **said: Any) -> _Document:
        """Writes the content of an earlier version again, and returns it."""
        return _wire.shaped(self._change({"op": "restore", "coll": coll, "id": id_text(id), **_told({"seq": seq})}, said))

    def link(self, frm: str, rel: str, to: str, **said: Any) -> bool:
        """Adds an edge between two nodes, each written `coll:id`; False when it is there."""
        return bool(self._change({"op": "link", "frm": frm, "rel": rel, "to": to}, said))

    def unlink(self, frm: str, rel: str, to: str, **said: Any) -> bool:
        """Removes an edge; False when there is none."""
        return bool(self._change({"op": "unlink", "frm": frm, "rel": rel, "to": to}, said))

    def tx(self, ops: Iterable[Mapping[str, Any]], client: Optional[str] = None, idem: Optional[str] = None) -> Dict[str, Any]:
        """Writes operations, all or none; returns `{results, count, seq}`."""
        answer = self._write([_operation_text(position, op) for position, op in enumerate(ops)], client, idem)
        return {name: answer[name] for name in ("results", "count", "seq")}

    def put_many(
        self,
        coll: str,
        docs: Iterable[Union[_Document, Tuple[Id, _Document]]],
        *,
        batch: int = _BATCH,
        client: Optional[str] = None,
    ) -> int:
        """Writes many documents of one collection, in transactions of at most `batch`, and returns how many."""
        texts: List[str] = []
        size = count = 0
        if operator.index(batch) < 0:
            raise error_of("invalid_argument", f"batch {batch} is negative", {})
        for position, given in enumerate(docs):
            id, document = _identified(position, given)
            texts.append(object_text({"op": "put", "coll": coll, "id": id_text(id)}, doc=_wire.document_text_at(position, document)))
            size += len(texts[-1])
            if len(texts) >= batch or size >= _BATCH_BYTES_MAX:
                count += self._write(texts, client, None)["count"]
                texts, size = [], 0
        return count + (self._write(texts, client, None)["count"] if texts else 0)

    def writer(self, *, ca: Union[str, PathLike[str], None] = None) -> Writer:
        """Opens a connection on which many writes are in flight, each acknowledged when it is durable.

            with db.writer() as w:
                last = [w.put("events", n, {"n": n}) for n in range(10_000)][-1]
                last.result()["seq"]

        Its calls give a `PendingWrite` at once, whose `result()` is the receipt; they wait when as much is in flight as the server takes. Writes take effect
        in the order of the calls, and once, also when the connection breaks and is made again. The end of the block waits for all, and raises the
        first error of one whose pending was thrown away. `ca` is a file of PEM certificates to trust for an address with https; else
        those of the machine are, since an `ssl.SSLContext` cannot be handed on.
        """
        transport = self._transport
        if transport.tls is not None and ca is None:
            raise error_of("unsupported", "a writer cannot use an ssl.SSLContext: give the certificates to trust as ca", {})
        pem = None if ca is None else Path(ca).read_text()
        return Writer(transport.url + transport.prefix, self.name, transport.token, (transport.timeout, transport.retries, pem))

    def cas_retry(
        self,
        coll: str,
        id: Id,
        change: Callable[[Optional[_Document]], Optional[_Document]],
        *,
        attempts: int = _CAS_ATTEMPTS,
        **said: Any,
    ) -> Optional[_Document]:
        """Reads a document, calls `change` with it, or with None when there is none, and writes what that returns if nobody was quicker.

        Else it begins anew, `attempts` times at most; then there is a `CasExhausted`. When `change` returns None nothing is written.
        """
        for _ in range(attempts):
            seq, document = self._versioned(coll, id)
            changed = change(document)
            if changed is None:
                return document
            try:
                written: _Document = self.put(coll, id, changed, if_seq=seq, **said)
            except PreconditionFailed:
                continue
            return written
        raise exhausted(coll, id, attempts)

    def drop_collection(self, coll: str) -> int:
        """Deletes every document that a collection has now, and returns how many. It takes the right `admin`."""
        return int(_wire.shaped(self.mongo({"op": "drop", "collection": coll}), dropped=int)["dropped"])

    def sweep(self) -> int:
        """Deletes the documents whose lifetime has ended, and returns how many. It takes the right `admin`."""
        return int(self._post("sweep", "{}", swept=int)["swept"])

    # Reads.

    def get(self, coll: str, id: Id, as_of: Optional[Moment] = None) -> Optional[_Document]:
        """The document, or None when it does not exist."""
        moment = None if as_of is None else moment_text(as_of)
        _check_collection(coll)
        text = id_given(id)
        if self._pin is None:
            # The range of this id alone: unlike a missing document, a missing database is an error.
            page = path("rows", coll, start=text, end=text + "\0", limit=1, as_of=moment)
            rows: List[_Document] = self._get(page, rows=[dict])["rows"]
            return rows[0] if rows else None
        began_us = time.time_ns() // 1000
        try:
            seq = self._get(path("rows", coll, text, as_of=moment), seq=int)["seq"]
        except NedbNotFound:
            # It is the document that is missing, when the database is not.
            self.summary()
            return None
        if seq < 0:
            raise error_of("bad_proof", f"the server told {seq}, which is no seq, as that of {coll}:{text}", {})
        return self._pin.document((coll, text), seq, moment, began_us)

    def get_many(self, coll: str, ids: Sequence[Id], as_of: Optional[Moment] = None) -> List[Optional[_Document]]:
        """Many documents of one collection, in the order of the ids; None where there is none."""
        if self._pin is not None:
            return [self.get(coll, id, as_of) for id in ids]
        query = Query(coll) if as_of is None else Query(coll).as_of(as_of)
        texts = [id_given(id) for id in ids]
        rows = {row["_id"]: row for row in self.execute(f"{query} WHERE _id IN $ids", {"ids": texts})} if texts else {}
        return [dict(rows[text]) if text in rows else None for text in texts]

    def last_seq(self, coll: str, id: Id) -> int:
        """The seq of the version that a read sees; -1 when there is no document."""
        return self._versioned(coll, id)[0]

    def scan(
        self,
        coll: str,
        *,
        prefix: Optional[Id] = None,
        start: Optional[Id] = None,
        end: Optional[Id] = None,
        as_of: Optional[Moment] = None,
        limit: Optional[int] = None,
    ) -> Iterator[_Document]:
        """The documents of a collection by id, as they are at one moment, read in pages while they are taken."""
        bounds = {name: None if id is None else id_text(id) for name, id in (("prefix", prefix), ("start", start), ("end", end))}
        moment = None if as_of is None else moment_text(as_of)
        _check_collection(coll)
        _check_limit(limit)
        while limit is None or limit > 0:
            size = _PAGE if limit is None else min(limit, _PAGE)
            page = self._get(path("rows", coll, **bounds, limit=size, as_of=moment), rows=[dict], count=int, seq=int)
            yield from page["rows"]
            if page["count"] < size:
                return
            limit = limit if limit is None else limit - size
            # The next page begins behind the last id, and sees what this one saw.
            last = _wire.shaped(page["rows"][-1] if page["rows"] else None, _id=str)
            bounds["start"], moment = last["_id"] + "\0", moment or str(page["seq"])

    def collections(self) -> Dict[str, int]:
        """The collections with their numbers of documents."""
        return dict(self.summary()["collections"])

    def neighbors(self, frm: str, rel: str, as_of: Optional[Moment] = None) -> List[str]:
        """The nodes that links of this relation lead to."""
        return self._nodes(frm, rel, as_of, is_inbound=False)

    def inbound(self, to: str, rel: str, as_of: Optional[Moment] = None) -> List[str]:
        """The nodes from which links of this relation lead here."""
        return self._nodes(to, rel, as_of, is_inbound=True)

    def query(self, nql: str, /, **params: Any) -> List[_Document]:
        """Answers a query in NQL; `$name` in the text takes the value of the keyword argument `name`."""
        return self.execute(nql, params)

    def execute(self, query: Union[str, Query], params: Optional[_Document] = None) -> List[_Document]:
        """Runs a query that was given as text, with the values of its parameters, or as a Query."""
        if isinstance(query, Query):
            params = {**query.params, **(params or {})}
        elif not isinstance(query, str):
            raise TypeError(f"over HTTP a query is a text or a Query, not {type(query).__name__}")
        texts = {"params": _wire.value_text(params)} if params else {}
        rows: List[_Document] = self._post("query", object_text({"nql": str(query)}, **texts), Again.ALWAYS, rows=[dict])["rows"]
        return rows

    def q(self, coll: str) -> Query:
        """Begins a query of a collection, call by call; `execute` runs it."""
        return Query(coll)

    def explain(self, nql: Union[str, Query], /, **params: Any) -> List[_Document]:
        """How a query is answered, step by step."""
        values = {**nql.params, **params} if isinstance(nql, Query) else params
        return self.execute(f"EXPLAIN {nql}", values)

    def sql_exec(self, sql: str, params: Union[Sequence[Any], Mapping[str, Any], None] = None) -> Any:
        """Runs one SQL statement, as `nedb.sql_exec` does. One that writes is not sent again when the network fails."""
        texts = {} if params is None else {"params": _wire.value_text(dict(params) if isinstance(params, Mapping) else list(params))}
        answer = self._post("sql", object_text({"sql": sql}, **texts))
        if "rows" in answer:
            return _wire.shaped(answer, rows=[dict])["rows"]
        _wire.shaped(answer, rowcount=int, seq=int, ids=list)
        return {name: answer[name] for name in ("rowcount", "seq", "ids")}

    def mongo(self, call: _Document) -> Dict[str, Any]:
        """Does one call of the Mongo interface, such as `{"op": "find", "collection": ..}`. It is not sent again when the network fails."""
        return self._post("mongo", _wire.document_text(call))

    # Indexes and upkeep.

    def create_index(self, coll: str, field: str, kind: str = "eq") -> Dict[str, Any]:
        """Makes an index on a field and returns what is known about it. It takes the right `admin`."""
        text = object_text({"coll": coll, "field": field, "kind": kind})
        answer: Dict[str, Any] = self._post("index", text, Again.ALWAYS, index=dict)["index"]
        return answer

    def drop_index(self, coll: str, field: str, kind: Optional[str] = None) -> bool:
        """Drops the indexes on a field, or only those of one kind; tells whether there were any. It takes the right `admin`."""
        request = Request("DELETE", f"{self._root}/{path('index', coll, field, kind=kind)}", again=Again.UNDONE)
        return bool(self._transport.read(request, dropped=bool)["dropped"])

    def indexes(self) -> List[Dict[str, Any]]:
        """The indexes, automatic ones and those being built included."""
        return list(self.summary()["indexes"])

    def stats(self) -> Dict[str, Any]:
        """Sizes and state of the database."""
        return self._get("stats")

    def slow(self, limit: Optional[int] = None) -> List[Dict[str, Any]]:
        """What took long last, the newest first. It takes the right `admin`."""
        _check_limit(limit)
        return list(self._get(path("slow", limit=limit), rows=[dict])["rows"])

    def forget_slow(self) -> None:
        """Forgets them. It takes the right `admin`."""
        self._transport.read(Request("DELETE", f"{self._root}/slow", again=Again.ALWAYS), ok=bool)

    def checkpoint(self) -> str:
        """Writes a checkpoint of the indexes; returns the head. It takes the right `admin`."""
        return str(self._post("checkpoint", "{}", Again.ALWAYS, head=str)["head"])

    # History and proofs.

    def history(self, coll: str, id: Id) -> List[Dict[str, Any]]:
        """All versions of a document, newest first."""
        return list(self._get(path("history", coll, id_given(id)), rows=[dict])["rows"])

    def diff(self, a: Moment, b: Moment, coll: Optional[str] = None) -> List[Dict[str, Any]]:
        """The documents that differ between two moments: dicts with `coll id change before after`."""
        return list(self._get(path("diff", **{"from": moment_text(a)}, to=moment_text(b), coll=coll), rows=[dict])["rows"])

    def since(self, seq: int = -1, limit: Optional[int] = None) -> List[Dict[str, Any]]:
        """The operations after a seq, as dicts; so many at most, or all."""
        found: List[Dict[str, Any]] = []
        _check_limit(limit)
        _check_seq("seq", seq)
        while limit is None or len(found) < limit:
            size = _PAGE if limit is None else min(limit - len(found), _PAGE)
            rows = self._get(path("since", after_seq=seq, limit=size), rows=[dict])["rows"]
            found += rows
            if len(rows) < size:
                break
            seq = _wire.shaped(rows[-1], seq=int)["seq"]
        return found

    def subscribe(self, coll: Optional[str] = None, from_seq: Optional[int] = None) -> Feed:
        """Follows the operations from a seq on, or those that come: an iterator of dicts, which goes on where it was when a connection breaks."""
        if from_seq is not None:
            _check_seq("from_seq", from_seq)
        return Feed(self._transport, f"{self._root}/events", coll, self.seq + 1 if from_seq is None else from_seq)

    def subscribe_all(
        self, databases: Optional[Sequence[str]] = None, *, from_seq: Optional[int] = None, position: Optional[str] = None
    ) -> FeedOfAll:
        """Follows the operations of these databases, or of all that the token may read: an iterator of dicts that says which one each is of.

        It begins with what comes, with a seq in each of them, or behind the `position` of an earlier one. It goes on where it was when a
        connection breaks. Databases that are named need not be there yet; the name of this client's own is not among them unless it is given.
        """
        if isinstance(databases, str):
            raise TypeError("databases is a sequence of names, not a str")
        if from_seq is not None:
            _check_seq("from_seq", from_seq)
        if position is not None and (from_seq is not None or not (position.isascii() and position.isprintable())):
            raise error_of("invalid_argument", f"{position!r} is no position of a feed, or stands beside from_seq", {})
        return FeedOfAll(self._transport, databases, from_seq, position)

    def verify(self) -> bool:
        """Whether the server finds the whole history in order."""
        return bool(_wire.shaped(self.verify_report(), ok=bool)["ok"])

    def verify_report(self, deep: bool = False, expect_head: Optional[str] = None) -> Dict[str, Any]:
        """What a verification on the server found."""
        return self._get(path("verify", deep="1" if deep else None, expect_head=expect_head))

    def proof(self, seq: int) -> str:
        """A proof that an operation is in the history, for `nedb.check_proof`."""
        return self._ask(path("proof", str(seq)))

    def verifier_key(self) -> str:
        """The key that checks the signatures of the database, as the server tells it."""
        return self._ask("verifier-key")

    def signed_checkpoint(self) -> str:
        """A signed checkpoint of the history, as a C2SP note."""
        return self._ask("checkpoint")

    def consistency(self, a: int, b: int) -> Dict[str, Any]:
        """A proof that the history up to seq `b` continues the one up to seq `a`, which `nedb.merkle.is_continued` checks."""
        return self._get(path("consistency", **{"from": a + 1}, to=b + 1))

    # How they are sent.

    def _ask(self, place: str) -> str:
        return self._transport.text(Request("GET", f"{self._root}/{place}"))

    def _get(self, place: str, **shape: Shape) -> Dict[str, Any]:
        return self._transport.read(Request("GET", f"{self._root}/{place}"), **shape)

    def _post(self, place: str, body: str, again: Again = Again.UNDONE, **shape: Shape) -> Dict[str, Any]:
        return self._transport.read(Request("POST", f"{self._root}/{place}", body, again), **shape)

    def _write(self, ops: Sequence[str], client: Optional[str], idem: Optional[str]) -> Dict[str, Any]:
        """One transaction, under a key of its own when the caller gave none."""
        fields = {"client": client, "idem": uuid.uuid4().hex if idem is None else idem}
        text = object_text(fields, ops="[" + ",".join(ops) + "]")
        answer = self._post("tx", text, Again.ALWAYS, results=list, count=int, seq=int, head=str)
        if len(answer["results"]) != len(ops):
            raise _wire.foreign(answer)
        return answer

    def _write_one(self, op: str, client: Optional[str], idem: Optional[str]) -> _Written:
        answer = self._write([op], client, idem)
        return _Written(answer["results"][0], answer["seq"], answer["head"])

    def _change(self, op: Dict[str, Any], said: Mapping[str, Any]) -> Any:
        unknown = [name for name in said if name not in _OF_OPERATION + _OF_REQUEST]
        if unknown:
            raise TypeError(f"{op['op']}() got an unexpected keyword argument '{unknown[0]}'")
        told = _told({name: value for name, value in said.items() if name not in _OF_REQUEST})
        return self._write_one(object_text({**op, **told}), said.get("client"), said.get("idem")).result

    def _versioned(self, coll: str, id: Id) -> Tuple[int, Optional[_Document]]:
        """The seq of the newest version and its document; -1 and None when there is none."""
        rows = self.execute(f"{Query(coll)} WHERE _id = $id SELECT *, _seq", {"id": id_given(id)})
        if not rows:
            return -1, None
        return _wire.shaped(rows[0], _seq=int).pop("_seq"), rows[0]

    def _nodes(self, node: str, rel: str, as_of: Optional[Moment], *, is_inbound: bool) -> List[str]:
        moment = None if as_of is None else moment_text(as_of)
        fields = {"node": node, "rel": rel, "inbound": is_inbound or None, "as_of": moment}
        return list(self._post("neighbors", object_text(fields), Again.ALWAYS, neighbors=[str])["neighbors"])


def _check_limit(limit: Optional[int]) -> None:
    if limit is not None and limit < 0:
        raise error_of("invalid_argument", f"limit {limit} is negative", {})


def _check_seq(name: str, seq: int) -> None:
    if operator.index(seq) < -1:
        raise error_of("invalid_argument", f"{name} {seq} is no seq: they begin at 0, and -1 is the empty database", {})


def _check_collection(name: str) -> None:
    """Refuses a name as the engine does, which a path would make another one or none of."""
    Query(name)


def _told(said: Mapping[str, Any]) -> Dict[str, Any]:
    """What a write says beside its content, in the form of JSON."""
    told = {name: value for name, value in said.items() if value is not None}
    for name in ("nonce", "if_seq", "seq"):
        if name in told:
            told[name] = operator.index(told[name])
    if "ttl_s" in told and not math.isfinite(told["ttl_s"]):
        raise error_of("invalid_argument", f"a lifetime of {told['ttl_s']} seconds ends beyond all time", {})
    if "confidence" in told and not math.isfinite(told["confidence"]):
        raise error_of("invalid_confidence", f"confidence {told['confidence']} is not between 0.0 and 1.0", {})
    causes = told.get("caused_by")
    if causes is not None and not isinstance(causes, (int, str)):
        told["caused_by"] = list(causes)
    for name in ("valid_from", "valid_to"):
        if isinstance(told.get(name), date):
            told[name] = told[name].isoformat()
    return told


def _identified(position: int, given: Union[_Document, Tuple[Id, _Document]]) -> Tuple[Id, _Document]:
    """The id that was given for a document, and the document."""
    if isinstance(given, dict):
        if "_id" not in given:
            raise error_of("invalid_argument", f'document {position} has no "_id"', {})
        return given["_id"], given
    if not isinstance(given, tuple) or len(given) != 2:
        raise error_of("invalid_argument", f"document {position} is neither a dict nor a pair of id and dict", {})
    return given


def _operation_text(position: int, op: Mapping[str, Any]) -> str:
    """An operation of a transaction."""
    if not isinstance(op, Mapping):
        raise error_of("invalid_argument", f"operation {position} is a {type(op).__name__}, not a dict", {})
    plain = {name: value for name, value in op.items() if name != "doc"}
    if "id" in plain:
        plain["id"] = id_text(plain["id"])
    texts = {"doc": _wire.document_text_at(position, op["doc"])} if "doc" in op else {}
    return object_text(_told(plain), **texts)
