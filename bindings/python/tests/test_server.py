"""The daemon that the package brings along: started for real, spoken to over both protocols, ended by signals."""

import hashlib
import http.client
import json
import os
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import nedb
import nedb.server
import pytest
from daemon import MODULE, Daemon
from nedb import NEDB

SCRIPT = (os.path.join(sysconfig.get_path("scripts"), "nedbd"),)
SERVE = (sys.executable, "-m", "nedb", "serve")


def asked(daemon, method, path, body=None, token=None):
    connection = http.client.HTTPConnection("127.0.0.1", int(daemon.http), timeout=20)
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response.status, answer


@pytest.mark.parametrize("program", [MODULE, SCRIPT, SERVE], ids=["module", "script", "nedb serve"])
def test_what_is_written_over_http_is_there_over_redis_and_after_the_end(tmp_path, program):
    redis = pytest.importorskip("redis", reason="the package redis is not installed: the daemon was not asked in its protocol")
    with Daemon(tmp_path / "data", program=program) as daemon:
        assert asked(daemon, "POST", "/v1/databases", {"name": "shop"})[0] == 201
        status, answer = asked(daemon, "POST", "/v1/databases/shop/put", {"coll": "user", "id": "1", "doc": {"name": "Ada"}})
        assert (status, answer["seq"]) == (200, 0)
        with redis.Redis(port=int(daemon.resp), decode_responses=True, single_connection_client=True) as client:
            client.execute_command("SELECT", "shop")
            assert client.hgetall("user:1") == {"name": "Ada"}
            client.hset("user:1", "born", 1815)
        assert asked(daemon, "GET", "/v1/databases/shop/rows/user/1")[1]["doc"]["born"] == "1815"
        assert daemon.end() == 0
    with NEDB(tmp_path / "data" / "shop", read_only=True) as db:
        assert [version["document"]["name"] for version in db.history("user", "1")] == ["Ada", "Ada"] and db.verify()


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order_and_is_no_exception(tmp_path, by):
    with Daemon(tmp_path / "data") as daemon:
        assert daemon.end(by) == 0
        assert "Traceback" not in "".join(daemon.said)


def test_sighup_reads_the_tokens_again(tmp_path):
    tokens = tmp_path / "tokens.toml"
    token = '[[token]]\nname = "{0}"\nsha256 = "{1}"\ndatabases = {{ "*" = "admin" }}\n'

    def write(name, word):
        tokens.write_text(token.format(name, hashlib.sha256(word.encode()).hexdigest()))

    write("first", "the first long secret")
    with Daemon(tmp_path / "data", "--tokens", str(tokens)) as daemon:
        assert asked(daemon, "GET", "/v1/databases", token="the first long secret")[0] == 200
        write("second", "the second long secret")
        daemon.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 20
        while asked(daemon, "GET", "/v1/databases", token="the second long secret")[0] != 200:
            assert time.monotonic() < deadline
        assert asked(daemon, "GET", "/v1/databases", token="the first long secret")[0] == 401


def ended(*words, variables=None):
    words = [*MODULE, *map(str, words)]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, env={**os.environ, **(variables or {})})


def test_a_port_in_use_is_told_and_is_an_exit_code(tmp_path):
    with Daemon(tmp_path / "data") as daemon:
        done = ended("--data", tmp_path / "other", "--port", daemon.http, "--resp2-port", "off")
        assert done.returncode == 74 and f"cannot listen on 127.0.0.1:{daemon.http}" in done.stderr
        assert "Traceback" not in done.stderr


def test_flags_and_environment_are_those_of_the_daemon(tmp_path):
    assert f"nedbd {nedb.__version__}" in ended("--version").stdout
    assert "--resp2-port" in ended("--help").stdout
    assert ended("--colour", "red").returncode == 2
    done = ended(variables={"NEDBD_DATA": str(tmp_path), "NEDBD_PORT": "no number"})
    assert done.returncode == 65 and "setting port" in done.stderr


def test_the_daemon_of_a_program_takes_its_words_from_the_caller(capfd):
    assert nedb.server.main(["--version"]) == 0
    assert nedb.__version__ in capfd.readouterr().out


def test_the_package_is_imported_in_a_moment():
    """The daemon is part of the module and must not be felt where it is not used; a tenth of a second is far beyond what was measured."""
    program = "import time; begun = time.process_time(); import nedb; print(time.process_time() - begun)"
    times = [float(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout) for _ in range(5)]
    assert min(times) < 0.1
    assert Path(nedb.server.__file__).exists()
