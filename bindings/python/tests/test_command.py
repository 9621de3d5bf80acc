"""The command that the package brings along."""

import json
import os
import subprocess
import sys
import sysconfig

import nedb
import pytest
from nedb import NEDB


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


def test_what_the_command_writes_the_package_reads(path):
    ran(sys.executable, "-m", "nedb", "init", path)
    ran(sys.executable, "-m", "nedb", "put", path, "c", "a", '{"n": 1}')
    with NEDB(path) as db:
        assert db.get("c", "a") == {"n": 1, "_id": "a"}


@pytest.mark.parametrize("words", [["redis://b"], ["--what"], ["--expect-head"], ["--expect-head", ""], ["--name"], ["--deep"]])
def test_a_wrong_command_line_for_redis_is_refused(words):
    ran(sys.executable, "-m", "nedb", "verify", "redis://a", *words, status=2)


def test_a_redis_that_is_not_there_is_told():
    pytest.importorskip("redis", reason="the package redis is not installed")
    ran(sys.executable, "-m", "nedb", "verify", "unix:///no/such/socket", status=69)
