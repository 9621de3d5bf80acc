"""What MongoDB's manual says of projections, in plain Python, written apart from the engine."""

from collections.abc import Mapping

from naive_mongo import MISSING


def flat(spec, outer=""):
    """What is said of each path; objects in it hold more paths."""
    for name, value in spec.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{outer}{name}.")
        else:
            yield f"{outer}{name}", value


def rules_of(said):
    """The paths as objects in each other; at their ends stands what is said."""
    rules = {}
    for path, value in said:
        *outer, last = path.split(".")
        place = rules
        for part in outer:
            place = place.setdefault(part, {})
        place[last] = value
    return rules


def has_made(rule):
    return any(has_made(inner) for inner in rule.values()) if isinstance(rule, Mapping) else isinstance(rule, str)


def looked_up(document, path):
    """An expression such as `$a`, with names of fields that are no arrays."""
    for part in path[1:].split("."):
        document = document.get(part, MISSING) if isinstance(document, Mapping) else MISSING
    return document


def kept(value, rules):
    if isinstance(value, list):
        inner = [kept(element, rules) for element in value]
        return [element for element in inner if element is not MISSING]
    if not isinstance(value, Mapping):
        return {} if has_made(rules) else MISSING
    made = {}
    for name, inner in value.items():
        rule = rules.get(name)
        if isinstance(rule, Mapping):
            inner = kept(inner, rule)
            if inner is not MISSING:
                made[name] = inner
        elif rule and not isinstance(rule, str):
            made[name] = inner
    return made


def filled(value, rules, document):
    if isinstance(value, list):
        return [filled(element, rules, document) for element in value]
    made = dict(value) if isinstance(value, Mapping) else {}
    for name, rule in rules.items():
        if isinstance(rule, str) and looked_up(document, rule) is not MISSING:
            made[name] = looked_up(document, rule)
        elif isinstance(rule, Mapping) and has_made(rule):
            made[name] = filled(made.get(name, {}), rule, document)
    return made


def left(value, rules):
    if isinstance(value, list):
        return [left(element, rules) for element in value]
    if not isinstance(value, Mapping):
        return value
    return {
        name: left(inner, rules[name]) if isinstance(rules.get(name), Mapping) else inner
        for name, inner in value.items()
        if rules.get(name) != 0
    }


def projected(document, spec):
    """The document as a projection shows it that names what stays and is made, or what goes."""
    said = dict(flat(spec))
    others = {path: value for path, value in said.items() if path != "_id"}
    goes = all(value == 0 and not isinstance(value, str) for value in (others or said).values())
    if goes:
        return left(document, rules_of(said.items()))
    rules = rules_of({"_id": 1, **said}.items())
    return filled(kept(document, rules), rules, document)
