"""Watches `nedb top` through a pseudo-terminal and checks that it goes on, ends when told, and leaves the terminal as it was.

Usage: top_keys.py NEDB URL. Exit code 0: all promises hold; 77: there is no pseudo-terminal here; else a failure.
It waits for output, never for time: each wait ends when the text comes, or fails at its deadline.
"""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

DEADLINE_S = 60
NO_TERMINAL = 77
ROWS, COLUMNS = 24, 80


def read(fd, seen):
    if not select.select([fd], [], [], DEADLINE_S)[0]:
        raise AssertionError(f"nothing came; seen: {seen!r}")
    try:
        return os.read(fd, 65536).decode("utf-8", "replace")
    except OSError:
        return ""


def watch(nedb, url, leave, code=0):
    """`leave` gets the terminal and the process, and makes it end."""
    try:
        master, slave = pty.openpty()
    except OSError as error:
        print(f"no pseudo-terminal: {error}")
        sys.exit(NO_TERMINAL)
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    before = termios.tcgetattr(slave)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for fd in range(3):
            os.dup2(slave, fd)
        os.execve(nedb, [nedb, "top", url], dict(os.environ, TERM="xterm"))
    seen, end = "", time.monotonic() + DEADLINE_S
    # The second page begins at the top of the screen again.
    while seen.count("q leaves") < 2:
        assert time.monotonic() < end, seen
        seen += read(master, seen)
    assert "nedbd " in seen and "connections" in seen, seen
    assert termios.tcgetattr(slave) != before, "the terminal gives keys at once"
    leave(master, pid)
    while "\x1b[?1049l" not in seen:
        assert time.monotonic() < end, seen
        seen += read(master, seen)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == code
    assert "\x1b[?1049h" in seen and seen.rindex("\x1b[?25h") > seen.rindex("\x1b[?25l"), repr(seen)
    assert termios.tcgetattr(slave) == before, "the terminal is as it was"


for pressed in (b"q", b"\x03", b"\x1b"):
    watch(sys.argv[1], sys.argv[2], lambda master, _, pressed=pressed: os.write(master, pressed))
for sent in (signal.SIGTERM, signal.SIGHUP):
    # It ends by the signal, as programs do.
    watch(sys.argv[1], sys.argv[2], lambda _, pid, sent=sent: os.kill(pid, sent), -sent)
