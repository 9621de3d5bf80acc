"""The daemon `nedbd`, which serves databases over HTTP and the Redis protocol: `python -m nedb.server`, or the script `nedbd`.

    nedbd --data ./nedb-data --port 7070

It is the same program as the one that `cargo install` makes: flags, environment, signals and exit codes are those of docs/nedbd.md.
"""

from __future__ import annotations

import signal
import sys
import threading
from typing import List, Optional

from ._native import _daemon

__all__ = ["main"]


def main(words: Optional[List[str]] = None) -> int:
    """Serves as the words say, those of the command line when there are none, until a signal ends it; returns the exit code."""
    words = sys.argv[1:] if words is None else list(words)
    if threading.current_thread() is threading.main_thread():
        # SIGINT ends the daemon in order, and is no KeyboardInterrupt after it.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _daemon(["nedbd", *words])


if __name__ == "__main__":
    sys.exit(main())
