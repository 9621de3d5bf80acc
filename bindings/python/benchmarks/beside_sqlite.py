"""How fast the calls of the package are, beside sqlite3 with JSON in the same run.

    python bindings/python/benchmarks/beside_sqlite.py [ROUNDS]

Both databases are in memory, so that the time is that of the calls and not of a disk. The candidates take turns; each figure is
the best of the rounds in microseconds of processor time of this thread, which others on the machine disturb least. Bulk loads
use further threads in NEDB and are measured on the wall clock.
"""

import gc
import json
import sqlite3
import sys
import time

from nedb import NEDB

COUNT = 20_000
ROWS = 1_000


def document(n):
    return {"name": f"package-{n}", "version": "5.2.37-1", "size": n * 37, "essential": n % 2 == 0, "section": "admin"}


class Nedb:
    """The package."""

    def __init__(self):
        self.db = NEDB(auto_index=False)

    def put(self, n):
        self.db.put("c", f"k{n}", document(n))

    def get(self, n):
        return self.db.get("c", f"k{n}")

    def get_many(self, ids):
        return self.db.get_many("c", ids)

    def query(self):
        return self.db.query(f"FROM c WHERE size >= 0 LIMIT {ROWS}")

    def load(self, count):
        self.db.put_many("c", ((f"k{n}", document(n)) for n in range(count)))


class Sqlite:
    """sqlite3 with a document of JSON in each row; every write is a transaction."""

    def __init__(self):
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        self.db.execute("create table c (id text primary key, doc text) without rowid")

    def put(self, n):
        self.db.execute("insert or replace into c values (?, ?)", (f"k{n}", json.dumps(document(n))))

    def get(self, n):
        return json.loads(self.db.execute("select doc from c where id = ?", (f"k{n}",)).fetchone()[0])

    def get_many(self, ids):
        marks = ",".join("?" * len(ids))
        return [json.loads(text) for (text,) in self.db.execute(f"select doc from c where id in ({marks})", ids)]

    def query(self):
        question = "select id, doc from c where json_extract(doc, '$.size') >= 0 limit ?"
        return [{**json.loads(text), "_id": id} for id, text in self.db.execute(question, (ROWS,))]

    def load(self, count):
        self.db.execute("begin")
        self.db.executemany("insert or replace into c values (?, ?)", ((f"k{n}", json.dumps(document(n))) for n in range(count)))
        self.db.execute("commit")


def timed(clock, work, count):
    """Microseconds of one of `count` things that the work does."""
    gc.collect()
    gc.disable()
    began = clock()
    work()
    spent = clock() - began
    gc.enable()
    return spent / count * 1e6


def measure(store):
    db, clock = store(), time.thread_time
    spent = {"put": timed(clock, lambda: [db.put(n) for n in range(COUNT)], COUNT)}
    order = [n * 7919 % COUNT for n in range(COUNT)]
    spent["get"] = timed(clock, lambda: [db.get(n) for n in order], COUNT)
    ids = [f"k{n}" for n in order[:100]]
    spent["get_many of 100, each"] = timed(clock, lambda: [db.get_many(ids) for _ in range(50)], 50 * 100)
    spent[f"query of {ROWS} rows"] = timed(clock, lambda: [db.query() for _ in range(10)], 10)
    fresh = store()
    spent["bulk load, each"] = timed(time.perf_counter, lambda: fresh.load(5 * COUNT), 5 * COUNT)
    return spent


def main(rounds):
    best = {}
    for _ in range(rounds):
        for store in (Nedb, Sqlite):
            for what, spent in measure(store).items():
                key = (what, store)
                best[key] = min(best.get(key, spent), spent)
    print("| call | NEDB, µs | sqlite3, µs | ratio |")
    print("|---|---|---|---|")
    for what in dict.fromkeys(what for what, _ in best):
        ours, theirs = best[what, Nedb], best[what, Sqlite]
        print(f"| {what} | {ours:.2f} | {theirs:.2f} | {theirs / ours:.2f} |")
    made = timed(time.thread_time, lambda: [document(n) for n in range(COUNT)], COUNT)
    print(f"\nMaking the document, which put and load include: {made:.2f} µs.")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
