"""Verified reads: the client believes a server only what its history proves, and remembers what it proved before."""

import base64
import datetime as dt
import json
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import nedb
import pytest
from daemon import Daemon
from nedb import NEDB, IntegrityError, NedbClient, merkle


def copied(source, target):
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(source, target)


@pytest.fixture
def served(tmp_path):
    with Daemon(tmp_path / "data") as daemon:
        with NedbClient(daemon.url, "shop") as writer:
            writer.create_database()
            yield daemon, writer


def test_a_verified_read_gives_what_any_read_gives(served, tmp_path):
    daemon, writer = served
    writer.put("c", "a", {"n": 1, "when": b"x"}, evidence="external", confidence=0.5, valid_from="2026-01-01T00:00:00Z")
    writer.put("c", "b", {"n": 2}, caused_by=0, ttl_s=3600)
    writer.expire("c", "a", 7200)
    writer.put("c", "a:b", {"n": 3})
    with NedbClient(daemon.url, "shop", verify=True, pin=tmp_path / "pin") as reader:
        for id in ("a", "b", "a:b", "none"):
            assert reader.get("c", id) == writer.get("c", id)
        assert reader.get("c", "a", as_of=0) == writer.get("c", "a", as_of=0)
        assert reader.get_many("c", ["b", "none"]) == writer.get_many("c", ["b", "none"])
        pinned = json.loads((tmp_path / "pin").read_text())
        assert pinned["size"] == 4 and pinned["key"] == writer.verifier_key()
        writer.put("c", "c", {})
        assert reader.get("c", "c") == {"_id": "c"}
    assert json.loads((tmp_path / "pin").read_text())["size"] == 5


def test_a_history_that_was_rolled_back_or_written_anew_is_not_believed(tmp_path):
    data, pin = tmp_path / "data", tmp_path / "pin"
    with Daemon(data) as daemon, NedbClient(daemon.url, "shop") as writer:
        writer.create_database()
        writer.put("c", "a", {"n": 1})
    copied(data, tmp_path / "before")
    with Daemon(data) as daemon:
        with NedbClient(daemon.url, "shop") as writer, NedbClient(daemon.url, "shop", verify=True, pin=pin) as reader:
            writer.put("c", "a", {"n": 2})
            writer.put("c", "b", {"n": 2})
            assert reader.get("c", "a")["n"] == 2
    # Another history with the same beginning, shorter at first and longer later.
    with Daemon(tmp_path / "before") as daemon:
        with NedbClient(daemon.url, "shop") as writer, NedbClient(daemon.url, "shop", verify=True, pin=pin) as reader:
            assert writer.get("c", "a")["n"] == 1
            with pytest.raises(nedb.NedbError) as raised:
                reader.get("c", "a")
            assert raised.value.code in ("unknown_proof_seq", "head_mismatch")
            for n in range(5):
                writer.put("c", "a", {"n": 10 + n})
            with pytest.raises(IntegrityError) as raised:
                reader.get("c", "a")
            assert raised.value.code == "head_mismatch"


def test_another_database_under_the_name_is_not_believed(tmp_path):
    pin = tmp_path / "pin"
    for number, data in enumerate((tmp_path / "one", tmp_path / "two")):
        with Daemon(data) as daemon, NedbClient(daemon.url, "shop") as writer:
            writer.create_database()
            writer.put("c", "a", {"n": 1})
            with NedbClient(daemon.url, "shop", verify=True, pin=pin) as reader:
                if number == 0:
                    assert reader.get("c", "a") == {"n": 1, "_id": "a"}
                else:
                    with pytest.raises(IntegrityError):
                        reader.get("c", "a")
            if number == 1:
                with pytest.raises(IntegrityError):
                    NedbClient(daemon.url, "shop", verify=True, verifier_key=json.loads(pin.read_text())["key"]).get("c", "a")
                with pytest.raises(IntegrityError):
                    NedbClient(daemon.url, "shop", verify=True, pin=pin, verifier_key=writer.verifier_key())


@pytest.mark.parametrize("lie", ["document", "another version", "another document", "no content"])
def test_a_server_that_lies_about_a_document_is_found_out(served, lie, monkeypatch):
    daemon, writer = served
    writer.put("c", "a", {"price": 100})
    writer.put("c", "b", {"price": 900})
    reader = NedbClient(daemon.url, "shop", verify=True)
    ask = reader._pin._ask

    def lied(place):
        if lie == "document" and place.startswith("content/"):
            content = json.loads(ask(place))
            payload = bytearray(base64.b64decode(content["payload"]["$bytes"]))
            payload[-8] ^= 1
            return json.dumps({"payload": {"$bytes": base64.b64encode(payload).decode()}})
        if lie == "no content" and place.startswith("content/"):
            return '{"seq":0,"payload":null}'
        if lie == "another version":
            return ask(place.replace("/0", "/1")) if place.startswith("proof/") else ask(place)
        return ask(place.replace("/0", "/1")) if place != "verifier-key" else ask(place)

    monkeypatch.setattr(reader._pin, "_ask", lied)
    with pytest.raises(IntegrityError) as raised:
        reader.get("c", "a")
    assert raised.value.code == "bad_proof"


