"""How fast the calls of the package are, beside sqlite3 with JSON, lmdb and diskcache in the same run.

    python -m pip install lmdb diskcache
    python bindings/python/benchmarks/beside_peers.py [ROUNDS]

Only the calls are measured: keys and documents are made beforehand, each document is another one, and what a call returns is
dropped before the next one, but where it says that all are kept. NEDB and sqlite3 are in memory; lmdb and diskcache know only files, which lie in a directory of their own and are never synced
(`TMPDIR` may name one in memory). So the time is that of the calls and not of a disk. The candidates take turns; each figure is
the best of the rounds in microseconds of processor time of this thread, which others on the machine disturb least. Bulk loads
use further threads in NEDB and are measured on the wall clock. A peer that is not installed is left out and named.
"""

import collections
import functools
import gc
import importlib.util
import json
import sqlite3
import subprocess
import sys
import tempfile
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
        # Each is one call of the package, as programs make it; a peer's is the few that store or make a dict there.
        self.put, self.get = functools.partial(self.db.put, "c"), functools.partial(self.db.get, "c")

    def get_many(self, ids):
        return self.db.get_many("c", ids)

    def query(self):
        return self.db.query(f"FROM c WHERE size >= 0 LIMIT {ROWS}")

    def load(self, keys, documents):
        self.db.put_many("c", zip(keys, documents))


class Sqlite:
    """sqlite3 with a document of JSON in each row; every write is a transaction."""

    def __init__(self):
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        self.db.execute("create table c (id text primary key, doc text) without rowid")

    def put(self, key, document):
        self.db.execute("insert or replace into c values (?, ?)", (key, json.dumps(document)))

    def get(self, key):
        return json.loads(self.db.execute("select doc from c where id = ?", (key,)).fetchone()[0])

    def get_many(self, ids):
        marks = ",".join("?" * len(ids))
        return [json.loads(text) for (text,) in self.db.execute(f"select doc from c where id in ({marks})", ids)]

    def query(self):
        question = "select id, doc from c where json_extract(doc, '$.size') >= 0 limit ?"
        return [{**json.loads(text), "_id": id} for id, text in self.db.execute(question, (ROWS,))]

    def load(self, keys, documents):
        self.db.execute("begin")
        self.db.executemany("insert or replace into c values (?, ?)", zip(keys, map(json.dumps, documents)))
        self.db.execute("commit")


class Lmdb:
    """lmdb with a document of JSON under each key; every write is a transaction."""

    def __init__(self):
        import lmdb

        self.dir = tempfile.TemporaryDirectory()
        self.db = lmdb.open(self.dir.name, map_size=1 << 30, sync=False)

    def put(self, key, document):
        with self.db.begin(write=True) as tx:
            tx.put(key.encode(), json.dumps(document).encode())

    def get(self, key):
        with self.db.begin() as tx:
            return json.loads(tx.get(key.encode()))

    def get_many(self, ids):
        with self.db.begin() as tx:
            return [json.loads(tx.get(id.encode())) for id in ids]

    def query(self):
        found = []
        with self.db.begin() as tx:
            for key, text in tx.cursor():
                row = json.loads(text)
                if row["size"] >= 0:
                    found.append({**row, "_id": key.decode()})
                    if len(found) == ROWS:
                        break
        return found

    def load(self, keys, documents):
        with self.db.begin(write=True) as tx:
            for key, document in zip(keys, documents):
                tx.put(key.encode(), json.dumps(document).encode())


class Diskcache:
    """diskcache with the dict itself as the value."""

    def __init__(self):
        import diskcache

        self.dir = tempfile.TemporaryDirectory()
        self.db = diskcache.Cache(self.dir.name, sqlite_synchronous=0, eviction_policy="none")

    def put(self, key, document):
        self.db.set(key, document)

    def get(self, key):
        return self.db.get(key)

    def get_many(self, ids):
        return [self.db.get(id) for id in ids]

    def query(self):
        """It has no questions."""

    def load(self, keys, documents):
        with self.db.transact():
            for key, document in zip(keys, documents):
                self.db.set(key, document)


