"""Random operations beside a dict that does the same."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from nedb import NEDB

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


class BesideADict(RuleBasedStateMachine):
    """`states[seq]` is what every document was after that operation."""

    @initialize()
    def open(self):
        self.db = NEDB()
        self.now = {}
        self.states = []

    def wrote(self, seq):
        assert seq == len(self.states)
        self.states.append(dict(self.now))

    @rule(coll=COLLECTIONS, id=IDS, document=DOCUMENTS)
    def put(self, coll, id, document):
        answer, seq, head = self.db.put(coll, id, document, receipt=True)
        assert answer == {**document, "_id": id} and head == self.db.head
        self.now[coll, id] = answer
        self.wrote(seq)

    @rule(coll=COLLECTIONS, id=IDS)
    def delete(self, coll, id):
        assert self.db.delete(coll, id) is ((coll, id) in self.now)
        if self.now.pop((coll, id), None) is not None:
            self.wrote(self.db.seq)

    @rule(coll=COLLECTIONS, documents=st.lists(st.tuples(IDS, DOCUMENTS), max_size=3, unique_by=lambda pair: pair[0]))
    def put_many(self, coll, documents):
        assert self.db.put_many(coll, documents) == len(documents)
        for id, document in documents:
            self.now[coll, id] = {**document, "_id": id}
            self.wrote(len(self.states))

    @rule(coll=COLLECTIONS, id=IDS, seq=st.integers(-1, 60))
    def read_the_past(self, coll, id, seq):
        state = self.states[min(seq, len(self.states) - 1)] if seq >= 0 and self.states else {}
        assert self.db.get(coll, id, as_of=seq) == state.get((coll, id))

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

    def teardown(self):
        if hasattr(self, "db"):
            assert self.db.verify()
            self.db.close()


TestBesideADict = BesideADict.TestCase
