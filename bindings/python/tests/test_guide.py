"""The examples of the documentation run as they stand."""

import importlib.util
import re
import subprocess
import sys

import pytest
from conftest import ROOT

_TAKES_PYARROW = "<!-- not run where pyarrow is missing -->\n"
_EXAMPLE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def run_examples(page, tmp_path, monkeypatch):
    text = page.read_text(encoding="utf-8")
    examples = list(_EXAMPLE.finditer(text))
    assert examples
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    for example in examples:
        if text.endswith(_TAKES_PYARROW, 0, example.start()) and not importlib.util.find_spec("pyarrow"):
            continue
        # Line numbers in a failure are those of the page.
        lines_above = text.count("\n", 0, example.start(1))
        exec(compile("\n" * lines_above + example[1], str(page), "exec"), names)


def test_every_example_of_the_guide_runs(tmp_path, monkeypatch, capsys):
    run_examples(ROOT / "docs" / "python.md", tmp_path, monkeypatch)
    assert "FROM orders WHERE total > " in capsys.readouterr().out


def test_every_example_of_the_mongo_page_runs(tmp_path, monkeypatch):
    run_examples(ROOT / "docs" / "mongo.md", tmp_path, monkeypatch)


@pytest.mark.parametrize("page", ["README.md", "bindings/python/README.md", "docs/redis.md"])
def test_the_examples_of_the_front_pages_run(tmp_path, monkeypatch, page):
    run_examples(ROOT / page, tmp_path, monkeypatch)


def test_the_agent_memory_knows_its_reasons(tmp_path):
    program = ROOT / "bindings" / "python" / "examples" / "agent_memory.py"
    done = subprocess.run([sys.executable, program, tmp_path / "memory"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "why take the umbrella?",
        "  it rained  (inference)",
        "  the sky is dark  (tool_result)",
        "  the street is wet  (user_message)",
        "the wet street was the neighbour's hose; in doubt are: plan, rain",
        "now:    it did not rain",
        "before: it rained",
        "the history checks: True",
    ]