def test_a_pin_that_is_none_is_refused(tmp_path):
    (tmp_path / "pin").write_text('{"key": "k"}')
    with pytest.raises(IntegrityError):
        NedbClient("http://127.0.0.1:7070", "shop", verify=True, pin=tmp_path / "pin")
    with pytest.raises(ValueError, match="belong to verify=True"):
        NedbClient("http://127.0.0.1:7070", "shop", pin=tmp_path / "pin")


def test_the_checker_of_continuations_agrees_with_the_engine():
    with NEDB() as db:
        for n in range(40):
            db.put("c", n, {})
        leaves = [bytes.fromhex(op.hash) for op in db.log]
        for earlier in (1, 2, 3, 7, 8, 21, 32, 39, 40):
            for later in range(earlier, 41):
                proof = db.consistency(earlier - 1, later - 1)
                hashes = [bytes.fromhex(text) for text in proof["hashes"]]
                roots = merkle.root(leaves[:earlier]), merkle.root(leaves[:later])
                assert merkle.is_continued(earlier, roots[0], later, roots[1], hashes)
                assert not merkle.is_continued(earlier, roots[1][::-1], later, roots[1], hashes)
                assert not merkle.is_continued(earlier, roots[0], later, roots[0][::-1], hashes)
                assert not merkle.is_continued(earlier, roots[0], later, roots[1], [*hashes, roots[0]])
                if hashes:
                    assert not merkle.is_continued(earlier, roots[0], later, roots[1], hashes[:-1])
        assert merkle.is_continued(0, merkle.EMPTY_ROOT, 3, merkle.root(leaves[:3]), [])
        assert not merkle.is_continued(4, merkle.root(leaves[:4]), 3, merkle.root(leaves[:3]), [])


def reader_told(daemon, seq):
    """A verifying client whose server tells this seq for every document."""
    reader = NedbClient(daemon.url, "shop", verify=True)
    text = reader._transport.text
    reader._transport.text = lambda request: json.dumps({"seq": seq}) if "/rows/" in request.path else text(request)
    return reader


def test_a_version_that_is_later_than_the_moment_of_the_read_is_not_believed(served):
    daemon, writer = served
    for n in range(3):
        writer.put("c", "a", {"n": n})
    before = writer.history("c", "a")[1]["ts"]
    writer.put("c", "a", {"n": 3})
    honest = NedbClient(daemon.url, "shop", verify=True)
    for moment in (1, before, 3, 99):
        assert honest.get("c", "a", as_of=moment) == writer.get("c", "a", as_of=moment)
    assert honest.get("c", "a", as_of=-1) is None
    lying = reader_told(daemon, 3)
    for moment in (2, 1, 0, -1, before, dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc)):
        with pytest.raises(IntegrityError, match="later than the moment") as raised:
            lying.get("c", "a", as_of=moment)
        assert raised.value.code == "bad_proof"
        with pytest.raises(IntegrityError):
            lying.get_many("c", ["a"], as_of=moment)
    assert lying.get("c", "a", as_of=3) == lying.get("c", "a") == {"n": 3, "_id": "a"}


def test_a_version_whose_lifetime_was_over_is_not_believed(served, monkeypatch):
    daemon, writer = served
    writer.put("c", "a", {"n": 0}, ttl_s=3600)
    writer.put("c", "b", {"n": 1})
    now = time.time_ns
    lying = reader_told(daemon, 0)
    assert lying.get("c", "a")["n"] == 0
    monkeypatch.setattr("time.time_ns", lambda: now() + 3601 * 10**9)
    for moment in (None, 99):
        with pytest.raises(IntegrityError, match="whose lifetime was over at") as raised:
            lying.get("c", "a", as_of=moment)
        assert raised.value.code == "bad_proof"
    # What lived at an earlier moment is shown at that moment, however late it is asked for.
    assert lying.get("c", "a", as_of=1)["n"] == 0 == lying.get("c", "a", as_of=writer.history("c", "b")[0]["ts"])["n"]


def test_a_version_that_expired_between_two_operations_is_not_believed_at_the_second(served):
    daemon, writer = served
    writer.put("c", "a", {"n": 0}, ttl_s=0.001)
    while writer.get("c", "a") is not None:
        pass
    writer.put("c", "b", {"n": 1})
    with pytest.raises(IntegrityError, match="whose lifetime was over at"):
        reader_told(daemon, 0).get("c", "a", as_of=1)


@pytest.mark.parametrize("seq", [True, -1, "../checkpoint", "0", 0.0, None])
def test_a_seq_that_is_none_is_not_believed(served, seq):
    daemon, writer = served
    writer.put("c", "a", {"n": 0})
    with pytest.raises(nedb.NedbError, match="is no seq|no answer of nedbd") as raised:
        reader_told(daemon, seq).get("c", "a")
    assert raised.value.code == ("bad_proof" if seq == -1 else "io")


