"""Many threads on one database, and a process that is killed while it writes."""

import signal
import subprocess
import sys
import threading

from nedb import NEDB

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


WRITER = """
import sys, nedb
db = nedb.NEDB(sys.argv[1])
for n in range(1_000_000):
    db.put("c", n, {"n": n, "text": "x" * (n % 500)})
    print(n, flush=True)
"""


def test_a_killed_process_loses_no_acknowledged_write(path):
    for acknowledged_min in (1, 150):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        last = -1
        for line in writer.stdout:
            last = int(line)
            if last >= acknowledged_min:
                break
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split()
        writer.wait()
        assert writer.returncode == -signal.SIGKILL
        last = max([last, *map(int, rest)])
        with NEDB(path) as db:
            found = db.collections()["c"]
            assert last + 1 <= found <= last + 2
            assert [db.get("c", n)["n"] for n in range(last + 1)] == list(range(last + 1))
            assert db.verify_determinism()
            db.drop_collection("c")
