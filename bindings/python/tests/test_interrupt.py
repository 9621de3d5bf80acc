"""A signal ends a long call of the engine: Ctrl-C, or whatever else has a handler."""

import signal
import threading

import pytest
from nedb import MongoCompat, sql_exec

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
