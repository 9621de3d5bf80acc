"""The Mongo face as programs for pymongo use it."""

import re
import sys
import threading
from datetime import datetime, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from nedb import NEDB, MongoClient, MongoCompat, MongoError, MongoUnsupportedError, NedbError, ObjectId, UnsupportedError
from nedb.mongo import ASCENDING, DESCENDING, DuplicateKeyError


@pytest.fixture
def mongo(db):
    return MongoCompat(db)


@pytest.fixture
def people(mongo):
    people = mongo["people"]
    people.insert_many(
        [
            {"_id": "ada", "name": "Ada", "born": 1815, "tags": ["maths", "engines"]},
            {"_id": "alan", "name": "Alan", "born": 1912, "tags": ["maths"]},
            {"_id": "grace", "name": "Grace", "born": 1906, "tags": []},
        ]
    )
    return people


def ids(documents):
    return [document["_id"] for document in documents]


def test_a_collection_is_reached_by_item_attribute_and_call(mongo):
    assert MongoClient is MongoCompat
    assert mongo["people"] == mongo.people == mongo.get_collection("people")
    assert mongo.people.archive.name == "people.archive" == mongo["people"]["archive"].name
    mongo.people.insert_one({"_id": 1})
    assert mongo.list_collection_names() == ["people"]
    mongo.drop_collection("people")
    assert mongo.list_collection_names() == []


def test_documents_are_those_of_the_database(db, mongo):
    mongo.people.insert_one({"_id": "ada", "born": 1815})
    assert db.get("people", "ada") == {"born": 1815, "_id": "ada"}
    db.put("people", "grace", {"born": 1906}, evidence="external")
    assert mongo.people.find_one("grace") == {"_id": "grace", "born": 1906}
    assert db.query("FROM people WHERE born > 1900 SELECT _id") == [{"_id": "grace"}]


def test_an_insert_gives_an_object_id_to_the_document_and_the_result(people):
    document = {"name": "Kurt"}
    done = people.insert_one(document)
    assert isinstance(done.inserted_id, ObjectId) and document["_id"] == done.inserted_id and done.acknowledged
    assert people.find_one({"_id": done.inserted_id}) == {"_id": done.inserted_id, "name": "Kurt"}
    many = [{"n": n} for n in range(100)]
    done = people.insert_many(many)
    assert done.inserted_ids == ids(many) == sorted(done.inserted_ids)
    assert [document["n"] for document in people.find({"n": {"$exists": True}})] == list(range(100))


@pytest.mark.parametrize(
    "id",
    ["text", "", "$id:5", "$oid:x", 5, 2.5, True, None, b"bytes", b"\xff", ObjectId("65f1c0ffee65f1c0ffee65f1")]
    + [datetime(2024, 3, 1, tzinfo=timezone.utc), Decimal("1.50"), UUID(int=7), {"a": 1, "b": [2]}, 5.0, 10**30],
)
def test_an_id_of_any_type_comes_back_as_it_was_and_is_found(mongo, id):
    mongo.c.insert_one({"_id": id, "x": 1})
    found = mongo.c.find_one({"_id": id})
    assert found == {"_id": id, "x": 1} and type(found["_id"]) is type(id) and list(found) == ["_id", "x"]
    assert mongo.c.update_one({"_id": id}, {"$inc": {"x": 1}}).modified_count == 1
    assert mongo.c.find_one({"_id": {"$in": [id, "other"]}})["x"] == 2
    with pytest.raises(DuplicateKeyError):
        mongo.c.insert_one({"_id": id})
    assert mongo.c.delete_one({"_id": id}).deleted_count == 1


def test_equal_numbers_are_one_id(mongo):
    mongo.c.insert_one({"_id": 5})
    for equal in (5.0, Decimal("5.00")):
        with pytest.raises(DuplicateKeyError):
            mongo.c.insert_one({"_id": equal})
        assert mongo.c.count_documents({"_id": equal}) == 1


def test_a_duplicate_id_has_the_code_of_mongo_and_inserts_nothing(people):
    with pytest.raises(DuplicateKeyError, match="E11000") as refused:
        people.insert_many([{"_id": "kurt"}, {"_id": "ada"}])
    assert refused.value.code == 11000 and isinstance(refused.value, MongoError) and isinstance(refused.value, NedbError)
    assert people.count_documents({}) == 3
    with pytest.raises(DuplicateKeyError):
        people.insert_many([{"_id": "new"}, {"_id": "new"}])


