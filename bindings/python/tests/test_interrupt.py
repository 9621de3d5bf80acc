"""What ends a long call of the engine: a signal such as Ctrl-C, a wait that is cancelled, the close of the handle."""

import asyncio
import itertools
import signal
import threading
import time

import pytest
from nedb import CancelledError, ClosedError, MongoCompat, aio, sql_exec

if not hasattr(signal, "setitimer"):
    pytest.skip("there are no timers of signals here", allow_module_level=True)


class Rung(Exception):
    pass


@pytest.fixture
def rings():
    """A handler that raises, of a timer that rings when the engine is at work."""

    def ring(*_):
        raise Rung

    before = signal.signal(signal.SIGALRM, ring)
    yield lambda: signal.setitimer(signal.ITIMER_REAL, 0.05)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def many(db):
    """As many documents as make each call below take minutes: pairs of all with all."""
    db.put_many("c", ((n, {"g": 1, "l": list(range(100))}) for n in range(20_000)))
    return db


PAIRS = "SELECT COUNT(*) FROM c a JOIN c b ON a.g = b.g"
UNWOUND = [{"$unwind": "$l"}, {"$unwind": "$l"}] + [{"$addFields": {"m": "$l"}}] * 100 + [{"$sort": {"l": 1}}]
UNMATCHED = UNWOUND[:-1] + [{"$match": {"l": -1}}]


@pytest.mark.parametrize(
    "call",
    [
        lambda db: sql_exec(db, PAIRS),
        lambda db: sql_exec(db, f"EXPLAIN {PAIRS}"),
        lambda db: list(MongoCompat(db)["c"].aggregate(UNWOUND)),
        lambda db: [
            MongoCompat(db)["c"].count_documents({"$or": [{"l": {"$elemMatch": {"$gt": n}}} for n in range(1000, 3000)]})
            for _ in range(1000)
        ],
        lambda db: [db.query("FROM c ORDER BY l, g") for _ in range(1000)],
        lambda db: [db.q("c").where("g = 2").explain() for _ in range(100_000)],
    ],
)
def test_what_a_handler_of_a_signal_raises_ends_a_call_of_the_engine(many, rings, call):
    rings()
    with pytest.raises(Rung):
        call(many)
    # Nothing is left behind: the next call is its own.
    assert len(many.query("FROM c LIMIT 3")) == 3 and many.verify()


def test_a_handler_that_raises_nothing_lets_a_call_go_on(many):
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        [row] = sql_exec(many, "SELECT COUNT(*) AS n FROM c a JOIN c b ON a._id = b._id")
        while not rung:
            assert len(many.query("FROM c ORDER BY l")) == 20_000
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert row == {"n": 20_000}


def test_a_call_on_another_thread_leaves_signals_to_the_main_one(many):
    answers = []
    asks = threading.Thread(target=lambda: answers.append(len(many.query("FROM c ORDER BY l"))))
    asks.start()
    asks.join()
    assert answers == [20_000]


ENDLESS = [
    lambda db: aio.sql_exec(db, PAIRS),
    lambda db: db.put_many("endless", ((n, {}) for n in itertools.count())),
    lambda db: aio.sql_exec(db, f"EXPLAIN {PAIRS}"),
]


@pytest.mark.parametrize("call", ENDLESS)
def test_a_wait_that_is_cancelled_ends_the_call(many, call):
    async def main():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(call(aio.AsyncNEDB(many)), 0.2)

    began = time.monotonic()
    # Its end waits for the threads of the event loop.
    asyncio.run(main())
    assert time.monotonic() - began < 30
    assert many.verify()


def test_a_cursor_whose_wait_was_cancelled_says_so_and_never_skips(many):
    async def main():
        cursor = await aio.AsyncMongoCompat(aio.AsyncNEDB(many))["c"].aggregate(UNMATCHED)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(cursor.next(), 0.2)
        for _ in range(2):
            with pytest.raises(CancelledError):
                await cursor.next()

    asyncio.run(main())


@pytest.mark.parametrize(
    "call",
    [
        lambda db: sql_exec(db, PAIRS),
        lambda db: list(MongoCompat(db)["c"].aggregate(UNWOUND)),
        lambda db: [db.query("FROM c ORDER BY l, g") for _ in itertools.count()],
    ],
)
def test_the_close_of_the_handle_ends_the_calls_of_other_threads(many, call):
    ended = []

    def work():
        try:
            call(many)
        except Exception as error:  # noqa: BLE001 - it is looked at below
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.2)
    many.close()
    thread.join(30)
    assert [type(error) for error in ended] == [ClosedError]
