"""The query scripts that every face runs, here through Python.

The scripts' clock stands still and moves when it is told to. Scripts that show it run on a replica, which `wrap_redis` tells the
time of what it replays; the others on a directory and under the real clock. All of them run; what a real background and real randomness
decide is not compared: how far an index is, the way to an answer while one is being built, and the digits of a root.
"""

import datetime as dt
import json
import re
import shutil

import nedb
import pytest
from conftest import ROOT
from nedb import NEDB
from script import blocks, typed, words

SCRIPTS = sorted((ROOT / "tests" / "nql").glob("*.script"))
_TIMES = re.compile(r'"_?ts":("[^"]*"|{[^}]*})')
_ELAPSED = re.compile(" actual=.*")
_PROGRESS = re.compile(" (building|ready) .*")
_ROOT = re.compile("^root [0-9a-f]{64}$")
KEYWORDS = ("FROM", "EXPLAIN", "HISTORY", "DIFF", "query")
START = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)


def explains_build(given):
    """Whether a block explains a query before it waits for the index that it makes: a real background may have made it already."""
    before = given[: next((place for place, line in enumerate(given) if line.startswith("wait_index ")), len(given))]
    is_made = any(line.startswith("create_index ") and not line.endswith(" wait") for line in before)
    return is_made and any(line.startswith("EXPLAIN ") for line in before)


def has_clock(text):
    """Whether a script moves its clock or names a moment of it."""
    return any(line.startswith(("advance ", "clock ")) for line in text.splitlines()) or "2026-01-01T" in _TIMES.sub("", text)


class World:
    """The database of one script."""

    def __init__(self, path, now=None):
        self.path, self.now = path, now
        self.db = NEDB(path, durability="none") if now is None else NEDB._replica()
        self.move_to(now)
        self.params, self.bounds = {}, {}
        self.shows_messages = False

    def run(self, given):
        said, lines = [], [line for line in given if not line.startswith("#")]
        while lines:
            line = lines.pop(0)
            inner = []
            while lines and lines[0].startswith(" "):
                inner.append(lines.pop(0))
            try:
                said += self.line(line, inner)
            except nedb.NedbError as error:
                said.append(error_line(error) + (f": {error}" if self.shows_messages else ""))
        return said

    def line(self, line, inner):
        first, _, rest = line.partition(" ")
        if first in KEYWORDS:
            text = "\n".join([rest if first == "query" else line, *inner])
            params, bounds = self.params, self.bounds
            self.params, self.bounds = {}, {}
            return self.db.execute(text, params, **bounds)
        if first == "param":
            name, _, value = rest.partition(" ")
            self.params[name] = typed(json.loads(value))
            return []
        found, options = words(line)
        return getattr(self, first)(found[1:], options, inner)

    def sweep(self, _words, _options, _inner):
        return [f"swept {self.db.sweep()}"]

    def move_to(self, now):
        if now is not None:
            self.now = now
            self.db._tell_time((now - dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)) // dt.timedelta(microseconds=1))
        return []

    def clock(self, found, _options, _inner):
        return self.move_to(dt.datetime.fromisoformat(found[0].replace("Z", "+00:00")))

    def advance(self, found, _options, _inner):
        return self.move_to(self.now + dt.timedelta(seconds=seconds(found[0])))

    def limits(self, _words, options, _inner):
        if "deadline" in options:
            self.bounds["timeout_s"] = seconds(options["deadline"][0])
        if "memory" in options:
            self.bounds["memory_bytes_max"] = int(options["memory"][0])
        return []

    def fields(self, _words, _options, _inner):
        self.bounds["system_fields"] = True
        return []

    def messages(self, found, _options, _inner):
        self.shows_messages = found == ["on"]
        return []

    def checkpoint(self, _words, _options, _inner):
        self.db.checkpoint()
        return []

    def head(self, _words, _options, _inner):
        time = dt.datetime.fromtimestamp(self.db.log[-1].ts, dt.timezone.utc).isoformat().replace("+00:00", "Z")
        return [f"seq {self.db.seq} durable {self.db.flush()} time {time}", f"root {self.db.head}"]

    def indexes(self, _words, _options, _inner):
        return [index_line(info) for info in self.db.indexes()]

    def write(self, lines):
        answer = self.db.tx([operation(*words(line)) for line in lines])
        first = answer["seq"] - sum(result is not False for result in answer["results"]) + 1
        said = []
        for result in answer["results"]:
            said.append("unchanged" if result is False else f"seq {first}")
            first += result is not False
        return said

    def batch(self, _words, _options, inner):
        return self.write(inner)

    def create_index(self, found, _options, _inner):
        return [index_line(self.db.create_index(*found[:3], wait="wait" in found[3:]))]

    def wait_index(self, found, _options, _inner):
        return [index_line(self.db.wait_for_index(*found))]

    def drop_index(self, found, _options, _inner):
        return ["dropped" if self.db.drop_index(*found) else "none"]

    def drop(self, found, _options, _inner):
        return [f"dropped {self.db.drop_collection(*found)}"]

    def reopen(self, _words, _options, _inner):
        self.db.close()
        self.db = NEDB(self.path, durability="none")
        return []

    def remove_index(self, _words, _options, _inner):
        self.db.close()
        shutil.rmtree(self.path / "index")
        return self.reopen([], {}, [])


