"""Writes: retries, conditions, lifetimes, provenance, transactions, many at once."""

import datetime as dt

import nedb
import pytest
from nedb import NEDB


def test_a_receipt_is_given_when_it_is_asked_for(db):
    document, seq, head = db.put("c", "a", {"n": 1}, receipt=True)
    assert (document, seq, head) == ({"n": 1, "_id": "a"}, 0, db.head)


def test_a_known_idempotency_key_returns_the_first_result(db):
    first = db.put("c", "a", {"n": 1}, idem="k", receipt=True)
    db.put("c", "a", {"n": 2})
    again = db.put("c", "a", {"n": 1}, idem="k", receipt=True)
    assert again[:2] == first[:2]
    assert db.seq == 1


def test_the_same_key_with_another_body_is_a_conflict(db):
    db.put("c", "a", {"n": 1}, idem="k")
    with pytest.raises(nedb.ConflictError) as caught:
        db.put("c", "a", {"n": 2}, idem="k")
    assert caught.value.code == "idempotency_conflict"
    db.put("c", "a", {"n": 2}, client="other", idem="k")


def test_a_key_is_looked_at_before_the_nonce_and_the_nonce_before_the_condition(db):
    db.put("c", "a", {"n": 1}, nonce=5, idem="k")
    db.put("c", "a", {"n": 1}, nonce=1, idem="k")
    with pytest.raises(nedb.ReplayError):
        db.put("c", "a", {"n": 2}, nonce=5, if_seq=99)


def test_a_stale_nonce_is_a_replay_error_that_names_the_last_one(db):
    db.put("c", "a", {}, client="till", nonce=7)
    with pytest.raises(nedb.ReplayError, match="7") as caught:
        db.put("c", "a", {}, client="till", nonce=7)
    assert (caught.value.code, caught.value.last) == ("stale_nonce", 7)
    db.put("c", "a", {}, client="till")
    assert db.log[-1].nonce == 8


def test_a_failed_condition_lists_what_was_expected_and_what_is(db):
    db.put("c", "a", {})
    with pytest.raises(nedb.PreconditionFailed) as caught:
        db.put("c", "a", {}, if_seq=-1)
    assert caught.value.failures == [{"index": 0, "coll": "c", "id": "a", "expected": -1, "actual": 0}]
    assert isinstance(caught.value, nedb.ConflictError)
    db.put("c", "a", {}, if_seq=db.last_seq("c", "a"))
    db.put("c", "b", {}, if_seq=db.last_seq("c", "b"))


@pytest.mark.parametrize("id", ["a", "ü\\xff", b"\xff\\xff"])
def test_a_failed_condition_names_the_document_as_reads_do(db, id):
    document = db.put("c", id, {})
    for write in (
        lambda: db.put("c", id, {}, if_seq=-1),
        lambda: db.tx([{"op": "put", "coll": "c", "id": id, "doc": {}, "if_seq": 7}]),
    ):
        with pytest.raises(nedb.PreconditionFailed) as caught:
            write()
        assert [failure["id"] for failure in caught.value.failures] == [document["_id"]] == [id]


def test_arguments_of_put_may_be_given_in_order(db):
    db.put("c", "a", {"n": 0})
    document = db.put("c", "a", {"n": 1}, "till", 3, "key", 60, [0], "external", 0.5, "2026-01-01", "2027-01-01", 0)
    op = db.log[1]
    assert (op.client, op.nonce, op.caused_by, op.evidence, op.confidence) == ("till", 3, [0], "external", 0.5)
    assert len(op.idem) == 64 and "_expires_at" in document
    assert (op.valid_from, op.valid_to) == ("2026-01-01", "2027-01-01") == (op.to_dict()["valid_from"], op.to_dict()["valid_to"])
    assert (document["_valid_from"], document["_valid_to"]) == ("2026-01-01", "2027-01-01")
    with pytest.raises(nedb.PreconditionFailed):
        db.put("c", "a", {"n": 2}, "till", 4, None, None, None, None, None, None, None, 0)


