"""A daemon of the package in a process of its own, on ports that the system chose."""

import re
import signal
import subprocess
import sys
import threading

MODULE = (sys.executable, "-m", "nedb.server")


class Daemon:
    """`nedbd` on a directory; a `with` block ends it in order."""

    def __init__(self, data, *flags, program=MODULE, port=0):
        words = [*program, "--data", str(data), "--port", str(port), "--resp2-port", "0", *flags]
        self.process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
        self.said = []
        for line in self.process.stderr:
            self.said.append(line)
            if "listening" in line:
                break
        assert self.said and "listening" in self.said[-1], "".join(self.said)
        self.http, self.resp = (re.search(rf"{name}=127\.0\.0\.1:(\d+)", self.said[-1])[1] for name in ("http", "resp"))
        self.url = f"http://127.0.0.1:{self.http}"
        # It must be able to go on logging.
        self._reader = threading.Thread(target=lambda: self.said.extend(self.process.stderr), daemon=True)
        self._reader.start()

    def end(self, by=signal.SIGTERM):
        """Tells it to end and returns the exit code."""
        self.process.send_signal(by)
        code = self.process.wait(timeout=30)
        self._reader.join(timeout=30)
        return code

    def __enter__(self):
        return self

    def __exit__(self, *reason):
        if self.process.poll() is None:
            code = self.end()
            assert code == 0 or reason[0], "".join(self.said)
