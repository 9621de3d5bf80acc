"""Types at `nedb shell` through a pseudo-terminal and checks what a person would see.

Usage: shell_keys.py NEDB DIRECTORY. Exit code 0: all promises hold; 77: there is no pseudo-terminal here; else a failure.
It waits for output, never for time: each wait ends when the text comes, or fails at its deadline.
"""

import os
import pty
import re
import select
import signal
import stat
import subprocess
import sys
import time

DEADLINE_S = 60
NO_TERMINAL = 77
CTRL_C, CTRL_D, TAB, ENTER, UP = "\x03", "\x04", "\t", "\r", "\x1b[A"


class Terminal:
    """One shell at the other end of a pseudo-terminal."""

    def __init__(self, nedb, directory, arguments):
        try:
            self.pid, self.fd = pty.fork()
        except OSError as error:
            print(f"no pseudo-terminal: {error}")
            sys.exit(NO_TERMINAL)
        if self.pid == 0:
            os.chdir(directory)
            state = os.path.join(directory, "state")
            environment = dict(os.environ, XDG_STATE_HOME=state, TERM="xterm", COLUMNS="100")
            environment.pop("NO_COLOR", None)
            os.execve(nedb, [nedb, "shell", "db", *arguments], environment)
        self.seen = ""

    def wait(self, text):
        """Reads until a text comes, colours and cursor movements aside, and forgets what stood before it."""
        end = time.monotonic() + DEADLINE_S
        while True:
            plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>78]|\x1b\].*?(\x07|\x1b\\)", "", self.seen)
            if text in plain:
                self.seen = plain.split(text, 1)[1]
                return
            if not select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError(f"{text!r} did not come; seen: {plain!r}")
            self.read()

    def read(self):
        try:
            data = os.read(self.fd, 65536).decode("utf-8", "replace")
        except OSError:
            raise AssertionError(f"the shell ended; seen: {self.seen!r}") from None
        if "\x1b[6n" in data:
            # The line editor asks where the cursor is, as of any terminal.
            os.write(self.fd, b"\x1b[1;1R")
        self.seen += data

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def leave(self):
        """Ctrl-D at an empty prompt; returns the exit code."""
        self.type(".asof" + ENTER)
        self.wait("now (seq")
        self.wait("db> ")
        self.type(CTRL_D)
        return self.end()

    def end(self):
        """Reads to the end of the shell; returns its exit code."""
        while select.select([self.fd], [], [], DEADLINE_S)[0]:
            try:
                self.read()
            except AssertionError:
                return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        raise AssertionError(f"the shell did not end; seen: {self.seen!r}")


def check_answers(nedb, directory):
    shell = Terminal(nedb, directory, [])
    shell.wait("db> ")
    # One statement over two lines, then a completion of a collection and of a field.
    shell.type("FROM numbers" + ENTER)
    shell.wait("...> ")
    shell.type("WHERE v = 7 SELECT v;" + ENTER)
    shell.wait("1 row")
    shell.wait("db> ")
    shell.type("FROM num" + TAB)
    shell.wait("numbers")
    shell.type("WHERE va" + TAB)
    shell.wait("value")
    shell.type("= 7;" + ENTER)
    shell.wait("1 row")
    # An error shows its place and leaves the shell as it was.
    shell.wait("db> ")
    shell.type("FROM numbers WHRE v = 7;" + ENTER)
    shell.wait("^")
    shell.wait("did you mean WHERE?")
    shell.wait("db> ")
    shell.type(".asof 3" + ENTER)
    shell.wait("db@3> ")
    shell.type("FROM numbers;" + ENTER)
    shell.wait("4 rows")
    shell.type(".asof now" + ENTER)
    shell.wait("db> ")
    # What is not shown is said.
    shell.type("FROM numbers;" + ENTER)
    shell.wait("the first 200 rows are shown and there are more")
    shell.wait("db> ")
    # Ctrl-C while typing drops the input.
    shell.type("FROM nonsense" + CTRL_C)
    shell.wait("db> ")
    assert shell.leave() == 0


def check_interrupt(nedb, directory):
    """Ctrl-C ends an answer that would take very long, and the shell goes on."""
    shell = Terminal(nedb, directory, ["--no-history"])
    shell.wait("db> ")
    shell.type(".output slow.ndjson" + ENTER)
    shell.wait("db> ")
    shell.type(".read endless.nql" + ENTER)
    slow = os.path.join(directory, "slow.ndjson")
    end = time.monotonic() + DEADLINE_S
    # Bytes in the file are the sign that an answer is under way.
    while not (os.path.exists(slow) and os.path.getsize(slow)):
        assert time.monotonic() < end, "no answer began"
        select.select([shell.fd], [], [], 0.01)
    shell.type(CTRL_C)
    shell.wait("the query was cancelled")
    shell.wait("db> ")
    shell.type(".output" + ENTER)
    shell.wait("db> ")
    shell.type("FROM numbers WHERE v = 5 SELECT v;" + ENTER)
    shell.wait('{"v":5}')
    assert shell.leave() == 0


def check_lines(nedb, directory):
    """The lines of the first shell are there in the next one, for their owner only; none of --no-history."""
    path = os.path.join(directory, "state/nedb/shell_history")
    mode = stat.S_IMODE(os.stat(path).st_mode)
    assert mode == 0o600, oct(mode)
    with open(path, encoding="utf-8") as lines:
        text = lines.read()
    assert ".asof 3" in text and "endless" not in text, text
    shell = Terminal(nedb, directory, ["--no-color"])
    shell.wait("db> ")
    shell.type(UP)
    shell.wait(".asof")
    shell.type(CTRL_C)
    shell.wait("db> ")
    shell.type(".quit" + ENTER)
    assert shell.end() == 0


def main():
    nedb, directory = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    with open(os.path.join(directory, "numbers.ndjson"), "w", encoding="utf-8") as lines:
        lines.writelines(f'{{"id": {number}, "v": {number}, "value": {number}}}\n' for number in range(20_000))
    with open(os.path.join(directory, "endless.nql"), "w", encoding="utf-8") as script:
        script.write(".mode ndjson\n" + "FROM numbers;\n" * 20_000)
    for arguments in (["init", "db"], ["import", "db", "numbers.ndjson", "--batch", "1000"]):
        subprocess.run([nedb, *arguments], cwd=directory, check=True, stdout=subprocess.DEVNULL)
    check_answers(nedb, directory)
    check_interrupt(nedb, directory)
    check_lines(nedb, directory)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    main()
