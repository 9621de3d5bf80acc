#!/usr/bin/env python3
"""The same questions to NEDB and to SQLite, over the same files, now and as of the older release.

usage: beside_sqlite.py NEDB OLDER.ndjson NEWER.ndjson

NEDB is the program; the files are two releases of package records. Both are imported one after the other into a database
in a temporary directory; SQLite gets, from the same lines, one table for each of the two moments. Every question is asked
at both moments, once without an index and once with all of INDEXES. The rows must be equal, in the same order.
Prints one line for each question that differs, and a summary; exit code 1 when any differs.
"""

import json
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

TEXT_AND_NUMBERS = ["id", "release", "version", "section", "priority", "arch", "source", "size", "installed_kb"]
FIELDS = [*TEXT_AND_NUMBERS, "essential", "tags"]

# Made before the questions are asked for the second time: (field, kind).
INDEXES = [("section", "eq"), ("size", "ordered"), ("installed_kb", "ordered"), ("source", "eq"), ("priority", "eq")]

# (fields compared, NQL after `FROM packages [AS OF s]`, SQL with {p} and {e} for the tables of packages and edges).
# Two-valued logic: what is missing compares as false, and a negation is the complement; hence `IS NOT` and `coalesce`.
QUESTIONS = [
    # filters
    ("id", 'WHERE section = "shells" SELECT id', "SELECT id FROM {p} WHERE section = 'shells' ORDER BY id"),
    ("id", 'WHERE _id = "bash" SELECT id', "SELECT id FROM {p} WHERE id = 'bash'"),
    ("id version", 'WHERE _id IN ("bash", "zsh", "no-such-package", "dash") SELECT id, version',
     "SELECT id, version FROM {p} WHERE id IN ('bash', 'zsh', 'no-such-package', 'dash') ORDER BY id"),
    ("id", 'WHERE section != "libs" AND priority != "optional" SELECT id',
     "SELECT id FROM {p} WHERE section IS NOT 'libs' AND priority IS NOT 'optional' ORDER BY id"),
    ("id", 'WHERE priority = "required" OR priority = "important" SELECT id',
     "SELECT id FROM {p} WHERE priority IN ('required', 'important') ORDER BY id"),
    ("id", 'WHERE NOT (section = "libs" OR section = "python") AND size < 5000 SELECT id',
     "SELECT id FROM {p} WHERE NOT (section = 'libs' OR section = 'python') AND size < 5000 ORDER BY id"),
    ("id", 'WHERE NOT section IN ("libs", "python", "perl") AND arch = "all" SELECT id',
     "SELECT id FROM {p} WHERE section NOT IN ('libs', 'python', 'perl') AND arch = 'all' ORDER BY id"),
    ("id", "WHERE essential = true SELECT id", "SELECT id FROM {p} WHERE essential = 1 ORDER BY id"),
    ("id", 'WHERE tags IS NULL AND section = "net" SELECT id',
     "SELECT id FROM {p} WHERE tags IS NULL AND section = 'net' ORDER BY id"),
    ("id", 'WHERE EXISTS(tags) AND section = "httpd" SELECT id',
     "SELECT id FROM {p} WHERE tags IS NOT NULL AND section = 'httpd' ORDER BY id"),
    ("id", 'WHERE tags != "implemented-in::c" AND section = "shells" SELECT id',
     "SELECT id FROM {p} WHERE tags IS NOT 'implemented-in::c' AND section = 'shells' ORDER BY id"),
    ("id", 'WHERE NOT tags LIKE "%implemented-in::%" AND section = "vcs" SELECT id',
     "SELECT id FROM {p} WHERE NOT coalesce(tags GLOB '*implemented-in::*', 0) AND section = 'vcs' ORDER BY id"),
    ("id", 'WHERE tags CONTAINS "protocol::ssh" SELECT id',
     "SELECT id FROM {p} WHERE instr(tags, 'protocol::ssh') > 0 ORDER BY id"),
    ("id", 'WHERE depends CONTAINS "libc6" AND section = "utils" SELECT id',
     "SELECT id FROM {p} WHERE section = 'utils' AND id IN (SELECT source FROM {e} WHERE target = 'libc6') ORDER BY id"),
    ("id", 'WHERE _id LIKE "lib%-dev" SELECT id', "SELECT id FROM {p} WHERE id GLOB 'lib*-dev' ORDER BY id"),
    ("id", 'WHERE _id LIKE "python_-%" SELECT id', "SELECT id FROM {p} WHERE id GLOB 'python?-*' ORDER BY id"),
    ("id", 'WHERE _id ILIKE "%SSH%" SELECT id', "SELECT id FROM {p} WHERE id LIKE '%ssh%' ORDER BY id"),
    # ranges
    ("id size", "WHERE size BETWEEN 100000 AND 101000 SELECT id, size",
     "SELECT id, size FROM {p} WHERE size BETWEEN 100000 AND 101000 ORDER BY id"),
    ("id", "WHERE size >= 50000000 SELECT id", "SELECT id FROM {p} WHERE size >= 50000000 ORDER BY id"),
    ("id", "WHERE size < 2000.5 AND installed_kb > 10 SELECT id",
     "SELECT id FROM {p} WHERE size < 2000.5 AND installed_kb > 10 ORDER BY id"),
    ("id", 'WHERE _id >= "perl" AND _id < "perlc" SELECT id',
     "SELECT id FROM {p} WHERE id >= 'perl' AND id < 'perlc' ORDER BY id"),
    ("id", 'WHERE size NOT BETWEEN 1000 AND 10000000 AND section = "admin" SELECT id',
     "SELECT id FROM {p} WHERE size NOT BETWEEN 1000 AND 10000000 AND section = 'admin' ORDER BY id"),
    ("id", 'WHERE section = "net" AND size > 1000000 AND priority = "optional" SELECT id',
     "SELECT id FROM {p} WHERE section = 'net' AND size > 1000000 AND priority = 'optional' ORDER BY id"),
    ("id", 'WHERE section > "web" SELECT id', "SELECT id FROM {p} WHERE section > 'web' ORDER BY id"),
    ("id", 'WHERE size > "100" SELECT id', "SELECT id FROM {p} WHERE 0"),
    # order, limit, offset
    ("id size", "ORDER BY size DESC LIMIT 10 SELECT id, size",
     "SELECT id, size FROM {p} ORDER BY size DESC, id LIMIT 10"),
    ("id size", "ORDER BY size LIMIT 10 OFFSET 5 SELECT id, size",
     "SELECT id, size FROM {p} ORDER BY size, id LIMIT 10 OFFSET 5"),
    ("id installed_kb", 'WHERE section = "database" ORDER BY installed_kb DESC LIMIT 20 SELECT id, installed_kb',
     "SELECT id, installed_kb FROM {p} WHERE section = 'database' ORDER BY installed_kb DESC, id LIMIT 20"),
    ("section priority id", "ORDER BY section DESC, priority, _id DESC LIMIT 200 SELECT section, priority, id",
     "SELECT section, priority, id FROM {p} ORDER BY section DESC, priority, id DESC LIMIT 200"),
    ("id tags", 'WHERE section = "shells" ORDER BY tags SELECT id, tags',
     "SELECT id, tags FROM {p} WHERE section = 'shells' ORDER BY tags IS NULL, tags, id"),
    ("id tags", 'WHERE section = "shells" ORDER BY tags DESC SELECT id, tags',
     "SELECT id, tags FROM {p} WHERE section = 'shells' ORDER BY tags IS NOT NULL, tags DESC, id"),
    ("id", "ORDER BY _id DESC LIMIT 5 SELECT id", "SELECT id FROM {p} ORDER BY id DESC LIMIT 5"),
    ("id", "LIMIT 7 OFFSET 14000 SELECT id", "SELECT id FROM {p} ORDER BY id LIMIT 7 OFFSET 14000"),
    # aggregates and groups
    ("count", "COUNT", "SELECT count(*) AS count FROM {p}"),
    ("count sum_size min_size max_size", 'WHERE section = "net" COUNT, SUM size, MIN size, MAX size',
     "SELECT count(*) AS count, sum(size) AS sum_size, min(size) AS min_size, max(size) AS max_size "
     "FROM {p} WHERE section = 'net'"),
    ("avg_size", 'WHERE section = "shells" AVG size', "SELECT avg(size) AS avg_size FROM {p} WHERE section = 'shells'"),
    ("count sum_size min_size", 'WHERE section = "no-such-section" COUNT, SUM size, MIN size',
     "SELECT count(*) AS count, 0 AS sum_size, min(size) AS min_size FROM {p} WHERE section = 'no-such-section'"),
    ("section count", "GROUP BY section COUNT", "SELECT section, count(*) AS count FROM {p} GROUP BY section ORDER BY section"),
    ("section count sum_size max_installed_kb", "GROUP BY section COUNT, SUM size, MAX installed_kb",
     "SELECT section, count(*) AS count, sum(size) AS sum_size, max(installed_kb) AS max_installed_kb "
     "FROM {p} GROUP BY section ORDER BY section"),
    ("priority arch count", "GROUP BY priority, arch COUNT",
     "SELECT priority, arch, count(*) AS count FROM {p} GROUP BY priority, arch ORDER BY priority, arch"),
    ("source count", "GROUP BY source COUNT HAVING count >= 20 ORDER BY count DESC",
     "SELECT source, count(*) AS count FROM {p} GROUP BY source HAVING count(*) >= 20 ORDER BY count DESC, source"),
    ("section avg_size", "WHERE essential = false GROUP BY section AVG size HAVING avg_size > 1000000",
     "SELECT section, avg(size) AS avg_size FROM {p} WHERE essential = 0 GROUP BY section "
     "HAVING avg(size) > 1000000 ORDER BY section"),
    ("section count", "GROUP BY section COUNT ORDER BY count DESC LIMIT 3 OFFSET 1",
     "SELECT section, count(*) AS count FROM {p} GROUP BY section ORDER BY count DESC, section LIMIT 3 OFFSET 1"),
    # joins, asked as a walk along edges
    ("id", 'WHERE _id = "openssh-server" TRAVERSE depends SELECT id',
     "SELECT DISTINCT p.id FROM {e} e JOIN {p} p ON p.id = e.target WHERE e.source = 'openssh-server' ORDER BY p.id"),
    ("id", 'WHERE _id = "zlib1g" TRAVERSE depends REVERSE SELECT id',
     "SELECT DISTINCT p.id FROM {e} e JOIN {p} p ON p.id = e.source WHERE e.target = 'zlib1g' ORDER BY p.id"),
    ("id", 'WHERE section = "shells" TRAVERSE depends WHERE section = "libs" SELECT id',
     "SELECT DISTINCT p.id FROM {p} s JOIN {e} e ON e.source = s.id JOIN {p} p ON p.id = e.target "
     "WHERE s.section = 'shells' AND p.section = 'libs' ORDER BY p.id"),
    ("id", 'WHERE _id = "openssh-server" TRAVERSE depends *1..2 SELECT id',
     "SELECT id FROM {p} WHERE id IN (SELECT target FROM {e} WHERE source = 'openssh-server' UNION "
     "SELECT b.target FROM {e} a JOIN {p} m ON m.id = a.target JOIN {e} b ON b.source = a.target "
     "WHERE a.source = 'openssh-server') ORDER BY id"),
    ("id", 'WHERE _id = "git" TRAVERSE depends *2..2 SELECT id',
     "SELECT id FROM {p} WHERE id IN (SELECT b.target FROM {e} a JOIN {p} m ON m.id = a.target "
     "JOIN {e} b ON b.source = a.target WHERE a.source = 'git') ORDER BY id"),
    ("section count", 'WHERE _id = "git" TRAVERSE depends *1..20 GROUP BY section COUNT',
     "WITH RECURSIVE reached(id) AS (SELECT target FROM {e} WHERE source = 'git' UNION "
     "SELECT e.target FROM reached r JOIN {p} m ON m.id = r.id JOIN {e} e ON e.source = r.id) "
     "SELECT section, count(*) AS count FROM {p} WHERE id IN reached GROUP BY section ORDER BY section"),
    ("id size", 'WHERE _id = "libssl3t64" TRAVERSE depends REVERSE ORDER BY size DESC LIMIT 10 SELECT id, size',
     "SELECT DISTINCT p.id, p.size FROM {e} e JOIN {p} p ON p.id = e.source WHERE e.target = 'libssl3t64' "
     "ORDER BY p.size DESC, p.id LIMIT 10"),
]


