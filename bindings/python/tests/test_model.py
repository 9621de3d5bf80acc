"""Random operations beside a dict that does the same."""

import tempfile

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from nedb import NEDB, ConflictError, NedbError

IDS = st.sampled_from(["a", "b", "ü", "a b", "0"])
COLLECTIONS = st.sampled_from(["c", "d"])
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.binary(max_size=20), st.decimals(allow_nan=False, allow_infinity=False),
    st.uuids(), st.datetimes(timezones=st.timezones()),
)  # fmt: skip
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).filter(lambda name: not name.startswith("_"))
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=4)
# Few names, so that what is done meets what was done before.
FEW = st.sampled_from(["a", "b"])
NODES = st.sampled_from(["c:a", "c:b"])
EDGES = st.tuples(NODES, st.sampled_from(["knows", "owns"]), NODES)
OPERATIONS = st.one_of(
    st.fixed_dictionaries({"op": st.just("put"), "coll": COLLECTIONS, "id": IDS, "doc": DOCUMENTS}),
    st.fixed_dictionaries({"op": st.just("delete"), "coll": COLLECTIONS, "id": IDS}),
    st.tuples(st.sampled_from(["link", "unlink"]), EDGES).map(
        lambda pair: {"op": pair[0], **dict(zip(("frm", "rel", "to"), pair[1]))}
    ),
)


