"""/openapi.json says what the daemon does: schemathesis makes requests of it, good and bad ones, and compares every answer."""

import http.client
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from daemon import Daemon
from hypothesis import given, settings
from hypothesis import strategies as st
from nedb.errors import _TABLE

TOKEN = "a long secret"
SETTINGS = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = int(os.environ.get("NEDB_SCHEMATHESIS_EXAMPLES", "60"))
"""How many requests of each route, beside those that cover every keyword of its schemas; docs/testing.md has the long form."""
ENDLESS = "/(events|live|stream)$"
"""What has no end, and what is spoken on a WebSocket: no request and answer to compare. Other tests talk to them."""


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    with Daemon(tmp_path_factory.mktemp("served") / "data", "--token", TOKEN) as daemon:
        init = {"seed": {"c": [{"_id": "a", "n": 1}, {"_id": "b", "n": 2}]}, "links": [["c:a", "r", "c:b"]]}
        assert ask(daemon, "POST", "/v1/databases", json.dumps({"name": "shop", "init": init}).encode())[0] == 201
        yield daemon


def ask(daemon, verb, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", int(daemon.http), timeout=60)
    connection.request(verb, path, body, {"authorization": f"Bearer {TOKEN}"})
    response = connection.getresponse()
    text = response.read()
    connection.close()
    return response.status, json.loads(text)


def lives(daemon):
    return daemon.process.poll() is None and not [line for line in daemon.said if "panicked" in line]


def test_every_route_answers_as_the_document_says(daemon, tmp_path):
    pytest.importorskip("schemathesis")
    words = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(SETTINGS), "run", f"{daemon.url}/openapi.json"]
    words += ["--header", f"Authorization: Bearer {TOKEN}", "--exclude-path-regex", ENDLESS, "--seed", "1", "--no-color"]
    words += ["--max-examples", str(EXAMPLES), "--generation-database", "none", "--continue-on-failure"]
    report = tmp_path / "report.har"
    words += ["--report", "har", "--report-har-path", str(report)]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=86_400)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    assert lives(daemon)
    # A run in which everything is refused would compare nothing but errors.
    statuses = {}
    for entry in json.loads(report.read_text("utf-8"))["log"]["entries"]:
        statuses.setdefault(entry["response"]["status"], []).append(entry["request"])
    assert {200, 201, 400, 401, 404, 405} <= statuses.keys(), {status: len(asked) for status, asked in statuses.items()}
    answered = {verb_and_route(request) for request in statuses[200]}
    assert len(answered) >= 30, answered
    print(f"{sum(map(len, statuses.values()))} requests, {len(statuses[200])} of them answered with 200")


def verb_and_route(request):
    """The verb and the words of the path that a route has, without the parts that vary."""
    parts = request["url"].split("?")[0].split("/")[3:]
    return request["method"], len(parts), *parts[0:2], *parts[3:4]


def broken(text):
    """A JSON text that somebody cut, doubled, nested too deeply or spoiled."""
    return st.one_of(
        st.integers(0, len(text) - 1).map(lambda end: text[:end]),
        st.sampled_from([text + text, text + "}", text + "\x00", "[" * 500 + text, text.replace('"c"', '"c')]),
        st.sampled_from(['{"coll":"c","coll":"c","id":"1","doc":{}}', '{"doc":{"a":1,"a":2}}', '"\\ud800"', "NaN", "-", "\ufeff{}"]),
    ).map(lambda text: text.encode("utf-8", "replace"))


def test_what_is_no_json_is_refused_by_name(daemon):
    whole = json.dumps({"coll": "c", "id": "1", "doc": {"text": "ä", "list": [1, 2.5, None, {"x": True}]}}, ensure_ascii=False)

    @settings(max_examples=settings.default.max_examples * 10)
    @given(broken(whole) | st.binary(max_size=40))
    def put(body):
        status, answer = ask(daemon, "POST", "/v1/databases/shop/put", body)
        assert answer["kind"] == _TABLE[answer["code"]][1], (body, answer)
        assert (status, answer["kind"]) in [(400, "invalid"), (413, "limit")], (body, answer)

    put()
    assert lives(daemon)
