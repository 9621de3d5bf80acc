"""nedb.merkle computes what the engine computes."""

from nedb import NEDB, merkle


def test_the_root_over_the_operations_is_the_head():
    db = NEDB()
    for n in range(20):
        db.put("c", str(n), {"n": n})
        leaves = [bytes.fromhex(op.hash) for op in db.log]
        assert merkle.root(leaves).hex() == db.head


def test_paths_lead_to_the_root_and_nothing_else_does():
    for size in range(1, 18):
        leaves = [merkle.leaf_hash(bytes([n])) for n in range(size)]
        root = merkle.root(leaves)
        for index, leaf in enumerate(leaves):
            path = merkle.inclusion_path(leaves, index)
            assert merkle.is_included(leaf, index, size, path, root)
            assert not merkle.is_included(leaf, index + size, size, path, root)
            assert not merkle.is_included(merkle.leaf_hash(b"other"), index, size, path, root)
            assert not merkle.is_included(leaf, index, size, [*path, root], root)
            assert not path or not merkle.is_included(leaf, index, size, path[:-1], root)


def test_the_tree_has_the_published_vectors():
    assert merkle.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert merkle.leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
