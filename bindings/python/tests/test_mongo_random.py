"""Mongo on random documents: the answers of the engine beside those of the manual's rules in plain Python."""

import datetime as dt
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive_mongo import MISSING, compare, equal, in_order, matches, reached
from naive_mongo_projection import projected
from naive_mongo_update import Refused, updated, upserted
from nedb import NEDB, MongoCompat, MongoError

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([-2.5, 0.5, 1.0, 2.0]),
    st.sampled_from(["", "a", "b", "ab"]),
)
DAY = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)
typed = st.one_of(
    st.sampled_from([b"", b"a", b"ab", b"b", b"\xff"]),
    st.sampled_from([DAY, DAY.replace(microsecond=1), DAY.astimezone(dt.timezone(dt.timedelta(hours=-3))), DAY.replace(year=1815)]),
    st.sampled_from([Decimal("1.0"), Decimal("0.1"), Decimal("-2.50"), Decimal("0E+3"), Decimal(10) ** 40, Decimal("2.00000000000000000001")]),
    st.sampled_from([None, True, 0, 1, 2, 0.1, 2.0, "a", []]),
)


def values_of(leaves):
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["a", "b", "0"]), inner, max_size=2)
        ),
        max_leaves=5,
    )


def documents_of(leaves):
    return st.lists(st.dictionaries(st.sampled_from(["a", "b", "c"]), values_of(leaves), max_size=3), max_size=12)


values = values_of(scalars)
documents = documents_of(scalars)
paths = st.sampled_from(["a", "b", "a.b", "a.0", "a.a", "a.0.b", "a.b.0", "b.1"])


def condition(depth, scalars=scalars):
    values = values_of(scalars)
    simple = [
        st.fixed_dictionaries({operator: values}) for operator in ("$eq", "$ne", "$gt", "$gte", "$lt", "$lte")
    ] + [
        st.fixed_dictionaries({"$in": st.lists(values, max_size=3)}),
        st.fixed_dictionaries({"$nin": st.lists(values, max_size=3)}),
        st.fixed_dictionaries({"$all": st.lists(scalars, max_size=2)}),
        st.fixed_dictionaries({"$exists": st.booleans()}),
        st.fixed_dictionaries({"$size": st.integers(0, 3)}),
        st.fixed_dictionaries({"$mod": st.tuples(st.sampled_from([-2, 2, 3]), st.integers(-1, 2)).map(list)}),
        st.fixed_dictionaries({"$type": st.sampled_from(["number", "string", "object", "array", "null", "bool", "binData", "date"])}),
        st.fixed_dictionaries({"$gt": scalars, "$lt": scalars}),
    ]
    if depth > 0:
        inner = condition(0, scalars).filter(lambda one: "$all" not in one)
        simple += [
            st.fixed_dictionaries({"$not": condition(depth - 1, scalars)}),
            st.fixed_dictionaries({"$elemMatch": inner}),
            st.fixed_dictionaries({"$elemMatch": st.dictionaries(st.sampled_from(["a", "b"]), scalars, min_size=1)}),
        ]
    return st.one_of(simple)


def filters_of(leaves):
    fields = st.dictionaries(paths, st.one_of(values_of(leaves), condition(1, leaves)), min_size=1, max_size=2)
    return st.recursive(
        fields,
        lambda inner: st.one_of(
            st.fixed_dictionaries({operator: st.lists(inner, min_size=1, max_size=2)}) for operator in ("$and", "$or", "$nor")
        ),
        max_leaves=3,
    )


filters = filters_of(scalars)
orders = st.lists(st.tuples(st.sampled_from(["a", "b", "a.b", "c"]), st.sampled_from([1, -1])), min_size=1, max_size=2).filter(
    lambda keys: len({path for path, _ in keys}) == len(keys)
)


def filled(db, given_documents):
    """The same documents in a collection without indexes and in one with."""
    mongo = MongoCompat(db)
    numbered = [{"_id": f"{position:02}", **document} for position, document in enumerate(given_documents)]
    for collection in (mongo.plain, mongo.indexed):
        if numbered:
            collection.insert_many([dict(document) for document in numbered])
    for field in ("a", "b", "a.b", "c"):
        mongo.indexed.create_index(field)
        db.wait_for_index("indexed", field, "ordered")
    return mongo, numbered


@given(documents, st.lists(filters, min_size=1, max_size=8))
def test_a_filter_keeps_what_the_manual_says_with_and_without_indexes(given_documents, given_filters):
    with NEDB() as db:
        mongo, numbered = filled(db, given_documents)
        for one in given_filters:
            expected = [document for document in numbered if matches(one, document)]
            assert list(mongo.plain.find(one)) == expected, one
            assert list(mongo.indexed.find(one)) == expected, one
            assert mongo.indexed.count_documents(one) == len(expected)


compared = st.tuples(st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]), typed)
typed_filters = st.one_of(compared.map(lambda pair: {"a": dict([pair])}), filters_of(typed))
typed_documents = st.lists(st.dictionaries(st.sampled_from(["a", "b"]), st.one_of(typed, values_of(typed)), min_size=1), min_size=5, max_size=20)