def test_wrong_arguments_are_refused_as_python_does(db):
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        db.put("c", "a", {}, colour="red")
    with pytest.raises(TypeError, match="multiple values for argument 'client'"):
        db.put("c", "a", {}, "till", client="till")
    with pytest.raises(TypeError, match="unexpected keyword argument 'ttl_s'"):
        db.delete("c", "a", ttl_s=5)
    with pytest.raises(TypeError):
        db.put("c", "a", {}, *range(11))
    with pytest.raises(TypeError, match="a valid time is a date, a datetime or ISO 8601 text, not int"):
        db.put("c", "a", {}, valid_from=5)
    assert db.seq == -1


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"confidence": 1.5}, "invalid_confidence"), ({"confidence": float("nan")}, "invalid_confidence"),
        ({"valid_from": "soon"}, "invalid_valid_time"), ({"valid_from": "2026", "valid_to": "2025"}, "invalid_valid_time"),
        ({"ttl_s": -1}, "invalid_argument"), ({"ttl_s": float("inf")}, "invalid_argument"), ({"nonce": -1}, "invalid_argument"),
        ({"if_seq": -2}, "invalid_argument"), ({"caused_by": 7}, "unknown_cause"), ({"caused_by": "seven"}, "invalid_argument"),
        ({"client": ""}, "invalid_name"), ({"idem": ""}, "invalid_argument"),
    ],
)  # fmt: skip
def test_what_a_write_says_is_checked(db, given, code):
    with pytest.raises(ValueError) as caught:
        db.put("c", "a", {}, **given)
    assert caught.value.code == code
    assert db.seq == -1


def test_provenance_comes_back_in_mirrored_fields(db):
    db.put("facts", "a", {"x": 1})
    document = db.put(
        "facts", "b", {"x": 2}, caused_by=0, evidence="inference", confidence=0.75,
        valid_from=dt.date(2026, 1, 1), valid_to="2027-01-01",
    )  # fmt: skip
    assert document == {
        "x": 2, "_id": "b", "_caused_by": [0], "_evidence": "inference", "_confidence": 0.75,
        "_valid_from": "2026-01-01", "_valid_to": "2027-01-01",
    }  # fmt: skip
    assert db.get("facts", "b") == document


def test_a_delete_of_nothing_writes_nothing(db):
    assert db.delete("c", "a") is False
    db.put("c", "a", {})
    assert db.delete("c", "a", evidence="correction") is True
    assert db.delete("c", "a") is False
    assert db.get("c", "a") is None
    assert db.seq == 1


def test_a_lifetime_ends_and_can_be_taken_away(db):
    document = db.put("c", "a", {"n": 1}, ttl_s=3600)
    # To the second: Python 3.9 reads no fraction of four digits.
    expires = dt.datetime.fromisoformat(document["_expires_at"][:19] + "+00:00")
    assert expires > dt.datetime.now(dt.timezone.utc)
    assert db.expire("c", "a", None) is True
    assert db.get("c", "a") == {"n": 1, "_id": "a"}
    assert db.expire("c", "missing", 5) is False


def test_a_lifetime_can_be_given_later_and_be_changed():
    db = NEDB._replica()
    db._tell_time(0)
    db.put("c", "a", {"n": 1})
    assert db.expire("c", "a", 10) is True and db.expire("c", "a", 0.5) is True
    db._tell_time(499_999)
    assert db.get("c", "a")["n"] == 1
    db._tell_time(500_000)
    assert db.get("c", "a") is None


def test_a_document_that_is_over_at_once_is_returned_and_not_read(db):
    assert db.put("c", "a", {"n": 1}, ttl_s=0)["n"] == 1
    assert db.get("c", "a") is None
    assert db.last_seq("c", "a") == -1


def test_a_sweep_deletes_exactly_what_is_over():
    db = NEDB._replica()
    for n in range(3):
        db._tell_time(n * 1_000_000)
        db.put("c", n, {"n": n}, ttl_s=10)
    db.put("c", "stays", {})
    db._tell_time(10_999_999)
    assert db.sweep() == 1 and db.sweep() == 0
    assert (db.log[-1].op, db.log[-1].payload["id"], db.seq) == ("delete", "0", 4)
    db._tell_time(12_000_000)
    assert db.sweep() == 2 and db.seq == 6
    assert db.collections() == {"c": 1} and db.collections(as_of=3) == {"c": 4}


def test_restore_writes_an_earlier_version_again(db):
    db.put("c", "a", {"n": 1})
    db.put("c", "a", {"n": 2})
    assert db.restore("c", "a", 0) == {"n": 1, "_id": "a"}
    assert db.seq == 2
    with pytest.raises(KeyError) as caught:
        db.restore("c", "a", 99)
    assert caught.value.code == "unknown_version"


def test_drop_collection_deletes_what_is_there(db):
    db.put_many("c", ((n, {"n": n}) for n in range(5)))
    assert db.drop_collection("c") == 5
    assert db.collections() == {} and db.collections(as_of=4) == {"c": 5}


