"""Rows of a query as a table of Arrow: `db.query(nql, as_arrow=True)`.

Takes pyarrow, which must be installed; `.to_pandas()` of the table also takes pandas.
"""

from __future__ import annotations

import importlib
from typing import Any, Dict, List
from uuid import UUID

from .errors import error_of
from .objectid import ObjectId


def table_of(columns: Dict[str, List[Any]]) -> Any:
    """The table of columns of equal length."""
    try:
        pyarrow = importlib.import_module("pyarrow")
    except ImportError as error:
        raise error_of("unsupported", "as_arrow takes the package pyarrow, which is not installed", {}) from error
    arrays = {name: _array(pyarrow, name, values) for name, values in columns.items()}
    return pyarrow.table(arrays)


def _array(pyarrow: Any, name: str, values: List[Any]) -> Any:
    try:
        return pyarrow.array(_plain(values))
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, pyarrow.ArrowNotImplementedError, OverflowError) as error:
        message = f"the values of {name!r} have no common type of Arrow ({error}): SELECT other fields, or take rows"
        raise error_of("unsupported", message, {}) from error


def _plain(value: Any) -> Any:
    """Values in types that Arrow has: UUIDs and object ids are text."""
    if isinstance(value, (UUID, ObjectId)):
        return str(value)
    if isinstance(value, list):
        return [_plain(element) for element in value]
    if isinstance(value, dict):
        return {name: _plain(element) for name, element in value.items()}
    return value
