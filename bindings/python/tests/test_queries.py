"""Questions in NQL: text, parameters, the builder, plans, errors."""

import datetime as dt
from decimal import Decimal

import nedb
import pytest
from nedb import NEDB, Query, parse_nql

PEOPLE = [
    ("ada", {"name": "Ada", "born": 1815, "city": "London"}),
    ("alan", {"name": "Alan", "born": 1912, "city": "London"}),
    ("grace", {"name": "Grace", "born": 1906, "city": "New York"}),
]


@pytest.fixture
def people(db):
    db.put_many("people", PEOPLE)
    return db


def ids(rows):
    return [row["_id"] for row in rows]


def test_rows_are_documents_with_their_id(people):
    assert people.query("FROM people WHERE born = 1906") == [{**PEOPLE[2][1], "_id": "grace"}]


def test_parameters_are_values_and_never_text(people):
    assert ids(people.query("FROM people WHERE born IN $years", years=(1815, 1912))) == ["ada", "alan"]
    assert people.query("FROM people WHERE city = $city", city="London\" OR born > 0") == []
    at = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)
    people.put("events", "e", {"at": at, "price": Decimal("1.5")})
    assert ids(people.query("FROM events WHERE at = $at AND price = 1.5", at=at)) == ["e"]


def test_the_text_may_be_given_by_name(people):
    assert people.query(nql="FROM people WHERE _id = $id SELECT _id", id="nobody") == []
    assert people.query(nql="FROM people") == people.query("FROM people")
    with pytest.raises(TypeError, match="missing 1 required argument: 'nql'"):
        people.query(id="ada")


@pytest.mark.parametrize("given", [{}, {"x": 1, "y": 2}])
def test_parameters_must_be_exactly_those_of_the_text(people, given):
    with pytest.raises(ValueError) as caught:
        people.query("FROM people WHERE born = $x", **given)
    assert caught.value.code == "query_parameter"


def test_a_mistake_is_a_syntax_error_with_its_place(people):
    with pytest.raises(SyntaxError) as caught:
        people.query("FROM people\n  WHRE born = 1")
    error = caught.value
    assert (error.code, error.lineno, error.offset) == ("query_syntax", 2, 3)
    assert "WHRE" in error.msg and "WHERE" in error.hint
    assert isinstance(error, nedb.NedbError)


def test_a_query_can_be_bounded(people):
    with pytest.raises(TimeoutError) as caught:
        people.execute("FROM people", timeout_s=0)
    assert caught.value.code == "query_timeout"
    with pytest.raises(MemoryError):
        people.execute("FROM people ORDER BY born", memory_bytes_max=10)
    row = people.execute("FROM people WHERE born = $x", {"x": 1815}, system_fields=True)[0]
    assert row["_seq"] == 0 and row["_ts"].tzinfo is dt.timezone.utc


def test_the_builder_makes_the_query_that_the_text_would(people):
    built = (
        people.q("people").as_of(2).where("born > $low", low=1800).where("city", "=", "London")
        .order_by("born", desc=True).limit(1).offset(0).select("_id", "born")
    )  # fmt: skip
    text = "FROM people AS OF 2 WHERE born > 1800 AND city = 'London' ORDER BY born DESC LIMIT 1 OFFSET 0 SELECT _id, born"
    assert built.plan == parse_nql(text)
    assert built.run() == people.execute(built) == people.execute(built.plan) == [{"_id": "alan", "born": 1912}]
    assert built.plan.collection == "people"


def test_each_call_of_the_builder_gives_a_new_query(people):
    all_of = people.q("people")
    few = all_of.limit(1)
    assert (len(all_of.run()), len(few.run())) == (3, 1)
    assert (str(all_of), str(few)) == ("FROM people", "FROM people LIMIT 1")


@pytest.mark.parametrize(
    ("field", "op", "value", "found"),
    [
        ("born", ">=", 1906, ["alan", "grace"]), ("born", "<", 1906, ["ada"]), ("born", "!=", 1815, ["alan", "grace"]),
        ("born", "in", [1815, 1], ["ada"]), ("born", "between", (1900, 1910), ["grace"]), ("name", "like", "A%", ["ada", "alan"]),
        ("name", "ILIKE", "a%", ["ada", "alan"]), ("name", "contains", "la", ["alan"]),
    ],
)  # fmt: skip
def test_conditions_of_three_parts(people, field, op, value, found):
    assert ids(people.q("people").where(field, op, value).run()) == found


def test_conditions_by_name_are_equalities(people):
    assert ids(people.q("people").where(city="London", born=1815).run()) == ["ada"]


