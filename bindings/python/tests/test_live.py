"""Live queries: the changes, applied, are the rows of the query; they wait, end with the database, and are awaited."""

import asyncio
import random
import threading

import pytest
from nedb import NEDB, UnsupportedError
from nedb.aio import AsyncNEDB


def apply(rows, change):
    if "rows" in change:
        return change["rows"]
    for at in reversed(change["removed"]):
        del rows[at]
    for at, row in change["inserted"]:
        rows.insert(at, row)
    return rows


@pytest.mark.parametrize(
    "nql",
    [
        "FROM c",
        "FROM c WHERE n > $low ORDER BY n DESC, _id LIMIT 3 OFFSET 1",
        "FROM c GROUP BY kind COUNT, SUM n HAVING sum_n > $low",
        "FROM c WHERE n > $low COUNT",
        "FROM c TRAVERSE to WHERE n > $low",
    ],
)
def test_changes_applied_are_the_rows_of_the_query(nql):
    params = {"low": 4} if "$low" in nql else {}
    dice = random.Random(nql)
    with NEDB() as db:
        live, rows = db.live(nql, params), None
        for _ in range(300):
            key = str(dice.randrange(12))
            if dice.random() < 0.6:
                db.put("c", key, {"n": dice.randrange(10), "kind": dice.choice("ab")})
            elif dice.random() < 0.5:
                db.delete("c", key)
            else:
                db.link(f"c:{key}", "to", f"c:{dice.randrange(12)}")
            if dice.random() < 0.4:
                change = live.next(timeout_s=0)
                if change is not None:
                    assert change["seq"] == db.seq
                    rows = apply(rows, change)
                assert rows == db.query(nql, **params)


def test_a_change_has_the_words_of_the_daemon():
    with NEDB() as db:
        live = db.live("FROM c SELECT _id")
        assert next(live) == {"seq": -1, "rows": []}
        assert live.next(timeout_s=0) is None
        db.put("c", "a", {})
        assert next(live) == {"seq": 0, "removed": [], "inserted": [(0, {"_id": "a"})]}
        db.put("other", "a", {})
        assert live.next(timeout_s=0) is None and not live.closed


def test_it_waits_for_a_write_and_ends_with_the_database():
    db = NEDB()
    live = db.live("FROM c COUNT")
    assert next(live)["rows"] == [{"count": 0}]
    writer = threading.Timer(0.05, lambda: db.put("c", "a", {}))
    writer.start()
    assert live.next(timeout_s=60)["inserted"] == [(0, {"count": 1})]
    writer.join()
    closer = threading.Timer(0.05, db.close)
    closer.start()
    assert list(live) == [] and live.closed
    closer.join()


@pytest.mark.parametrize("nql", ["FROM c AS OF 1", "EXPLAIN FROM c", "HISTORY c a", "DIFF c FROM 1 TO 2"])
def test_what_cannot_be_followed_is_refused(nql):
    with NEDB() as db, pytest.raises(UnsupportedError):
        db.live(nql)


def test_it_is_awaited():
    async def main():
        async with await AsyncNEDB.open() as db:
            live, rows = db.live("FROM c WHERE n > $low SELECT _id", {"low": 1}), None
            await db.put("c", "a", {"n": 2})
            later = asyncio.create_task(db.put("c", "b", {"n": 3}))
            async for change in live:
                rows = apply(rows, change)
                if len(rows) == 2:
                    break
            await later
            return rows

    assert asyncio.run(main()) == [{"_id": "a"}, {"_id": "b"}]
