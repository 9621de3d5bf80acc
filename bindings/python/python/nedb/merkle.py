"""The tree over the operations, in Python alone: for programs that check a history without the engine.

The tree is that of RFC 6962: its leaves are the hashes of the operations, which `Op.hash` tells, its root is the head.

    from nedb import merkle

    leaves = [bytes.fromhex(op.hash) for op in db.log]
    merkle.root(leaves).hex() == db.head
    path = merkle.inclusion_path(leaves, 3)
    merkle.is_included(leaves[3], 3, len(leaves), path, merkle.root(leaves))
"""

from __future__ import annotations

import hashlib
from typing import List, Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of a tree without leaves. The head of an empty database is written as zeros all the same."""


def leaf_hash(data: bytes) -> bytes:
    """The leaf of an entry's bytes."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The node above two others."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over hashes of leaves."""
    level = list(leaves)
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        above = [node_hash(left, right) for left, right in zip(level[::2], level[1::2])]
        # A node without a neighbour stands for itself one level up.
        level = above + level[len(above) * 2 :]
    return level[0]


def inclusion_path(leaves: Sequence[bytes], index: int) -> List[bytes]:
    """The hashes that lead from the leaf with this index to the root, from below."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"there is no leaf {index} among {len(leaves)}")
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion_path(leaves[:split], index), root(leaves[split:])]
    return [*inclusion_path(leaves[split:], index - split), root(leaves[:split])]


def is_included(leaf: bytes, index: int, size: int, path: Sequence[bytes], expected_root: bytes) -> bool:
    """Whether the path leads from the leaf with this index, in a tree of this size, to the root."""
    if not 0 <= index < size:
        return False
    try:
        return _climbed(leaf, index, size, list(path)) == expected_root
    except IndexError:
        return False


def is_continued(
    size: int, expected_root: bytes, later_size: int, later_root: bytes, path: Sequence[bytes]
) -> bool:
    """Whether the path shows that a later tree begins with all the leaves of an earlier one (RFC 9162, section 2.1.4)."""
    if size == later_size or size == 0:
        return not path and expected_root == (later_root if size else EMPTY_ROOT)
    # A tree whose size is a power of two is a node of the later one, which the path need not name.
    hashes = [expected_root, *path] if size & (size - 1) == 0 else list(path)
    if not 0 < size < later_size or not hashes:
        return False
    node, last = size - 1, later_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    earlier = later = hashes[0]
    for beside in hashes[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            earlier, later = node_hash(beside, earlier), node_hash(beside, later)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            later = node_hash(later, beside)
        node, last = node >> 1, last >> 1
    return last == 0 and earlier == expected_root and later == later_root


def _climbed(leaf: bytes, index: int, size: int, path: List[bytes]) -> bytes:
    """The root that the whole path leads to."""
    if size == 1:
        if path:
            raise IndexError("the path is too long")
        return leaf
    split, beside = _split(size), path.pop()
    if index < split:
        return node_hash(_climbed(leaf, index, split, path), beside)
    return node_hash(beside, _climbed(leaf, index - split, size - split, path))


def _split(size: int) -> int:
    """How many leaves the left part of a tree has: the greatest power of two below its size."""
    return 1 << ((size - 1).bit_length() - 1)
