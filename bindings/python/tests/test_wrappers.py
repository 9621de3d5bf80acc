"""The names that programs for the earlier packages use, and the errors."""

import json

import nedb
import pytest
from nedb import NEDB, AutoIndexDB, MongoCompat, RedisCompat, Sequencer, sql_exec
from nedb._native import NedbCore


def test_a_sequencer_hands_everything_on(db):
    with Sequencer(db, max_batch=16) as sequencer:
        sequencer.put("c", "a", {"n": 1})
        assert sequencer.get("c", "a") == {"n": 1, "_id": "a"}
        assert AutoIndexDB(db).query(nql="FROM c") == sequencer.query(nql="FROM c") == [{"n": 1, "_id": "a"}]
        assert sequencer.seq == 0
    assert db.closed


@pytest.mark.parametrize("wrapper", [Sequencer, AutoIndexDB])
def test_the_other_faces_take_a_wrapper(db, wrapper):
    wrapped = wrapper(db)
    assert RedisCompat(wrapped).execute("SET", "k", "v") == "OK"
    MongoCompat(wrapped)["c"].insert_one({"_id": 1, "n": 2})
    assert sql_exec(wrapped, "SELECT n FROM c") == [{"n": 2}] and db.seq == 1


def test_a_subclass_may_have_a_constructor_of_its_own(path):
    class Shop(NEDB):
        def __init__(self, path=None, **options):
            super().__init__(path, **options)
            self.name = "shop"

    with Shop(path, durability="group") as shop:
        shop.put("c", "a", {})
        assert (shop.name, shop.seq, shop.path) == ("shop", 0, str(path))
    with pytest.raises(TypeError):
        Shop(path, speed=3)


def test_a_suggestion_is_made_of_queries_that_are_often_asked_and_goes_when_it_is_followed():
    db = NEDB(auto_index=False)
    wrapped = AutoIndexDB(db, threshold=3)
    wrapped.put_many("c", ((n, {"n": n, "m": n}) for n in range(10)))
    for _ in range(2):
        assert len(wrapped.query("FROM c WHERE n = 5")) == 1
    assert wrapped.suggest() == []
    wrapped.query("FROM c WHERE n = 5")
    wrapped.query("FROM c WHERE m = 5")
    assert wrapped.suggest() == ["an index on c.n could spare the scan"] and wrapped.analyze() == []
    wrapped.create_index("c", "n", wait=True)
    assert wrapped.suggest() == []


def test_a_verbose_wrapper_says_once_what_it_made_and_what_it_advises(capsys):
    with NEDB() as db:
        wrapped = AutoIndexDB(db, threshold=3, verbose=True)
        wrapped.put_many("c", ((n, {"n": n % 1000}) for n in range(10_000)))
        while not wrapped.analyze():
            assert len(wrapped.query("FROM c WHERE n = $n", n=7)) == 10
        for _ in range(3):
            wrapped.query("FROM c WHERE n = 8")
        assert capsys.readouterr().err.splitlines().count("nedb: made the ordered index on c.n") == 1
    with NEDB(auto_index=False) as db:
        db.put_many("c", ((n, {"n": n}) for n in range(10)))
        quiet, wrapped = AutoIndexDB(db, threshold=3), AutoIndexDB(db, threshold=3, verbose=True)
        for _ in range(5):
            quiet.query("FROM c WHERE n = 5")
            wrapped.query("FROM c WHERE n = 5")
        assert capsys.readouterr().err == "nedb: an index on c.n could spare the scan\n"


def often(wrapped, nql, **params):
    for _ in range(wrapped.threshold):
        wrapped.query(nql, **params)
    return wrapped.suggest()


def test_a_query_with_parameters_is_advised_as_well():
    wrapped = AutoIndexDB(NEDB(auto_index=False), threshold=2)
    wrapped.put_many("c", ((n, {"n": n, "t": f"word{n}"}) for n in range(10)))
    assert often(wrapped, "FROM c WHERE n = $n", n=5) == ["an index on c.n could spare the scan"]
    search = "an index for search in c could spare the look at every text"
    assert often(wrapped, 'FROM c SEARCH "word5"') == [search, "an index on c.n could spare the scan"]


