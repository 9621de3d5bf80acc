"""The client against a real daemon: the calls are those of `NEDB`, and what the network does in between changes nothing."""

import asyncio
import copy
import datetime as dt
import http.server
import inspect
import json
import os
import pickle
import re
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import nedb
import pytest
from conftest import ROOT
from daemon import Daemon
from nedb import NEDB, CasExhausted, NedbAuthError, NedbBadRequest, NedbClient, NedbConflict, NedbNotFound
from nedb.aio import AsyncNedbClient
from proxy import Proxy


VALUES = {
    "bytes": b"\x00\xff",
    "when": dt.datetime(2026, 1, 2, 3, 4, 5, 6, dt.timezone.utc),
    "uuid": uuid.UUID(int=7),
    "price": Decimal("1.50"),
    "big": 2**80,
    "float": 1.0,
    "literal": {"$bytes": "no bytes"},
    "object id": nedb.ObjectId("00112233445566778899aabb"),
    "nested": [{"a": [1, None, True]}],
}


def test_the_calls_are_those_of_the_database_with_the_same_answers(shop):
    """The same lines run over HTTP and in process; what they say is compared."""

    def said(db):
        yield db.put("c", "a", VALUES)
        yield db.get("c", "a")
        yield db.put("c", 7, {"n": 1}, evidence="external", confidence=0.5, caused_by=0, valid_from=dt.date(2026, 1, 1))
        yield db.get("c", 7)
        yield db.get("c", "none")
        yield db.get_many("c", ["a", "none", 7])
        yield db.put("c", "b", {"n": 2}, client="till", idem="k", receipt=True)[1]
        yield db.put("c", "b", {"n": 2}, client="till", idem="k", receipt=True)[1]
        yield db.last_seq("c", "b"), db.last_seq("c", "none")
        yield db.tx([{"op": "put", "coll": "c", "id": 1, "doc": {"x": 1}, "if_seq": -1}, {"op": "link", "frm": "c:1", "rel": "r", "to": "c:7"}])
        yield db.link("c:7", "r", "c:b"), db.neighbors("c:7", "r"), db.inbound("c:b", "r"), db.unlink("c:7", "r", "c:b")
        yield db.put_many("m", [(f"{n:04}", {"n": n}) for n in range(1500)], batch=400)
        yield [row["_id"] for row in db.scan("m")]
        yield [row["_id"] for row in db.scan("m", prefix="01", limit=3)], [row["_id"] for row in db.scan("m", start="1498")]
        yield db.query("FROM m WHERE n < $low ORDER BY n DESC", low=3)
        yield db.execute(nedb.Query("m").where("n < $low", low=3).select("n"))
        yield db.delete("c", "b"), db.get("c", "b"), db.get("c", "b", as_of=2)
        yield db.restore("c", "b", 2)
        yield db.expire("c", "a", None), db.collections()
        yield [version["seq"] for version in db.history("c", "b")]
        yield [(change["id"], change["change"]) for change in db.diff(0, 2)]
        yield db.verify(), db.consistency(0, 3)["to_size"], db.seq

    with NEDB() as db:
        for here, there in zip(said(db), said(shop)):
            assert there == here


def test_the_awaited_client_has_every_call_of_the_other_one(shop, daemon):
    calls = {name for name in dir(NedbClient) if not name.startswith("_")}
    assert calls <= {name for name in dir(AsyncNedbClient) if not name.startswith("_")}

    async def conversation():
        async with AsyncNedbClient(daemon.url, shop.name) as db:
            await asyncio.gather(*(db.put("c", n, {"n": n}) for n in range(10)))
            rows = [row async for row in db.scan("c")]
            async with await db.subscribe(from_seq=0) as feed:
                seqs = [(await feed.__anext__())["seq"] for _ in range(10)]
            return len(rows), seqs, await db.seq(), await db.cas_retry("c", 1, lambda old: {"n": old["n"] + 1})

    assert asyncio.run(conversation()) == (10, list(range(10)), 9, {"n": 2, "_id": "1"})