def test_links_that_change_nothing_write_nothing(db):
    assert db.link("a:1", "knows", "b:2") is True
    assert db.link("a:1", "knows", "b:2") is False
    assert db.unlink("a:1", "knows", "b:2") is True
    assert db.unlink("a:1", "knows", "b:2") is False
    assert db.seq == 1
    with pytest.raises(ValueError) as caught:
        db.link("nowhere", "knows", "b:2")
    assert caught.value.code == "invalid_node"


def test_a_transaction_happens_as_a_whole(db):
    answer = db.tx(
        [
            {"op": "put", "coll": "c", "id": "a", "doc": {"n": 1}, "if_seq": -1},
            {"op": "put", "coll": "c", "id": "b", "doc": {"n": 2}, "caused_by": "#0", "evidence": "inference"},
            {"op": "link", "frm": "c:a", "rel": "to", "to": "c:b"},
            {"op": "delete", "coll": "c", "id": "missing"},
            {"op": "expire", "coll": "c", "id": "a", "ttl_s": None},
        ]
    )
    b = {"n": 2, "_id": "b", "_caused_by": [0], "_evidence": "inference"}
    assert answer["results"][:4] == [{"n": 1, "_id": "a"}, b, True, False]
    assert (answer["count"], answer["seq"]) == (5, db.seq)


def test_a_transaction_that_fails_writes_nothing(db):
    db.put("c", "a", {})
    with pytest.raises(nedb.PreconditionFailed) as caught:
        db.tx(
            [
                {"op": "put", "coll": "c", "id": "new", "doc": {}},
                {"op": "put", "coll": "c", "id": "a", "doc": {}, "if_seq": -1},
                {"op": "delete", "coll": "c", "id": "b", "if_seq": 5},
            ]
        )
    assert [(failure["index"], failure["actual"]) for failure in caught.value.failures] == [(1, 0), (2, -1)]
    assert db.seq == 0 and db.get("c", "new") is None


def test_a_transaction_can_be_sent_again(db):
    ops = [{"op": "put", "coll": "c", "id": "a", "doc": {"n": 1}}]
    first = db.tx(ops, client="till", idem="sale-1")
    assert db.tx(ops, client="till", idem="sale-1") == first
    assert db.seq == 0


@pytest.mark.parametrize(
    "op",
    [
        {"op": "put", "coll": "c", "id": "a"}, {"op": "put", "id": "a", "doc": {}}, {"op": "jump"}, {"coll": "c"}, "put",
        {"op": "delete", "coll": "c", "id": "a", "doc": {}}, {"op": "put", "coll": "c", "id": "a", "doc": {}, "idem": "k"},
    ],
)  # fmt: skip
def test_an_operation_that_is_none_is_refused(db, op):
    with pytest.raises(ValueError):
        db.tx([op])
    assert db.seq == -1


def test_put_many_takes_pairs_and_documents_with_ids(db):
    assert db.put_many("c", [{"_id": "a", "n": 1}, ("b", {"n": 2})], batch=1, client="loader") == 2
    assert db.get_many("c", ["b", "missing", "a"]) == [{"n": 2, "_id": "b"}, None, {"n": 1, "_id": "a"}]
    assert [op.client for op in db.log] == ["loader", "loader"]
    for wrong in ([{"n": 1}], [5], [("a",)], [("a", [])]):
        with pytest.raises((ValueError, TypeError)):
            db.put_many("c", wrong)


def test_put_many_writes_whole_batches_before_a_failure(db):
    documents = [(n, {"n": n}) for n in range(10)] + [("bad", {"x": object()})]
    with pytest.raises(ValueError):
        db.put_many("c", documents, batch=4)
    assert db.collections() == {"c": 8}


@pytest.mark.parametrize("bad", ["a value", "an id", "the iterable"])
def test_a_load_keeps_the_batches_before_what_fails(db, bad):
    def docs(bad):
        for n in range(35):
            is_bad = n == 25
            if is_bad and bad == "the iterable":
                raise LookupError(bad)
            id = "x" * 2000 if is_bad and bad == "an id" else f"{n:02}"
            yield id, {"n": float("nan") if is_bad and bad == "a value" else n}

    with pytest.raises((ValueError, LookupError)) as caught:
        db.put_many("c", docs(bad), batch=10)
    assert getattr(caught.value, "code", bad) == {"a value": "invalid_value", "an id": "id_too_long"}.get(bad, bad)
    assert [document["_id"] for document in db.scan("c")] == [f"{n:02}" for n in range(20)]
    assert db.put_many("d", docs(None), batch=10) == 35 == db.collections()["d"]


def test_a_close_ends_a_load(db):
    def docs():
        for n in range(40):
            if n == 25:
                db.close()
            yield str(n), {}

    with pytest.raises(nedb.ClosedError):
        db.put_many("c", docs(), batch=10)
