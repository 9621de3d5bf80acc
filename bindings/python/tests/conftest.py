"""What the tests share: a daemon and a client of it, a database in memory, a place on disk, a second Python process, and a Redis server."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

import pytest
from daemon import Daemon
from hypothesis import HealthCheck, settings
from nedb import NEDB, NedbClient

ROOT = Path(__file__).resolve().parents[3]
_TAKES_PYARROW = "<!-- not run where pyarrow is missing -->\n"
_EXAMPLE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)

# The same cases on every run; NEDB_CASES asks for more of them.
settings.register_profile(
    "nedb",
    max_examples=int(os.environ.get("NEDB_CASES", "25")),
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("nedb")


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """A daemon for the tests of one module."""
    with Daemon(tmp_path_factory.mktemp("served") / "data") as daemon:
        yield daemon


@pytest.fixture
def shop(daemon):
    """A client of an empty database."""
    with NedbClient(daemon.url, f"db-{uuid.uuid4().hex}") as client:
        client.create_database()
        yield client


@pytest.fixture
def db():
    with NEDB() as db:
        yield db


@pytest.fixture
def path(tmp_path):
    return tmp_path / "shop"


def python(program, *words):
    """Runs a program in a process of its own and returns what it printed."""
    command = [sys.executable, "-c", program, *map(str, words)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "start_new_session": True}
    with subprocess.Popen(command, text=True, **pipes) as process:
        try:
            stdout, stderr = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            # With the children that it forked, which have its pipes.
            os.killpg(process.pid, signal.SIGKILL)
            stdout, stderr = process.communicate()
            pytest.fail(f"it did not end in two minutes; so far it said {stdout!r} and {stderr!r}")
    assert process.returncode == 0, stderr
    return stdout.strip()


@pytest.fixture(scope="session")
def redis_url():
    """The address of a private Redis server, for `redis.from_url`; it keeps nothing and ends with the tests."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed: nothing was compared with a real Redis")
    # A socket's path has about a hundred bytes, which the folders of pytest may exceed.
    with tempfile.TemporaryDirectory(prefix="nedb-redis-") as folder:
        words = [program, "--port", "0", "--unixsocket", f"{folder}/socket", "--save", "", "--appendonly", "no", "--dir", folder]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
            try:
                said = []
                while "eady to accept connections" not in "".join(said[-1:]):
                    said.append(server.stdout.readline())
                    assert said[-1], f"redis-server ended: {''.join(said)}"
                yield f"unix://{folder}/socket"
            finally:
                server.kill()


@pytest.fixture
def redis_client(redis_url):
    """A client of the private server, which is empty at first."""
    redis = pytest.importorskip("redis", reason="the package redis is not installed: nothing was compared with a real Redis")
    with redis.from_url(redis_url) as client:
        client.flushall()
        yield client


_OPTIONS = {
    "real": {},
    "real, decoding": {"decode_responses": True},
    "real, protocol 3": {"protocol": 3},
    "real, latin-1": {"decode_responses": True, "encoding": "latin-1"},
}


@pytest.fixture(params=[*_OPTIONS, "fake", "fake, decoding"])
def client(request):
    """Clients of every kind, each of an empty server."""
    if request.param.startswith("fake"):
        fakeredis = pytest.importorskip("fakeredis", reason="the package fakeredis is not installed")
        try:
            made = fakeredis.FakeRedis(server=fakeredis.FakeServer(), decode_responses="decoding" in request.param)
        except ValueError as error:
            # The last releases for Python 3.9 do so.
            pytest.skip(f"this fakeredis does not work with this redis-py: {error}")
        yield made
        return
    redis = pytest.importorskip("redis", reason="the package redis is not installed: nothing was compared with a real Redis")
    with redis.from_url(request.getfixturevalue("redis_url"), **_OPTIONS[request.param]) as client:
        client.flushall()
        yield client


def run_examples(page, tmp_path, monkeypatch):
    """Runs the Python examples of a page one after the other, with the names of those before."""
    text = page.read_text(encoding="utf-8")
    examples = list(_EXAMPLE.finditer(text))
    assert examples
    # An example whose fence is missing would be read as prose, and never run.
    assert not re.search(r"^(from nedb|import nedb|assert )", _EXAMPLE.sub("", text), re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    for example in examples:
        if text.endswith(_TAKES_PYARROW, 0, example.start()) and not importlib.util.find_spec("pyarrow"):
            continue
        # Line numbers in a failure are those of the page.
        lines_above = text.count("\n", 0, example.start(1))
        exec(compile("\n" * lines_above + example[1], str(page), "exec"), names)