class Nedb:
    """A database asked through the command."""

    def __init__(self, program, path):
        self.program, self.path = program, path

    def run(self, verb, *words):
        command = [self.program, *verb.split(), self.path, *words]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode != 0:
            raise SystemExit(f"{command} ended with {ended.returncode}: {ended.stderr}")
        return ended.stdout

    def rows(self, nql, fields):
        lines = self.run("query", nql, "--format", "ndjson").splitlines()
        return [[json.loads(line).get(field) for field in fields] for line in lines]


def records(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def load_sqlite(releases):
    """Fills packages_old and packages_new, edges_old and edges_new; a package that a release lacks keeps its older record."""
    base = sqlite3.connect(":memory:")
    state = {}
    for moment, release in zip(("old", "new"), releases, strict=True):
        state.update({record["id"]: record for record in release})
        base.execute(f"CREATE TABLE packages_{moment} ({', '.join(FIELDS)})")
        base.execute(f"CREATE TABLE edges_{moment} (source, target)")
        rows = [[record.get(field) for field in FIELDS] for record in state.values()]
        base.executemany(f"INSERT INTO packages_{moment} VALUES ({', '.join('?' * len(FIELDS))})", rows)
        edges = [(record["id"], target) for record in state.values() for target in record["depends"]]
        base.executemany(f"INSERT INTO edges_{moment} VALUES (?, ?)", edges)
        base.execute(f"CREATE INDEX packages_{moment}_id ON packages_{moment} (id)")
        base.execute(f"CREATE INDEX edges_{moment}_source ON edges_{moment} (source)")
        base.execute(f"CREATE INDEX edges_{moment}_target ON edges_{moment} (target)")
    return base


def ask(nedb, base, moments, when):
    """Asks every question at every moment; returns (how many, how many differ)."""
    asked = different = 0
    for fields, nql, sql in QUESTIONS:
        names = fields.split()
        for moment, as_of in moments.items():
            question = f"FROM packages {as_of}{nql}"
            expected = [list(row) for row in base.execute(sql.format(p=f"packages_{moment}", e=f"edges_{moment}"))]
            found = nedb.rows(question, names)
            asked += 1
            if found != expected:
                different += 1
                print(f"DIFFERS {when}: {question}\n  NEDB   {len(found)} rows, {found[:5]}\n"
                      f"  SQLite {len(expected)} rows, {expected[:5]}")
    return asked, different


def main(program, older, newer):
    releases = [records(older), records(newer)]
    base = load_sqlite(releases)
    with tempfile.TemporaryDirectory() as folder:
        nedb = Nedb(program, str(Path(folder) / "packages"))
        nedb.run("init")
        boundaries = []
        for file in (older, newer):
            nedb.run("import", file, "--collection", "packages", "--links", "depends:depends")
            boundaries.append(json.loads(nedb.run("head", "--json"))["seq"])
        moments = {"old": f"AS OF {boundaries[0]} ", "new": ""}
        asked, different = ask(nedb, base, moments, "without indexes")
        for field, kind in INDEXES:
            nedb.run("index create", "packages", field, "--kind", kind)
        more = ask(nedb, base, moments, "with indexes")
        asked, different = asked + more[0], different + more[1]
    print(f"beside SQLite {sqlite3.sqlite_version}: {asked - different} passed, {different} failed, 0 skipped")
    return 1 if different else 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    sys.exit(main(*sys.argv[1:]))
