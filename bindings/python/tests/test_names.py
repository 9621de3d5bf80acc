"""The names that programs import and call: each is there, or on the guide's list of what is not there yet and then nowhere."""

import importlib
import importlib.metadata
import re

import nedb
import pytest
from conftest import ROOT
from nedb import NEDB

EXPORTS = """
    NEDB Op ReplayError PreconditionFailed Query parse_nql sql_exec sql_to_nql SQLError SQLUnsupportedError RedisCompat RedisError
    RedisUnsupportedError MongoCompat MongoClient MongoError MongoUnsupportedError ObjectId AutoIndexDB Sequencer wrap_redis
    WrappedRedis NedbClient resolve_tmk rewrap_dek rebuild
""".split()
SUBMODULES = """
    nedb.sql nedb.redis_compat nedb.mongo nedb.crypto nedb.concurrent nedb.server nedb.wrap_redis nedb.merkle nedb.client
    nedb.aio nedb.errors
""".split()
METHODS = """
    put get delete expire sweep last_seq restore scan collections drop_collection indexes drop_index tx link unlink neighbors inbound
    create_index query q execute explain put_file get_file file_root file_proof verify_proof compression_stats verify verify_report
    verify_determinism head seq log history since diff proof consistency subscribe checkpoint rewrap_key flush close stats
    erase backup fork retention pack __enter__ __exit__ put_many get_many
""".split()
BUILDER = "as_of where search order_by traverse trace valid_as_of group_by limit offset run explain plan".split()
CORE = "open put get query verify head seq flush create_index link unlink neighbors inbound delete".split()
OP = "seq client nonce op payload ts idem prev_hash hash caused_by evidence confidence valid_from valid_to to_dict".split()


def missing():
    """The names of the guide's table of what is not there yet."""
    guide = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    table = guide.partition("Not there yet")[2]
    return set(re.findall(r"`([^`]+)`", table[table.index("|---|") :]))


def is_importable(name):
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        return False
    return True


def test_each_name_is_there_or_said_not_to_be():
    absent = {name for name in EXPORTS if not hasattr(nedb, name)}
    absent |= {name for name in SUBMODULES if not is_importable(name)}
    absent |= {name for name in METHODS if not hasattr(NEDB, name)}
    commands = {entry.name for entry in importlib.metadata.distribution("nedb").entry_points if entry.group == "console_scripts"}
    absent |= {"nedb", "nedbd"} - commands
    assert absent == missing()
    assert set(nedb.__all__) <= set(dir(nedb))


@pytest.mark.parametrize(("of", "names"), [(nedb.Query, BUILDER), (nedb._native.NedbCore, CORE), (nedb.Op, OP)], ids=["Query", "NedbCore", "Op"])
def test_the_other_classes_have_their_names(of, names):
    assert [name for name in names if not hasattr(of, name)] == []


@pytest.mark.parametrize("name", sorted(missing()))
def test_what_is_not_there_yet_is_nowhere(name):
    assert not hasattr(nedb, name) and not hasattr(NEDB, name) and name not in dir(NEDB())
    with pytest.raises(ModuleNotFoundError, match=re.escape(name.removeprefix("nedb."))):
        importlib.import_module(name if name.startswith("nedb.") else f"nedb.{name}")
