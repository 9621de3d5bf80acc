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
        kind = self.dice.randrange(9 if column == "c" else 8)
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
        if kind == 7 and sqlite3.sqlite_version_info >= (3, 39):
            return f"{name} IS {no}DISTINCT FROM {self.constant(column)}"
        if kind == 8:
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
        limit, offset = self.dice.randint(0, 12), self.dice.randint(0, 5)
        forms = ["", "", "", f" LIMIT {limit}", f" LIMIT {offset}, {limit}", f" LIMIT {limit} OFFSET {offset}"]
        form = self.dice.choice([*forms, " LIMIT ? OFFSET ?"])
        self.params += [limit, offset] if "?" in form else []
        return form

    def select(self):
        shown = self.dice.sample(["_id", *COLUMNS], self.dice.randint(1, 4))
        items = ", ".join(f"{name} AS x_{name}" if self.dice.random() < 0.3 else name for name in shown)
        where = self.where(list(COLUMNS))
        keys = [*COLUMNS, str(self.dice.randint(1, len(shown)))]
        order = ", ".join([*self.order(keys), "_id ASC"])
        return f"SELECT {items} FROM t{where} ORDER BY {order}{self.bounds()}"

    def clashing(self):
        """Items under the names of other columns; every answer is one that SQLite determines."""
        names = self.dice.sample(["a", "b", "c"], 3)
        items = [f"{column} AS {name}" for column, name in zip(COLUMNS, names)]
        where = self.where(list(COLUMNS))
        if self.dice.random() < 0.4:
            keys = self.order([f"({name})" if self.dice.random() < 0.3 else name for name in COLUMNS])
            return f"SELECT {', '.join(items)} FROM t{where} ORDER BY {', '.join([*keys, '_id ASC'])}{self.bounds()}"
        by = self.dice.sample(list(COLUMNS), self.dice.randint(1, 3))
        items = [item for item in items if item[0] in by]
        free = [name for name in COLUMNS if not any(item.endswith(f"AS {name}") for item in items)]
        figure = self.dice.choice(["COUNT(*)", "SUM(a)", "MAX(a)", "MIN(c)"])
        items.append(f"{figure} AS {self.dice.choice([*free, 'n'])}")
        having = f" HAVING {self.condition(by, 1)}" if self.dice.random() < 0.6 else ""
        shown = [item.rsplit(" ", 1)[-1] for item in items]
        order = ", ".join([*self.order(shown), *(f"t.{name} ASC NULLS LAST" for name in by)])
        return f"SELECT {', '.join(items)} FROM t{where} GROUP BY {', '.join(by)}{having} ORDER BY {order}{self.bounds()}"

    def distinct(self):
        shown = self.dice.sample(list(COLUMNS), self.dice.randint(1, 3))
        where = self.where(list(COLUMNS))
        order = ", ".join(f"{key} ASC NULLS LAST" for key in (shown if self.dice.random() < 0.5 else range(1, len(shown) + 1)))
        shown = [f"{name} AS x_{name}" if self.dice.random() < 0.3 else name for name in shown]
        return f"SELECT DISTINCT {', '.join(shown)} FROM t{where} ORDER BY {order}{self.bounds()}"

    def groups(self):
        by = self.dice.sample(list(COLUMNS), self.dice.randint(0, 2))
        figures = [("COUNT(*)", "n"), ("COUNT(b)", "nb"), ("SUM(a)", "sa"), ("AVG(b)", "mb"), ("MIN(c)", "lc"), ("MAX(a)", "ga"), ("SUM(b)", "sb")]
        chosen = self.dice.sample(figures, self.dice.randint(1, 4))
        items = ", ".join([*by, *(f"{figure} AS {name}" for figure, name in chosen)])
        where, having = self.where(list(COLUMNS)), ""
        if (by or sqlite3.sqlite_version_info >= (3, 39)) and self.dice.random() < 0.6:
            figure = self.dice.choice(["COUNT(*)", "SUM(a)", "COUNT(c)", "MAX(a)"])
            having = f" HAVING {self.dice.choice(['', 'NOT '])}({figure} {self.operator()} {self.dice.randint(-2, 4)})"
        places = by if self.dice.random() < 0.7 else [str(place + 1) for place in range(len(by))]
        group = f" GROUP BY {', '.join(places)}" if by else ""
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

    def joins(self):
        """Three tables, and USING for two."""
        if self.dice.random() < 0.4:
            kind, on = self.dice.choice(["JOIN", "LEFT JOIN"]), self.dice.choice([*COLUMNS, "_id"])
            where = self.where([f"t.{name}" for name in COLUMNS])
            items = "t._id AS t_id, u._id AS u_id, u.b"
            return f"SELECT {items} FROM t {kind} u USING ({on}){where} ORDER BY t._id, u._id NULLS LAST{self.bounds()}"
        kinds = [self.dice.choice(["JOIN", "LEFT JOIN"]) for _ in range(2)]
        first, second, before = self.dice.choice(list(COLUMNS)), self.dice.choice(list(COLUMNS)), self.dice.choice("lm")
        third = self.dice.choice("uv")
        tables = f"t l {kinds[0]} u m ON l.{first} = m.{first} {kinds[1]} {third} r ON {before}.{second} = r.{second}"
        where = self.where([f"{table}.{name}" for table in "lmr" for name in COLUMNS])
        if self.dice.random() < 0.4:
            having = f" HAVING COUNT(r._id) {self.operator()} {self.dice.randint(0, 5)}" if self.dice.random() < 0.5 else ""
            figures = "COUNT(*) AS n, COUNT(r.c) AS nc, MAX(r.a) AS ga, SUM(m.a) AS sa"
            return f"SELECT m.a, {figures} FROM {tables}{where} GROUP BY m.a{having} ORDER BY m.a ASC NULLS LAST"
        order = "l._id, m._id ASC NULLS LAST, r._id ASC NULLS LAST"
        return f"SELECT l._id AS l_id, m._id AS m_id, r._id AS r_id FROM {tables}{where} ORDER BY {order}{self.bounds()}"

    def update(self):
        names = self.dice.sample(list(COLUMNS), self.dice.randint(1, 2))
        copies = {"b": "a", "c": "_id"} if self.dice.random() < 0.2 else {}
        sets = [f"{name} = {copies.get(name) or self.constant(name)}" for name in names]
        return f"UPDATE t SET {', '.join(sets)}{self.where(list(COLUMNS))}"

    def delete(self):
        return f"DELETE FROM t WHERE {self.condition(list(COLUMNS), 1)} AND {self.condition(list(COLUMNS), 1)}"

    def insert(self, ids):
        rows = []
        for _ in range(self.dice.randint(1, 4)):
            rows.append(f"('n{next(ids)}', {', '.join(self.constant(name) for name in COLUMNS)})")
        if self.dice.random() < 0.4:
            rows.append(f"('k{self.dice.randint(0, 60):02}', {', '.join(self.constant(name) for name in COLUMNS)})")
            return f"{self.dice.choice(['INSERT OR REPLACE', 'REPLACE'])} INTO t (_id, a, b, c) VALUES {', '.join(rows)}"
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
    author, ids, states = Author(seed), iter(range(1_000_000)), []
    lite = sqlite3.connect(":memory:")
    lite.row_factory = sqlite3.Row
    lite.execute("PRAGMA case_sensitive_like = ON")
    with NEDB() as db:
        fill(author, db, lite, "t", 40)
        fill(author, db, lite, "u", 15)
        fill(author, db, lite, "v", 12)
        for column in COLUMNS if is_indexed else []:
            db.create_index("t", column, "ordered", wait=True)
            db.create_index("u", column, "ordered", wait=True)
            db.create_index("v", column, "ordered", wait=True)
        kinds = [author.select] * 6 + [author.clashing] * 3 + [author.groups] * 3 + [author.join] * 3 + [author.joins] * 2 + [author.distinct, author.update]
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
                    states.append((db.seq, [dict(row) for row in lite.execute(everything)]))
                    for seq, rows in [states[-1], author.dice.choice(states)]:
                        same(sql_exec(db, f"SELECT _id, a, b, c FROM t AS OF {seq} ORDER BY _id"), rows)
            except Exception as error:
                raise AssertionError(f"seed {seed}: {text} {author.params}") from error
    lite.close()
