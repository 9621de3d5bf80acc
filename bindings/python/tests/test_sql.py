"""SQL: the calls, the scripts that every face runs, the errors."""

import datetime as dt
import json
from decimal import Decimal
from uuid import UUID

import nedb
import pytest
from conftest import ROOT, run_examples
from nedb import NEDB, AutoIndexDB, SQLError, SQLUnsupportedError, sql_exec, sql_to_nql
from script import blocks, typed

SCRIPTS = sorted((ROOT / "tests" / "sql").glob("*.script"))


@pytest.fixture
def people(db):
    db.put_many(
        "people",
        [
            ("ada", {"name": "Ada", "born": 1815, "city": "London"}),
            ("alan", {"name": "Alan", "born": 1912, "city": "London"}),
            ("grace", {"name": "Grace", "born": 1906}),
        ],
    )
    return db


def test_a_select_gives_a_list_of_fresh_dicts(people):
    rows = sql_exec(people, "SELECT name, born AS year FROM people WHERE born > ? ORDER BY born", [1900])
    assert rows == [{"name": "Grace", "year": 1906}, {"name": "Alan", "year": 1912}]
    rows[0]["name"] = "changed"
    assert sql_exec(people, "SELECT COUNT(*) AS n FROM people WHERE name = 'changed'") == [{"n": 0}]


def test_a_write_tells_what_it_did(people):
    done = sql_exec(people, "INSERT INTO people (_id, name) VALUES (:id, :name), ('x', NULL)", {"id": "kurt", "name": "Kurt"})
    assert done == {"rowcount": 2, "seq": 4, "ids": ["kurt", "x"]}
    assert sql_exec(people, "UPDATE people SET city = $1 WHERE city IS NULL", ("Paris",)) == {"rowcount": 3, "seq": 7, "ids": []}
    assert sql_exec(people, "DELETE FROM people WHERE name IS NULL")["rowcount"] == 1
    assert sql_exec(people, "DELETE FROM people WHERE name IS NULL") == {"rowcount": 0, "seq": -1, "ids": []}
    assert people.get("people", "grace")["city"] == "Paris"


def test_values_keep_their_types(db):
    values = [True, 2**70, 1.0, Decimal("1.50"), b"\x00", UUID(int=7), dt.datetime(2026, 1, 2, tzinfo=dt.timezone.utc), [1, {"a": None}]]
    for number, value in enumerate(values):
        sql_exec(db, "INSERT INTO t (id, v) VALUES (?, ?)", [number, value])
        assert sql_exec(db, "SELECT v FROM t WHERE id = ? AND v = ?", [number, value]) == [{"v": value}]
        assert type(db.get("t", str(number))["v"]) is type(value)


def test_errors_have_their_classes(people):
    with pytest.raises(SQLError) as caught:
        sql_exec(people, "SELECT name\n  FRM people")
    error = caught.value
    assert (error.code, error.lineno, error.offset) == ("sql_syntax", 2, 7)
    with pytest.raises(SQLUnsupportedError) as caught:
        sql_exec(people, "SELECT name FROM people WHERE born = (SELECT 1)")
    assert caught.value.code == "sql_unsupported" and "subquery" in str(caught.value)
    assert isinstance(caught.value, (SQLError, nedb.UnsupportedError)) and isinstance(caught.value, NotImplementedError)
    with pytest.raises(SQLError) as caught:
        sql_exec(people, "SELECT name FROM people WHERE born = ?")
    assert caught.value.code == "sql_parameter"
    with pytest.raises(SQLError) as caught:
        sql_exec(people, "INSERT INTO people (_id) VALUES ('ada')")
    assert caught.value.code == "sql_duplicate_key"
    with pytest.raises(TypeError):
        sql_exec(people, "SELECT name FROM people WHERE born = ?", 1900)