@pytest.mark.parametrize("answer", ["{}", "null", "<html>", '{"hashes": ["zz"]}', '{"payload": "x"}'])
def test_a_proof_that_is_none_is_an_error_of_nedb(served, answer, monkeypatch):
    daemon, writer = served
    writer.put("c", "a", {"n": 0})
    with NedbClient(daemon.url, "shop", verify=True) as reader:
        ask = reader._pin._ask
        assert reader.get("c", "a")["n"] == 0
        writer.put("c", "a", {"n": 1})
        for route in ("content/", "proof/", "consistency?"):
            monkeypatch.setattr(reader._pin, "_ask", lambda place, route=route: answer if place.startswith(route) else ask(place))
            with pytest.raises(nedb.NedbError):
                reader.get("c", "a")
        monkeypatch.setattr(reader._pin, "_ask", ask)
        assert reader.get("c", "a")["n"] == 1
    with NedbClient(daemon.url, "shop", verify=True) as reader:
        ask = reader._pin._ask
        monkeypatch.setattr(reader._pin, "_ask", lambda place: answer if place == "verifier-key" else ask(place))
        with pytest.raises(nedb.NedbError):
            reader.get("c", "a")
        # What was no key is not kept as one.
        monkeypatch.setattr(reader._pin, "_ask", ask)
        assert reader.get("c", "a")["n"] == 1


def seen_again(reader, writer, seq):
    """Lets the reader see the checkpoint that the server signs now, as the proof of this operation, whenever it reads it."""
    ask, proof = reader._pin._ask, writer.proof(seq)
    reader._pin._ask = lambda place: proof if place == f"proof/{seq}" else ask(place)


def test_two_clients_of_one_pin_never_set_it_back(served, tmp_path):
    daemon, writer = served
    pin = tmp_path / "pin"
    writer.put("c", "a", {})
    with NedbClient(daemon.url, "shop", verify=True, pin=pin) as one, NedbClient(daemon.url, "shop", verify=True, pin=pin) as other:
        for reader in (one, other):
            reader.get("c", "a")
        writer.put("c", "b", {})
        seen_again(one, writer, 1)
        writer.put_many("c", [(n, {}) for n in range(10)])
        other.get("c", "5")
        assert json.loads(pin.read_text())["size"] == 12
        assert one.get("c", "b") == {"_id": "b"}
        assert json.loads(pin.read_text())["size"] == 12 == one._pin._head.size
        # A pin that is gone, or older than what a client saw, is written again.
        pin.unlink()
        writer.put("c", "c", {})
        one.get("c", "c")
        assert json.loads(pin.read_text())["size"] == 13


def test_a_history_that_differs_from_what_another_client_of_the_pin_saw_is_found_out(tmp_path):
    data, pin = tmp_path / "data", tmp_path / "pin"
    with Daemon(data) as daemon, NedbClient(daemon.url, "shop") as writer:
        writer.create_database()
        writer.put("c", "a", {"n": 1})
    copied(data, tmp_path / "before")
    with Daemon(data) as daemon, Daemon(tmp_path / "before") as forked:
        with NedbClient(daemon.url, "shop") as writer, NedbClient(forked.url, "shop") as forger:
            writer.put("c", "a", {"n": 2})
            forger.put("c", "a", {"n": 3})
            with NedbClient(daemon.url, "shop", verify=True, pin=pin) as one, NedbClient(forked.url, "shop", verify=True, pin=pin) as other:
                assert one.get("c", "a")["n"] == 2
                with pytest.raises(IntegrityError) as raised:
                    other.get("c", "a")
                assert raised.value.code == "head_mismatch"


def test_a_server_is_asked_without_a_lock(served):
    """What one thread waits for holds up no other one: here the wait of the first ends only when the second was answered."""
    daemon, writer = served
    for n in range(3):
        writer.put("c", n, {})
    reader = NedbClient(daemon.url, "shop", verify=True)
    reader.get("c", "0")
    writer.put("c", "late", {})
    ask, has_answered, waits = reader._pin._ask, threading.Event(), threading.Event()

    def slow(place):
        if place.startswith("consistency?") and not waits.is_set():
            waits.set()
            assert has_answered.wait(30)
        return ask(place)

    reader._pin._ask = slow
    with ThreadPoolExecutor(1) as pool, ThreadPoolExecutor(1) as another:
        late = pool.submit(reader.get, "c", "late")
        assert waits.wait(30)
        # With a lock this one waits for the other, which waits for its answer.
        assert another.submit(reader.get, "c", "1").result(10) == {"_id": "1"}
        has_answered.set()
        assert late.result(30) == {"_id": "late"}


def test_threads_and_clients_that_share_a_pin_leave_the_latest(served, tmp_path):
    daemon, writer = served
    pin = tmp_path / "pin"
    writer.put("c", "0", {})
    readers = [NedbClient(daemon.url, "shop", verify=True, pin=pin) for _ in range(4)]

    def read(n):
        writer.put("c", n, {})
        return readers[n % 4].get("c", n)

    with ThreadPoolExecutor(8) as pool:
        assert [found["_id"] for found in pool.map(read, range(1, 60))] == [str(n) for n in range(1, 60)]
    assert json.loads(pin.read_text())["size"] == max(reader._pin._head.size for reader in readers)
    for reader in readers:
        reader.close()