@pytest.mark.parametrize(
    "nql",
    [
        "FROM nothing WHERE _id = 'a'",  # There has never been such a collection.
        "FROM c WHERE n = 1 AND n = 2",  # The condition contradicts itself.
        "FROM c WHERE i > 0",  # The index would cost more than the scan.
        "FROM c WHERE _id = '5'",
        "FROM c LIMIT 1",
        "FROM c GROUP BY n COUNT",
        "HISTORY c 5",
        "DIFF c FROM 0 TO 3",
    ],
)
def test_what_an_index_would_not_help_is_no_suggestion(nql):
    wrapped = AutoIndexDB(NEDB(auto_index=False), threshold=2)
    wrapped.put_many("c", ((n, {"n": n, "i": n}) for n in range(10)))
    wrapped.create_index("c", "i", "ordered", wait=True)
    assert often(wrapped, nql) == []


def test_a_query_that_was_refused_is_not_remembered(db):
    wrapped = AutoIndexDB(db, threshold=1)
    for refused in ["FRM c", "FROM c WHERE n = $n"]:
        with pytest.raises((SyntaxError, ValueError)):
            wrapped.query(refused)
    assert wrapped.suggest() == []


@pytest.mark.parametrize("makes", [True, False])
def test_the_database_makes_indexes_by_itself_unless_it_shall_not(makes):
    with NEDB(auto_index=makes) as db:
        wrapped = AutoIndexDB(db)
        wrapped.put_many("c", ((n, {"n": n % 1000}) for n in range(10_000)))
        for _ in range(3):
            assert len(wrapped.query("FROM c WHERE n = $n", n=7)) == 10
        made = [(index["collection"], index["field"], index["kind"], index["origin"]) for index in wrapped.analyze()]
        assert made == ([("c", "n", "ordered", "automatic")] if makes else [])
        assert len(wrapped.query("FROM c WHERE n = 7")) == 10


def test_the_native_core_speaks_json(path):
    core = NedbCore.open(str(path))
    assert json.loads(core.put("c", "a", '{"n": 1}')) == {"n": 1, "_id": "a"}
    assert json.loads(core.get("c", "a")) == {"n": 1, "_id": "a"}
    assert core.get("c", "b") is None
    assert json.loads(core.query("FROM c")) == [{"n": 1, "_id": "a"}] and core.query("FROM d") == "[]"
    core.create_index("c", "n")
    assert core.link("c:a", "r", "c:b") is True
    assert (core.neighbors("c:a", "r"), core.inbound("c:b", "r")) == (["c:b"], ["c:a"])
    assert core.unlink("c:a", "r", "c:b") is True
    assert core.delete("c", "a") is True
    core.flush()
    assert core.verify() and core.seq() == 3 and len(core.head()) == 64
    with pytest.raises(nedb.UnsupportedError):
        NedbCore.open(str(path), "key")
    with pytest.raises(ValueError):
        core.put("c", "a", "[1]")


def test_every_error_class_is_a_nedb_error_with_a_code_and_a_remedy():
    from nedb import errors

    for code, (kind_of, kind, remedy) in errors._TABLE.items():
        error = errors.error_of(code, f"what failed: {code}", {"place": "here"})
        assert isinstance(error, kind_of) and isinstance(error, nedb.NedbError)
        assert (error.code, error.kind, error.remedy, error.place) == (code, kind, remedy, "here")
        assert str(error) == f"what failed: {code}"


def test_errors_can_be_caught_by_the_classes_of_python():
    from nedb import errors

    pairs = {
        "invalid_value": ValueError, "not_found": KeyError, "locked": BlockingIOError, "io": OSError, "read_only": PermissionError,
        "query_syntax": SyntaxError, "query_timeout": TimeoutError, "full": MemoryError, "unsupported": NotImplementedError,
        "no_space": OSError, "stale_nonce": nedb.ReplayError, "precondition_failed": nedb.PreconditionFailed,
    }  # fmt: skip
    for code, expected in pairs.items():
        assert isinstance(errors.error_of(code, "", {}), expected), code
