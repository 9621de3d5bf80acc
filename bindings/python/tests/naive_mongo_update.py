"""What MongoDB's manual says of updates, in plain Python, written apart from the engine."""

from naive_mongo import MISSING, compare, equal, is_element, is_single, rank


class Refused(Exception):
    """Stands for an update that MongoDB refuses."""


def wrapped(parts, value):
    for part in reversed(parts):
        value = {part: value}
    return value


def changed(value, parts, make, creates):
    """A copy of a value in which `make` was asked for what the path leads to."""
    head, *rest = parts
    if isinstance(value, dict):
        present, places = value.get(head, MISSING), dict(value)
    elif isinstance(value, list) and head.isdigit():
        present, places = value[int(head)] if int(head) < len(value) else MISSING, dict(enumerate(value))
        head = int(head)
    elif creates:
        raise Refused
    else:
        return value
    if present is MISSING:
        if not creates:
            return value
        made = make(MISSING)
        places[head] = wrapped(rest, made) if made is not MISSING else MISSING
    else:
        places[head] = changed(present, rest, make, creates) if rest else make(present)
    if isinstance(value, dict):
        return {name: inner for name, inner in places.items() if inner is not MISSING}
    if present is MISSING and places[head] is MISSING:
        return value
    length = max(len(value), head + 1)
    return [None if places.get(at, MISSING) is MISSING else places[at] for at in range(length)]


def number(value):
    if rank(value) != 1:
        raise Refused
    return value


def array(value):
    if value is MISSING:
        return []
    if not isinstance(value, list):
        raise Refused
    return value


def added(operand, value):
    return number(operand) if value is MISSING else number(value) + operand


def multiplied(operand, value):
    return 0 if value is MISSING else number(value) * operand


def united(operand, value):
    values = list(array(value))
    for one in operand["$each"]:
        if not any(equal(one, other) for other in values):
            values.append(one)
    return values


def pulled(operand, value):
    if isinstance(operand, dict) and next(iter(operand)).startswith("$"):
        return [one for one in array(value) if not all(is_single(*test, one) for test in operand.items())]
    if isinstance(operand, dict):
        return [one for one in array(value) if not (isinstance(one, dict) and is_element(operand, one))]
    return [one for one in array(value) if not equal(one, operand)]


OPERATORS = {
    "$set": (True, lambda operand, value: operand),
    "$unset": (False, lambda operand, value: MISSING),
    "$inc": (True, added),
    "$mul": (True, multiplied),
    "$min": (True, lambda operand, value: operand if value is MISSING or compare(operand, value) < 0 else value),
    "$max": (True, lambda operand, value: operand if value is MISSING or compare(operand, value) > 0 else value),
    "$push": (True, lambda operand, value: [*array(value), operand]),
    "$addToSet": (True, united),
    "$pull": (False, pulled),
    "$pop": (False, lambda operand, value: array(value)[:-1] if operand == 1 else array(value)[1:]),
}


def updated(document, update):
    """The document after an update; `Refused` is raised for one that cannot be done."""
    paths = [path.split(".") for operator in update.values() for path in operator]
    for position, path in enumerate(paths):
        if any(other[: len(path)] == path or path[: len(other)] == other for other in paths[:position]):
            raise Refused
    for operator, changes in update.items():
        creates, make = OPERATORS[operator]
        for path, operand in changes.items():
            document = changed(document, path.split("."), lambda value: make(operand, value), creates)
    return document
