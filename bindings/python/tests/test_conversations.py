"""The recorded conversations are what a real Redis server says, frame by frame; that the daemon says the same is tested beside them."""

import os
import re
import shlex
import socket
import time

import pytest
from conftest import ROOT

SCRIPTS = sorted((ROOT / "crates/nedb-server/tests/daemon/conversations").glob("*.txt"))
VERSION = "7.0."
"""Whose frames they are: later versions say some things in other words."""


class Speaker:
    """A connection, which reads frames as they are."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(path)
        self.bytes = self.socket.makefile("rb")
        self.id = int(self.ask("CLIENT", "ID")[1:])

    def call(self, *words):
        parts = [b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode()) for word in words]
        self.socket.sendall(b"*%d\r\n" % len(parts) + b"".join(parts))

    def ask(self, *words):
        self.call(*words)
        return self.frame()

    def frame(self):
        """A reply or a push, with spaces between its lines."""
        frame = self.bytes.readline().decode().rstrip("\r\n")
        assert frame, "the server ended the connection"
        sign, count = frame[0], int(frame[1:]) if frame[0] in "$*>~%" else 0
        if sign == "$" and count >= 0:
            return f"{frame} {self.bytes.read(count + 2)[:-2].decode()}"
        parts = {"%": 2 * count}.get(sign, count if sign in "*>~" else 0)
        return " ".join([frame, *(self.frame() for _ in range(parts))])

    def close(self):
        self.bytes.close()
        self.socket.close()


class Conversation:
    def __init__(self, path):
        self.path, self.speakers, self.observer = path, {}, Speaker(path)
        self.numbers = {}
        """Those of who has gone too."""

    def speaker(self, name):
        if name not in self.speakers:
            self.speakers[name] = Speaker(self.path)
            self.numbers[name] = self.speakers[name].id
        return self.speakers[name]

    def with_numbers(self, text):
        return re.sub(r"\{(\w)\}", lambda name: str(self.number(name[1])), text)

    def number(self, name):
        return self.numbers.get(name) or self.speaker(name).id

    def wait_until(self, name, is_so):
        number = self.number(name)
        while not is_so(self.observer.ask("CLIENT", "LIST", "ID", str(number))):
            time.sleep(0.002)

    def go_on(self, line):
        """What the line says once it has happened."""
        verb, _, name = line.partition(" ")
        if verb == "@waits":
            self.wait_until(name, lambda listed: " flags=b" in listed)
        elif verb == "@three":
            assert self.speaker(name).ask("HELLO", "3").startswith("%")
        elif verb == "@ends":
            self.speaker(name).close()
            self.wait_until(name, lambda listed: "id=" not in listed)
            del self.speakers[name]
        elif line[1:2] == ">":
            self.speaker(line[0]).call(*shlex.split(self.with_numbers(line[3:])))
        elif line[1:2] == "<":
            frame = self.speaker(line[0]).frame()
            return line if self.with_numbers(line[3:]) == frame else f"{line[:2]} {frame}"
        return line

    def close(self):
        for speaker in [self.observer, *self.speakers.values()]:
            speaker.close()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_the_recorded_frames_are_those_of_a_real_server(script, redis_url):
    conversation = Conversation(redis_url.partition("://")[2])
    try:
        version = re.search(r"redis_version:(\S+)", conversation.observer.ask("INFO", "server"))[1]
        if not version.startswith(VERSION):
            pytest.skip(f"redis-server is {version} and not {VERSION}*: no frames were compared")
        assert conversation.observer.ask("FLUSHALL") == "+OK"
        recorded = script.read_text().splitlines()
        said = [conversation.go_on(line) for line in recorded]
    finally:
        conversation.close()
    if os.environ.get("NEDB_UPDATE"):
        script.write_text("".join(f"{line}\n" for line in said))
        recorded = said
    assert said == recorded