def test_errors_are_of_the_class_of_their_code_and_of_one_that_says_what_to_do(shop, daemon):
    shop.put("c", "a", {"n": 1})
    with pytest.raises(nedb.PreconditionFailed) as raised:
        shop.put("c", "a", {"n": 2}, if_seq=-1)
    assert isinstance(raised.value, NedbConflict) and raised.value.failures[0]["actual"] == 0
    with pytest.raises(NedbConflict) as raised:
        shop.put("c", "a", {}, nonce=1)
    assert isinstance(raised.value, nedb.ReplayError) and raised.value.last == 1
    with pytest.raises(SyntaxError) as raised:
        shop.query("FROM c WHERE")
    assert isinstance(raised.value, NedbBadRequest) and raised.value.offset == 13
    with pytest.raises(ValueError) as raised:
        shop.put("c", "a", {"items": [float("nan")]})
    assert raised.value.path == "items[0]"
    with pytest.raises(KeyError) as raised:
        NedbClient(daemon.url, "nowhere").get("c", "a")
    assert isinstance(raised.value, NedbNotFound) and raised.value.code == "not_found"
    assert str(raised.value).startswith("there is no database nowhere")
    for call in (lambda: next(shop.scan("c", limit=-1)), lambda: shop.since(limit=-5), lambda: shop.subscribe(from_seq=-2)):
        with pytest.raises(ValueError) as raised:
            call()
        assert raised.value.code == "invalid_argument"
    with pytest.raises(nedb.NedbError, match="address of a server"):
        NedbClient("localhost:7070", "shop")


def test_the_condition_is_part_of_the_request_of_a_key(shop):
    """A retry that reads the seq anew asks for something else, in process and over HTTP."""
    with NEDB() as db:
        for face in (db, shop):
            seq = face.put("c", "a", {"n": 0}, receipt=True)[1]
            first = face.put("c", "a", {"n": 1}, client="till", idem="k", if_seq=seq)
            changed = [{"if_seq": face.last_seq("c", "a")}, {}, {"if_seq": seq, "evidence": "external"}, {"if_seq": seq, "ttl_s": 5}]
            for said in changed:
                with pytest.raises(nedb.ConflictError) as raised:
                    face.put("c", "a", {"n": 1}, client="till", idem="k", **said)
                assert raised.value.code == "idempotency_conflict"
            for said in ({}, {"nonce": 7}):
                assert face.put("c", "a", {"n": 1}, client="till", idem="k", if_seq=seq, **said) == first
            assert face.seq == 1


def test_a_token_that_is_wrong_or_may_not_is_an_auth_error(tmp_path):
    with Daemon(tmp_path / "data", "--token", "a very long secret") as daemon:
        for token, code in ((None, "unauthenticated"), ("another", "unauthenticated")):
            with pytest.raises(NedbAuthError) as raised:
                NedbClient(daemon.url, "shop", token).put("c", "a", {})
            assert raised.value.code == code and isinstance(raised.value, PermissionError)
        assert NedbClient(daemon.url, "shop", "a very long secret").create_database()["name"] == "shop"


def test_a_write_whose_answer_is_lost_is_done_once_and_answered(shop, daemon):
    proxy = Proxy(daemon.http)
    with NedbClient(proxy.url, shop.name) as client:
        writes = [
            lambda n: client.put("c", n, {"n": n}, receipt=True)[1],
            lambda n: client.tx([{"op": "put", "coll": "t", "id": n, "doc": {}}, {"op": "put", "coll": "t", "id": f"{n}x", "doc": {}}])["count"],
            lambda n: client.link(f"c:{n}", "r", "c:0"),
            lambda n: client.put_many("m", [(f"{n}-{i}", {}) for i in range(5)], batch=2),
            lambda n: client.delete("c", n),
        ]
        said = []
        for n in range(4):
            for write in writes:
                proxy.losing = 2
                said.append(write(n))
        assert said[1:5] == [2, True, 5, True] and proxy.losing == 0
    # 1 put, 2 of the transaction, 1 link, 5 documents and 1 delete, four times and none of them twice.
    operations = shop.since()
    assert len(operations) == 40 and {op["kind"] for op in operations} == {"put", "link", "delete"}
    assert all(len(shop.history("t", f"{n}x")) == 1 for n in range(4))
    proxy.close()


def test_what_cannot_have_a_key_is_not_sent_twice(shop, daemon):
    proxy = Proxy(daemon.http)
    with NedbClient(proxy.url, shop.name) as client:
        proxy.losing = 1
        with pytest.raises(OSError, match="did not answer"):
            client.sql_exec("INSERT INTO c (_id, n) VALUES ('a', 1)")
        assert proxy.requests == 1 and shop.get("c", "a") == {"n": 1, "_id": "a"}
    proxy.close()


