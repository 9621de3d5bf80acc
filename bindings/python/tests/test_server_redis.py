"""The daemon as clients of Redis for Python use it: the newest redis-py, and the one of many programs."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

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
