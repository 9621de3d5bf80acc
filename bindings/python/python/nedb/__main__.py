"""The command `nedb`, and `python -m nedb PATH`, which opens the shell.

The command is the engine's own. Two things are done here: `nedb verify redis://..`, which takes a client of Redis, and `nedb serve`,
whose daemon is in the package.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from typing import Any, Dict, List, Optional
from urllib.parse import urlsplit

from . import server
from ._native import _command
from .errors import EXIT_CODES, NedbError, error_of

_USAGE = "usage: nedb verify redis://HOST[:PORT][/NUMBER] [--name NAME] [--expect-head SEQ:HASH]"
_WRONG_USAGE = 2
_SCHEMES = ("redis://", "rediss://", "unix://")
_VERBS = frozenset(
    """
    init import export put get delete restore scan query live sql shell collections history diff link unlink neighbors log head
    verify checkpoint rebuild proof verify-proof tiles stats index sweep bench demo serve databases drop slow top completions help
    """.split()
)
"""What the command knows, and therefore takes for no path."""


def main(words: Optional[List[str]] = None) -> int:
    """Does what the command line says and returns the exit code."""
    words = sys.argv[1:] if words is None else words
    place = _verb_place(words)
    if words[place : place + 1] == ["verify"] and any(word.startswith(_SCHEMES) for word in words):
        return _verify_redis([*words[:place], *words[place + 1 :]])
    if words[place : place + 1] == ["serve"]:
        # The daemon is part of the package, and no program beside the interpreter.
        return server.main(words[place + 1 :])
    # The command has its own way with Ctrl-C, and where it has none the process ends.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _command(["nedb", *words])


def module_main() -> int:
    """The same, where a path alone opens the shell."""
    words = sys.argv[1:]
    place = _verb_place(words)
    verb = "".join(words[place : place + 1])
    is_alone = place + 1 == len(words)
    if verb and verb not in _VERBS and (is_alone or os.sep in verb or os.path.isdir(verb)):
        words = [*words[:place], "shell", *words[place:]]
    return main(words)


def _verb_place(words: List[str]) -> int:
    """Where the first word is that is no option."""
    return next((place for place, word in enumerate(words) if not word.startswith("-")), len(words))


def _verify_redis(words: List[str]) -> int:
    """Verifies the log in a Redis; one JSON value on stdout, as `nedb verify --json` prints it."""
    is_json = "--json" in words
    options: Dict[str, Optional[str]] = {"--name": "default", "--expect-head": None}
    urls: List[str] = []
    is_usable = True
    rest = iter(words)
    for word in rest:
        if word in options:
            options[word] = next(rest, "")
            is_usable = is_usable and options[word] != ""
        elif word.startswith(_SCHEMES):
            urls.append(word)
        else:
            is_usable = is_usable and word == "--json"
    name = options["--name"]
    if not is_usable or len(urls) != 1 or name is None:
        return _wrong_usage(_USAGE, is_json)
    try:
        redis: Any = importlib.import_module("redis")
    except ImportError:
        return _told(error_of("unsupported", "the package redis is not installed: pip install redis", {}), is_json)
    from .wrap_redis import wrap_redis

    try:
        client = _client(redis, urls[0])
    except (TypeError, ValueError) as error:
        # Without the address itself, which may have a password.
        return _wrong_usage(f"this is no address of a Redis: {error}; {_USAGE}", is_json)
    try:
        with client:
            history = wrap_redis(client, name).nedb
            report = history.verify_report(options["--expect-head"])
            if not report["entries"] and not history._exists():
                message = f"this Redis has no history {name!r}: neither nedb:{name}:oplog nor nedb:{name}:snapshot is there"
                raise error_of("not_found", message, {})
    except NedbError as error:
        return _told(error, is_json)
    except redis.RedisError as error:
        code = "unauthenticated" if isinstance(error, redis.AuthenticationError) else "io"
        return _told(error_of(code, f"the Redis did not answer: {error}", {}), is_json)
    print(json.dumps(report))
    return EXIT_CODES["integrity"] if report["verdict"] == "corrupt" else 0


def _wrong_usage(message: str, is_json: bool) -> int:
    _told(error_of("invalid_argument", message, {}), is_json)
    return _WRONG_USAGE


def _told(error: NedbError, is_json: bool) -> int:
    """Prints an error on stderr in the two forms of the command, and returns its exit code."""
    if is_json:
        text = json.dumps({"error": str(error), "code": error.code, "kind": error.kind, "remedy": error.remedy})
    else:
        text = f"nedb: {error}\n      {error.remedy}"
    print(text, file=sys.stderr)
    return EXIT_CODES[error.kind]


def _client(redis: Any, url: str) -> Any:
    """A client of an address, in which everything is understood; nothing is connected yet."""
    parts = urlsplit(url)
    number = parts.path.strip("/")
    if parts.scheme != "unix" and number and not number.isdigit():
        # A client would take the first database instead.
        raise ValueError(f"{number!r} is no number of a database")
    client = redis.Redis.from_url(url)
    client.connection_pool.make_connection()
    return client


if __name__ == "__main__":
    sys.exit(module_main())