class _Busy(http.server.BaseHTTPRequestHandler):
    """A server that has no time for the first requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    answers: list = []
    seen: list = []

    def do_POST(self):
        self.seen.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._answer()

    def do_GET(self):
        self._answer()

    do_DELETE = do_GET

    def _answer(self):
        status, said, headers = self.answers.pop(0)
        text = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(text))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_args):
        pass


@pytest.fixture
def busy():
    """A server that answers what it is told to, and its client, which does not really wait."""
    _Busy.answers, _Busy.seen = [], []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Busy)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


BUSY = {"error": "too many requests", "code": "busy", "kind": "busy", "remedy": "retry"}
DONE = {"ok": True, "results": [{"_id": "a"}], "count": 1, "seq": 0, "head": "00"}


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again_after_the_pause_that_it_wants(busy, status, monkeypatch):
    pauses = []
    monkeypatch.setattr("time.sleep", pauses.append)
    _Busy.answers += [(status, BUSY, {"Retry-After": "3"}), (status, BUSY, {}), (200, DONE, {})]
    with NedbClient(busy, "shop") as client:
        assert client.put("c", "a", {}) == {"_id": "a"}
    assert 3 <= pauses[0] <= 4 and 0 < pauses[1] <= 0.1 and len(pauses) == 2
    assert len({request["idem"] for request in _Busy.seen}) == 1


def test_a_server_that_stays_busy_is_told_so_in_the_end(busy, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    _Busy.answers += [(429, BUSY, {})] * 3
    with NedbClient(busy, "shop", retries=2) as client, pytest.raises(nedb.BusyError):
        client.put("c", "a", {})
    assert len(_Busy.seen) == 3


def test_what_is_refused_is_not_sent_again(busy):
    _Busy.answers += [(409, {"error": "no", "code": "precondition_failed", "kind": "conflict", "remedy": ""}, {})]
    with NedbClient(busy, "shop") as client, pytest.raises(nedb.PreconditionFailed):
        client.put("c", "a", {}, if_seq=3)
    assert len(_Busy.seen) == 1


def test_an_answer_that_is_no_answer_of_the_daemon_is_told_with_its_status(busy):
    _Busy.answers += [(500, ["a page of a proxy"], {})]
    with NedbClient(busy, "shop") as client, pytest.raises(OSError, match="answered 500"):
        client.mongo({"op": "count", "collection": "c"})


@pytest.mark.parametrize("status", [301, 302, 304, 307])
def test_a_redirect_is_no_success(busy, status):
    calls = (lambda db: db.put("c", "a", {}), lambda db: db.verifier_key(), lambda db: db.query("FROM c"), lambda db: db.subscribe(from_seq=0).next(5))
    for call in calls:
        _Busy.answers += [(status, DONE, {"Location": "/login"})]
        with NedbClient(busy, "shop", retries=0) as client, pytest.raises(OSError, match=f"answered {status}") as raised:
            call(client)
        assert raised.value.code == "io" and not _Busy.answers


FOREIGN = [
    *(b"{}", b"<html>", b"[]", b"null", b"", b"5", b"\xff\xfe", b"[" * 100_000, b"9" * 10_000),
    *(b'{"rows":5,"count":1,"seq":1}', b'{"rows":[5]}', b'{"rows":[{"x":{"$oid":"no oid"}}]}', b'{"rows":{}}'),
    *(b'{"results":5}', b'{"results":[],"count":1}'),
    *(b'{"database":{}}', b'{"database":5}', b'{"seq":true}', b'{"payload":5}'),
]
"""Answers that no daemon gives, each to some of the calls."""
CALLS = {
    "get": lambda db: db.get("c", "a"),
    "put": lambda db: db.put("c", "a", {}),
    "delete": lambda db: db.delete("c", "a"),
    "restore": lambda db: db.restore("c", "a", 0),
    "tx": lambda db: db.tx([{"op": "put", "coll": "c", "id": "a", "doc": {}}]),
    "put_many": lambda db: db.put_many("c", [("a", {})]),
    "cas_retry": lambda db: db.cas_retry("c", "a", lambda old: {}),
    "query": lambda db: db.query("FROM c"),
    "get_many": lambda db: db.get_many("c", ["a"]),
    "last_seq": lambda db: db.last_seq("c", "a"),
    "scan": lambda db: list(db.scan("c")),
    "databases": lambda db: db.databases(),
    "create_database": lambda db: db.create_database(),
    "summary": lambda db: db.summary(),
    "seq": lambda db: db.seq,
    "head": lambda db: db.head,
    "collections": lambda db: db.collections(),
    "indexes": lambda db: db.indexes(),
    "create_index": lambda db: db.create_index("c", "n"),
    "drop_index": lambda db: db.drop_index("c", "n"),
    "drop_collection": lambda db: db.drop_collection("c"),
    "slow": lambda db: db.slow(),
    "forget_slow": lambda db: db.forget_slow(),
    "sweep": lambda db: db.sweep(),
    "checkpoint": lambda db: db.checkpoint(),
    "neighbors": lambda db: db.neighbors("c:a", "r"),
    "sql_exec": lambda db: db.sql_exec("SELECT * FROM c"),
    "history": lambda db: db.history("c", "a"),
    "diff": lambda db: db.diff(0, 1),
    "since": lambda db: db.since(),
    "subscribe": lambda db: db.subscribe(),
    "verify": lambda db: db.verify(),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_an_answer_that_is_none_of_the_daemon_is_told_so(busy, call):
    with NedbClient(busy, "shop", retries=0) as client:
        for said in FOREIGN:
            _Busy.answers[:] = [(200, said, {})]
            with pytest.raises(OSError, match="is no answer of nedbd") as raised:
                call(client)
            assert isinstance(raised.value, nedb.NedbError) and raised.value.code == "io", said
            assert len(str(raised.value)) < 200


@pytest.mark.parametrize("results", [[], [1], [{}, {}]])
def test_an_answer_to_another_transaction_is_told_so(busy, results):
    _Busy.answers += [(200, {"results": results, "count": 1, "seq": 0, "head": "00"}, {})]
    with NedbClient(busy, "shop") as client, pytest.raises(OSError, match="is no answer of nedbd"):
        client.put("c", "a", {})


@pytest.mark.parametrize("said", [b"\xff", b"[" * 100_000, b"null", b'{"code":[],"error":"x","kind":"busy"}', b'{"code":"x","error":5,"kind":{}}'])
def test_an_error_that_is_none_of_the_daemon_is_told_with_its_status(busy, said):
    _Busy.answers += [(500, said, {})]
    with NedbClient(busy, "shop") as client, pytest.raises(OSError, match="answered 500"):
        client.query("FROM c")


SAID_BEFORE = {
    "a document without an id": (lambda db: db.put_many("c", [{"n": 1}]), "invalid_argument"),
    "a document that is none": (lambda db: db.put_many("c", [5]), "invalid_argument"),
    "a pair that is none": (lambda db: db.put_many("c", [("a",)]), "invalid_argument"),
    "a batch below nothing": (lambda db: db.put_many("c", [("a", {})], batch=-1), "invalid_argument"),
    "an operation that is none": (lambda db: db.tx([5]), "invalid_argument"),
    "a lifetime without an end": (lambda db: db.put("c", "a", {}, ttl_s=float("inf")), "invalid_argument"),
    "a lifetime that is no number": (lambda db: db.expire("c", "a", float("nan")), "invalid_argument"),
    "a lifetime in a transaction": (lambda db: db.tx([{"op": "put", "coll": "c", "id": "a", "doc": {}, "ttl_s": float("inf")}]), "invalid_argument"),
    "a lifetime as text": (lambda db: db.put("c", "a", {}, ttl_s="5"), None),
    "a confidence that is no number": (lambda db: db.put("c", "a", {}, confidence=float("nan")), "invalid_confidence"),
    "a confidence as text": (lambda db: db.put("c", "a", {}, confidence="1"), None),
    "a nonce between two": (lambda db: db.put("c", "a", {}, nonce=1.5), None),
    "a seq between two": (lambda db: db.put("c", "a", {}, if_seq=1.5), None),
    "a seq as text": (lambda db: db.since("0"), None),
    "a seq before all": (lambda db: db.since(-2), "invalid_argument"),
    "a seq to begin with": (lambda db: db.subscribe(from_seq="0"), None),
    "a moment before all": (lambda db: db.get("c", "a", as_of=-2), "invalid_argument"),
    "a moment that is a seq as text": (lambda db: db.get("c", "a", as_of="0"), "invalid_argument"),
    "an id without a byte": (lambda db: db.get("c", ""), "invalid_id"),
    "ids without a byte": (lambda db: db.get_many("c", [""]), "invalid_id"),
    "its last seq": (lambda db: db.last_seq("c", ""), "invalid_id"),
    "its history": (lambda db: db.history("c", ""), "invalid_id"),
    "a collection without a name": (lambda db: db.get("", "a"), "invalid_name"),
    "a collection with a colon": (lambda db: db.get("a:b", "a"), "invalid_name"),
    "a scan of none": (lambda db: next(db.scan("")), "invalid_name"),
}


@pytest.mark.parametrize(("call", "code"), SAID_BEFORE.values(), ids=SAID_BEFORE)
def test_arguments_that_make_no_sense_are_refused_as_in_process(shop, call, code):
    with NEDB() as db:
        for face in (db, shop):
            with pytest.raises((ValueError, TypeError)) as raised:
                call(face)
            assert getattr(raised.value, "code", None) == code
            assert isinstance(raised.value, nedb.NedbError if code else TypeError)
            assert face.seq == -1


@pytest.mark.parametrize(
    "call",
    [
        lambda db: db.put("c", "a", {"items": [float("nan")]}),
        lambda db: db.tx([{"op": "put", "coll": "c", "id": "a", "doc": {}}, {"op": "put", "coll": "c", "id": "b", "doc": {"y": [{"z": float("nan")}]}}]),
        lambda db: db.put_many("c", [("a", {}), ("b", {}), ("c", {"odd name": {"y": {1}}})], batch=2),
        lambda db: db.put_many("c", [{"_id": "a", "when": dt.datetime(2026, 1, 1)}]),
    ],
)
def test_what_cannot_be_stored_is_told_with_the_path_that_it_has_in_process(shop, call):
    with NEDB() as db:
        told = []
        for face in (db, shop):
            with pytest.raises(ValueError) as raised:
                call(face)
            told.append((raised.value.code, raised.value.path, str(raised.value)))
        assert told[0] == told[1]


def test_an_address_with_a_port_that_is_none_is_refused():
    for url in ("http://localhost:99999", "http://localhost:x"):
        with pytest.raises(nedb.NedbError, match="no such port") as raised:
            NedbClient(url, "shop")
        assert raised.value.code == "invalid_argument"


@pytest.mark.parametrize("code", [*nedb.errors._TABLE, "a code of tomorrow"])
def test_errors_of_a_server_are_pickled_and_copied_whole(code):
    from nedb.client._errors import error_from

    at = {"path": "a.b", "failures": [{"actual": 1}], "last_nonce": 5, "line": 1, "column": 2, "limit": "L", "max": 1, "actual": 2}
    error = error_from(code, "the text", "conflict", "the remedy", at)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is type(error) and str(again) == str(error) == "the text"
        for name in ("args", "code", "kind", "remedy", "path", "failures", "last", "limit", "lineno", "offset", "msg", "__dict__"):
            assert getattr(again, name, None) == getattr(error, name, None)


def test_a_compare_and_set_that_never_won_is_pickled_whole():
    from nedb.client._errors import exhausted

    error = exhausted("c", "a", 3)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.attempts, again.code, str(again)) == (CasExhausted, 3, "precondition_failed", str(error))


def test_compare_and_set_from_many_threads_loses_nothing(shop):
    def count(_):
        return shop.cas_retry("k", "visits", lambda old: {"n": (old or {"n": 0})["n"] + 1}, attempts=200)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(80)))
    assert shop.get("k", "visits") == {"n": 80, "_id": "visits"}
    assert shop.cas_retry("k", "visits", lambda old: None) == {"n": 80, "_id": "visits"}
    assert len(shop.history("k", "visits")) == 80


def test_a_compare_and_set_that_never_wins_says_so(shop):
    def beaten(old):
        shop.put("k", "a", {"by": "another"})
        return {"by": "me"}

    with pytest.raises(CasExhausted) as raised:
        shop.cas_retry("k", "a", beaten, attempts=3)
    assert raised.value.attempts == 3 and isinstance(raised.value, NedbConflict)


def test_a_feed_goes_on_where_a_connection_broke(tmp_path):
    """The daemon ends and begins again on its port; the feed has every operation once."""
    with Daemon(tmp_path / "data") as first:
        port = first.http
        client = NedbClient(first.url, "shop", retries=20)
        client.create_database()
        feed = client.subscribe()
        client.put_many("c", [(n, {}) for n in range(10)])
        seqs = [next(feed)["seq"] for _ in range(5)]
    with Daemon(tmp_path / "data", port=port):
        client.put_many("c", [(n, {}) for n in range(10, 20)])
        seqs += [next(feed)["seq"] for _ in range(15)]
        assert seqs == list(range(20)) and feed.position == 20
        assert feed.next(0.05) is None and not feed.closed
        with client.subscribe("other", from_seq=-1) as of_one:
            client.put("other", "a", {"n": 1})
            assert next(of_one)["document"] == {"n": 1}
        assert of_one.next() is None
        feed.close()
        client.close()


def test_a_feed_of_a_database_that_is_not_there_ends_with_the_error(daemon):
    from nedb.client import Feed

    client = NedbClient(daemon.url, "nowhere")
    with pytest.raises(NedbNotFound):
        client.subscribe()
    with Feed(client._transport, client._root + "/events", None, 0) as feed, pytest.raises(NedbNotFound):
        next(feed)
    assert feed.closed


class _Events(http.server.BaseHTTPRequestHandler):
    """A server that sends these events, each after so many seconds, and then nothing until it ends the answer."""

    events: list = []
    pause_s, last_pause_s = 0.0, 60.0
    requests = 0
    may_end = threading.Event()

    def do_GET(self):
        type(self).requests += 1
        self.send_response(200)
        self.end_headers()
        for event in self.events:
            if self.may_end.wait(self.pause_s):
                return
            try:
                self.wfile.write(event)
            except OSError:
                return
        self.may_end.wait(self.last_pause_s)

    def log_message(self, *_args):
        pass


@pytest.fixture
def events():
    """A server that sends what `_Events` says."""
    _Events.events, _Events.pause_s, _Events.last_pause_s, _Events.requests = [], 0.0, 60.0, 0
    _Events.may_end.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Events)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield NedbClient(f"http://127.0.0.1:{server.server_port}", "shop", retries=0)
    _Events.may_end.set()
    server.shutdown()
    server.server_close()


OPERATION = b'data: {"seq":%d,"coll":"%s"}\n\n'


@pytest.mark.parametrize(
    "event",
    [
        *(b"data: {bad\n\n", b"data: {}\n\n", b"data: \xff\n\n", b"data: 5\n\n", b'data: {"seq":1}\n\n', b'data: {"seq":"1","coll":"c"}\n\n'),
        *(b"event: error\ndata: {}\n\n", b"event: error\ndata: 5\n\n", b'event: error\ndata: {"code":[],"error":"x","kind":"y"}\n\n'),
    ],
)
def test_an_event_that_is_none_ends_a_feed_with_an_error(events, event):
    _Events.events = [OPERATION % (0, b"c"), event]
    feed = events.subscribe(from_seq=0)
    assert feed.next(30)["seq"] == 0
    with pytest.raises(OSError, match="is no answer of nedbd") as raised:
        feed.next(30)
    assert raised.value.code == "io" and feed.closed


def test_whatever_ends_the_reading_of_a_feed_comes_as_an_error(events, monkeypatch):
    def fails(*_args):
        raise RuntimeError("the reading failed")

    monkeypatch.setattr("nedb.client._feed._events", fails)
    with pytest.raises(OSError, match="the reading failed") as raised:
        events.subscribe(from_seq=0).next(30)
    assert raised.value.code == "io" and isinstance(raised.value.__cause__, RuntimeError)


def test_a_wait_for_one_collection_ends_in_time_beside_a_busy_one(events):
    _Events.events, _Events.pause_s = [OPERATION % (seq, b"other") for seq in range(200)], 0.05
    with events.subscribe("c", from_seq=0) as feed:
        began = time.monotonic()
        assert feed.next(0.3) is None
        assert time.monotonic() - began < 5 and 0 < feed.position < 100


def test_a_feed_on_which_nothing_happens_outlives_many_connections(events):
    """A server that says it lives has not failed, however long nothing is written."""
    _Events.events, _Events.last_pause_s = [b": nothing new\n\n"], 0.0
    with NedbClient(events._transport.url, "shop", retries=1).subscribe(from_seq=0) as feed:
        while _Events.requests < 8:
            assert feed.next(0.05) is None
        _Events.events = [OPERATION % (0, b"c")]
        assert feed.next(30)["seq"] == 0


def test_what_is_ready_is_found_without_waiting(events):
    _Events.events = [OPERATION % (seq, b"c" if seq == 9 else b"other") for seq in range(10)]
    with events.subscribe("c", from_seq=0) as feed:
        while feed._ready.qsize() < 10:
            time.sleep(0.001)
        assert feed.next(0)["seq"] == 9


@pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan")])
def test_a_time_to_wait_that_is_none_is_refused(events, seconds):
    with events.subscribe(from_seq=0) as feed, pytest.raises(ValueError) as raised:
        feed.next(seconds)
    assert raised.value.code == "invalid_argument"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_feed_refuses_to_go_on_in_a_forked_child(shop):
    with shop.subscribe() as feed:
        child = os.fork()
        if child == 0:
            try:
                feed.next(0)
                os._exit(1)
            except nedb.UnsupportedError:
                feed.close()
                with shop.subscribe(from_seq=0) as own:
                    shop.put("c", "a", {})
                    os._exit(0 if own.next(30)["seq"] == 0 else 2)
        assert os.waitpid(child, 0)[1] == 0
        # The child closed nothing of the parent's.
        assert feed.next(30)["seq"] == 0


def test_a_client_that_was_closed_is_closed(shop):
    shop.put("c", "a", {})
    shop.close()
    with pytest.raises(nedb.ClosedError):
        shop.get("c", "a")


def test_threads_share_a_client_and_its_connections_are_kept(shop):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: shop.put("c", n, {"n": n}), range(200)))
    assert shop.collections() == {"c": 200}
    assert 1 <= len(shop._transport._idle) <= 16


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_has_connections_of_its_own(shop):
    shop.put("c", "a", {"n": 1})
    child = os.fork()
    if child == 0:
        ok = shop.get("c", "a") == {"n": 1, "_id": "a"} and shop.put("c", "b", {}) == {"_id": "b"}
        os._exit(0 if ok else 1)
    assert all(shop.get("c", "a")["n"] == 1 for _ in range(20))
    assert os.waitpid(child, 0)[1] == 0


def test_the_guide_lists_what_the_client_lacks_and_nothing_else():
    guide = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    listed = guide.partition("What it does not have is absent")[2].partition("SQL and Mongo are")[0].replace("`verify_report(deep=True)`", "")
    names = {name for name in dir(NEDB) if not name.startswith("_")}
    lacking = {name for name in names if not hasattr(NedbClient, name)}
    for name in names - lacking:
        if not callable(getattr(NEDB, name)):
            continue
        here, there = (inspect.signature(getattr(cls, name)).parameters for cls in (NEDB, NedbClient))
        if "said" not in there:
            # The text of a query is `query` there, because it may be a `Query` too.
            lacking |= {f"{name}({parameter}=)" for parameter in set(here) - set(there) - {"plan"}}
    assert set(re.findall(r"`([^`]+)`", listed)) == lacking


def test_the_signatures_of_the_writes_are_those_of_the_database():
    def names(cls):
        return list(inspect.signature(cls.put).parameters)

    assert names(NedbClient) == names(NEDB)


def test_slow_questions_are_listed_with_their_steps_and_forgotten(tmp_path):
    with Daemon(tmp_path, "--slow-ms", "1", "--durability", "none") as daemon, NedbClient(daemon.url, "shop") as db:
        db.create_database()
        db.put_many("c", [(n, {"n": n}) for n in range(20_000)])
        assert len(db.query("FROM c WHERE n >= $least ORDER BY n DESC", least=0)) == 20_000
        [found] = db.slow(limit=1)
        assert found["text"] == "FROM c WHERE n >= $least ORDER BY n DESC" and found["params"] == ["least"]
        assert [step["step"] for step in found["steps"]] == ["scan", "filter", "sort"]
        db.forget_slow()
        assert db.slow() == []
