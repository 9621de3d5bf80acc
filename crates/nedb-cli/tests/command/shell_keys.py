"""Types at `nedb shell` through a pseudo-terminal and checks what a person would see.

Usage: shell_keys.py NEDB DIRECTORY. Exit code 0: all promises hold; 77: there is no pseudo-terminal here; else a failure.
It waits for output, never for time: each wait ends when the text comes, or fails at its deadline.
"""

import fcntl
import json
import os
import pty
import re
import select
import signal
import stat
import struct
import subprocess
import sys
import termios
import time
import unicodedata

DEADLINE_S = 60
COLUMNS = 40
NO_TERMINAL = 77
CTRL_C, CTRL_D, TAB, ENTER, UP = "\x03", "\x04", "\t", "\r", "\x1b[A"


class Terminal:
    """One shell at the other end of a pseudo-terminal."""

    def __init__(self, nedb, directory, arguments, variables=None, columns=None):
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
            environment.update(variables or {})
            if columns:
                # The size of the window alone says how wide a table may be.
                environment.pop("COLUMNS")
                fcntl.ioctl(sys.stdout.fileno(), termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
            os.execve(nedb, [nedb, "shell", "db", *arguments], environment)
        self.seen = ""
        self.raw = ""

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
        self.raw += data

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


def check_refresh(nedb, directory):
    """A shell shows what was there when it began, until it looks again."""
    shell = Terminal(nedb, directory, [])
    shell.wait("db> ")
    subprocess.run([nedb, "put", "db", "later", "a", "{}"], cwd=directory, check=True, stdout=subprocess.DEVNULL)
    shell.type(".tables" + ENTER)
    shell.wait("numbers")
    shell.wait("db> ")
    shell.type(".refresh" + ENTER)
    shell.wait("1 new operation")
    shell.wait("db> ")
    shell.type(".tables" + ENTER)
    shell.wait("later")
    shell.wait("db> ")
    assert shell.leave() == 0


def width(line):
    """How many columns a line takes on a terminal."""
    joined = sum(1 for sign in line if unicodedata.combining(sign))
    return len(line) - joined + sum(1 for sign in line if unicodedata.east_asian_width(sign) in "WF")


def check_widths(nedb, directory):
    """Whatever the rows hold, a table is no wider than the window, and says what it leaves out."""
    shell = Terminal(nedb, directory, ["--no-history"], columns=COLUMNS)
    shell.wait("db> ")
    for query, rows, says in (
        ("FROM signs;", 4, "4 rows"),
        ("FROM wide;", 1, "of 32 columns are shown"),
        ("FROM numbers WHERE v = 7;", 1, "1 row"),
    ):
        shell.raw = ""
        shell.type(query + ENTER)
        shell.wait(says)
        shell.wait("db> ")
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shell.raw)
        lines = [line for line in re.split(r"[\r\n]+", plain) if line[:1] in "┌│╞└" and line]
        assert len(lines) == 4 + rows, lines
        assert len({width(line) for line in lines}) == 1 and width(lines[0]) <= COLUMNS, lines
    shell.type(".mode line" + ENTER)
    shell.wait("db> ")
    shell.type("FROM wide;" + ENTER)
    shell.wait("f29 = 29000")
    assert shell.leave() == 0


def check_colors(nedb, directory):
    """What is typed is coloured by its kind, unless somebody wants none of it; a script never is."""
    keyword, number, color = "\x1b[1;34m", "\x1b[36m", r"\x1b\[[0-9;]*m"
    shell = Terminal(nedb, directory, ["--no-history"])
    shell.wait("db> ")
    shell.type("FROM numbers WHERE v = 7;" + ENTER)
    shell.wait("1 row")
    assert keyword in shell.raw and number in shell.raw, repr(shell.raw)
    assert shell.leave() == 0
    for arguments, variables in (([], {"NO_COLOR": "1"}), (["--no-color"], {})):
        shell = Terminal(nedb, directory, ["--no-history", *arguments], variables)
        shell.wait("db> ")
        shell.type("FROM numbers WHERE v = 7;" + ENTER)
        shell.wait("1 row")
        assert shell.leave() == 0
        colored = [code for code in re.findall(color, shell.raw) if code not in ("\x1b[0m", "\x1b[m", "\x1b[39m", "\x1b[49m")]
        assert not colored, (arguments, variables, colored)
    script = subprocess.run([nedb, "shell", "db"], cwd=directory, input=b"FROM numbers WHERE v = 7;", capture_output=True, check=True)
    assert script.stdout and b"\x1b" not in script.stdout + script.stderr, script


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
    with open(os.path.join(directory, "wide.ndjson"), "w", encoding="utf-8") as lines:
        lines.write(json.dumps({"id": 1, **{f"f{number}": number * 1000 for number in range(30)}}))
    with open(os.path.join(directory, "signs.ndjson"), "w", encoding="utf-8") as lines:
        for number, text in enumerate(("漢字" * 40, "😀🚀" * 40, "e\u0301" * 80, "plain words " * 20)):
            lines.write(json.dumps({"id": number, "text": text, "n": number}, ensure_ascii=False) + "\n")
    imports = [["import", "db", f"{name}.ndjson", "--batch", "1000"] for name in ("numbers", "wide", "signs")]
    for arguments in (["init", "db"], *imports):
        subprocess.run([nedb, *arguments], cwd=directory, check=True, stdout=subprocess.DEVNULL)
    check_answers(nedb, directory)
    check_interrupt(nedb, directory)
    check_refresh(nedb, directory)
    check_widths(nedb, directory)
    check_colors(nedb, directory)
    check_lines(nedb, directory)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    main()
