"""An explorer of a block chain: blocks, transactions and addresses, found by height, by address, and as the chain once was.

Blocks come as one transaction each, so no reader ever sees half a block. A reorganisation replaces the last blocks; what the
chain showed before stays readable as of its seq.

    python block_explorer.py [DIRECTORY]
"""

from __future__ import annotations

import hashlib
import random
import sys
from typing import Any, Dict, List, Optional

from nedb import NEDB

Block = Dict[str, Any]


class Explorer:
    """The chain as it is, and as it was."""

    def __init__(self, path: Optional[str] = None) -> None:
        self.db = NEDB(path, durability="group")
        self.db.create_index("blocks", "height", "ordered")
        for field in ("payer", "payee"):
            self.db.create_index("payments", field)

    def add(self, block: Block) -> int:
        """Writes a block with its payments, whole; returns the seq behind it."""
        name = block["hash"]
        ops: List[Dict[str, Any]] = [
            {"op": "put", "coll": "blocks", "id": name, "doc": {"height": block["height"], "count": len(block["payments"])}},
            {"op": "link", "frm": f"blocks:{name}", "rel": "follows", "to": f"blocks:{block['previous']}"},
        ]
        for place, payment in enumerate(block["payments"]):
            ops.append({"op": "put", "coll": "payments", "id": f"{name}-{place}", "doc": {**payment, "block": name}})
        return int(self.db.tx(ops)["seq"])

    def drop(self, name: str) -> None:
        """Takes a block that the chain gave up back, with its payments."""
        payments = self.db.query("FROM payments WHERE block = $name SELECT _id", name=name)
        ops = [{"op": "delete", "coll": "payments", "id": payment["_id"]} for payment in payments]
        self.db.tx([*ops, {"op": "delete", "coll": "blocks", "id": name}])

    def newest(self, count: int, as_of: int = 2**63) -> List[int]:
        """The heights of the newest blocks."""
        rows = self.db.query(f"FROM blocks AS OF {min(as_of, self.db.seq)} ORDER BY height DESC LIMIT {count}")
        return [row["height"] for row in rows]

    def balance(self, address: str, as_of: Optional[int] = None) -> int:
        """What an address has, now or as of a seq."""
        moment = self.db.seq if as_of is None else as_of
        came = self.db.query(f"FROM payments AS OF {moment} WHERE payee = $address SUM amount", address=address)
        went = self.db.query(f"FROM payments AS OF {moment} WHERE payer = $address SUM amount", address=address)
        return int(came[0]["sum_amount"] - went[0]["sum_amount"])

    def ancestors(self, name: str, hops: int) -> List[str]:
        """The blocks below a block."""
        rows = self.db.query(f"FROM blocks WHERE _id = $name TRAVERSE follows *1..{hops}", name=name)
        return sorted((row["_id"] for row in rows), key=lambda id: -int(self.db.get("blocks", id)["height"]))


def chain(length: int, seed: int) -> List[Block]:
    """Made-up blocks, the same for a seed."""
    dice, previous, blocks = random.Random(seed), "genesis", []
    for height in range(length):
        name = hashlib.sha256(f"{previous} {seed} {height}".encode()).hexdigest()[:16]
        payments = [
            {"payer": dice.choice("ABCD"), "payee": dice.choice("ABCD"), "amount": dice.randrange(1, 100)}
            for _ in range(dice.randrange(1, 6))
        ]
        blocks.append({"hash": name, "previous": previous, "height": height, "payments": payments})
        previous = name
    return blocks


def main(path: Optional[str] = None) -> None:
    explorer, blocks = Explorer(path), chain(200, seed=7)
    for block in blocks:
        before = explorer.add(block)
    print("newest blocks:", explorer.newest(3))
    print("below the last:", len(explorer.ancestors(blocks[-1]["hash"], 5)), "within five hops")
    balances = {address: explorer.balance(address) for address in "ABCD"}
    print("all balances add up to", sum(balances.values()))

    # The chain decides otherwise about its last two blocks.
    for block in blocks[-2:]:
        explorer.drop(block["hash"])
    print("after the reorganisation:", explorer.newest(1), "before it:", explorer.newest(1, as_of=before))
    print("balances as of then are as they were:", {a: explorer.balance(a, as_of=before) for a in "ABCD"} == balances)
    print("the history checks:", explorer.db.verify())
    explorer.db.close()


if __name__ == "__main__":
    main(*sys.argv[1:2])