@given(typed_documents, st.lists(typed_filters, min_size=1, max_size=8), orders)
def test_dates_bytes_and_decimals_are_kept_and_ordered_as_the_manual_says(given_documents, given_filters, keys):
    with NEDB() as db:
        mongo, numbered = filled(db, given_documents)
        for collection in (mongo.plain, mongo.indexed):
            for by in (keys, [("a", 1)]):
                assert collection.find().sort(by).to_list() == in_order(numbered, by), by
            for one in given_filters:
                expected = [document for document in numbered if matches(one, document)]
                assert list(collection.find(one)) == expected, one


@given(documents, filters, orders, st.integers(0, 3), st.integers(0, 5))
def test_an_order_is_that_of_the_manual_with_and_without_indexes(given_documents, one, keys, skip, limit):
    with NEDB() as db:
        mongo, numbered = filled(db, given_documents)
        expected = in_order([document for document in numbered if matches(one, document)], keys)
        expected = expected[skip:][: limit or None]
        for collection in (mongo.plain, mongo.indexed):
            assert collection.find(one).sort(keys).skip(skip).limit(limit).to_list() == expected
            stages = [{"$match": one}, {"$sort": dict(keys)}, {"$skip": skip}, *([{"$limit": limit}] if limit else [])]
            assert list(collection.aggregate(stages)) == expected


@given(st.lists(st.fixed_dictionaries({"k": scalars, "n": st.one_of(scalars, st.just("text"))}), max_size=20))
def test_groups_are_those_of_plain_python(rows):
    with NEDB() as db:
        rows = [{"_id": position, **row} for position, row in enumerate(rows)]
        collection = MongoCompat(db).c
        if rows:
            collection.insert_many([dict(row) for row in rows])
        figures = {name: {f"${name}": "$n"} for name in ("sum", "avg", "min", "max", "first", "last", "push", "addToSet")}
        found = list(collection.aggregate([{"$sort": {"_id": 1}}, {"$group": {"_id": "$k", **figures, "count": {"$sum": 1}}}]))
        groups = []
        for row in rows:
            group = next((group for group in groups if equal(group[0]["k"], row["k"])), None)
            if group is None:
                groups.append([row])
            else:
                group.append(row)
        assert len(found) == len(groups)
        for group in groups:
            made = next(one for one in found if equal(one["_id"], group[0]["k"]))
            given_values = [row["n"] for row in group]
            numbers = [n for n in given_values if isinstance(n, (int, float)) and not isinstance(n, bool)]
            kept = [n for n in given_values if n is not None]
            assert made["sum"] == sum(numbers)
            assert made["avg"] == (sum(numbers) / len(numbers) if numbers else None)
            assert all(compare(made["min"], n) <= 0 <= compare(made["max"], n) for n in kept)
            assert (made["min"] is None) == (not kept) and made["count"] == len(group)
            assert (made["first"], made["last"], made["push"]) == (given_values[0], given_values[-1], given_values)
            assert all(any(equal(one, n) for n in given_values) for one in made["addToSet"])
            assert all(sum(equal(one, n) for one in made["addToSet"]) == 1 for n in given_values)


@given(st.lists(st.one_of(scalars, st.lists(scalars, max_size=3), st.just(...)), max_size=12), st.lists(scalars, max_size=6))
def test_unwind_and_lookup_are_those_of_plain_python(locals_, foreigns):
    with NEDB() as db:
        mongo = MongoCompat(db)
        rows = [{"_id": n} if value is ... else {"_id": n, "x": value} for n, value in enumerate(locals_)]
        others = [{"_id": n, "y": value} for n, value in enumerate(foreigns)]
        for collection, documents_ in ((mongo.rows, rows), (mongo.others, others)):
            if documents_:
                collection.insert_many([dict(document) for document in documents_])
        unwound = [
            {**row, "x": element}
            for row in rows
            if row.get("x") is not None
            for element in (row["x"] if isinstance(row["x"], list) else [row["x"]])
        ]
        by_id = {"$sort": {"_id": 1}}
        assert list(mongo.rows.aggregate([by_id, {"$unwind": "$x"}])) == unwound
        lookup = {"$lookup": {"from": "others", "localField": "x", "foreignField": "y", "as": "found"}}
        for row in mongo.rows.aggregate([lookup]):
            own = row.get("x")
            wanted = own if isinstance(own, list) else [own]
            partners = [other for other in others if any(equal(other["y"], value) for value in wanted)]
            assert sorted(row["found"], key=lambda other: other["_id"]) == partners


