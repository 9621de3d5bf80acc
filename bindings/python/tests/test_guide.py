"""The examples of the documentation run as they stand."""

import re
import subprocess
import sys

import pytest
from conftest import ROOT, run_examples

EXAMPLE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_every_example_of_the_guide_runs(tmp_path, monkeypatch, capsys):
    run_examples(ROOT / "docs" / "python.md", tmp_path, monkeypatch)
    assert "FROM orders WHERE total > " in capsys.readouterr().out


def test_every_example_of_the_mongo_page_runs(tmp_path, monkeypatch):
    run_examples(ROOT / "docs" / "mongo.md", tmp_path, monkeypatch)


@pytest.mark.parametrize("page", ["README.md", "bindings/python/README.md", "docs/redis.md"])
def test_the_examples_of_the_front_pages_run(tmp_path, monkeypatch, page):
    run_examples(ROOT / page, tmp_path, monkeypatch)


def test_no_example_tells_a_result_that_nobody_checks():
    """A comment with a value beside a call would not fail when the value changes: it is an assert, or printed and compared."""
    pages = [ROOT / "README.md", ROOT / "bindings" / "python" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    told = [
        f"{page.name}: {line.strip()}"
        for page in pages
        for example in EXAMPLE.finditer(page.read_text(encoding="utf-8"))
        for line in example[1].splitlines()
        if re.search(r"\S\s+# (->|=> |[\[{('\"\d]|True|False|None)", line) and not line.strip().startswith(("assert", "print"))
    ]
    assert told == []


def test_every_example_of_the_page_about_redis_runs(tmp_path, monkeypatch):
    pytest.importorskip("fakeredis", reason="the package fakeredis is not installed: the page was not run")
    run_examples(ROOT / "docs" / "wrap_redis.md", tmp_path, monkeypatch)


def said_by(name, *words):
    program = ROOT / "bindings" / "python" / "examples" / f"{name}.py"
    done = subprocess.run([sys.executable, program, *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_agent_memory_knows_its_reasons(tmp_path):
    assert said_by("agent_memory", tmp_path / "memory") == [
        "why take the umbrella?",
        "  it rained  (inference)",
        "  the sky is dark  (tool_result)",
        "  the street is wet  (user_message)",
        "the wet street was the neighbour's hose; in doubt are: plan, rain",
        "now:    it did not rain",
        "before: it rained",
        "the history checks: True",
    ]


def test_the_block_explorer_sees_the_chain_as_it_was(tmp_path):
    assert said_by("block_explorer", tmp_path / "chain") == [
        "newest blocks: [199, 198, 197]",
        "below the last: 5 within five hops",
        "all balances add up to 0",
        "after the reorganisation: [197] before it: [199]",
        "balances as of then are as they were: True",
        "the history checks: True",
    ]


def test_the_audit_of_the_shop_finds_who_and_when(tmp_path):
    assert said_by("shop_audit", tmp_path / "shop") == [
        "tea now costs 450 and cost 400 when order 17 was taken",
        "prices were set by: anna to 400, ben to 450",
        "payments booked: 1",
        "refused: there are not 99 of tea",
        "the auditor holds a proof of a put in orders",
        "the history agrees with that evening: anchored",
    ]


def test_the_migration_keeps_every_state(redis_url, redis_client):
    pytest.importorskip("fakeredis", reason="the package fakeredis is not installed: the example was not run")
    expected = [
        "imported: 4",
        "the trip was: asked -> driving -> paid",
        "drivers now: ['Bea']",
        "drivers then: ['Bea', 'Cem']",
        "the queue then: ['t1']",
        "the next process finds the same head: True",
        "and the log agrees with it: anchored",
    ]
    assert said_by("wrap_redis_migration") == expected
    assert said_by("wrap_redis_migration", redis_url) == expected
