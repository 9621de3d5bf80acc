"""SQL on the same engine: `sql_exec` runs a statement, `sql_to_nql` shows the NQL that a SELECT stands for.

    from nedb import NEDB, sql_exec

    db = NEDB()
    sql_exec(db, "INSERT INTO users (_id, born) VALUES (?, ?)", ["ada", 1815])
    sql_exec(db, "SELECT _id FROM users WHERE born < :year", {"year": 1900})   # [{'_id': 'ada'}]

The subset is described in docs/sql.md.
"""

from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence, Union

from . import _native
from .concurrent import AutoIndexDB, Sequencer, unwrapped
from .errors import SQLError, SQLUnsupportedError

__all__ = ["SQLError", "SQLUnsupportedError", "sql_exec", "sql_to_nql"]

sql_to_nql = _native.sql_to_nql


def sql_exec(
    db: Union[_native.NEDB, Sequencer, AutoIndexDB],
    sql: str,
    params: Optional[Union[Sequence[Any], Mapping[str, Any]]] = None,
) -> Any:
    """Runs one statement: a SELECT gives a list of dicts, one that writes a dict with `rowcount`, `seq` and `ids`.

    `params` gives the placeholders their values: a list or tuple for `?` and `$1`, a dict for `:name` and `$name`.
    """
    return _native.sql_exec(unwrapped(db), sql, params)
