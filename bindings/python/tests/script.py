"""The form of golden scripts: blocks of commands, `---`, and what they say.

tests/nql/README.md describes it; the words of a command are those of the engine's scripts.
"""

import json
import re
from base64 import b64decode
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from nedb import ObjectId

_OPTION = re.compile(r"([a-z_]+)=")


def blocks(text):
    """The blocks of a script as pairs of lists of lines."""
    found, given, said = [], [], None
    for line in text.splitlines():
        if said is None:
            if line == "---":
                said = []
            else:
                given.append(line)
        elif line:
            said.append(line)
        else:
            found.append((given, said))
            given, said = [], None
    return [*found, (given, said or [])] if given else found


def typed(value):
    """The value of JSON whose one-field objects may stand for types that JSON lacks."""
    if isinstance(value, list):
        return [typed(element) for element in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        [(name, inner)] = value.items()
        if name == "$literal":
            return {key: typed(element) for key, element in inner.items()}
        if name in _TYPES:
            return _TYPES[name](inner)
    return {name: typed(element) for name, element in value.items()}


_TYPES = {
    "$bytes": b64decode,
    "$datetime": lambda text: datetime.fromisoformat(text.replace("Z", "+00:00")),
    "$uuid": UUID,
    "$oid": ObjectId,
    "$decimal": Decimal,
}


def words(line):
    """The words and the options of a command; an option may be given more than once."""
    found, options, rest = [], {}, line.strip()
    while rest:
        option = _OPTION.match(rest)
        rest = rest[option.end() :] if option else rest
        word, rest = _word(rest)
        rest = rest.lstrip()
        if option:
            options.setdefault(option[1], []).append(word)
        else:
            found.append(word)
    return found, options


def _word(text):
    if text[0] in "{[":
        value, end = json.JSONDecoder().raw_decode(text)
        return typed(value), text[end:]
    if text[0] == '"':
        end = re.compile(r'"(?:[^"\\]|\\.)*"').match(text).end()
        return _unquoted(text[1 : end - 1]), text[end:]
    word, _, rest = text.partition(" ")
    return _expanded(word), rest


def _unquoted(text):
    """The text with its escapes; bytes where it is no UTF-8."""

    def escaped(found):
        what = found[1]
        if what[0] == "x":
            return bytes([int(what[1:], 16)])
        if what[0] == "u":
            return chr(int(what[2:-1], 16)).encode()
        return {b"n": b"\n", b"t": b"\t"}.get(what.encode(), what.encode())

    parts = re.split(r"(\\(?:x..|u{[^}]*}|.))", text)
    whole = b"".join(escaped(re.match(r"\\(.*)", part)) if part.startswith("\\") else part.encode() for part in parts)
    try:
        return whole.decode()
    except UnicodeDecodeError:
        return whole


def _expanded(word):
    """The long word or document that a shorthand such as `@x*5` stands for."""
    found = re.fullmatch(r"@(.*)\*(\d+)(.*)", word)
    if not found:
        return word
    what, count = found[1], int(found[2])
    if what == "text":
        return {"a": "x" * count}
    if what != "nest":
        return what * count + found[3]
    document = {}
    for _ in range(count - 1):
        document = {"a": document}
    return document
