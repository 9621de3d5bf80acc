"""The typed stub says what the binary has, and the package checks under mypy."""

import os
import subprocess
import sys
from pathlib import Path

import nedb


def mypy(*words):
    done = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_stub_has_the_names_and_signatures_of_the_binary():
    mypy("mypy.stubtest", "nedb._native", "--ignore-disjoint-bases")


def test_the_package_is_typed():
    package = Path(nedb.__file__).parent
    mypy("mypy", "--strict", f"--cache-dir={os.devnull}", "-p", "nedb")
    assert (package / "py.typed").exists()