def test_explain_of_a_join_tells_the_way_and_the_rows(people):
    people.put("cities", "London", {"country": "UK"})
    join = "SELECT p.name, c.country FROM people p JOIN cities c ON p.city = c._id WHERE p.born > ?"
    steps = sql_exec(people, f"EXPLAIN {join}", [1900])
    told = [(step["operator"], step["detail"], step.get("estimated_rows"), step["rows"]) for step in steps]
    assert told == [
        ("scan", "p: people, all documents, by _id", 3, 3),
        ("filter", "p: by born", None, 2),
        ("look up", "c: cities by _id", 1, 1),
        ("filter", "c: by _id", None, 1),
        ("join", "p.city = c._id", None, 1),
        ("rows", "offset, limit, projection", None, 1),
    ]
    assert [step["step"] for step in steps] == list(range(1, 7)) and all(step["time_us"] >= 0 for step in steps)


def test_a_value_that_cannot_be_stored_names_its_placeholder(people):
    nan = float("nan")
    for params, where in [([1900, nan], r"\?2"), ((object(),), r"\?1"), ({"year": {"a": [nan]}}, ":year")]:
        with pytest.raises(ValueError, match=f"the value of {where}: ") as caught:
            sql_exec(people, "SELECT name FROM people WHERE born > :year", params)
        assert caught.value.code == "invalid_value"
    assert caught.value.path == "a[0]"


def test_injected_text_stays_a_value(people):
    for text in ["' OR 1=1 --", "x'; DELETE FROM people; --", '" OR ""="']:
        assert sql_exec(people, "SELECT * FROM people WHERE name = ?", [text]) == []
        assert sql_exec(people, "DELETE FROM people WHERE name = :name", {"name": text})["rowcount"] == 0
    assert len(people.query("FROM people")) == 3


def test_the_translation_is_nql(people):
    nql = sql_to_nql("SELECT name FROM people WHERE born > ? AND city <> :x".replace(":x", "?"))
    assert nql == "FROM people WHERE born > $p1 AND city != $p2 AND city IS NOT NULL SELECT name"
    assert people.query(nql, p1=1900, p2="Paris") == [{"name": "Alan"}]


def test_the_module_and_the_wrappers_have_it_too(people):
    assert nedb.sql.sql_exec is sql_exec and nedb.sql.SQLError is SQLError
    assert sql_exec(AutoIndexDB(people), "SELECT COUNT(*) AS n FROM people") == [{"n": 3}]
    people.close()
    with pytest.raises(nedb.ClosedError):
        sql_exec(people, "SELECT name FROM people")


def test_long_answers_come_whole(db):
    db.put_many("t", [(f"{number:05}", {"n": number}) for number in range(10_000)])
    assert [row["n"] for row in sql_exec(db, "SELECT n FROM t")] == list(range(10_000))


def answered(db, given):
    said, params, lines = [], None, [line for line in given if not line.startswith("#")]
    while lines:
        text = lines.pop(0)
        while lines and lines[0].startswith(" "):
            text += "\n" + lines.pop(0)
        word, _, rest = text.partition(" ")
        try:
            if word == "put":
                coll, id, body = rest.split(" ", 2)
                db.put(coll, id, typed(json.loads(body)))
            elif word == "params":
                params = typed(json.loads(rest))
            elif word == "nql":
                said.append(sql_to_nql(rest))
            else:
                taken, params = params, None
                rows = sql_exec(db, text, taken)
                said += rows if isinstance(rows, list) else [f"rowcount {rows['rowcount']}"]
        except nedb.NedbError as error:
            said.append(f"error {error.code}: {error}")
    return said


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_an_sql_script_says_the_same_through_python(script):
    with NEDB() as db:
        for given, said in blocks(script.read_text(encoding="utf-8")):
            wanted = [typed(json.loads(line)) if line.startswith("{") else line for line in said]
            assert answered(db, given) == wanted, "\n".join(given)


def test_the_examples_of_the_sql_page_run(tmp_path, monkeypatch):
    run_examples(ROOT / "docs" / "sql.md", tmp_path, monkeypatch)
