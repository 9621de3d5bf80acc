"""Many writes in flight to a real daemon: receipts, order, errors, and what a fork and a kill leave of them."""

import asyncio
import multiprocessing
import os
import signal
import socket
import threading
import time

import pytest
from daemon import Daemon
from nedb import NedbClient, NedbConflict, NedbNotFound, PreconditionFailed, ReplayError, UnsupportedError
from nedb.aio import AsyncNedbClient
from nedb.aio._client import AsyncPending
from nedb.errors import ClosedError


def test_far_more_writes_than_the_server_takes_at_once_are_done_in_order(shop):
    with shop.writer() as w:
        pending = [w.put("c", n % 7, {"n": n, "b": b"\x00\xff"}) for n in range(6_000)]
        assert [one.result()["seq"] for one in pending] == list(range(6_000))
        assert pending[0].done() and pending[0].result() == pending[0].result()
    assert shop.get("c", 5_999 % 7)["n"] == 5_999 and shop.get("c", 0)["b"] == b"\x00\xff"


def test_every_call_has_its_receipt(shop):
    with shop.writer() as w:
        put = w.put("c", "a", {"n": 1}, client="till", nonce=5, evidence="external", confidence=0.5, valid_from="2026-01-01").result()
        assert put["changed"] and put["seq"] == 0 and put["size"] == 1 and len(put["head"]) == 64 and not put["replayed"]
        assert w.link("c:a", "to", "c:b").result()["changed"]
        assert w.unlink("c:a", "to", "c:b").result()["changed"]
        both = w.tx([{"op": "put", "coll": "c", "id": "b", "doc": {}}, {"op": "delete", "coll": "c", "id": "a"}], idem="k")
        assert [one["changed"] for one in both.result()["outcomes"]] == [True, True]
        assert w.tx([{"op": "put", "coll": "c", "id": "b", "doc": {}}, {"op": "delete", "coll": "c", "id": "a"}], idem="k").result()["replayed"]
        assert w.restore("c", "a", 0).result(timeout=30)["changed"]
        assert not w.delete("c", "none").result()["changed"]
    assert shop.get("c", "a")["n"] == 1


def test_an_error_is_of_the_classes_of_the_client(shop):
    with shop.writer() as w:
        w.put("c", "a", {}, client="till", nonce=5).result()
        with pytest.raises(PreconditionFailed) as failed:
            w.put("c", "a", {}, if_seq=-1).result()
        assert isinstance(failed.value, NedbConflict) and failed.value.failures[0]["actual"] == 0
        with pytest.raises(ReplayError) as failed:
            w.put("c", "a", {}, client="till", nonce=5).result()
        assert failed.value.last == 5
        with pytest.raises(UnsupportedError):
            w.put("c", b"\xff", {})
        with pytest.raises(ValueError, match="receipt"):
            w.put("c", "a", {}, receipt=True)
        with pytest.raises(TypeError):
            w.delete("c", "a", ttl_s=5)
    with pytest.raises(ClosedError):
        w.put("c", "a", {})
    w.close()


def test_an_error_that_nobody_waits_for_is_raised_at_the_end_of_the_block(shop):
    with pytest.raises(ValueError, match="a:b"):
        with shop.writer() as w:
            w.put("a:b", "a", {})
            w.put("c", "a", {})
    assert shop.get("c", "a") is not None
    # One that leaves the block by itself is not hidden by it.
    with pytest.raises(KeyError, match="mine"):
        with shop.writer() as w:
            w.put("a:b", "a", {})
            raise KeyError("mine")


def test_a_database_that_is_not_there_is_told_at_once(daemon):
    with pytest.raises(NedbNotFound):
        NedbClient(daemon.url, "none", retries=0).writer()


