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
        return json.loads(text[:end].replace("\\u{", "\\u").replace("}", "")), text[end:]
    word, _, rest = text.partition(" ")
    return word, rest