def test_a_find_is_a_cursor(people):
    cursor = people.find({"born": {"$gt": 1800}}, {"name": 1, "_id": 0}).sort("born", DESCENDING).skip(1).limit(1)
    assert cursor.to_list() == [{"name": "Grace"}]
    assert [document["name"] for document in cursor.rewind()] == ["Grace"]
    assert ids(people.find(sort=[("born", ASCENDING)])) == ["ada", "grace", "alan"]
    assert people.find().sort([("born", 1)]).next()["_id"] == "ada"
    assert people.find({}, ["name"]).to_list(1) == [{"_id": "ada", "name": "Ada"}]
    assert people.find().distinct("tags") == ["engines", "maths"]
    with people.find() as begun:
        next(begun)
        with pytest.raises(MongoError):
            begun.sort("born")
        assert len(begun.clone().to_list()) == 3
    assert list(begun) == []


def test_a_cursor_reads_little_more_than_is_asked_for(mongo):
    resource = pytest.importorskip("resource")
    unit = 1 if sys.platform == "darwin" else 1024
    mongo.c.insert_one({"text": "t" * (2 << 20), "n": list(range(1000))})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    many = mongo.c.aggregate([{"$unwind": "$n"}])
    assert [next(many)["n"] for _ in range(5)] == [0, 1, 2, 3, 4]
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit < 100 << 20


def test_an_answer_may_hold_more_than_a_document(mongo):
    texts = [f"{n}" + "t" * (3 << 20) for n in range(4)]
    mongo.c.insert_many([{"t": text} for text in texts])
    assert mongo.c.distinct("t") == texts


def test_the_deepest_document_is_found(mongo):
    deepest = {"_id": "deepest"}
    for _ in range(127):
        deepest = {"_id": "deepest", "in": deepest}
    mongo.c.insert_one(deepest)
    assert mongo.c.find_one("deepest") == deepest == next(mongo.c.find())


def test_a_compiled_pattern_is_a_condition(people):
    assert ids(people.find({"name": re.compile("^a", re.IGNORECASE)})) == ["ada", "alan"]
    assert ids(people.find({"name": {"$not": re.compile("^A")}})) == ["grace"]
    assert ids(people.find({"tags": {"$elemMatch": {"$in": ["engines"]}}})) == ["ada"]
    assert ids(people.find({"name": {"$in": [re.compile("^a", re.I), 7]}})) == ["ada", "alan"]
    assert ids(people.find({"name": {"$nin": [re.compile("^A")]}})) == ["grace"]
    assert ids(people.find({"tags": {"$all": [re.compile("^e"), "maths"]}})) == ["ada"]
    with pytest.raises(MongoUnsupportedError):
        people.find_one({"name": {"$mod": [re.compile("a")]}})
    with pytest.raises(NedbError):
        people.update_one({}, {"$set": {"name": re.compile("a")}})


def test_a_compiled_pattern_says_which_elements_are_pulled(people):
    friends = [{"name": "alan"}, {"name": "bob"}, {"name": ["abe"]}, "ann"]
    people.update_one({"_id": "ada"}, {"$set": {"friends": friends, "words": ["ab", "b", ["a"]]}})
    pull = {"friends": {"name": re.compile("^a")}, "words": {"$in": [re.compile("^a")]}, "tags": re.compile("s$")}
    people.update_one({"_id": "ada"}, {"$pull": pull})
    ada = people.find_one("ada")
    assert (ada["friends"], ada["words"], ada["tags"]) == ([{"name": "bob"}, "ann"], ["b"], [])


def test_a_negative_limit_is_a_limit_and_a_stage_that_is_no_object_is_refused(people):
    assert ids(people.find({}, limit=-1)) == ids(people.find({}).limit(-1)) == ["ada"]
    with pytest.raises(MongoError) as refused:
        people.aggregate(["x"])
    assert refused.value.code == 9


