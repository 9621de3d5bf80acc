"""`Sequencer` and `AutoIndexDB`: thin wrappers that programs for the earlier packages use.

The engine groups the commits of many threads and makes indexes by itself, so neither has work of its own: both hand every
call to the database that they were given.
"""

from __future__ import annotations

import re
import sys
from typing import Any, Dict, List, Set, Tuple, Union

from ._native import NEDB
from .errors import UnsupportedError

_STATEMENTS_MAX = 1024
"""Most query texts that are remembered for advice."""

_ADVICE = re.compile(r"an index (on|for search in) .+ could spare ")
"""How a hint of EXPLAIN begins that advises an index; others tell that one is being built, or what is strange."""


class _Wrapper:
    """Hands everything that it does not have itself to its database."""

    def __init__(self, db: NEDB) -> None:
        self.db = db

    def __getattr__(self, name: str) -> Any:
        return getattr(self.db, name)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *reason: object) -> None:
        self.db.close()


def unwrapped(db: Union[NEDB, Sequencer, AutoIndexDB]) -> NEDB:
    """The database itself, for what is made on top of it."""
    inner: object = db
    while isinstance(inner, _Wrapper):
        inner = inner.db
    if not isinstance(inner, NEDB):
        raise TypeError(f"this takes a NEDB, or a Sequencer or AutoIndexDB of one, not {type(inner).__name__}")
    return inner


class Sequencer(_Wrapper):
    """Writes from many threads, each of which waits for its own: the engine commits them in groups.

    `max_batch` is accepted for the sake of older programs; a group is as large as the writers that wait.
    """

    def __init__(self, db: NEDB, max_batch: int = 512) -> None:
        super().__init__(db)
        self.max_batch = max_batch


class AutoIndexDB(_Wrapper):
    """Queries whose indexes the database makes by itself, and what can be said about them.

    `threshold` is how often a query must have been asked before `suggest` speaks of it. With `verbose=True` the standard
    error stream is told, once each, what `analyze` and `suggest` would say.
    """

    def __init__(self, db: NEDB, threshold: int = 5, verbose: bool = False) -> None:
        super().__init__(db)
        self.threshold = threshold
        self.verbose = verbose
        self._asked: Dict[str, Tuple[int, Dict[str, Any]]] = {}
        self._told: Set[str] = set()

    def query(self, nql: str, **params: Any) -> List[Dict[str, Any]]:
        """Answers a query as the database does, and remembers its text with the parameters of this time."""
        rows: List[Dict[str, Any]] = self.db.query(nql, **params)
        if nql in self._asked or len(self._asked) < _STATEMENTS_MAX:
            count, _ = self._asked.get(nql, (0, {}))
            # Whether a table of Arrow was asked for changes nothing about the way to the rows.
            self._asked[nql] = (count + 1, {name: value for name, value in params.items() if name != "as_arrow"})
            if self.verbose:
                self._tell(nql)
        return rows

    def analyze(self) -> List[Dict[str, Any]]:
        """The indexes that the database made by itself."""
        return [index for index in self.db.indexes() if index["origin"] == "automatic"]

    def _tell(self, nql: str) -> None:
        """Says what is new since the last query, for a caller who asked to be told."""
        count, params = self._asked[nql]
        news = [f"made the {index['kind']} index on {index['collection']}.{index['field']}" for index in self.analyze()]
        if count == self.threshold:
            news += [step["hint"] for step in self._explained(nql, params) if _ADVICE.match(step.get("hint", ""))]
        for line in news:
            if line not in self._told:
                self._told.add(line)
                print(f"nedb: {line}", file=sys.stderr)

    def suggest(self) -> List[str]:
        """The indexes that `EXPLAIN` advises for the queries that were asked often, and nothing else that it says."""
        hints: Set[str] = set()
        for nql, (count, params) in list(self._asked.items()):
            if count >= self.threshold:
                hints.update(step["hint"] for step in self._explained(nql, params) if "hint" in step)
        return sorted(hint for hint in hints if _ADVICE.match(hint))

    def _explained(self, nql: str, params: Dict[str, Any]) -> List[Dict[str, Any]]:
        try:
            steps: List[Dict[str, Any]] = self.db.explain(nql, **params)
            return steps
        except UnsupportedError:
            return []  # HISTORY and DIFF have no plan, and so no advice.
