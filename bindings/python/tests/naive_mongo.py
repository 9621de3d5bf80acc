"""What MongoDB's manual says of filters, orders and stages, in plain Python: slow, small, and written apart from the engine."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cmp_to_key


class Missing:
    """Stands for a value that is not there."""


MISSING = Missing()


def rank(value):
    """The place of a value's type; missing and null are one."""
    if value is MISSING or value is None:
        return 0
    if isinstance(value, bool):
        return 7
    for place, kind in ((1, (int, float, Decimal)), (2, str), (3, Mapping), (4, list), (5, bytes), (8, datetime)):
        if isinstance(value, kind):
            return place
    raise AssertionError(value)


def compare(left, right):
    if rank(left) != rank(right):
        return -1 if rank(left) < rank(right) else 1
    kind = rank(left)
    if kind == 0:
        return 0
    if kind == 3:
        for (left_name, left_value), (right_name, right_value) in zip(left.items(), right.items()):
            here = (rank(left_value), left_name), (rank(right_value), right_name)
            order = (here[0] > here[1]) - (here[0] < here[1]) or compare(left_value, right_value)
            if order:
                return order
        return (len(left) > len(right)) - (len(left) < len(right))
    if kind == 4:
        for pair in zip(left, right):
            if compare(*pair):
                return compare(*pair)
        return (len(left) > len(right)) - (len(left) < len(right))
    if kind == 5 and len(left) != len(right):
        return -1 if len(left) < len(right) else 1
    return (left > right) - (left < right)


def equal(left, right):
    return compare(left, right) == 0


def reached(value, parts):
    """The pairs (value, whether an array counts by its elements) that a path leads to."""
    if not parts:
        return [(value, True)]
    if isinstance(value, Mapping):
        return reached(value[parts[0]], parts[1:]) if parts[0] in value else [(MISSING, True)]
    if not isinstance(value, list):
        return [(MISSING, True)]
    found = []
    for position, element in enumerate(value):
        if isinstance(element, Mapping):
            found += reached(element, parts)
        if parts[0] == str(position):
            if len(parts) == 1:
                found.append((element, False))
            elif isinstance(element, (Mapping, list)):
                found += reached(element, parts[1:])
    return found


def candidates(document, path):
    """Every value that a condition may hold for."""
    for value, is_entered in reached(document, path.split(".")):
        if is_entered and isinstance(value, list):
            yield from value
        yield value


def wholes(document, path):
    return [value for value, _ in reached(document, path.split("."))]


SIDES = {"$gt": (1,), "$gte": (0, 1), "$lt": (-1,), "$lte": (-1, 0)}
TYPES = {"number": 1, "string": 2, "object": 3, "array": 4, "null": 0, "binData": 5, "bool": 7, "date": 8}


def is_single(operator, operand, value):
    """Whether a condition holds for one value."""
    if operator == "$eq":
        return equal(value, operand)
    if operator in SIDES:
        return rank(value) == rank(operand) and compare(value, operand) in SIDES[operator]
    if operator == "$in":
        return any(equal(value, one) for one in operand)
    if operator == "$exists":
        return (value is not MISSING) == operand
    if operator == "$type":
        return value is not MISSING and rank(value) == TYPES[operand]
    if operator == "$mod":
        if rank(value) != 1:
            return False
        number = int(value)
        return abs(number) % abs(operand[0]) * (-1 if number < 0 else 1) == operand[1]
    if operator == "$size":
        return isinstance(value, list) and len(value) == operand
    if operator == "$elemMatch":
        return isinstance(value, list) and any(is_element(operand, element) for element in value)
    if operator == "$ne":
        return not is_single("$eq", operand, value)
    if operator == "$nin":
        return not is_single("$in", operand, value)
    if operator == "$not":
        return not all(is_single(*one, value) for one in operand.items())
    raise AssertionError(operator)


def is_element(operand, element):
    if next(iter(operand)).startswith("$"):
        return all(is_single(*one, element) for one in operand.items())
    if isinstance(element, list):
        element = {str(position): inner for position, inner in enumerate(element)}
    return isinstance(element, Mapping) and matches(operand, element)


def is_met(operator, operand, document, path):
    if operator == "$ne":
        return not is_met("$eq", operand, document, path)
    if operator == "$nin":
        return not is_met("$in", operand, document, path)
    if operator == "$not":
        return not all(is_met(*one, document, path) for one in operand.items())
    if operator == "$exists" and not operand:
        return not is_met("$exists", True, document, path)
    if operator == "$all":
        return bool(operand) and all(is_met("$eq", one, document, path) for one in operand)
    values = wholes(document, path) if operator in ("$size", "$elemMatch") else candidates(document, path)
    return any(is_single(operator, operand, value) for value in values)


def matches(filter, document):
    for name, operand in filter.items():
        if name == "$and":
            holds = all(matches(part, document) for part in operand)
        elif name == "$or":
            holds = any(matches(part, document) for part in operand)
        elif name == "$nor":
            holds = not any(matches(part, document) for part in operand)
        elif isinstance(operand, Mapping) and operand and next(iter(operand)).startswith("$"):
            holds = all(is_met(*one, document, name) for one in operand.items())
        else:
            holds = is_met("$eq", operand, document, name)
        if not holds:
            return False
    return True


def sort_value(document, path, direction):
    """The value by which a document is ordered, behind whether there is one: an empty array comes before null."""
    values = []
    for value, is_entered in reached(document, path.split(".")):
        values += value if is_entered and isinstance(value, list) else [value]
    if not values:
        return (any(value != [] for value in wholes(document, path)) or not wholes(document, path), None)
    ordered = sorted(values, key=cmp_to_key(compare))
    return (True, ordered[0 if direction == 1 else -1])


def in_order(documents, keys):
    def order(left, right):
        for path, direction in keys:
            (left_there, left_value), (right_there, right_value) = (
                sort_value(document, path, direction) for document in (left, right)
            )
            by_key = (left_there > right_there) - (left_there < right_there) or compare(left_value, right_value)
            if by_key:
                return by_key * direction
        return 0

    return sorted(documents, key=cmp_to_key(order))