def test_threads_share_a_writer_and_others_go_on_while_it_waits(shop):
    with shop.writer() as w:
        threads = [threading.Thread(target=lambda name=name: [w.put("c", f"{name}-{n}", {}) for n in range(300)]) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        w.flush()
        assert shop.summary()["rows"] == 1_200


def test_a_daemon_that_is_killed_and_comes_back_has_each_write_once(tmp_path):
    first = Daemon(tmp_path / "data")
    client = NedbClient(first.url, "shop", retries=50)
    client.create_database()
    with client.writer() as w:
        pending = [w.put("c", n % 10, {"n": n}) for n in range(2_000)]
        first.end(by=signal.SIGKILL)
        with Daemon(tmp_path / "data", port=first.http):
            assert [one.result()["seq"] for one in pending] == list(range(2_000))
            w.flush()
            assert client.seq == 1_999


def in_child(w, pending, sender):
    def code(call):
        try:
            call()
        except UnsupportedError as error:
            return error.code
        return "nothing was refused"

    calls = [lambda: w.put("c", "a", {}), w.flush, w.close, pending.result, pending.done]
    sender.send([code(call) for call in calls])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_can_use_nothing_of_it_and_the_parent_goes_on(shop):
    with shop.writer() as w:
        pending = w.put("c", "a", {})
        receiver, sender = multiprocessing.Pipe(duplex=False)
        child = multiprocessing.get_context("fork").Process(target=in_child, args=(w, pending, sender))
        child.start()
        assert receiver.poll(60) and receiver.recv() == ["unsupported"] * 5
        child.join(60)
        assert child.exitcode == 0
        assert pending.result()["changed"] and w.put("c", "b", {}).result()["changed"]


def test_the_calls_can_be_awaited(shop, daemon):
    async def main():
        async with AsyncNedbClient(daemon.url, shop.name) as db:
            async with await db.writer() as w:
                pending = [await w.put("c", n, {"n": n}) for n in range(200)]
                receipts = [await one for one in pending]
                assert [receipt["seq"] for receipt in receipts] == list(range(200))
                with pytest.raises(PreconditionFailed):
                    await (await w.put("c", 1, {}, if_seq=-1))
                assert (await (await w.delete("c", 1)))["changed"]
                begun = await asyncio.gather(*(w.put("c", 2, {"round": round}) for round in range(50)))
                seqs = [receipt["seq"] for receipt in await asyncio.gather(*begun)]
                assert seqs == sorted(seqs)
                await w.flush()
            with pytest.raises(ValueError, match="a:b"):
                async with await db.writer() as w:
                    await w.put("a:b", "a", {})

    asyncio.run(main())
    assert shop.summary()["rows"] == 199


def test_a_cancelled_wait_for_a_receipt_leaves_the_threads_of_the_event_loop_alone():
    class Never:
        """A write that is not acknowledged."""

        def done(self):
            return False

        def result(self, timeout):
            time.sleep(timeout)
            raise TimeoutError

    async def main():
        waits = [asyncio.wait_for(AsyncPending(Never()), 0.05) for _ in range(100)]
        ended = await asyncio.gather(*waits, return_exceptions=True)
        assert {type(end) for end in ended} == {asyncio.TimeoutError}
        began = time.monotonic()
        await asyncio.to_thread(lambda: None)
        assert time.monotonic() - began < 2

    asyncio.run(main())


class _Rung(Exception):
    pass


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no timers of signals here")
@pytest.mark.parametrize("call", ["put", "flush", "close"])
def test_what_a_handler_of_a_signal_raises_ends_a_call_that_waits(daemon, shop, call):
    def ring(*_):
        raise _Rung

    proxy = _Silent(int(daemon.http))
    with NedbClient(proxy.url, shop.name) as client:
        w = client.writer()
        w.put("c", "before", {}).result()
        proxy.is_deaf = True
        before = signal.signal(signal.SIGALRM, ring)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            with pytest.raises(_Rung):
                w.put("c", "a", {})
                if call != "put":
                    getattr(w, call)()
                while True:
                    # Until as much is in flight as the server takes.
                    w.put("c", "a", {"t": "x" * 1_000_000})
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        proxy.is_deaf = False
        if call != "close":
            w.put("c", "after", {}).result()
            w.close()
            assert shop.get("c", "after") is not None


class _Silent:
    """A proxy whose client hears nothing while it is deaf."""

    def __init__(self, port):
        self.port, self.is_deaf = port, False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            client, _ = self._listener.accept()
            server = socket.create_connection(("127.0.0.1", self.port))
            for source, sink, is_heard in [(client, server, True), (server, client, False)]:
                threading.Thread(target=self._copy, args=(source, sink, is_heard), daemon=True).start()

    def _copy(self, source, sink, is_heard):
        while piece := source.recv(65_536):
            while self.is_deaf and not is_heard:
                time.sleep(0.005)
            try:
                sink.sendall(piece)
            except OSError:
                return