def single(name):
    def write(self, found, options, _inner):
        answer = self.db.tx([operation([name, *found], options)])
        return ["unchanged" if answer["results"] == [False] else f"seq {answer['seq']}"]

    return write


for _name in ("put", "delete", "restore", "expire", "link", "unlink"):
    setattr(World, _name, single(_name))


def operation(found, options):
    name, *found = found
    keys = {"put": ["coll", "id", "doc"], "restore": ["coll", "id", "seq"], "link": ["frm", "rel", "to"], "unlink": ["frm", "rel", "to"]}
    op = {"op": name, **dict(zip(keys.get(name, ["coll", "id"]), found))}
    if name == "restore":
        op["seq"] = int(op["seq"])
    if name == "expire":
        op["ttl_s"] = None
    for option, values in options.items():
        if option == "cause":
            op["caused_by"] = [value if value.startswith("#") else int(value) for value in values]
        elif option == "if":
            op["if_seq"] = -1 if values == ["missing"] else int(values[0])
        elif option == "confidence":
            op["confidence"] = float(values[0])
        elif option == "ttl":
            op["ttl_s"] = seconds(values[0])
        else:
            op[{"from": "valid_from", "to": "valid_to"}.get(option, option)] = values[0]
    return op


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)([a-z]+)", text).groups()
    return int(number) * {"us": 1e-6, "ms": 1e-3, "s": 1, "h": 3600}[unit]


def index_line(info):
    state = f"ready at {info['position']}" if info["state"] == "ready" else f"building {info['done']} of {info['total']}"
    return f"{info['collection']} {info['field']} {info['kind']} {info['origin']} {state}, {info['entries']} entries"


def error_line(error):
    line = f"error {error.code}"
    if error.last is not None:
        return f"{line} last={error.last}"
    if error.path is not None:
        return f"{line} path={error.path}"
    if getattr(error, "lineno", None) is not None:
        return f"{line} line={error.lineno} column={error.offset}"
    if error.limit is not None:
        name, most, actual = error.limit
        return f"{line} {name} max={most} actual={actual}"
    return line


def expected(line):
    return typed(json.loads(line)) if line.startswith("{") else line


def shown(row, has_clock):
    """A row in its exact types and order, without what a real clock decides; how long a step took is always that."""
    if not isinstance(row, dict):
        return row
    real = ("time_us",) if has_clock else ("time_us", "ts", "_ts")
    return exact({name: value for name, value in row.items() if name not in real})


def exact(value):
    """A form in which 1, 1.0 and True differ, and so do two orders of fields."""
    if isinstance(value, dict):
        return ("object", [(name, exact(inner)) for name, inner in value.items()])
    if isinstance(value, list):
        return ("array", [exact(inner) for inner in value])
    return (type(value).__name__, repr(value) if isinstance(value, float) else value)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_query_script_says_the_same_through_python(script, path):
    text = script.read_text(encoding="utf-8")
    is_told = has_clock(text)
    world = World(path, START if is_told else None)
    for given, said in blocks(text):
        answered, wanted = world.run(given), [expected(line) for line in said]
        if explains_build(given):
            answered, wanted = ([row for row in rows if "step" not in row] for rows in (answered, wanted))
        assert len(answered) == len(wanted), "\n".join(given)
        for got, want in zip(answered, wanted):
            if isinstance(want, str) and " building " in want:
                # The scripts' background stands still; that of a real database may be done already.
                got, want = _PROGRESS.sub("", got), _PROGRESS.sub("", want)
            if isinstance(want, str) and want.startswith("error query_timeout "):
                got, want = _ELAPSED.sub("", got), _ELAPSED.sub("", want)
            if isinstance(want, str) and _ROOT.match(want):
                assert _ROOT.match(got)
                continue
            assert shown(got, is_told) == shown(want, is_told), "\n".join(given)
    world.db.close()


def test_the_corpus_is_whole_and_all_of_it_is_compared_but_for_one_block():
    texts = [script.read_text(encoding="utf-8") for script in SCRIPTS]
    assert len(SCRIPTS) >= 300
    assert sum(explains_build(given) for text in texts for given, _said in blocks(text)) == 1
