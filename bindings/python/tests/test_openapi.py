"""Random requests made of /openapi.json: whatever comes, the daemon answers with a status that its table of errors has, and lives."""

import http.client
import json
from urllib.parse import quote, urlencode

import pytest
from daemon import Daemon
from hypothesis import given, settings
from hypothesis import strategies as st
from nedb.errors import _TABLE

KNOWN = {
    "db": ["shop", "shop", "shop", "none", "UPPER", "../x", "a b"],
    "coll": ["c", "c", "_kv", "x:y", ""],
    "id": ["a", "b", "ä/%"],
    "seq": ["0", "1", "-1", "x"],
    "field": ["n", "a..b"],
    "path": ["0/000", "0/000.p/1", "entries/000", "8/x"],
}
"""Parts of paths, most of which name something."""
TEXTS = st.sampled_from(
    ["c", "a", "c:a", "c:b", "0", "-1", "1", "FROM c", "FROM c WHERE n > 1 ORDER BY n", "SELECT * FROM c", "find", "updateMany"]
    + ["eq", "ordered", "", "\x00", "ä" * 300, "2026-01-01", "$n"]
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.integers(), st.floats(allow_nan=False), TEXTS, st.text(max_size=20)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS | st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
OPERATIONS = st.lists(
    st.fixed_dictionaries(
        {"op": st.sampled_from(["put", "delete", "link", "expire", "restore", "noop"])},
        optional={
            **dict.fromkeys(["coll", "frm", "rel", "to"], TEXTS),
            **dict.fromkeys(["id", "ttl_s", "seq", "if_seq"], SCALARS),
            "doc": VALUES,
        },
    ),
    max_size=3,
)
OF_TYPE = {
    "string": TEXTS,
    "integer": st.integers(-3, 2000),
    "number": st.floats(-2, 2),
    "boolean": st.booleans(),
    "object": st.dictionaries(TEXTS, VALUES, max_size=3),
    "array": OPERATIONS,
}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    with Daemon(tmp_path_factory.mktemp("served") / "data") as daemon:
        connection = http.client.HTTPConnection("127.0.0.1", int(daemon.http), timeout=60)
        init = {"seed": {"c": [{"_id": "a", "n": 1}, {"_id": "b", "n": 2}]}, "links": [["c:a", "r", "c:b"]]}
        connection.request("POST", "/v1/databases", json.dumps({"name": "shop", "init": init}))
        assert connection.getresponse().read()
        connection.request("GET", "/openapi.json")
        daemon.routes = routes(json.loads(connection.getresponse().read()))
        yield daemon
        connection.close()


def routes(document):
    """The operations of the document, but for the one whose answer has no end."""
    found = [
        (verb.upper(), path, operation)
        for path, operations in document["paths"].items()
        for verb, operation in operations.items()
        if not path.endswith("/events")
    ]
    assert len(found) > 25
    return found


def of_schema(schema):
    """Mostly what a schema says, and sometimes anything."""
    return st.one_of(OF_TYPE.get(schema.get("type"), VALUES), OF_TYPE.get(schema.get("type"), VALUES), VALUES)


@st.composite
def requests(draw, operations):
    verb, path, operation = draw(st.sampled_from(operations))
    query = {}
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            path = path.replace("{%s}" % parameter["name"], quote(draw(st.sampled_from(KNOWN[parameter["name"]])), safe=""))
        elif draw(st.booleans()) or parameter.get("required"):
            query[parameter["name"]] = draw(of_schema(parameter.get("schema", {})))
    body = None
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        required = schema.get("required", [])
        fields = {
            name: of_schema(of_field)
            for name, of_field in schema.get("properties", {}).items()
            if name in required or draw(st.booleans())
        }
        body = json.dumps(draw(st.fixed_dictionaries(fields)))
        if draw(st.integers(0, 15)) == 0:
            body = body[: len(body) // 2] + draw(st.sampled_from(["", "}", "\x00", '{"a":1,"a":2}', "[" * 500]))
    return verb, f"{path}?{urlencode(query)}" if query else path, body


def test_no_request_makes_the_daemon_fail(daemon):
    seen = set()

    @settings(max_examples=settings.default.max_examples * 20)
    @given(requests(daemon.routes))
    def ask(request):
        verb, path, body = request
        connection = http.client.HTTPConnection("127.0.0.1", int(daemon.http), timeout=60)
        connection.request(verb, path, None if body is None else body.encode("utf-8", "replace"))
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        seen.add(response.status)
        if response.status >= 400:
            error = json.loads(text)
            assert error["code"] in _TABLE and error["kind"] == _TABLE[error["code"]][1], text
            # What is not there is 501; anything else of this class would be a failure of the server.
            assert response.status < 500 or error["kind"] == "unsupported", text

    ask()
    assert {200, 400, 404} <= seen
    assert daemon.process.poll() is None and not [line for line in daemon.said if "panicked" in line]
