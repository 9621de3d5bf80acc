"""The audit of a shop: who changed which price when, what an order cost at the time, and a proof for the auditor.

Stock is changed only by whoever saw its newest state, payments are safe to send twice, and the head of each evening is given
away: no later change of the history can agree with it.

    python shop_audit.py [DIRECTORY]
"""

from __future__ import annotations

import sys
from typing import Any, Dict, List, Optional

from nedb import NEDB, PreconditionFailed, check_proof


class Shop:
    """Products, orders and payments, each with its past."""

    def __init__(self, path: Optional[str] = None) -> None:
        self.db = NEDB(path)

    def price(self, product: str, price: int, clerk: str, stock: int) -> None:
        """Sets a price; the clerk is the client whose name the log keeps."""
        self.db.put("products", product, {"price": price, "stock": stock}, client=clerk)

    def order(self, number: str, product: str, count: int) -> int:
        """Takes an order and the goods out of the stock, together or not at all; returns its seq."""
        while True:
            seq = self.db.last_seq("products", product)
            known = self.db.get("products", product, as_of=seq)
            if known is None or known["stock"] < count:
                raise ValueError(f"there are not {count} of {product}")
            left = {"price": known["price"], "stock": known["stock"] - count}
            ops = [
                {"op": "put", "coll": "products", "id": product, "doc": left, "if_seq": seq},
                {"op": "put", "coll": "orders", "id": number, "doc": {"product": product, "count": count}, "caused_by": seq},
            ]
            try:
                return int(self.db.tx(ops)["seq"])
            except PreconditionFailed:
                # Somebody else was quicker: look again.
                continue

    def pay(self, order: str, amount: int, key: str) -> Dict[str, Any]:
        """Books a payment; sent twice under one key, it is booked once."""
        return self.db.put("payments", key, {"order": order, "amount": amount}, client="bank", idem=key)

    def price_then(self, order: str) -> int:
        """What the product of an order cost when it was ordered."""
        [version] = self.db.query("FROM orders WHERE _id = $order TRACE caused_by", order=order)
        return int(version["price"])

    def prices(self, product: str) -> List[Any]:
        """Who set which price, oldest first."""
        found: List[Any] = []
        for op in self.db.log:
            if op.op == "put" and op.payload["coll"] == "products" and op.payload["id"] == product and op.client != "local":
                found.append((op.client, op.payload["doc"]["price"]))
        return found


def main(path: Optional[str] = None) -> None:
    shop = Shop(path)
    shop.price("tea", 400, clerk="anna", stock=10)
    ordered = shop.order("17", "tea", 3)
    shop.price("tea", 450, clerk="ben", stock=7)
    for _ in range(2):
        shop.pay("17", 1200, key="transfer-88")

    print("tea now costs", shop.db.get("products", "tea")["price"], "and cost", shop.price_then("17"), "when order 17 was taken")
    print("prices were set by:", ", ".join(f"{clerk} to {price}" for clerk, price in shop.prices("tea")))
    print("payments booked:", shop.db.query("FROM payments COUNT")[0]["count"])
    try:
        shop.order("18", "tea", 99)
    except ValueError as refused:
        print("refused:", refused)

    evening = f"{shop.db.seq}:{shop.db.head}"
    proof, key = shop.db.proof(ordered), shop.db.verifier_key()
    checked = check_proof(proof, [key])
    print("the auditor holds a proof of a", checked["entry"]["kind"], "in", checked["entry"]["collection"])
    print("the history agrees with that evening:", shop.db.verify_report(expect_head=evening)["verdict"])
    shop.db.close()


if __name__ == "__main__":
    main(*sys.argv[1:2])
