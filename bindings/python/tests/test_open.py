"""Opening, closing, and who may open what."""

import gc
import multiprocessing
import os
import subprocess
import sys

import nedb
import pytest
from conftest import python
from nedb import NEDB
from nedb._native import NedbCore


def test_a_database_on_disk_keeps_what_was_written(path):
    with NEDB(path) as db:
        db.put("orders", "17", {"state": "ordered"})
        head = db.head
    with NEDB(str(path)) as db:
        assert db.get("orders", "17") == {"state": "ordered", "_id": "17"}
        assert (db.head, db.seq, db.path) == (head, 0, str(path))


def test_a_database_in_memory_is_empty_and_the_same_engine():
    with NEDB() as db:
        assert (db.seq, db.head, db.path) == (-1, "0" * 64, None)
        db.put("c", "a", {})
        assert db.verify()


def test_the_context_manager_and_close_end_the_use(path):
    with NEDB(path) as db:
        pass
    db.close()
    assert db.closed and "closed" in repr(db)
    for call in (lambda: db.get("c", "a"), lambda: db.put("c", "a", {}), lambda: db.seq, lambda: db.query("FROM c")):
        with pytest.raises(nedb.ClosedError) as caught:
            call()
        assert caught.value.code == "closed"


def test_a_handle_that_goes_away_closes_the_database(path):
    db = NEDB(path)
    db.put("c", "a", {})
    del db
    gc.collect()
    NEDB(path).close()


@pytest.mark.parametrize("name", ["{}", "{}/", "{}/../{}", "link/{}"])
def test_a_second_handle_is_refused_within_a_process_whatever_the_path_is_called(path, name):
    with NEDB(path) as first:
        (path.parent / "link").symlink_to(path.parent)
        other = path.parent / name.format(path.name, path.name)
        for open in (NEDB, NedbCore.open):
            with pytest.raises(BlockingIOError) as caught:
                open(str(other))
            assert caught.value.code == "locked"
        first.put("c", "a", {"n": 1})
    with NEDB(other) as second:
        assert second.get("c", "a") == {"n": 1, "_id": "a"}


OPENER = """
import sys, nedb
try:
    nedb.NEDB(sys.argv[1])
    print("opened")
except nedb.NedbError as error:
    print(error.code)
"""


def test_a_second_handle_is_refused_across_processes(path):
    with NEDB(path) as first:
        assert python(OPENER, path) == "locked"
        first.put("c", "a", {})
        assert python(OPENER, path) == "locked"
    assert python(OPENER, path) == "opened"


def test_what_another_process_has_open_is_refused_until_it_ends_however_it_ends(path):
    program = "import sys, nedb\ndb = nedb.NEDB(sys.argv[1])\ndb.put('c', 'a', {'n': 1})\nprint('open', flush=True)\nsys.stdin.read()"
    words = [sys.executable, "-c", program, str(path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "open\n"
        with pytest.raises(BlockingIOError):
            NEDB(path)
        other.kill()
    with NEDB(path) as db:
        assert db.get("c", "a") == {"n": 1, "_id": "a"}


def test_a_reader_opens_beside_a_writer_and_cannot_write(path):
    with NEDB(path) as writer:
        writer.put("c", "a", {"n": 1})
        writer.checkpoint()
        with NEDB(path, read_only=True) as reader:
            assert reader.get("c", "a") == {"n": 1, "_id": "a"}
            with pytest.raises(PermissionError):
                reader.put("c", "b", {})


@pytest.mark.parametrize("name", ["sync", "group", "batch", "none", "async"])
def test_each_durability_has_its_names(path, name):
    with NEDB(path, durability=name) as db:
        db.put("c", "a", {})
        assert db.flush() == 0
        assert db.stats()["durability"] == {"batch": "group", "async": "none"}.get(name, name)


def test_an_unknown_durability_is_refused():
    with pytest.raises(ValueError, match="fast"):
        NEDB(durability="fast")


def test_encryption_is_refused_by_name(path):
    with pytest.raises(NotImplementedError) as caught:
        NEDB(path, b"0" * 32)
    assert isinstance(caught.value, nedb.UnsupportedError)
    assert caught.value.code == "unsupported"
    assert not path.exists()


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("log.aof", "nedb-engine 1.x"), ("key.enc", "encrypted log of nedb-engine 1.x"), ("objects", "nedb-engine 2.x to 12.x"),
        ("MANIFEST.json", "nedb-engine 2.x to 12.x"), ("nadb.db", "NADB"),
    ],
)  # fmt: skip
def test_a_directory_of_an_earlier_package_is_refused_by_its_format(path, name, format):
    path.mkdir()
    (path / name).write_text("")
    with pytest.raises(nedb.UnsupportedError) as caught:
        NEDB(path)
    assert format in str(caught.value) and f"({name})" in str(caught.value)
    assert caught.value.code == "old_format"
    assert os.listdir(path) == [name]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_cannot_use_the_parents_database(path):
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    db = NEDB(path)
    db.put("c", "a", {"n": 1})

    def child():
        try:
            db.get("c", "a")
        except nedb.UnsupportedError as error:
            answers.put(str(error))

    process = context.Process(target=child)
    process.start()
    said = answers.get(timeout=60)
    process.join(60)
    assert process.exitcode == 0
    assert "fork" in said and str(os.getpid()) in said
    db.put("c", "b", {"n": 2})
    db.close()
    with NEDB(path) as again:
        assert again.seq == 1 and again.verify()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_that_ends_normally_leaves_the_parents_files_alone(path):
    program = """
import os, sys, nedb
db = nedb.NEDB(sys.argv[1])
db.put("c", "a", {})
child = os.fork()
if child == 0:
    sys.exit(0)
_, status = os.waitpid(child, 0)
db.put("c", "b", {})
db.close()
print(status, nedb.NEDB(sys.argv[1]).verify())
"""
    assert python(program, path) == "0 True"


def test_the_import_takes_less_than_50_ms():
    program = """
import time, sys
began = time.process_time()
import nedb
print(time.process_time() - began)
"""
    assert min(float(python(program)) for _ in range(5)) < 0.05