def test_writes_tell_what_they_did(people):
    done = people.update_many({"tags": "maths"}, {"$set": {"field": "maths"}})
    assert (done.matched_count, done.modified_count, done.upserted_id) == (2, 2, None)
    assert people.update_one({"_id": "ada"}, {"$set": {"field": "maths"}}).modified_count == 0
    done = people.update_one({"_id": "kurt"}, {"$set": {"born": 1906}}, upsert=True)
    assert (done.matched_count, done.upserted_id) == (0, "kurt")
    done = people.replace_one({"_id": "kurt"}, {"name": "Kurt"})
    assert done.modified_count == 1 and people.find_one("kurt") == {"_id": "kurt", "name": "Kurt"}
    assert people.delete_many({"born": {"$lt": 1910}}).deleted_count == 2
    people.drop()
    assert people.estimated_document_count() == 0


def test_every_read_can_be_asked_as_of_a_moment(db, people):
    before = db.seq
    people.update_many({}, {"$inc": {"born": 1}})
    people.delete_one({"_id": "ada"})
    assert people.find_one("ada") is None and people.find_one("ada", as_of=before)["born"] == 1815
    assert people.count_documents({}, as_of=before) == 3
    assert people.find(as_of=before).distinct("born") == [1815, 1906, 1912]
    assert people.distinct("born", as_of=before) == [1815, 1906, 1912]
    pipeline = [{"$group": {"_id": None, "n": {"$sum": 1}}}]
    assert list(people.aggregate(pipeline, as_of=before)) == [{"_id": None, "n": 3}]
    assert list(people.find(as_of=-1)) == []


def test_an_update_is_one_transaction(db, people):
    seq = db.seq
    people.update_many({}, {"$set": {"seen": True}})
    assert db.seq == seq + 3 and len({op.ts for op in db.since(seq)}) == 1


def test_an_update_keeps_the_lifetime_of_a_document(db, mongo):
    db.put("sessions", "s", {"n": 1}, ttl_s=1000)
    expires_at = db.get("sessions", "s")["_expires_at"]
    mongo.sessions.update_one({"_id": "s"}, {"$inc": {"n": 1}})
    assert db.get("sessions", "s") == {"n": 2, "_id": "s", "_expires_at": expires_at}


def test_counting_from_many_threads_loses_nothing(mongo):
    def count():
        for _ in range(25):
            mongo.counters.update_one({"_id": "visits"}, {"$inc": {"n": 1}}, upsert=True)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mongo.counters.find_one("visits")["n"] == 100


def test_an_index_is_made_and_used(db, people):
    assert people.create_index([("born", ASCENDING)]) == "born_1"
    assert people.create_index("tags") == "tags_1" and people.create_index("_id") == "_id_"
    assert {index["field"] for index in db.indexes()} >= {"born", "tags"}
    assert ids(people.find({"born": 1815})) == ["ada"] and ids(people.find({"tags": "maths"})) == ["ada", "alan"]


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda people: people.find({"$where": "1"}).to_list(), "$where"),
        (lambda people: people.find({"a": {"$near": [1, 2]}}).to_list(), "$near"),
        (lambda people: people.find({"a": re.compile(r"\w", re.ASCII)}).to_list(), "re.ASCII"),
        (lambda people: people.find({"a": {"$not": re.compile("(?a)b")}}).to_list(), "re.ASCII"),
        (lambda people: people.find({}, {"a": {"$slice": 1}}).to_list(), "$slice"),
        (lambda people: people.find(hint="a"), "hint"),
        (lambda people: people.find().batch_size(5), "batch_size"),
        (lambda people: people.update_one({}, {"$bit": {"a": {"and": 1}}}), "$bit"),
        (lambda people: people.update_one({}, {"$set": {"a.$": 1}}), "$"),
        (lambda people: people.update_one({}, [{"$set": {"a": 1}}]), "pipeline"),
        (lambda people: people.update_one({}, {"$set": {"a": 1}}, array_filters=[]), "array_filters"),
        (lambda people: people.insert_many([{}], ordered=False), "ordered"),
        (lambda people: people.aggregate([{"$facet": {}}]), "$facet"),
        (lambda people: people.aggregate([{"$group": {"_id": 1, "x": {"$stdDevPop": "$a"}}}]), "$stdDevPop"),
        (lambda people: people.aggregate([{"$project": {"x": {"$add": [1, 2]}}}]), "$add"),
        (lambda people: people.create_index([("a", 1), ("b", 1)]), "several"),
        (lambda people: people.create_index("a", unique=True), "unique"),
        (lambda people: people.create_index([("a", "text")]), "text"),
        (lambda people: people.find_one_and_update({}, {}), "find_one_and_update"),
        (lambda people: people.bulk_write([]), "bulk_write"),
    ],
)
def test_what_is_not_there_is_refused_by_its_name(people, call, name):
    with pytest.raises(MongoUnsupportedError, match=re.escape(name)) as refused:
        call(people)
    assert isinstance(refused.value, (MongoError, UnsupportedError))


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda people: people.update_one({}, {"$set": {"a": 1, "a.b": 2}}), 40),
        (lambda people: people.update_one({}, {"$inc": {"name": 1}}), 14),
        (lambda people: people.update_one({}, {"$inc": {"born": "1"}}), 14),
        (lambda people: people.update_one({}, {"$set": {"_id": "other"}}), 66),
        (lambda people: people.update_one({}, {"$set": {"name.first": 1}}), 28),
        (lambda people: people.update_one({}, {"$push": {"name": 1}}), 2),
        (lambda people: people.update_one({}, {"$set": {"a..b": 1}}), 56),
        (lambda people: people.update_one({}, {"name": "Ada"}), 9),
        (lambda people: people.replace_one({}, {"$set": {}}), 9),
        (lambda people: people.insert_one({"_id": [1]}), 53),
        (lambda people: people.insert_one({"_seq": 1}), 2),
        (lambda people: people.find({"a": {"$in": 5}}).to_list(), 2),
    ],
)
def test_a_refused_call_has_the_code_of_mongo_and_changes_nothing(db, people, call, code):
    head = db.head
    with pytest.raises(MongoError) as refused:
        call(people)
    assert refused.value.code == code and db.head == head


