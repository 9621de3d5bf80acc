"""The memory of an agent: what it observed, what it concluded, and why it believes what it believes.

Observations are written as they come, beliefs name their causes. When an observation turns out to be wrong, TRACE in reverse
finds everything that rested on it. Nothing is forgotten: each belief can be read as of any moment.

    python agent_memory.py [DIRECTORY]
"""

from __future__ import annotations

import sys
from typing import Any, Dict, List, Optional

from nedb import NEDB


class Memory:
    """Facts with reasons."""

    def __init__(self, path: Optional[str] = None) -> None:
        self.db = NEDB(path)

    def observe(self, name: str, text: str, evidence: str = "user_message") -> int:
        """Writes down what was seen or said; returns its seq, by which beliefs name it."""
        return self._write(name, text, evidence=evidence)

    def believe(self, name: str, text: str, because: List[int], confidence: float) -> int:
        """Writes down a conclusion with its reasons."""
        return self._write(name, text, caused_by=because, evidence="inference", confidence=confidence)

    def correct(self, name: str, text: str, because: List[int]) -> int:
        """Replaces a fact that was wrong; the old one stays in its history."""
        return self._write(name, text, caused_by=because, evidence="correction")

    def why(self, name: str) -> List[Dict[str, Any]]:
        """Everything that a fact rests on, near and far."""
        return self.db.query("FROM facts WHERE _id = $name TRACE caused_by", name=name)

    def rests_on(self, name: str, as_of: int) -> List[str]:
        """The facts that followed from one, as it was at a moment."""
        rows = self.db.execute(self.db.q("facts").as_of(as_of).where("_id", "=", name).trace(reverse=True))
        return [row["_id"] for row in rows]

    def _write(self, name: str, text: str, **why: Any) -> int:
        _document, seq, _head = self.db.put("facts", name, {"text": text}, receipt=True, **why)
        return seq


def main(path: Optional[str] = None) -> None:
    memory = Memory(path)
    wet = memory.observe("street", "the street is wet")
    dark = memory.observe("sky", "the sky is dark", evidence="tool_result")
    rain = memory.believe("rain", "it rained", because=[wet, dark], confidence=0.8)
    plan = memory.believe("plan", "take the umbrella", because=[rain], confidence=0.9)

    print("why take the umbrella?")
    for fact in memory.why("plan"):
        print(f"  {fact['text']}  ({fact['_evidence']})")

    told = memory.observe("hose", "the neighbour watered the street")
    shaken = memory.rests_on("street", as_of=plan)
    print("the wet street was the neighbour's hose; in doubt are:", ", ".join(shaken))
    memory.correct("rain", "it did not rain", because=[told])

    print("now:   ", memory.db.get("facts", "rain")["text"])
    print("before:", memory.db.get("facts", "rain", as_of=plan)["text"])
    print("the history checks:", memory.db.verify())
    memory.db.close()


if __name__ == "__main__":
    main(*sys.argv[1:2])
