"""A program that keeps its data in Redis gets a history in three steps, and none of its calls changes.

    python wrap_redis_migration.py [redis://HOST:PORT]      without an address: fakeredis, in memory
"""

from __future__ import annotations

import json
import sys
from typing import Any, Optional

from nedb import wrap_redis


def taxi_company(r: Any) -> None:
    """The program as it always was: drivers as JSON, trips as hashes, a queue as a list."""
    r.set("driver:d1", json.dumps({"name": "Bea", "state": "free"}))
    r.set("driver:d2", json.dumps({"name": "Cem", "state": "free"}))
    r.hset("trip:t1", mapping={"rider": "u1", "state": "asked"})
    r.rpush("queue:north", "t1")


def one_more_trip(r: Any) -> None:
    """Its calls of a later day."""
    with r.pipeline() as pipe:
        pipe.hset("trip:t1", "state", "driving").set("driver:d1", json.dumps({"name": "Bea", "state": "driving"}))
        pipe.lpop("queue:north")
        pipe.execute()
    r.hset("trip:t1", "state", "paid")
    r.delete("driver:d2")


def main(url: Optional[str] = None) -> None:
    client = connect(url)
    taxi_company(client)

    # One: say which keys are which documents. Two: bring in what is there. Three: mirror what comes.
    r = wrap_redis(client, db_name="taxi")
    r.nedb.register("driver:*", "drivers", value_parser=json.loads).register("trip:*", "trips").register("queue:*", "queues")
    print("imported:", r.nedb.backfill())
    r.nedb.shadow_writes = True

    then = r.nedb.seq
    one_more_trip(r)

    print("the trip was:", " -> ".join(version["document"]["state"] for version in reversed(r.nedb.history("trips", "t1"))))
    print("drivers now:", [row["name"] for row in r.nedb.query("FROM drivers ORDER BY name")])
    print("drivers then:", [row["name"] for row in r.nedb.query(f"FROM drivers AS OF {then} ORDER BY name")])
    print("the queue then:", r.nedb.get_as_of("queues", "north", then)["items"])

    kept = f"{r.nedb.seq}:{r.nedb.head}"
    r.nedb.checkpoint()
    tomorrow = wrap_redis(client, db_name="taxi")
    print("the next process finds the same head:", tomorrow.nedb.head == r.nedb.head)
    print("and the log agrees with it:", tomorrow.nedb.verify_report(expect_head=kept)["verdict"])


def connect(url: Optional[str]) -> Any:
    """A client of the Redis at an address, or of one in memory."""
    if url is None:
        import fakeredis

        return fakeredis.FakeRedis()
    import redis

    return redis.from_url(url)


if __name__ == "__main__":
    main(*sys.argv[1:2])
