"""Errors of a server as exceptions: each is of the class of its code, as in process, and of one that says what the caller can do.

A precondition that failed is a `PreconditionFailed` and a `NedbConflict`; so programs catch whichever they know.
"""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Tuple, Type

from ..errors import _TABLE, NedbError, error_of

_UNKNOWN_CODE = "io"
"""What a code of a newer server counts as."""


class NedbAuthError(NedbError):
    """The server does not know the token, or the token may not do this."""


class NedbNotFound(NedbError):
    """What the request names does not exist."""


class NedbBadRequest(NedbError):
    """The request is malformed, too large, or asks for what is not supported: it never succeeds as it stands."""


class NedbConflict(NedbError):
    """The request disagrees with the present state."""


class CasExhausted(NedbConflict):
    """Other writers were quicker each time; `attempts` tells how often."""

    attempts: int = 0


_GROUPS: Dict[str, Type[NedbError]] = {
    "denied": NedbAuthError,
    "not_found": NedbNotFound,
    "invalid": NedbBadRequest,
    "limit": NedbBadRequest,
    "unsupported": NedbBadRequest,
    "conflict": NedbConflict,
}
_made: Dict[Tuple[Type[NedbError], Type[NedbError]], Type[NedbError]] = {}


def error_from(code: str, message: str, kind: str = "", remedy: str = "", at: Optional[Mapping[str, Any]] = None) -> NedbError:
    """The exception of an error that a server told."""
    if code not in _TABLE:
        error = error_of(_UNKNOWN_CODE, message, {})
        error.code, error.kind, error.remedy = code, kind or error.kind, remedy
    else:
        error = error_of(code, message, _details(at or {}))
    return grouped(error)


def grouped(error: NedbError) -> NedbError:
    """The same exception, also of the class that says what the caller can do."""
    group = _GROUPS.get(error.kind)
    if group is not None:
        error.__class__ = _both(group, type(error))
    return error


def error_from_told(told: Mapping[str, Any]) -> NedbError:
    """The exception of what a server told as an error; a ValueError, KeyError or TypeError when it is none."""
    code, message, kind, remedy = told["code"], told["error"], told["kind"], told.get("remedy", "")
    if not all(isinstance(text, str) for text in (code, message, kind, remedy)):
        raise TypeError("an error is told in texts")
    return error_from(code, message, kind, remedy, told.get("at"))


def _both(group: Type[NedbError], of_code: Type[NedbError]) -> Type[NedbError]:
    """The class that is both; it bears the name of the code's, which is what a traceback shows."""
    if (group, of_code) not in _made:
        names = {"__module__": __name__, "__doc__": of_code.__doc__, "__reduce__": _reduced}
        _made[group, of_code] = type(of_code.__name__, (group, of_code), names)
    return _made[group, of_code]


def _reduced(error: NedbError) -> Tuple[Any, ...]:
    """What a pickle or a copy is made of: the class cannot be found by its name, but by the two that it is of."""
    group, of_code = type(error).__bases__
    details = dict(error.__dict__)
    if isinstance(error, SyntaxError):
        details.update(msg=error.msg, lineno=error.lineno, offset=error.offset)
    return _again, (group, of_code, error.args), details


def _again(group: Type[NedbError], of_code: Type[NedbError], args: Tuple[Any, ...]) -> NedbError:
    error = of_code(*args)
    error.__class__ = _both(group, of_code)
    return error


def _details(at: Mapping[str, Any]) -> Dict[str, Any]:
    """Where the error is, under the names that it has in process."""
    details = {name: at[name] for name in ("path", "failures") if name in at}
    if "last_nonce" in at:
        details["last"] = at["last_nonce"]
    if "line" in at:
        details["lineno"], details["offset"] = at["line"], at["column"]
    if "limit" in at:
        details["limit"] = (at["limit"], at["max"], at["actual"])
    if "number" in at:
        details["code"] = at["number"]
    return details


def exhausted(coll: str, key: object, attempts: int) -> CasExhausted:
    """The error of a compare-and-set that never got its turn."""
    error = CasExhausted(f"other writers of {coll}:{key} were quicker {attempts} times")
    error.code, error.kind, error.remedy = "precondition_failed", "conflict", _TABLE["precondition_failed"][2]
    error.attempts = attempts
    return error
