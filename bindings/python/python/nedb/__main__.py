"""The command `nedb`, and `python -m nedb PATH`, which opens the shell.

The command is the engine's own.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import List, Optional

from ._native import _command


def main(words: Optional[List[str]] = None) -> int:
    """Does what the command line says and returns the exit code."""
    words = sys.argv[1:] if words is None else words
    # The command has its own way with Ctrl-C, and where it has none the process ends.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _command(["nedb", *words])


def module_main() -> int:
    """The same, where a path alone opens the shell."""
    words = sys.argv[1:]
    if words and (os.sep in words[0] or os.path.isdir(words[0])):
        words = ["shell", *words]
    return main(words)


if __name__ == "__main__":
    sys.exit(module_main())
