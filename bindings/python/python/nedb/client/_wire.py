"""What goes over the wire: values as JSON in which the types that JSON lacks are objects such as `{"$bytes": ..}`.

Promises that a value comes back as it does in process; what cannot be stored is refused here with its path, before anything is sent. What
comes and has not the shape of an answer is an error that says so.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any, Dict, List, Mapping, Union
from urllib.parse import quote, urlencode

from .._native import Query, _from_json, _to_json
from ..errors import NedbError, error_of

_TAGS = frozenset(("$bytes", "$datetime", "$uuid", "$oid", "$decimal"))
_LITERAL = "$literal"
_TIME = 'TIMESTAMP "'
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_EARLIEST_US = -(1 << 63)

_SHOWN_MAX = 60
"""Characters of an answer that are shown when it is none."""

Shape = Union[type, List[type]]
"""What the value of a field is: of a type, or a list of values of one."""
Id = Union[str, bytes, int]
Moment = Union[int, str, datetime]


def document_text(document: Dict[str, Any]) -> str:
    """The text of a document."""
    return _to_json(document)


def document_text_at(position: int, document: Dict[str, Any]) -> str:
    """The text of one of several documents; what cannot be stored in it is named with its position, as in process."""
    try:
        return _to_json(document)
    except NedbError as error:
        if error.path is not None:
            path = f"[{position}].{error.path}"
            error.args = (str(error).replace(f"(in {error.path})", f"(in {path})"), *error.args[1:])
            error.path = path
        raise


def value_text(value: Any) -> str:
    """The text of any value that a document may have."""
    text = _to_json({"": value})
    return text[len('{"":') : -1]


def object_text(fields: Mapping[str, Any], **texts: str) -> str:
    """An object of plain fields, those that are None left out, and of fields that are texts already."""
    parts = [f"{json.dumps(name)}:{json.dumps(value)}" for name, value in fields.items() if value is not None]
    parts += [f"{json.dumps(name)}:{text}" for name, text in texts.items()]
    return "{" + ",".join(parts) + "}"


def answer(text: str, **shape: Shape) -> Dict[str, Any]:
    """The value of an answer, which is an object that has these fields."""
    try:
        value = read(text)
    except (ValueError, RecursionError, NedbError) as error:
        raise foreign(text) from error
    return shaped(value, **shape)


def shaped(value: Any, **shape: Shape) -> Dict[str, Any]:
    """The value, which is an object that has these fields."""
    if type(value) is not dict or not all(name in value and _is(value[name], kind) for name, kind in shape.items()):
        raise foreign(value)
    found: Dict[str, Any] = value
    return found


def foreign(told: object) -> NedbError:
    """The error of an answer that no daemon gives."""
    shown = repr(told)
    shown = shown if len(shown) <= _SHOWN_MAX else shown[:_SHOWN_MAX] + ".."
    return error_of("io", f"what the server told is no answer of nedbd: {shown}", {})


def _is(value: Any, kind: Shape) -> bool:
    if isinstance(kind, list):
        return type(value) is list and all(type(element) is kind[0] for element in value)
    return type(value) is kind


def read(text: str) -> Any:
    """The value of a text."""
    value = json.loads(text)
    # Hardly any answer has a typed value, and looking for one is much quicker than walking over all of them.
    return _typed(value) if '"$' in text else value


def _typed(value: Any) -> Any:
    if isinstance(value, list):
        return [_typed(element) for element in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        [(name, inner)] = value.items()
        if name == _LITERAL and isinstance(inner, dict):
            return {key: _typed(element) for key, element in inner.items()}
        if name in _TAGS:
            return _from_json(json.dumps({"": value}))[""]
    return {name: _typed(element) for name, element in value.items()}


def id_text(given: Id) -> str:
    """An id as text, which is what HTTP has."""
    if isinstance(given, bytes):
        try:
            return given.decode()
        except UnicodeDecodeError:
            raise error_of("unsupported", f"the id {given!r} is no text, and HTTP has ids of text alone", {}) from None
    if isinstance(given, bool) or not isinstance(given, (str, int)):
        raise TypeError(f"the id of a document is a str, bytes or an int, not {type(given).__name__}")
    return str(given)


def id_given(given: Id) -> str:
    """The id of a document as text; unlike a bound of ids it is never empty."""
    text = id_text(given)
    if not text:
        raise error_of("invalid_id", "document id is empty", {})
    return text


def moment_text(moment: Moment) -> str:
    """A moment as a parameter has it: a seq, or a time in UTC. What is none is refused by the engine, as it is in process."""
    told = str(Query("c").as_of(moment)).partition(" AS OF ")[2]
    return told[len(_TIME) : -1] if told.startswith(_TIME) else told


def time_us(text: str) -> int:
    """The microseconds since 1970 of a time as the engine writes it."""
    if text.startswith("@"):
        return int(text[1:])
    at = _typed({"$datetime": text})
    # A year before the first one is text still: it lies before all that a history has.
    return (at - _EPOCH) // timedelta(microseconds=1) if isinstance(at, datetime) else _EARLIEST_US


def path(*parts: str, **parameters: Any) -> str:
    """A path of these parts, with the parameters that are not None."""
    found = {name: value for name, value in parameters.items() if value is not None}
    joined = "/".join(quote(part, safe="") for part in parts)
    return f"{joined}?{urlencode(found, quote_via=quote)}" if found else joined
