"""The command that the package brings along."""

import json
import os
import re
import subprocess
import sys
import sysconfig

import nedb
import pytest
from nedb import NEDB
from nedb.__main__ import _VERBS


def ran(*words, given=None, status=0):
    done = subprocess.run([str(word) for word in words], input=given, capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done.stderr
    return done.stdout


@pytest.fixture
def shop(path):
    with NEDB(path) as db:
        db.put("orders", "17", {"state": "paid"})
    return path


def test_the_console_script_is_the_command(shop):
    program = os.path.join(sysconfig.get_path("scripts"), "nedb")
    assert ran(program, "--version").split()[1] == nedb.__version__
    assert json.loads(ran(program, "--json", "get", shop, "orders", "17"))["state"] == "paid"
    ran(program, "get", shop, "orders", "none", status=66)
    ran(program, "get", status=2)


def test_a_path_opens_the_shell(shop):
    said = ran(sys.executable, "-m", "nedb", shop, given="FROM orders SELECT state;\n")
    assert "paid" in said
    assert json.loads(ran(sys.executable, "-m", "nedb", "head", shop, "--json"))["seq"] == 0


def module(folder, *words, given=None, status=0):
    """What `python -m nedb` prints in a folder."""
    words = [sys.executable, "-m", "nedb", *map(str, words)]
    done = subprocess.run(words, input=given, capture_output=True, text=True, timeout=60, cwd=folder)
    assert done.returncode == status, done.stderr
    return done.stdout


def test_a_verb_is_a_verb_also_where_a_folder_has_its_name(shop):
    assert (shop / "log").is_dir()
    assert "orders:17" in module(shop, "log", ".")
    (shop / "head").mkdir()
    assert json.loads(module(shop, "head", ".", "--json"))["seq"] == 0


def test_a_single_word_that_is_no_verb_is_a_path(shop):
    assert "paid" in module(shop.parent, shop.name, given="FROM orders SELECT state;\n")
    assert "Usage" in module(shop.parent, "--help")
    # The shell says that there is none, which is more than that it is no verb.
    module(shop.parent, "newdb", status=66)
    # A slip in a verb with its words is still told by the command.
    module(shop.parent, "heat", ".", status=2)
    assert json.loads(module(shop.parent, "--json", shop.name, given="FROM orders SELECT state;\n"))


def test_every_verb_of_the_command_is_known_here():
    listed = ran(sys.executable, "-m", "nedb", "--help").partition("Commands:")[2].partition("Options:")[0]
    verbs = set(re.findall(r"^  ([a-z-]+)  ", listed, re.MULTILINE))
    assert len(verbs) > 20 and _VERBS == {*verbs, "help"}


def test_what_the_command_writes_the_package_reads(path):
    ran(sys.executable, "-m", "nedb", "init", path)
    ran(sys.executable, "-m", "nedb", "put", path, "c", "a", '{"n": 1}')
    with NEDB(path) as db:
        assert db.get("c", "a") == {"n": 1, "_id": "a"}


@pytest.mark.parametrize("words", [["redis://b"], ["--what"], ["--expect-head"], ["--expect-head", ""], ["--name"], ["--deep"]])
def test_a_wrong_command_line_for_redis_is_refused(words):
    ran(sys.executable, "-m", "nedb", "verify", "redis://a", *words, status=2)


@pytest.mark.parametrize(
    "words",
    [
        ["verify", "redis://host:x"],
        ["verify", "redis://host/x"],
        ["verify", "redis://host?db=x"],
        ["verify", "redis://host?unheard_of=1"],
        ["--json", "verify", "redis://host:x"],
        ["--what", "verify", "redis://host"],
    ],
)
def test_an_address_of_redis_that_is_none_is_refused(words):
    pytest.importorskip("redis", reason="the package redis is not installed")
    done = subprocess.run([sys.executable, "-m", "nedb", *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "Traceback" not in done.stderr and done.stderr.strip()
    if "--json" in words:
        assert json.loads(done.stderr)["code"] == "invalid_argument" and done.stdout == ""


def test_options_may_stand_before_the_verb():
    pytest.importorskip("redis", reason="the package redis is not installed")
    ran(sys.executable, "-m", "nedb", "--json", "verify", "unix:///no/such/socket", status=74)


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_redis_that_is_not_there_is_told_as_every_error_is(tmp_path, options):
    pytest.importorskip("redis", reason="the package redis is not installed")
    ran(sys.executable, "-m", "nedb", "verify", "unix:///no/such/socket", *options, status=74)
    words = [sys.executable, "-m", "nedb", "verify"]
    redis, engine = (
        subprocess.run([*words, place, *options], capture_output=True, text=True, timeout=60)
        for place in ("unix:///no/such/socket", tmp_path / "none")
    )
    assert redis.stdout == engine.stdout == ""
    if not options:
        assert redis.stderr.startswith("nedb: ") and redis.stderr.count("\n") == engine.stderr.count("\n")
        return
    assert json.loads(redis.stderr).keys() == json.loads(engine.stderr).keys()
    assert (json.loads(redis.stderr)["code"], json.loads(redis.stderr)["kind"]) == ("io", "io")
