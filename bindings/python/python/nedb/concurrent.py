"""`Sequencer` and `AutoIndexDB`: thin wrappers that programs for the earlier packages use.

The engine groups the commits of many threads and makes indexes by itself, so neither has work of its own: both hand every
call to the database that they were given.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Dict, List, Union

from ._native import NEDB

_STATEMENTS_MAX = 1024
"""Most query texts that are remembered for advice."""


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
    return db if isinstance(db, NEDB) else db.db


class Sequencer(_Wrapper):
    """Writes from many threads, each of which waits for its own: the engine commits them in groups.

    `max_batch` is accepted for the sake of older programs; a group is as large as the writers that wait.
    """

    def __init__(self, db: NEDB, max_batch: int = 512) -> None:
        super().__init__(db)
        self.max_batch = max_batch


class AutoIndexDB(_Wrapper):
    """Queries whose indexes the database makes by itself, and what can be said about them.

    `threshold` is how often a query must have been asked before `suggest` speaks of it.
    """

    def __init__(self, db: NEDB, threshold: int = 5, verbose: bool = False) -> None:
        super().__init__(db)
        self.threshold = threshold
        self.verbose = verbose
        self._asked: Counter[str] = Counter()

    def query(self, nql: str, /, **params: Any) -> List[Dict[str, Any]]:
        """Answers a query as the database does, and remembers its text when it has no parameters."""
        if not params and (nql in self._asked or len(self._asked) < _STATEMENTS_MAX):
            self._asked[nql] += 1
        rows: List[Dict[str, Any]] = self.db.query(nql, **params)
        return rows

    def analyze(self) -> List[Dict[str, Any]]:
        """The indexes that the database made by itself."""
        return [index for index in self.db.indexes() if index["origin"] == "automatic"]

    def suggest(self) -> List[str]:
        """What `EXPLAIN` advises for the queries that were asked often."""
        often = [nql for nql, count in self._asked.items() if count >= self.threshold]
        steps = (step for nql in often for step in self.db.explain(nql))
        return sorted({step["hint"] for step in steps if "hint" in step})