def timed(clock, work, count):
    """Microseconds of one of `count` things that the work does."""
    gc.collect()
    gc.disable()
    began = clock()
    work()
    spent = clock() - began
    gc.enable()
    return spent / count * 1e6


def each(call, *arguments):
    """Calls with the arguments one after the other and drops what is returned."""
    collections.deque(map(call, *arguments), maxlen=0)


def measure(store):
    db, clock = store(), time.thread_time
    keys, documents = [f"k{n}" for n in range(COUNT)], [document(n) for n in range(COUNT)]
    spent = {"put": timed(clock, lambda: each(db.put, keys, documents), COUNT)}
    keys = [keys[n * 7919 % COUNT] for n in range(COUNT)]
    spent["get"] = timed(clock, lambda: each(db.get, keys), COUNT)
    spent["get, all kept"] = timed(clock, lambda: [db.get(key) for key in keys], COUNT)
    ids = keys[:100]
    spent["get_many of 100, each"] = timed(clock, lambda: [db.get_many(ids) for _ in range(50)], 50 * 100)
    spent[f"query of {ROWS} rows"] = timed(clock, lambda: each(lambda _: db.query(), range(10)), 10)
    spent[f"query of {ROWS} rows, all kept"] = timed(clock, lambda: [db.query() for _ in range(10)], 10)
    fresh = store()
    keys, documents = [f"k{n}" for n in range(5 * COUNT)], [document(n) for n in range(5 * COUNT)]
    spent["bulk load, each"] = timed(time.perf_counter, lambda: fresh.load(keys, documents), 5 * COUNT)
    return spent


def print_arrow():
    """Rows as a table of Arrow beside rows as dicts."""
    if not importlib.util.find_spec("pyarrow"):
        print("not measured, because it is not installed: pyarrow", file=sys.stderr)
        return
    store, count = Nedb(), 5 * COUNT
    store.load([f"k{n}" for n in range(count)], [document(n) for n in range(count)])
    spent = {
        what: min(timed(time.thread_time, lambda: store.db.execute("FROM c", as_arrow=as_arrow), count) for _ in range(3))
        for what, as_arrow in (("dicts", False), ("a table of Arrow", True))
    }
    print(f"\nA row of {count}: " + ", ".join(f"{time:.2f} µs as {what}" for what, time in spent.items()) + ".")


def import_ms():
    """Milliseconds that importing the package adds to a start of the interpreter, on the wall clock."""
    best = {"pass": float("inf"), "import nedb": float("inf")}
    for _ in range(10):
        for program in best:
            command = [sys.executable, "-c", program]
            best[program] = min(best[program], timed(time.perf_counter, lambda: subprocess.run(command, check=True), 1) / 1000)
    return best["import nedb"] - best["pass"]


def main(rounds):
    stores = [Nedb, Sqlite]
    for peer in (Lmdb, Diskcache):
        if importlib.util.find_spec(peer.__name__.lower()):
            stores.append(peer)
        else:
            print(f"not measured, because it is not installed: {peer.__name__.lower()}", file=sys.stderr)
    best = {}
    for _ in range(rounds):
        for store in stores:
            for what, spent in measure(store).items():
                best[what, store] = min(best.get((what, store), spent), spent)
    best = {(what, store): spent for (what, store), spent in best.items() if store is not Diskcache or "query" not in what}
    print("| call, µs | " + " | ".join(f"{store.__name__}" for store in stores) + " | best peer / NEDB |")
    print("|---" * (len(stores) + 2) + "|")
    for what in dict.fromkeys(what for what, _ in best):
        spent = [best.get((what, store)) for store in stores]
        ratio = min(time for time in spent[1:] if time is not None) / spent[0]
        shown = " | ".join("–" if time is None else f"{time:.2f}" for time in spent)
        print(f"| {what} | {shown} | {ratio:.2f}x |")
    print_arrow()
    nothing = timed(time.thread_time, lambda: each(lambda _: None, range(COUNT)), COUNT)
    print(f"Going round without a call of a store, which each figure includes: {nothing:.2f} µs. Importing the package: {import_ms():.1f} ms.")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
