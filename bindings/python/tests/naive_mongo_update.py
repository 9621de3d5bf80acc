"""What MongoDB's manual says of updates, in plain Python, written apart from the engine."""

from functools import cmp_to_key

from naive_mongo import MISSING, compare, equal, is_element, is_met, rank


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
        # An element is asked as the value of a field would be, so an array is also asked by its elements.
        return [one for one in array(value) if not all(is_met(*test, {"x": one}, "x") for test in operand.items())]
    if isinstance(operand, dict):
        return [one for one in array(value) if not (isinstance(one, dict) and is_element(operand, one))]
    return [one for one in array(value) if not equal(one, operand)]


def pushed(operand, value):
    values = list(array(value))
    if not (isinstance(operand, dict) and "$each" in operand):
        return [*values, operand]
    at = operand.get("$position", len(values))
    at = max(len(values) + at, 0) if at < 0 else at
    values = values[:at] + operand["$each"] + values[at:]
    if "$sort" in operand:
        values.sort(key=cmp_to_key(lambda one, other: compare(one, other) * operand["$sort"]))
    if "$slice" in operand:
        size = operand["$slice"]
        values = values[:size] if size >= 0 else values[size:]
    return values


def leads_to(document, parts):
    """What is at a path by name, and whether the path goes into an array; a value without fields is in the way."""
    for part in parts:
        if isinstance(document, list) and part.isdigit():
            return (MISSING if int(part) >= len(document) else None), True
        if not isinstance(document, dict):
            raise Refused
        if part not in document:
            return MISSING, False
        document = document[part]
    return document, False


def renamed(document, source, target):
    value, is_in_array = leads_to(document, source)
    if value is MISSING:
        return document
    if is_in_array or leads_to(document, target)[1]:
        raise Refused
    document = changed(document, source, lambda _: MISSING, False)
    return changed(document, target, lambda _: value, True)


OPERATORS = {
    "$set": (True, lambda operand, value: operand),
    "$unset": (False, lambda operand, value: MISSING),
    "$inc": (True, added),
    "$mul": (True, multiplied),
    "$min": (True, lambda operand, value: operand if value is MISSING or compare(operand, value) < 0 else value),
    "$max": (True, lambda operand, value: operand if value is MISSING or compare(operand, value) > 0 else value),
    "$push": (True, pushed),
    "$addToSet": (True, united),
    "$pull": (False, pulled),
    "$pop": (False, lambda operand, value: array(value)[:-1] if operand == 1 else array(value)[1:]),
}


def upserted(equalities, update):
    """The document that an upsert makes where there is none: the equalities of its filter, and the update."""
    document, paths = {}, [path.split(".") for path, _ in equalities]
    check_apart(paths)
    for path, (_, value) in zip(paths, equalities):
        document = changed(document, path, lambda _, value=value: value, True)
    return updated(document, update, is_inserted=True)


def check_apart(paths):
    for position, path in enumerate(paths):
        if any(other[: len(path)] == path or path[: len(other)] == other for other in paths[:position]):
            raise Refused


def updated(document, update, is_inserted=False):
    """The document after an update; `Refused` is raised for one that cannot be done."""
    paths = [path.split(".") for operator in update.values() for path in operator]
    check_apart(paths + [target.split(".") for target in update.get("$rename", {}).values()])
    for operator, changes in update.items():
        for path, operand in changes.items():
            if operator == "$rename":
                document = renamed(document, path.split("."), operand.split("."))
                continue
            if operator == "$setOnInsert" and not is_inserted:
                continue
            creates, make = OPERATORS["$set" if operator == "$setOnInsert" else operator]
            document = changed(document, path.split("."), lambda value, operand=operand: make(operand, value), creates)
    return document