class BesideADict(RuleBasedStateMachine):
    """`states[seq]` is what every document was after that operation, `written[seq]` what it wrote of which document."""

    @initialize()
    def open(self):
        self.folder = tempfile.TemporaryDirectory()
        self.db = NEDB(self.folder.name, durability="none")
        self.now, self.edges, self.sent = {}, [], {}
        self.states, self.written = [], []

    def wrote(self, seq, key=None, content=None):
        assert seq == len(self.states)
        self.states.append((dict(self.now), list(self.edges)))
        self.written.append((key, content))

    @rule(coll=COLLECTIONS, id=IDS | FEW, document=DOCUMENTS)
    def put(self, coll, id, document):
        answer, seq, head = self.db.put(coll, id, document, receipt=True)
        assert answer == {**document, "_id": id} and head == self.db.head
        self.did_put(seq, coll, id, document)

    def did_put(self, seq, coll, id, document):
        self.now[coll, id] = {**document, "_id": id}
        self.wrote(seq, (coll, id), self.now[coll, id])
        return self.now[coll, id]

    @rule(coll=COLLECTIONS, id=IDS)
    def delete(self, coll, id):
        assert self.db.delete(coll, id) is self.did_delete(coll, id)

    def did_delete(self, coll, id):
        is_there = self.now.pop((coll, id), None) is not None
        if is_there:
            self.wrote(len(self.states), (coll, id))
        return is_there

    @rule(edge=EDGES)
    def link(self, edge):
        assert self.db.link(*edge) is self.did_link(edge)

    def did_link(self, edge):
        is_new = edge not in self.edges
        if is_new:
            self.edges.append(edge)
            self.wrote(len(self.states))
        return is_new

    @rule(edge=EDGES)
    def unlink(self, edge):
        assert self.db.unlink(*edge) is self.did_unlink(edge)

    def did_unlink(self, edge):
        is_there = edge in self.edges
        if is_there:
            self.edges.remove(edge)
            self.wrote(len(self.states))
        return is_there

    @rule(operations=st.lists(OPERATIONS, min_size=1, max_size=5), fails=st.booleans())
    def tx(self, operations, fails):
        if fails:
            before = self.db.seq
            with pytest.raises(ConflictError):
                self.db.tx([*operations, {"op": "put", "coll": "c", "id": "a", "doc": {}, "if_seq": len(self.states) + 99}])
            assert self.db.seq == before
            return
        expected = []
        for op in operations:
            edge = op.get("frm"), op.get("rel"), op.get("to")
            if op["op"] == "put":
                expected.append(self.did_put(len(self.states), op["coll"], op["id"], op["doc"]))
            elif op["op"] == "delete":
                expected.append(self.did_delete(op["coll"], op["id"]))
            else:
                expected.append(self.did_link(edge) if op["op"] == "link" else self.did_unlink(edge))
        assert self.db_tx(operations) == expected

    def db_tx(self, operations):
        answer = self.db.tx(operations)
        assert answer["count"] == len(operations)
        return answer["results"]

    @rule(key=st.sampled_from(["k1", "k2"]), coll=st.just("c"), id=st.just("a"), document=st.sampled_from([{}, {"n": 1}]))
    def put_with_a_key(self, key, coll, id, document):
        request = (coll, id, document)
        if key not in self.sent:
            answer, seq, _head = self.db.put(coll, id, document, idem=key, receipt=True)
            assert answer == self.did_put(seq, coll, id, document)
            self.sent[key] = (request, answer, seq)
        elif self.sent[key][0] == request:
            assert self.db.put(coll, id, document, idem=key, receipt=True)[:2] == self.sent[key][1:]
        else:
            with pytest.raises(ConflictError):
                self.db.put(coll, id, document, idem=key)

    @rule(coll=st.just("c"), id=FEW, seq=st.integers(0, 12))
    def restore(self, coll, id, seq):
        key, content = self.written[seq] if seq < len(self.written) else (None, None)
        if key != (coll, id) or content is None:
            with pytest.raises(NedbError) as caught:
                self.db.restore(coll, id, seq)
            assert caught.value.code == "unknown_version"
        else:
            content = {name: value for name, value in content.items() if name != "_expires_at"}
            self.now[coll, id] = content
            assert self.db.restore(coll, id, seq) == content
            self.wrote(self.db.seq, key, content)

    @rule(coll=st.just("c"), id=FEW, ttl_s=st.sampled_from([None, 0, 3600]))
    def expire(self, coll, id, ttl_s):
        document = self.now.get((coll, id))
        assert self.db.expire(coll, id, ttl_s) is (document is not None)
        if document is None:
            return
        content = {name: value for name, value in document.items() if name != "_expires_at"}
        found = self.db.get(coll, id)
        if ttl_s == 0:
            assert found is None
            del self.now[coll, id]
        else:
            # When it ends is the clock's to say; that it is told and stays the same is tested.
            ends = {"_expires_at": found["_expires_at"]} if ttl_s else {}
            self.now[coll, id] = {**content, **ends}
            assert found == self.now[coll, id]
        self.wrote(self.db.seq, (coll, id), content)

    @rule()
    def reopen(self):
        head = self.db.head
        self.db.close()
        self.db = NEDB(self.folder.name, durability="none")
        assert self.db.head == head

    @rule(coll=COLLECTIONS, documents=st.lists(st.tuples(IDS, DOCUMENTS), max_size=3, unique_by=lambda pair: pair[0]))
    def put_many(self, coll, documents):
        assert self.db.put_many(coll, documents) == len(documents)
        for id, document in documents:
            self.did_put(len(self.states), coll, id, document)

    @rule(coll=COLLECTIONS, id=IDS, seq=st.integers(-1, 60))
    def read_the_past(self, coll, id, seq):
        state, edges = self.states[min(seq, len(self.states) - 1)] if seq >= 0 and self.states else ({}, [])
        assert self.db.get(coll, id, as_of=seq) == state.get((coll, id))
        node = f"{coll}:{id}"
        assert self.db.neighbors(node, "knows", as_of=seq) == [to for frm, rel, to in edges if (frm, rel) == (node, "knows")]

    @rule(coll=COLLECTIONS)
    def scan(self, coll):
        expected = [document for (of, _), document in sorted(self.now.items(), key=lambda item: item[0][1].encode()) if of == coll]
        assert list(self.db.scan(coll)) == expected == self.db.query(f"FROM {coll}")

    @invariant()
    def the_present_is_the_same(self):
        if hasattr(self, "db"):
            assert self.db.seq == len(self.states) - 1
            for (coll, id), document in self.now.items():
                assert self.db.get(coll, id) == document
            for node in {edge[2] for edge in self.edges}:
                assert self.db.inbound(node, "owns") == [frm for frm, rel, to in self.edges if (rel, to) == ("owns", node)]

    def teardown(self):
        if hasattr(self, "db"):
            assert self.db.verify()
            assert self.db.verify_determinism()
            self.db.close()
            self.folder.cleanup()


TestBesideADict = BesideADict.TestCase