def test_a_closed_database_ends_a_cursor():
    db = NEDB()
    people = MongoCompat(db).people
    people.insert_many([{"n": n} for n in range(3)])
    cursor = people.find()
    next(cursor)
    db.close()
    with pytest.raises(NedbError):
        next(cursor)


def test_an_object_id_is_made_read_and_compared():
    first, second = ObjectId(), ObjectId()
    assert first < second and first <= second and second > first and first != second
    assert ObjectId(str(first)) == ObjectId(bytes(first)) == ObjectId(first) == first
    assert len(str(first)) == 24 and hash(ObjectId(str(first))) == hash(first)
    age = datetime.now(timezone.utc) - first.generation_time
    assert -5 < age.total_seconds() < 60
    moment = datetime(2024, 3, 1, 12, 30, tzinfo=timezone.utc)
    assert ObjectId.from_datetime(moment).generation_time == moment
    assert ObjectId.is_valid(str(first)) and not ObjectId.is_valid("x") and not ObjectId.is_valid(None)
    for bad in ("x", b"short", "z" * 24):
        with pytest.raises(ValueError):
            ObjectId(bad)
    with pytest.raises(TypeError):
        ObjectId(5)


def test_an_object_id_survives_pickling():
    import pickle

    one = ObjectId()
    assert pickle.loads(pickle.dumps(one)) == one


def test_a_read_ends_at_its_max_time(mongo):
    numbers = mongo["numbers"]
    numbers.insert_many([{"_id": n, "l": list(range(1000))} for n in range(500)])
    slow = [{"$unwind": "$l"}, {"$group": {"_id": "$l", "ids": {"$addToSet": "$_id"}}}]
    for read in [
        lambda ms: list(numbers.find({"l": {"$mod": [1001, 1000]}}, max_time_ms=ms)),
        lambda ms: list(numbers.find({"l": {"$mod": [1001, 1000]}}).max_time_ms(ms)),
        lambda ms: numbers.find_one({"l": {"$mod": [1001, 1000]}}, max_time_ms=ms),
        lambda ms: numbers.count_documents({"l": {"$mod": [1001, 1000]}}, maxTimeMS=ms),
        lambda ms: numbers.distinct("l", maxTimeMS=ms),
        lambda ms: list(numbers.aggregate(slow, maxTimeMS=ms)),
    ]:
        with pytest.raises(TimeoutError) as caught:
            read(1)
        assert caught.value.code == "query_timeout"
        read(0), read(None)
    with pytest.raises(MongoError):
        numbers.find_one({}, max_time_ms=-1)
    with pytest.raises(MongoUnsupportedError, match="the option maxTimeMS of insert_one"):
        numbers.insert_one({}, maxTimeMS=1)
