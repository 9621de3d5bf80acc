"""SQL statements of the subset mean what they mean to SQLite: random tables, random statements, both databases.

The same text runs on both. NEDB_SEED and NEDB_CASES choose other statements and more of them; a failure names its seed.
Where the two differ on purpose (docs/sql.md) the statements keep to what is common: LIKE counts case, null is ordered by
name, columns have one type, and ids are text.
"""

import os
import random
import sqlite3

import pytest
from nedb import NEDB, sql_exec

SEED = int(os.environ.get("NEDB_SEED", "1"))
SEEDS = range(SEED, SEED + 8)
STATEMENTS = 6 * int(os.environ.get("NEDB_CASES", "25"))
COLUMNS = {"a": "INTEGER", "b": "REAL", "c": "TEXT"}
TEXTS = ["", "a", "A", "ab", "ba", "b%", "a_b", "zz", "ÄB", "it's"]


class Author:
    """Writes statements."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.params = []

    def value(self, column):
        if self.dice.random() < 0.15:
            return None
        if column == "a":
            return self.dice.randint(-3, 5)
        if column == "b":
            return self.dice.randint(-8, 8) / 4
        return self.dice.choice(TEXTS)

    def constant(self, column):
        """A value as a literal, or as a placeholder that it is bound to."""
        value = self.value(column)
        if self.dice.random() < 0.3:
            self.params.append(value)
            return "?"
        return literal(value)

    def condition(self, columns, depth=3):
        choice = self.dice.random()
        if depth and choice < 0.45:
            left, right = self.condition(columns, depth - 1), self.condition(columns, depth - 1)
            return f"({left} {self.dice.choice(['AND', 'OR'])} {right})"
        if depth and choice < 0.6:
            return f"NOT ({self.condition(columns, depth - 1)})"
        name = self.dice.choice(columns)
        column = name.rsplit(".", 1)[-1]
        no = self.dice.choice(["", "NOT "])
        kind = self.dice.randrange(8 if column == "c" else 7)
        if kind == 0:
            return f"{name} IS {no}NULL"
        if kind == 1:
            return f"{name} {no}BETWEEN {self.constant(column)} AND {self.constant(column)}"
        if kind == 2:
            items = ", ".join(self.constant(column) for _ in range(self.dice.randint(0, 4)))
            return f"{name} {no}IN ({items})"
        if kind == 3:
            return f"{self.constant(column)} {self.operator()} {name}"
        if kind == 4 and depth:
            return f"({self.condition(columns, 0)}) IS {no}{self.dice.choice(['TRUE', 'FALSE'])}"
        if kind == 7:
            pattern = self.dice.choice(["a%", "%b", "_", "%", "a_b", "%a%", "A%", "b!%", "%!_%"])
            return f"{name} {no}LIKE '{pattern}' ESCAPE '!'"
        return f"{name} {self.operator()} {self.constant(column)}"

    def operator(self):
        return self.dice.choice(["=", "<>", "!=", "<", "<=", ">", ">="])

    def where(self, columns):
        return f" WHERE {self.condition(columns)}" if self.dice.random() < 0.85 else ""

    def order(self, keys):
        chosen = self.dice.sample(keys, self.dice.randint(0, len(keys)))
        directions = [self.dice.choice(["ASC NULLS LAST", "DESC NULLS FIRST"]) for _ in chosen]
        return [f"{key} {direction}" for key, direction in zip(chosen, directions)]

    def bounds(self):
        if self.dice.random() < 0.5:
            return ""
        return f" LIMIT {self.dice.randint(0, 12)} OFFSET {self.dice.randint(0, 5)}"

    def select(self):
        shown = self.dice.sample(["_id", *COLUMNS], self.dice.randint(1, 4))
        items = ", ".join(f"{name} AS x_{name}" if self.dice.random() < 0.3 else name for name in shown)
        where = self.where(list(COLUMNS))
        order = ", ".join([*self.order(list(COLUMNS)), "_id ASC"])
        return f"SELECT {items} FROM t{where} ORDER BY {order}{self.bounds()}"

    def distinct(self):
        shown = self.dice.sample(list(COLUMNS), self.dice.randint(1, 3))
        where = self.where(list(COLUMNS))
        order = ", ".join(f"{name} ASC NULLS LAST" for name in shown)
        return f"SELECT DISTINCT {', '.join(shown)} FROM t{where} ORDER BY {order}{self.bounds()}"

    def groups(self):
        by = self.dice.sample(list(COLUMNS), self.dice.randint(0, 2))
        figures = [("COUNT(*)", "n"), ("COUNT(b)", "nb"), ("SUM(a)", "sa"), ("AVG(b)", "mb"), ("MIN(c)", "lc"), ("MAX(a)", "ga"), ("SUM(b)", "sb")]
        chosen = self.dice.sample(figures, self.dice.randint(1, 4))
        items = ", ".join([*by, *(f"{figure} AS {name}" for figure, name in chosen)])
        where, having = self.where(list(COLUMNS)), ""
        if by and self.dice.random() < 0.6:
            figure = self.dice.choice(["COUNT(*)", "SUM(a)", "COUNT(c)", "MAX(a)"])
            having = f" HAVING {self.dice.choice(['', 'NOT '])}({figure} {self.operator()} {self.dice.randint(-2, 4)})"
        group = f" GROUP BY {', '.join(by)}" if by else ""
        keys = [*self.order([name for _, name in chosen]), *(f"{name} ASC NULLS LAST" for name in by)]
        order = f" ORDER BY {', '.join(keys)}" if by else ""
        return f"SELECT {items} FROM t{where}{group}{having}{order}{self.bounds() if by else ''}"

    def join(self):
        kind, on = self.dice.choice(["JOIN", "LEFT JOIN"]), self.dice.choice(["a", "b", "c", "_id"])
        beside = f" AND r.{self.dice.choice(list(COLUMNS))} IS NOT NULL" if self.dice.random() < 0.3 else ""
        where = self.where([f"{table}.{name}" for table in "lr" for name in COLUMNS])
        if self.dice.random() < 0.3:
            order = "l.a ASC NULLS LAST"
            return f"SELECT l.a, COUNT(r._id) AS n, SUM(r.b) AS s FROM t l {kind} u r ON l.{on} = r.{on}{beside}{where} GROUP BY l.a ORDER BY {order}"
        order = ", ".join([*self.order(["l.b", "r.a"]), "l._id ASC", "r._id ASC NULLS LAST"])
        items = "l._id AS l_id, r._id AS r_id, l.a, r.c AS rc"
        return f"SELECT {items} FROM t l {kind} u r ON r.{on} = l.{on}{beside}{where} ORDER BY {order}{self.bounds()}"

    def update(self):
        sets = [f"{name} = {self.constant(name)}" for name in self.dice.sample(list(COLUMNS), self.dice.randint(1, 2))]
        return f"UPDATE t SET {', '.join(sets)} WHERE {self.condition(list(COLUMNS), 2)}"

    def delete(self):
        return f"DELETE FROM t WHERE {self.condition(list(COLUMNS), 1)} AND {self.condition(list(COLUMNS), 1)}"

    def insert(self, ids):
        rows = []
        for _ in range(self.dice.randint(1, 4)):
            rows.append(f"('n{next(ids)}', {', '.join(self.constant(name) for name in COLUMNS)})")
        return f"INSERT INTO t (_id, a, b, c) VALUES {', '.join(rows)}"


def literal(value):
    if value is None:
        return "NULL"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


def fill(author, db, lite, table, rows):
    lite.execute(f"CREATE TABLE {table} (_id TEXT PRIMARY KEY, a INTEGER, b REAL, c TEXT)")
    for row in range(rows):
        values = {name: author.value(name) for name in COLUMNS}
        lite.execute(f"INSERT INTO {table} VALUES (?, ?, ?, ?)", [f"k{row:02}", *values.values()])
        # What is null in a table may be null or missing in a document.
        kept = {name: value for name, value in values.items() if value is not None or author.dice.random() < 0.5}
        db.put(table, f"k{row:02}", kept)


def same(mine, theirs):
    assert len(mine) == len(theirs)
    for row, other in zip(mine, theirs):
        assert list(row) == list(other)
        for name, value in row.items():
            wanted = other[name]
            assert (value is None) == (wanted is None)
            assert value == (pytest.approx(wanted) if isinstance(wanted, float) else wanted)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("is_indexed", [False, True], ids=["plain", "indexed"])
def test_random_statements_mean_what_they_mean_to_sqlite(seed, is_indexed):
    author, ids = Author(seed), iter(range(1_000_000))
    lite = sqlite3.connect(":memory:")
    lite.row_factory = sqlite3.Row
    lite.execute("PRAGMA case_sensitive_like = ON")
    with NEDB() as db:
        fill(author, db, lite, "t", 40)
        fill(author, db, lite, "u", 15)
        for column in COLUMNS if is_indexed else []:
            db.create_index("t", column, "ordered", wait=True)
            db.create_index("u", column, "ordered", wait=True)
        kinds = [author.select] * 6 + [author.groups] * 3 + [author.join] * 3 + [author.distinct, author.update]
        for _ in range(STATEMENTS):
            author.params = []
            kind = author.dice.choice([*kinds, author.delete, lambda: author.insert(ids)])
            text = kind()
            try:
                mine = sql_exec(db, text, author.params or None)
                theirs = lite.execute(text, author.params)
                if isinstance(mine, list):
                    same(mine, [dict(row) for row in theirs])
                else:
                    assert mine["rowcount"] == theirs.rowcount
                    everything = "SELECT _id, a, b, c FROM t ORDER BY _id"
                    same(sql_exec(db, everything), [dict(row) for row in lite.execute(everything)])
            except Exception as error:
                raise AssertionError(f"seed {seed}: {text} {author.params}") from error
    lite.close()
