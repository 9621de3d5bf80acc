"""Runs the long verbs of `nedb` with a terminal as stderr, slowed down, and checks who sees a bar and who does not.

Usage: progress_bars.py NEDB DIRECTORY; the directory has a folder `data` with two releases for the demo. Exit code 0: all promises hold; 77: there is no pseudo-terminal here; else a failure.
No verb is given enough work for a second: it is stopped again and again for a while, longer ones in each further try, so that
every verb lasts longer than a second sooner or later, however fast the machine.
"""

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys

NO_TERMINAL = 77
RUNS_S = 0.0005
STOPS_S = (0.05, 0.2, 1.0, 1.0, 1.5)
SLOW_S = 3
FAREWELL_S = 60
RECORDS = 80_000
EXPIRED, EXPIRED_BYTES = 12, 3_000_000

# The words, what the bar says, and whether it knows the end (None: at times).
LONG = [
    (["import", "db", "more.ndjson"], "importing", True),
    (["import", "db", "last.ndjson"], "writing a checkpoint", False),
    (["export", "db"], "exporting", True),
    (["verify", "db"], "verifying", True),
    (["verify", "db", "--deep"], "rebuilding", False),
    (["index", "create", "db", "numbers", "v"], "indexing", True),
    (["diff", "db", "0", "70000", "--counts"], "comparing", False),
    (["query", "db", "FROM numbers ORDER BY v DESC"], "answering", False),
    (["sql", "db", "SELECT * FROM numbers ORDER BY v"], "answering", False),
    (["tiles", "db", "tiles"], "exporting tiles", False),
    (["sweep", "stale"], "sweeping", False),
    (["checkpoint", "rebuilt"], "writing a checkpoint", False),
    (["get", "rebuilt", "numbers", "7"], "opening", False),
    (["bench", "quick", "packages", "--rounds", "1", "--data", "data", "--dir", "."], "measuring packages", False),
    (["demo", "--data", "data", "--path", "demo", "--package", "0"], "verifying", None),
]


class Run:
    """One command whose stderr is a terminal and whose stdout is a file."""

    def __init__(self, nedb, directory, words, stderr=None):
        try:
            self.terminal, end = pty.openpty()
        except OSError as error:
            print(f"no pseudo-terminal: {error}")
            sys.exit(NO_TERMINAL)
        environment = dict(os.environ, TERM="xterm")
        with open(os.path.join(directory, "out"), "wb") as out:
            self.process = subprocess.Popen(
                [nedb, *words], cwd=directory, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=stderr or end
            )
        os.close(end)
        self.seen = ""

    def read(self, wait_s):
        if select.select([self.terminal], [], [], wait_s)[0]:
            try:
                self.seen += os.read(self.terminal, 65536).decode("utf-8", "replace")
            except OSError:
                # Its other end is closed: the process has ended, or has no terminal.
                select.select([], [], [], wait_s)

    def slowly(self, stop_s, until=None):
        """Lets it run for moments only, to its end, until something is seen, or for longer than a bar would need."""
        stops = 0
        while self.process.poll() is None and not (until in self.seen if until else stops * stop_s > SLOW_S):
            stops += 1
            os.kill(self.process.pid, signal.SIGSTOP)
            self.read(stop_s)
            os.kill(self.process.pid, signal.SIGCONT)
            select.select([], [], [], RUNS_S)
            self.read(0)

    def end(self):
        while self.process.poll() is None:
            self.read(0.05)
        self.process.wait(FAREWELL_S)
        self.read(0)
        os.close(self.terminal)
        return self.process.returncode


def check_seen(nedb, directory, words, says, has_end):
    """Somebody at a terminal sees the bar, and at the end it is gone."""
    for stop_s in STOPS_S:
        restore(directory, words)
        run = Run(nedb, directory, words)
        run.slowly(stop_s, says)
        code = run.end()
        assert code == 0, (words, code, run.seen)
        if says in run.seen:
            line = re.split(r"[\r\n]", run.seen[run.seen.index(says) :])[0]
            begun = re.split(r"[\r\n]", run.seen[: run.seen.index(says)])[-1] + line
            assert has_end in (None, "%" in begun), (words, begun)
            assert "\x1b[2K" in run.seen.rpartition(says)[2], (words, run.seen)
            return stop_s
    raise AssertionError(f"no bar with {says!r} for {words}; seen: {run.seen!r}")


def check_unseen(nedb, directory, words, stop_s):
    """Programs see no bar: neither with --json, nor where stderr is a file."""
    restore(directory, words)
    run = Run(nedb, directory, [*words, "--json"])
    run.slowly(stop_s)
    assert run.end() == 0 and run.seen == "", (words, run.seen)
    restore(directory, words)
    with open(os.path.join(directory, "err"), "w+b") as err:
        run = Run(nedb, directory, words, stderr=err)
        run.slowly(stop_s)
        assert run.end() == 0 and run.seen == "", (words, run.seen)
        err.seek(0)
        said = err.read()
        assert b"\x1b" not in said and b"\r" not in said, (words, said)


def check_short(nedb, directory):
    """What takes less than a second shows nothing."""
    restore(directory, ["db"])
    run = Run(nedb, directory, ["get", "db", "numbers", "7"])
    assert run.end() == 0 and run.seen == "", run.seen


def write_files(nedb, directory):
    def call(*words, given=""):
        subprocess.run([nedb, *words], cwd=directory, check=True, input=given, text=True, stdout=subprocess.DEVNULL)

    def records(name, first, count):
        with open(os.path.join(directory, name), "w", encoding="utf-8") as lines:
            lines.writelines(f'{{"id": {number}, "v": {-number}}}\n' for number in range(first, first + count))

    records("numbers.ndjson", 0, RECORDS)
    records("more.ndjson", RECORDS, RECORDS)
    records("last.ndjson", RECORDS, RECORDS // 10)
    call("init", "kept")
    call("init", "kept-stale")
    call("import", "kept", "numbers.ndjson")
    for number in range(EXPIRED):
        large = json.dumps({"text": "x" * EXPIRED_BYTES})
        call("put", "kept-stale", "c", str(number), "-", "--ttl", "0.001", given=large)
    shutil.copytree(os.path.join(directory, "kept"), os.path.join(directory, "kept-rebuilt"))
    shutil.rmtree(os.path.join(directory, "kept-rebuilt/index"))
    os.mkdir(os.path.join(directory, "kept-rebuilt/index"))
    os.rename(os.path.join(directory, "kept"), os.path.join(directory, "kept-db"))


def restore(directory, words):
    """The databases that a command names, as they were before any of them."""
    for name in ("db", "rebuilt", "stale", "tiles", "demo"):
        if name in words:
            shutil.rmtree(os.path.join(directory, name), ignore_errors=True)
            kept = os.path.join(directory, f"kept-{name}")
            if os.path.exists(kept):
                shutil.copytree(kept, os.path.join(directory, name))


def main():
    nedb, directory = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    write_files(nedb, directory)
    check_short(nedb, directory)
    for words, says, has_end in LONG:
        stop_s = check_seen(nedb, directory, words, says, has_end)
        print(f"{' '.join(words)}: {says!r} at stops of {stop_s} s")
    for words in (["export", "db"], ["verify", "db"], ["checkpoint", "db"]):
        check_unseen(nedb, directory, words, STOPS_S[0])


if __name__ == "__main__":
    main()
