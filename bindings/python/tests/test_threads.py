"""Many threads on one database, and a process that is killed while it writes."""

import os
import signal
import subprocess
import sys
import sysconfig
import threading

import pytest
from nedb import NEDB, ClosedError

THREADS = 8
ROUNDS = 100


def in_threads(work):
    failures = []

    def run(number):
        try:
            work(number)
        except BaseException as failure:  # noqa: BLE001 - a thread's failure must reach the test
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.skipif(not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="this Python has an interpreter lock")
def test_the_import_leaves_the_interpreter_lock_off():
    # In an interpreter of its own: another package of this process may have put it on.
    program = "import sys, nedb; nedb.NEDB().put('c', 'k', {}); sys.exit(sys._is_gil_enabled())"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHON_GIL"}
    assert subprocess.run([sys.executable, "-W", "error", "-c", program], env=environment).returncode == 0


def test_threads_that_write_and_read_lose_nothing(path):
    with NEDB(path, durability="none") as db:

        def work(number):
            for round in range(ROUNDS):
                db.put("c", f"{number}-{round}", {"writer": number, "round": round}, client=f"t{number}")
                assert db.get("c", f"{number}-{round}")["round"] == round
                if round % 20 == 0:
                    assert len(db.query("FROM c WHERE writer = $writer", writer=number)) == round + 1

        in_threads(work)
        assert db.collections() == {"c": THREADS * ROUNDS}
        assert db.verify_determinism()
        assert [op.seq for op in db.log] == list(range(THREADS * ROUNDS))


def test_a_condition_makes_an_increment_atomic():
    db = NEDB()
    db.put("c", "counter", {"n": 0})
    from nedb import PreconditionFailed

    def work(_number):
        done = 0
        while done < 25:
            seq = db.last_seq("c", "counter")
            n = db.get("c", "counter", as_of=seq)["n"]
            try:
                db.put("c", "counter", {"n": n + 1}, if_seq=seq)
                done += 1
            except PreconditionFailed:
                pass

    in_threads(work)
    assert db.get("c", "counter")["n"] == THREADS * 25


def test_other_threads_run_while_one_waits():
    db = NEDB()
    feed = db.subscribe()
    told = []
    waiting = threading.Thread(target=lambda: told.append(next(feed).seq))
    waiting.start()
    assert sum(range(100_000)) == 4_999_950_000
    db.put("c", "a", {})
    waiting.join(30)
    assert told == [0]


def test_threads_that_share_an_iterator_get_each_operation_once():
    db = NEDB()
    db.put_many("c", ((str(n), {}) for n in range(2000)))
    operations, seen = iter(db.log), []

    def read(_):
        seen.extend(op.seq for op in operations)

    in_threads(read)
    assert sorted(seen) == list(range(2000))


def test_a_close_ends_the_calls_of_other_threads_and_loses_nothing_that_was_acknowledged(path):
    for _ in range(5):
        db = NEDB(path, durability="group")
        began, written = threading.Barrier(THREADS + 1), [0] * THREADS
        before = db.collections().get("c", 0)
        calls = [
            lambda: db.get("c", "0-0"), lambda: db.query("FROM c WHERE n > 5 LIMIT 3"), lambda: list(db.scan("c", limit=5)),
            lambda: db.put_many("d", [("x", {}), ("y", {})]), lambda: db.verify(),
            lambda: db.log[-1:], lambda: db.stats(),
        ]  # fmt: skip

        def work(number):
            began.wait()
            with pytest.raises(ClosedError):
                while True:
                    db.put("c", f"{number}-{before + written[number]}", {"n": number})
                    written[number] += 1
                    calls[number % len(calls)]()

        closer = threading.Thread(target=lambda: (began.wait(), time_passes(written), db.close()))
        closer.start()
        in_threads(work)
        closer.join()
        with NEDB(path) as again:
            # A put that the close met may have been written without being acknowledged.
            assert before + sum(written) <= again.collections()["c"] <= before + sum(written) + THREADS
            assert again.verify() and again.verify_determinism()


def time_passes(written):
    """Waits until each thread has written something."""
    while min(written) < 3:
        threading.Event().wait(0.001)


WRITER = """
import sys, threading, nedb
db = nedb.NEDB(sys.argv[1], durability=sys.argv[2])

def put(writer):
    for n in range(1_000_000):
        db.put("c", f"{writer}-{n}", {"n": n, "text": "x" * (n % 500)})
        print(f"{writer} {n}\\n", end="", flush=True)

def tx(writer):
    for n in range(1_000_000):
        db.tx([{"op": "put", "coll": "t", "id": f"{n}-{part}", "doc": {"n": n, "text": "y" * 2000}} for part in range(20)])
        print(f"{writer} {n}\\n", end="", flush=True)

for writer, work in (("a", put), ("b", put), ("t", tx)):
    threading.Thread(target=work, args=(writer,)).start()
"""


@pytest.mark.parametrize("durability", ["sync", "group", "none"])
def test_a_killed_process_loses_no_acknowledged_write_and_leaves_no_half_of_one(path, durability):
    for told_min in (1, 60, 300):
        told = {"a": -1, "b": -1, "t": -1}

        def note(line):
            writer, n = line.split()
            assert int(n) == told[writer] + 1
            told[writer] = int(n)

        words = [sys.executable, "-c", WRITER, str(path), durability]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as writer:
            while sum(told.values()) < told_min:
                note(writer.stdout.readline())
            writer.send_signal(signal.SIGKILL)
            for line in writer.stdout.read().splitlines(keepends=True):
                # Of a line that was cut by the kill the number is not known whole.
                if line.endswith("\n"):
                    note(line)
        assert writer.returncode == -signal.SIGKILL
        with NEDB(path) as db:
            for name in "ab":
                found = db.query("FROM c WHERE _id LIKE $name ORDER BY n", name=f"{name}-%")
                expected = [{"n": n, "text": "x" * (n % 500), "_id": f"{name}-{n}"} for n in range(len(found))]
                assert found == expected and told[name] + 1 <= len(found) <= told[name] + 2
            found = db.query("FROM t GROUP BY n COUNT")
            assert found == [{"n": n, "count": 20} for n in range(len(found))]
            assert told["t"] + 1 <= len(found) <= told["t"] + 2
            assert db.verify() and db.verify_determinism()
            for name in list(db.collections()):
                db.drop_collection(name)
