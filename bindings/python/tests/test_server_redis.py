"""The daemon as clients of Redis for Python use it: the newest redis-py, and the one of many programs."""

import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from nedb import NedbClient

CONVERSATION = Path(__file__).with_name("redis_conversation.py")
OLDER = os.environ.get("NEDB_REDIS_PY_5", "")
"""Where redis-py 5 is installed; `cargo xtask python` does so and says where."""


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("version", ["the newest", "5"])
def test_a_program_of_redis_py_gets_the_answers_of_a_redis(daemon, version, protocol):
    environment = dict(os.environ)
    if version == "5":
        if not OLDER:
            pytest.skip("redis-py 5 is not installed (NEDB_REDIS_PY_5): the daemon was not asked by it")
        environment["PYTHONPATH"] = os.pathsep.join([OLDER, environment.get("PYTHONPATH", "")])
    elif importlib.util.find_spec("redis") is None:
        pytest.skip("the package redis is not installed: the daemon was not asked by it")
    words = [sys.executable, str(CONVERSATION), daemon.resp, str(protocol)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert version != "5" or done.stdout.startswith("5.")


def test_the_cache_of_redis_py_keeps_what_it_read_until_somebody_writes_it(daemon):
    redis = pytest.importorskip("redis", reason="the package redis is not installed: the daemon was not asked by it")
    cache = pytest.importorskip("redis.cache", reason="this redis-py has no client-side cache")
    options = {"port": int(daemon.resp), "protocol": 3, "decode_responses": True}
    with redis.Redis(**options, cache_config=cache.CacheConfig()) as cached, redis.Redis(**options) as other:
        other.flushdb()
        kept = cached.get_cache()
        other.set("a", "1")
        assert (cached.get("a"), cached.get("a"), kept.size) == ("1", "1", 1)
        other.set("a", "2")
        _until(lambda: cached.get("a") == "2")
        # What the client itself writes is not read from its cache.
        cached.set("a", "3")
        assert cached.get("a") == "3"
        assert cached.mget("a", "b") == ["3", None]
        other.mset({"b": "4"})
        _until(lambda: cached.mget("a", "b") == ["3", "4"])
        # Other interfaces write the same documents.
        cached.hset("c:1", "n", "5")
        assert cached.hgetall("c:1") == {"n": "5"}
        with NedbClient(daemon.url, "db0") as client:
            client.put("c", "1", {"n": "6"})
        _until(lambda: cached.hgetall("c:1") == {"n": "6"})
        # A lifetime ends without a write.
        cached.set("short", "x", px=50)
        assert cached.get("short") == "x"
        _until(lambda: cached.get("short") is None)
        assert kept.size > 0
        other.flushall()
        _until(lambda: cached.get("a") is None)


def _until(is_so):
    """Waits for what comes soon."""
    end = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < end
