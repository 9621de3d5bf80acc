"""What the tests share: a database in memory, a place on disk, and a second Python process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from nedb import NEDB

ROOT = Path(__file__).resolve().parents[3]

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


@pytest.fixture
def db():
    with NEDB() as db:
        yield db


@pytest.fixture
def path(tmp_path):
    return tmp_path / "shop"


def python(program, *words):
    """Runs a program in a process of its own and returns what it printed."""
    done = subprocess.run([sys.executable, "-c", program, *map(str, words)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
