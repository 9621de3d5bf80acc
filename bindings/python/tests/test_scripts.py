"""The query scripts that every face runs, here through Python.

The scripts' clock stands still and moves when it is told to, which a real database cannot: blocks that need it are left out
by the reason that stands in `clock_reason`, and nothing else is.
"""

import json
import re
import shutil
from collections import Counter

import nedb
import pytest
from conftest import ROOT
from nedb import NEDB
from script import blocks, typed, words

SCRIPTS = sorted((ROOT / "tests" / "nql").glob("*.script"))
_TIMES = re.compile(r'"_?ts":("[^"]*"|{[^}]*})')
_ELAPSED = re.compile(" actual=.*")
_PROGRESS = re.compile(" (building|ready) .*")
MOVES_CLOCK = "it moves the clock"
NAMES_MOMENT = "it names a moment of the scripts' clock"
EXPLAINS_BUILD = "it explains a query while an index is being built, which a real background may have done already"
KEYWORDS = ("FROM", "EXPLAIN", "HISTORY", "DIFF", "query")


def clock_reason(text):
    """Why a script cannot run under a real clock, or None."""
    if any(line.startswith(("advance ", "clock ")) for line in text.splitlines()):
        return MOVES_CLOCK
    if "2026-01-01T" in _TIMES.sub("", text):
        return NAMES_MOMENT
    if any(line == "head" for line in text.splitlines()):
        return "it shows a head, which depends on the scripts' random numbers"
    if " building " in text and "\nEXPLAIN " in text:
        return EXPLAINS_BUILD
    return None


class World:
    """The database of one script."""

    def __init__(self, path):
        self.path = path
        self.db = NEDB(path, durability="none")
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


def without_clock(row):
    """A row without what a real clock decides, in its exact types and order."""
    if not isinstance(row, dict):
        return row
    return exact({name: value for name, value in row.items() if name not in ("time_us", "ts", "_ts")})


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
    if reason := clock_reason(text):
        pytest.skip(reason)
    world = World(path)
    for given, said in blocks(text):
        answered, wanted = world.run(given), [expected(line) for line in said]
        assert len(answered) == len(wanted), "\n".join(given)
        for got, want in zip(answered, wanted):
            if isinstance(want, str) and " building " in want:
                # The scripts' background stands still; that of a real database may be done already.
                got, want = _PROGRESS.sub("", got), _PROGRESS.sub("", want)
            if isinstance(want, str) and want.startswith("error query_timeout "):
                got, want = _ELAPSED.sub("", got), _ELAPSED.sub("", want)
            assert without_clock(got) == without_clock(want), "\n".join(given)
    world.db.close()


def test_the_corpus_is_whole_and_nearly_all_of_it_runs():
    reasons = Counter(clock_reason(script.read_text(encoding="utf-8")) for script in SCRIPTS)
    assert len(SCRIPTS) >= 300 and reasons.pop(None) >= 280
    moved, named, built = (reasons.pop(reason) for reason in (MOVES_CLOCK, NAMES_MOMENT, EXPLAINS_BUILD))
    assert not reasons, "no script of the corpus is left out for another reason"
    said = f"{moved + named + built} scripts: {moved} move the clock, {named} name a moment of the scripts' clock, {built} explain"
    assert said in (ROOT / "tests" / "nql" / "README.md").read_text(encoding="utf-8"), said