numbers = st.one_of(st.integers(-3, 3), st.sampled_from([0.5, 2.0]))
operands = {
    "$set": values,
    "$unset": st.just(1),
    "$inc": numbers,
    "$mul": numbers,
    "$min": values,
    "$max": values,
    "$push": st.one_of(
        scalars,
        st.fixed_dictionaries(
            {"$each": st.lists(values, max_size=3)},
            optional={"$position": st.integers(-3, 3), "$sort": st.sampled_from([1, -1]), "$slice": st.integers(-3, 3)},
        ),
    ),
    "$rename": paths,
    "$setOnInsert": values,
    "$addToSet": st.fixed_dictionaries({"$each": st.lists(values, max_size=3)}),
    "$pull": st.one_of(scalars, st.fixed_dictionaries({"$gte": scalars}), st.fixed_dictionaries({"a": scalars})),
    "$pop": st.sampled_from([1, -1]),
}
changes = st.sampled_from(sorted(operands)).flatmap(
    lambda operator: st.fixed_dictionaries({operator: st.dictionaries(paths, operands[operator], min_size=1, max_size=2)})
)
updates = st.tuples(changes, changes).map(lambda pair: {**pair[0], **pair[1]})


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), values, max_size=3), st.lists(updates, min_size=1, max_size=10))
def test_an_update_does_what_the_manual_says_or_nothing(document, given_updates):
    with NEDB() as db:
        collection = MongoCompat(db).c
        collection.insert_one({"_id": "1", **document})
        for update in given_updates:
            try:
                expected = updated(document, update)
            except Refused:
                with pytest.raises(MongoError):
                    collection.update_one({}, update)
            else:
                assert collection.update_one({}, update).matched_count == 1
                document = expected
            assert collection.find_one() == {"_id": "1", **document}, update


equalities = st.lists(st.tuples(paths, values), max_size=2, unique_by=lambda pair: pair[0])


@given(equalities, updates)
def test_an_upsert_makes_what_the_manual_says_or_nothing(pairs, update):
    with NEDB() as db:
        collection = MongoCompat(db).c
        try:
            expected = upserted(pairs, update)
        except Refused:
            with pytest.raises(MongoError):
                collection.update_one({path: {"$eq": value} for path, value in pairs}, update, upsert=True)
            assert collection.find_one() is None
        else:
            made = collection.update_one({path: {"$eq": value} for path, value in pairs}, update, upsert=True).upserted_id
            assert collection.find_one() == {"_id": made, **expected}


shown = st.one_of(st.just(1), st.sampled_from(["$a", "$b.a", "$c", "$none"]))
ends = st.sampled_from(["a", "b", "a.b", "a.a", "b.a.b", "c", "new", "new.a"])
projections = st.one_of(
    st.dictionaries(ends, shown, min_size=1, max_size=3),
    st.dictionaries(ends, st.just(0), min_size=1, max_size=3),
).flatmap(lambda spec: st.sampled_from([spec, {**spec, "_id": 0}]))


@given(documents, projections)
def test_a_projection_shows_what_the_manual_says(given_documents, spec):
    said = [path.split(".") for path in spec]
    meets = any(one is not other and one == other[: len(one)] for one in said for other in said)
    with NEDB() as db:
        mongo, numbered = filled(db, given_documents)
        if meets:
            with pytest.raises(MongoError):
                list(mongo.plain.aggregate([{"$project": spec}]))
            return
        expected = [json.dumps(projected(document, spec)) for document in numbered]
        assert [json.dumps(document) for document in mongo.plain.find({}, spec)] == expected
        assert [json.dumps(document) for document in mongo.plain.aggregate([{"$project": spec}])] == expected


@given(documents, filters, st.sampled_from(["a", "b", "a.b", "b.a.b", "c"]))
def test_distinct_values_are_those_of_the_manual(given_documents, one, path):
    with NEDB() as db:
        mongo, numbered = filled(db, given_documents)
        found = [value for document in numbered if matches(one, document) for value, _ in reached(document, path.split("."))]
        found = [element for value in found for element in (value if isinstance(value, list) else [value])]
        expected = [value for value in found if value is not MISSING]
        for collection in (mongo.plain, mongo.indexed):
            values_found = collection.distinct(path, one)
            assert all(compare(*pair) < 0 for pair in zip(values_found, values_found[1:]))
            assert all(any(equal(value, other) for other in expected) for value in values_found)
            assert all(any(equal(value, other) for other in values_found) for value in expected)


@given(documents, filters, st.dictionaries(st.sampled_from(["a", "b", "c"]), values, max_size=3))
def test_replacements_and_deletes_reach_what_a_filter_keeps(given_documents, one, replacement):
    with NEDB() as db:
        mongo, numbered = filled(db, given_documents)
        for collection in (mongo.plain, mongo.indexed):
            now = {document["_id"]: document for document in numbered}
            first = next((document["_id"] for document in numbered if matches(one, document)), None)
            assert collection.replace_one(one, replacement).matched_count == (first is not None)
            if first is not None:
                now[first] = {"_id": first, **replacement}
            assert list(collection.find()) == list(now.values())
            first = next((name for name, document in now.items() if matches(one, document)), None)
            assert collection.delete_one(one).deleted_count == (first is not None)
            now.pop(first, None)
            gone = [name for name, document in now.items() if matches(one, document)]
            assert collection.delete_many(one).deleted_count == len(gone)
            assert list(collection.find()) == [document for name, document in now.items() if name not in gone]
