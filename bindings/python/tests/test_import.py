"""What importing the package costs: little time, and no package beside it that a program may not want."""

from conftest import python

SECONDS_MAX = 0.050
RUNS = 7
TIMED = "import time; began = time.perf_counter(); import nedb; print(time.perf_counter() - began)"
LOADED = "import sys, nedb; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
NOT_WANTED = {"asyncio", "fakeredis", "numpy", "pandas", "pyarrow", "redis"}


def test_the_import_takes_less_than_50_milliseconds():
    # The best of some processes: what else the machine does in the meantime is not the package's.
    assert min(float(python(TIMED)) for _ in range(RUNS)) < SECONDS_MAX


def test_the_import_loads_no_package_that_only_some_calls_need():
    loaded = set(python(LOADED).split())
    assert "nedb" in loaded
    assert not loaded & NOT_WANTED
