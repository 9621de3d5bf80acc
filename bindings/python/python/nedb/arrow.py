"""Rows of a query as a table of Arrow: `db.query(nql, as_arrow=True)`.

Takes pyarrow, which must be installed; `.to_pandas()` of the table also takes pandas.
"""

from __future__ import annotations

import importlib
from typing import Any, Dict, List, Optional, Tuple, Union
from uuid import UUID

from .errors import error_of
from .objectid import ObjectId


_Buffers = Tuple[str, int, int, Optional[bytes], List[bytes]]
"""A column of one type: its name, the rows, the nulls, the bits of those that are there, and what Arrow keeps beside them."""


def table_of(columns: Dict[str, Union[_Buffers, List[Any]]]) -> Any:
    """The table of columns of equal length; a column whose type the engine does not say is a list of objects."""
    try:
        pyarrow = importlib.import_module("pyarrow")
    except ImportError as error:
        raise error_of("unsupported", "as_arrow takes the package pyarrow, which is not installed", {}) from error
    arrays = {name: _array(pyarrow, name, values) for name, values in columns.items()}
    return pyarrow.table(arrays)


def _array(pyarrow: Any, name: str, values: Union[_Buffers, List[Any]]) -> Any:
    if isinstance(values, tuple):
        kind, rows, nulls, validity, buffers = values
        if kind == "null":
            return pyarrow.nulls(rows)
        type = pyarrow.timestamp("us", tz="UTC") if kind == "timestamp" else pyarrow.type_for_alias(kind)
        taken = [None if part is None else pyarrow.py_buffer(part) for part in (validity, *buffers)]
        return pyarrow.Array.from_buffers(type, rows, taken, nulls)
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