@pytest.mark.parametrize("condition", [("born", "~", 1), ("born", "in", 5), ("born", "between", [1]), ("a", "b"), ()])
def test_a_condition_that_is_none_is_refused(people, condition):
    with pytest.raises(ValueError):
        people.q("people").where(*condition, **({"x": 1} if len(condition) == 3 else {})).where(*condition or (1, 2)).run()


def test_a_value_that_cannot_be_stored_names_its_parameter(people):
    for ask in (people.query, people.explain, nedb.parse_nql):
        with pytest.raises(ValueError, match=r"the value of \$year: ") as caught:
            ask("FROM people WHERE born IN $year AND name = $name", name="Ada", year=[1, float("inf")])
        assert (caught.value.code, caught.value.path) == ("invalid_value", "[1]")


def test_a_parameter_cannot_have_two_values(people):
    query = people.q("people").where("born > $x", x=1)
    assert len(query.where("born > $x", x=1).run()) == 3
    with pytest.raises(ValueError):
        query.where("born < $x", x=2)


def test_groups_and_aggregates(people):
    rows = people.q("people").group_by("city").count().min("born").having("count > $n", n=1).run()
    assert rows == [{"city": "London", "count": 2, "min_born": 1815}]
    assert people.q("people").sum("born").avg("born").max("born").run()[0]["sum_born"] == 5633


def test_graph_steps(db):
    db.put("p", "bash", {"v": 1})
    db.put("p", "libc", {"v": 2}, caused_by=0)
    db.link("p:bash", "depends", "p:libc")
    assert ids(db.q("p").where("_id = 'bash'").traverse("depends", 1, 3).where("v = 2").run()) == ["libc"]
    assert ids(db.q("p").where("_id = 'libc'").traverse("depends", reverse=True).run()) == ["bash"]
    assert ids(db.q("p").where("_id = 'libc'").trace().run()) == ["bash"]
    assert ids(db.q("p").where("_id = 'bash'").trace(reverse=True).run()) == ["libc"]
    with pytest.raises(ValueError):
        db.q("p").trace("because")
    with pytest.raises(ValueError):
        db.q("p").traverse("depends", 0)


def test_valid_time_and_search_in_the_builder(db):
    db.put("c", "a", {"text": "the old words"}, valid_to="2026-01-01")
    db.put("c", "b", {"text": "the new words"}, valid_from="2026-01-01")
    at = dt.datetime(2026, 6, 1, tzinfo=dt.timezone.utc)
    assert ids(db.q("c").valid_as_of(at).run()) == ids(db.q("c").valid_as_of("2026-06-01").run()) == ["b"]
    assert ids(db.q("c").search("words new").run()) == ["b"]


def test_a_query_of_no_database_has_a_plan_and_cannot_run(people):
    query = Query("people").where(city="London")
    assert len(people.execute(query)) == 2
    with pytest.raises(ValueError):
        query.run()


def test_explain_tells_the_steps(people):
    for steps in (
        people.explain("FROM people WHERE born > $x", x=1900), people.q("people").explain(), people.explain(parse_nql("FROM people")),
    ):  # fmt: skip
        operators = [step["operator"] for step in steps if "operator" in step]
        assert (operators[0], operators[-1]) == ("scan", "rows")


def test_only_queries_have_plans():
    with pytest.raises(nedb.UnsupportedError):
        parse_nql("HISTORY people ada")
    with pytest.raises(TypeError):
        NEDB().execute(5)


def test_long_answers_come_whole(db):
    db.put_many("c", ((f"{n:05}", {"n": n}) for n in range(10_000)))
    rows = db.query("FROM c WHERE n >= 0")
    assert [row["n"] for row in rows] == list(range(10_000))


def test_a_query_can_be_asked_as_of_a_datetime_of_any_zone(db):
    db.put("c", "a", {"n": 1})
    then = dt.datetime.now(dt.timezone.utc)
    # A read as of a time makes later commits come after it.
    assert db.get("c", "a", as_of=then) == {"n": 1, "_id": "a"}
    db.put("c", "a", {"n": 2})
    asked = db.q("c").select("n")
    for moment in (then, then.astimezone(dt.timezone(dt.timedelta(hours=5, minutes=30)))):
        assert asked.as_of(moment).run() == [{"n": 1}] != asked.run()
    assert asked.as_of(then - dt.timedelta(days=1)).run() == []
    with pytest.raises(ValueError) as caught:
        asked.as_of(then.replace(tzinfo=None))
    assert "has no time zone" in str(caught.value)
    with pytest.raises(ValueError) as caught:
        asked.as_of(then + dt.timedelta(days=1)).run()
    assert caught.value.code == "future_timestamp"
