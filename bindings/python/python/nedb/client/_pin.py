"""What makes a client believe a document: its operation commits to it, a signed tree has the operation, and the tree goes on from the last one.

```text
document ──commitment──> operation ──inclusion──> signed checkpoint ──consistency──> the pinned one
```

Promises that the history which a server shows never loses or changes what it once showed to this pin, and that no version is believed
which is later than the moment that was asked for, or whose lifetime was over then. It does not show that a version is the newest one, or
that a document is missing: a server may always hide what it has.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from contextlib import contextmanager
from os import PathLike
from typing import Any, Callable, Dict, Iterator, NamedTuple, Optional, Tuple, Union

from .. import merkle
from .._native import _check_content, check_proof
from ..errors import NedbError, error_of
from . import _wire

_MIRRORS = ("valid_from", "valid_to", "expires_at")


class _Head(NamedTuple):
    """A tree that a signed checkpoint tells of, and the key that signed it."""

    key: str
    origin: str
    size: int
    root: str


class Pin:
    """The last signed checkpoint that was seen of a database; `ask` gets the text of one of its routes."""

    def __init__(self, path: Union[str, PathLike[str], None], key: Optional[str], ask: Callable[[str], str]) -> None:
        self._path, self._key, self._ask = path, key, ask
        self._lock = threading.Lock()
        self._head = self._read()
        if self._head is not None and key is not None and self._head.key != key:
            raise error_of("wrong_database", f"{path} is the pin of another key: {self._head.key}", {})

    def document(self, key: Tuple[str, str], seq: int, moment: Optional[str], began_us: int) -> Dict[str, Any]:
        """The document that an operation wrote under a key, in force at a moment, or at the beginning of the read without one; checked."""
        coll, id = key
        shown = self._shown(seq)
        entry, content = shown["entry"], shown
        if _is_later(entry, moment):
            raise error_of("bad_proof", f"the server proved seq {seq}, which is later than the moment that was asked for", {})
        ends = entry.get("expires_at")
        if ends is not None and _wire.time_us(ends) <= self._moment_us(moment, began_us):
            raise error_of("bad_proof", f"the server proved seq {seq}, whose lifetime was over at {ends}, before the moment of the read", {})
        if entry["kind"] == "expire" and entry.get("target") is not None:
            # It gave a new lifetime to what an earlier operation wrote.
            content = self._shown(entry["target"])
        is_asked = all((one["entry"]["collection"], one["id"]) == (coll, id) for one in (shown, content))
        if not is_asked or content["document"] is None:
            raise error_of("bad_proof", f"the server proved seq {seq}, which is no version of {coll}:{id}", {})
        document: Dict[str, Any] = content["document"]
        document["_id"] = id
        # The origin of a content stays with it; a lifetime is that of the last operation.
        origin = content["entry"]
        if origin["causes"]:
            document["_caused_by"] = origin["causes"]
        if content["evidence"] is not None:
            document["_evidence"] = content["evidence"]
        if origin.get("confidence") is not None:
            document["_confidence"] = origin["confidence"]
        for name in _MIRRORS:
            value = (entry if name == "expires_at" else origin).get(name)
            if value is not None:
                document[f"_{name}"] = value
        return document

    def _moment_us(self, moment: Optional[str], began_us: int) -> int:
        """The time by which a read at this moment judges lifetimes: at a seq, that of its commit."""
        if moment is None:
            return began_us
        if not _is_seq(moment):
            return _wire.time_us(moment)
        try:
            key = self._trusted_key()
            proved = check_proof(self._ask(f"proof/{moment}"), (key,))
        except NedbError as error:
            if error.code != "unknown_proof_seq":
                raise
            # A seq that has not come yet is the present, in which nothing lives longer.
            return began_us
        if proved["entry"]["seq"] != int(moment):
            raise error_of("bad_proof", f"the server proved seq {proved['entry']['seq']} instead of {moment}", {})
        self._go_on(_Head(key, proved["origin"], proved["size"], proved["root"]))
        return _wire.time_us(proved["entry"]["committed_at"])

    def _shown(self, seq: int) -> Dict[str, Any]:
        """What a proof and the content of an operation show; the pin goes on to its checkpoint."""
        key = self._trusted_key()
        payload = _wire.answer(self._ask(f"content/{seq}")).get("payload")
        if not isinstance(payload, bytes):
            raise error_of("bad_proof", f"the server has no content of seq {seq}", {})
        shown: Dict[str, Any] = _check_content(self._ask(f"proof/{seq}"), payload, (key,))
        if shown["entry"]["seq"] != seq:
            raise error_of("bad_proof", f"the server proved seq {shown['entry']['seq']} instead of {seq}", {})
        self._go_on(_Head(key, shown["origin"], shown["size"], shown["root"]))
        return shown

    def _trusted_key(self) -> str:
        head = self._head
        if head is not None:
            return head.key
        # Whoever is asked first is believed this once; a key that was given is better. It is pinned with the first checkpoint that it checks.
        return self._ask("verifier-key").strip() if self._key is None else self._key

    def _go_on(self, head: _Head) -> None:
        """Makes a checkpoint the pinned one when it continues that, or shows that it is an earlier one of the same history.

        The server is asked without the lock. Where another thread or process went on meanwhile, the checkpoint is compared with its pin.
        """
        while True:
            pinned = self._head
            if pinned is not None:
                if head == pinned:
                    return
                self._check_continued(pinned, head)
                if head.size <= pinned.size:
                    return
            if self._write(head, pinned):
                return

    def _check_continued(self, pinned: _Head, head: _Head) -> None:
        """Whether two signed checkpoints are of one history."""
        if head.origin != pinned.origin or head.key != pinned.key:
            raise error_of("wrong_database", f"the server showed {head.origin}, and {pinned.origin} is pinned", {})
        earlier, later = sorted((pinned, head), key=lambda one: one.size)
        proof = _wire.answer(self._ask(f"consistency?from={earlier.size}&to={later.size}"), hashes=[str])
        try:
            hashes = [bytes.fromhex(text) for text in proof["hashes"]]
        except ValueError as error:
            raise _wire.foreign(proof) from error
        roots = bytes.fromhex(earlier.root), bytes.fromhex(later.root)
        if not merkle.is_continued(earlier.size, roots[0], later.size, roots[1], hashes):
            message = f"the history of size {head.size} that the server shows does not go on from the pinned one of size {pinned.size}"
            raise error_of("head_mismatch", message, {})

    def _read(self) -> Optional[_Head]:
        if self._path is None or not os.path.exists(self._path):
            return None
        try:
            with open(self._path, encoding="utf-8") as file:
                head = _Head(**json.load(file))
            if len(bytes.fromhex(head.root)) != 32 or head.size < 1:
                raise ValueError(f"a tree of size {head.size} has not the root {head.root}")
            return head
        except (ValueError, TypeError) as error:
            raise error_of("corrupt", f"{self._path} is no pin of a client: {error}", {}) from error

    def _write(self, head: _Head, before: Optional[_Head]) -> bool:
        """Keeps a checkpoint if the pin is still the one that it was compared with; a crash leaves this one or the one before.

        Else the pin is what another thread or process made of it.
        """
        with self._lock, self._file_lock():
            kept = self._read()
            if kept is not None and kept != before and (before is None or kept.size >= before.size):
                self._head = kept
            if self._head != before:
                return False
            if self._path is not None:
                beside = f"{os.fspath(self._path)}.{os.getpid()}.new"
                with open(beside, "w", encoding="utf-8") as file:
                    json.dump(head._asdict(), file)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(beside, self._path)
            self._head = head
            return True

    @contextmanager
    def _file_lock(self) -> Iterator[None]:
        """Keeps other processes from writing the pin. The lock is on a file beside it, because the pin's own is replaced."""
        if self._path is None or sys.platform == "win32":
            yield
            return
        import fcntl

        with open(f"{os.fspath(self._path)}.lock", "w", encoding="utf-8") as file:
            # It ends with the file, and with the process.
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _is_seq(moment: str) -> bool:
    """Whether a moment as `_wire.moment_text` writes it is a seq; a time has more than a number."""
    return moment.lstrip("-").isdigit()


def _is_later(entry: Dict[str, Any], moment: Optional[str]) -> bool:
    """Whether an operation was done after a moment; before the first operation, which is -1, there is none."""
    if moment is None:
        return False
    if _is_seq(moment):
        return int(entry["seq"]) > int(moment)
    return _wire.time_us(entry["committed_at"]) > _wire.time_us(moment)
