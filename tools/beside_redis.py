#!/usr/bin/env python3
"""How fast a daemon answers: its Redis protocol beside redis-server, its HTTP under keep-alive clients.

usage: beside_redis.py NEDBD [--rounds N] [--requests N] [--seconds N] [--rows N] [--dir DIR] [redis] [http] [latency] [idle] [start]

NEDBD is the program, built with --release. Every server has a directory of its own below DIR (where the files go matters: put
it on the disk you care about), a port of its own, and starts afresh in each round; candidates take turns. Without words all
groups run. `redis` needs redis-server and redis-benchmark, `http` and `latency` need wrk; what is missing is said and the exit code
is 1. Prints tables in Markdown: medians over the rounds, in brackets the range.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

# What is compared with what: NEDB's durability, Redis' appendfsync. `group` loses 10 ms at most in a power cut, `everysec` a second.
DURABILITIES = [("sync", "always"), ("group", "everysec")]

# Every write has a value of its own: no store may win by noticing that nothing changed.
COMMANDS = {
    "SET": ["SET", "key:__rand_int__", "value:__rand_int__"],
    "GET": ["GET", "key:__rand_int__"],
    "INCR": ["INCR", "counter:__rand_int__"],
    "LPUSH": ["LPUSH", "list", "value:__rand_int__"],
    "HSET": ["HSET", "hash:__rand_int__", "field", "value:__rand_int__"],
}

KEYS = 100_000
CLIENTS = 50
PIPELINES = [1, 16]
STARTED_SECONDS = 20


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def running(words, port):
    """A server that listens, ended with SIGTERM."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    errors = []
    drain = threading.Thread(target=lambda: errors.extend(process.stderr), daemon=True)
    drain.start()
    try:
        end = time.monotonic() + STARTED_SECONDS
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"{words[0]} does not listen: {''.join(errors)}")
            time.sleep(0.02)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


@contextlib.contextmanager
def nedbd(options, durability="sync"):
    """A daemon in an empty directory: (process, port of HTTP, port of the Redis protocol)."""
    with tempfile.TemporaryDirectory(dir=options.dir) as data, nedbd_on(options, data, durability) as found:
        yield found


@contextlib.contextmanager
def nedbd_on(options, data, durability="sync", *settings):
    """A daemon that serves the databases below a directory."""
    http, resp = free_port(), free_port()
    words = [options.nedbd, "--port", str(http), "--resp2-port", str(resp), "--data", data, "--durability", durability]
    with running([*words, *settings, "--log-level", "0"], http) as process:
        yield process, http, resp


@contextlib.contextmanager
def redis(options, appendfsync):
    port = free_port()
    with tempfile.TemporaryDirectory(dir=options.dir) as data:
        words = ["redis-server", "--port", str(port), "--dir", data, "--appendonly", "yes", "--appendfsync", appendfsync]
        with running([*words, "--save", ""], port):
            yield port


def per_second(port, command, pipeline, requests):
    """Commands per second as redis-benchmark counts them."""
    words = ["redis-benchmark", "-p", str(port), "-c", str(CLIENTS), "-P", str(pipeline), "-n", str(requests)]
    output = subprocess.run([*words, "-r", str(KEYS), "-q", *command], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"([0-9.]+) requests per second", output)
    if not found or "ERR" in output:
        raise SystemExit(f"redis-benchmark {command}: {output}")
    return float(found[-1])


def beside_redis(options):
    samples = {}
    for _ in range(options.rounds):
        for durability, appendfsync in DURABILITIES:
            for pipeline in PIPELINES:
                requests = options.requests * (1 if pipeline == 1 else 4)
                with nedbd(options, durability) as (_, _, ours), redis(options, appendfsync) as theirs:
                    for name, command in COMMANDS.items():
                        key = (name, pipeline, durability, appendfsync)
                        for port in (ours, theirs):
                            found = per_second(port, command, pipeline, requests)
                            samples.setdefault(key, {}).setdefault("nedbd" if port == ours else "redis", []).append(found)
                            print(key, "nedbd" if port == ours else "redis", f"{found:.0f}/s", file=sys.stderr)
    print(f"redis-benchmark, {CLIENTS} clients, {KEYS:,} keys, {options.rounds} rounds; thousands of commands a second\n")
    print("| command | pipeline | nedbd | Redis | ratio |\n|---|---|---|---|---|")
    for (name, pipeline, durability, appendfsync), found in samples.items():
        ratios = [ours / theirs for ours, theirs in zip(found["nedbd"], found["redis"])]
        ours, theirs = (shown([value / 1000 for value in found[who]]) for who in ("nedbd", "redis"))
        print(f"| {name} | {pipeline} | `{durability}` {ours} | `{appendfsync}` {theirs} | {shown(ratios, 2)}x |")
    print()


def shown(values, digits=1):
    middle = f"{statistics.median(values):.{digits}f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.{digits}f} to {max(values):.{digits}f})"


PUT = """
local n = 0
local own = 0
function setup(thread) own = own + 1; thread:set("own", own) end
function request()
  n = n + 1
  local id = own .. "-" .. n
  local body = '{"coll":"orders","id":"' .. id .. '","doc":{"total":' .. n .. ',"state":"paid","buyer":"b' .. (n % 977) .. '"}}'
  return wrk.format("POST", "/v1/databases/bench/put", nil, body)
end
"""

BATCH = """
local n = 0
local own = 0
function setup(thread) own = own + 1; thread:set("own", own) end
function request()
  local ops = {}
  for i = 1, 500 do
    n = n + 1
    ops[i] = '{"op":"put","coll":"batched","id":"' .. own .. '-' .. n .. '","doc":{"total":' .. n .. ',"state":"paid"}}'
  end
  return wrk.format("POST", "/v1/databases/bench/batch", nil, '{"ops":[' .. table.concat(ops, ",") .. ']}')
end
"""

QUERY = """
local n = 0
function request()
  n = n + 1
  return wrk.format("POST", "/v1/databases/bench/query", nil, '{"nql":"FROM points WHERE _id = $id","params":{"id":"p' .. (n % 1000) .. '"}}')
end
"""

GET = """
local n = 0
function request()
  n = n + 1
  return wrk.format("GET", "/v1/databases/bench/rows/points/p" .. (n % 1000))
end
"""


def call(port, path, body):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=600) as answer:
        return json.load(answer)


def prepare(port):
    call(port, "/v1/databases", {"name": "bench"})
    points = [{"op": "put", "coll": "points", "id": f"p{n}", "doc": {"at": n, "name": f"point {n}"}} for n in range(1000)]
    call(port, "/v1/databases/bench/batch", {"ops": points})


def wrk(options, port, script, clients, seconds=None):
    """(requests per second, p50 in ms, p99 in ms); an answer that is none of 2xx ends the run."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        words = ["wrk", "-t1", f"-c{clients}", f"-d{seconds or options.seconds}s", "--latency", "--timeout", "30s"]
        words += ["-s", file.name, f"http://127.0.0.1:{port}"]
        output = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise SystemExit(output)
    rate = float(re.search(r"Requests/sec:\s+([0-9.]+)", output)[1])
    return rate, milliseconds(output, "50%"), milliseconds(output, "99%")


def milliseconds(output, part):
    number, unit = re.search(rf"{part}\s+([0-9.]+)(us|ms|s)", output).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def over_http(options):
    rows = [("single durable put", PUT, clients, 1) for clients in (1, 16, 64)]
    rows += [("durable batch of 500, documents", BATCH, clients, 500) for clients in (1, 4)]
    rows += [("point query", QUERY, clients, 1) for clients in (1, 16)]
    rows += [("get by key", GET, clients, 1) for clients in (1, 16)]
    samples = {}
    for _ in range(options.rounds):
        with nedbd(options) as (_, port, _):
            prepare(port)
            for name, script, clients, documents in rows:
                rate, middle, late = wrk(options, port, script, clients)
                samples.setdefault((name, clients), []).append((rate * documents, middle, late))
                print(name, clients, f"{rate * documents:.0f}/s p50 {middle} ms p99 {late} ms", file=sys.stderr)
    print(f"wrk, keep-alive, {options.rounds} rounds of {options.seconds} s, durability `sync`\n")
    print("| what | clients | per second | p50 ms | p99 ms |\n|---|---|---|---|---|")
    for (name, clients), found in samples.items():
        rate, middle, late = ([one[part] for one in found] for part in range(3))
        print(f"| {name} | {clients} | {shown(rate, 0)} | {shown(middle, 2)} | {shown(late, 2)} |")
    print()


def under_load(options):
    """The p99 of single puts while something else goes on."""
    samples = {}
    for _ in range(options.rounds):
        with nedbd(options) as (_, port, _):
            prepare(port)
            wrk(options, port, BATCH, 4)
            loads = {
                "nothing else": None,
                "batches of 500 from another client": lambda: wrk(options, port, BATCH, 1, 1),
                "checkpoints": lambda: call(port, "/v1/databases/bench/checkpoint", {}),
                "builds of an index": lambda: build_index(port),
            }
            for name, load in loads.items():
                with repeated(load) as times:
                    _, _, late = wrk(options, port, PUT, 1)
                samples.setdefault(name, []).append(late)
                print(name, f"p99 {late} ms, load ran {len(times)} times", file=sys.stderr)
    idle = samples["nothing else"]
    print(f"one client puts for {options.seconds} s, {options.rounds} rounds\n")
    print("| meanwhile | p99 ms | times the idle p99 |\n|---|---|---|")
    for name, found in samples.items():
        print(f"| {name} | {shown(found, 2)} | {shown([late / alone for late, alone in zip(found, idle)])} |")
    print()


def build_index(port):
    call(port, "/v1/databases/bench/index", {"coll": "batched", "field": "total", "kind": "ordered"})
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/databases/bench/index/batched/total", method="DELETE")
    urllib.request.urlopen(request, timeout=600).close()


@contextlib.contextmanager
def repeated(load):
    """Does something again and again meanwhile; gives the list of how often it was done."""
    times, is_over = [], threading.Event()

    def work():
        while not is_over.is_set():
            load()
            times.append(1)

    thread = threading.Thread(target=work)
    if load:
        thread.start()
    yield times
    is_over.set()
    if load:
        thread.join()


def idle_connections(options, count=1000):
    """What a connection costs that says nothing."""
    print("| idle connections | bytes each, resident |\n|---|---|")
    for place, name, first in ((2, "Redis protocol", b"PING\r\n"), (1, "HTTP", b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")):
        with nedbd(options) as found:
            process, port = found[0], found[place]
            before = resident(process.pid)
            connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
            for connection in connections:
                connection.sendall(first)
            for connection in connections:
                connection.recv(4096)
            each = (resident(process.pid) - before) / count
            print(f"| {count:,} of {name} | {each:,.0f} |")
            for connection in connections:
                connection.close()
    print()


def starting(options):
    """From the start of the program until it says that it is ready, and until it has answered a question."""
    samples = {}
    with tempfile.TemporaryDirectory(dir=options.dir) as data:
        with nedbd_on(options, data, "group") as (_, port, _):
            fill(port, options.rows)
        for _ in range(options.rounds):
            for written, end in ((0, signal.SIGTERM), (1_000, signal.SIGKILL), (400_000, signal.SIGKILL)):
                name = f"kill -9, {written:,} writes after the checkpoint" if written else "SIGTERM"
                with nedbd_on(options, data, "group") as (process, port, _):
                    call(port, "/v1/databases/bench/checkpoint", {})
                    put_numbered(port, "others", written)
                    process.send_signal(end)
                    process.wait()
                begun = time.monotonic()
                with nedbd_on(options, data, "sync", "--open", "eager") as (process, port, _):
                    while not is_ready(port):
                        time.sleep(0.002)
                    ready = time.monotonic() - begun
                    asked = {"nql": "FROM rows WHERE total = $total COUNT", "params": {"total": options.rows // 2}}
                    if call(port, "/v1/databases/bench/query", asked)["rows"] != [{"count": 1}]:
                        raise SystemExit("a row is missing")
                    found = (ready * 1000, (time.monotonic() - begun) * 1000)
                samples.setdefault(name, []).append(found)
                print(f"after {name}: ready {found[0]:.0f} ms, a question {found[1]:.0f} ms", file=sys.stderr)
    print(f"{options.rows:,} rows with an ordered index, databases opened eagerly, {options.rounds} rounds\n")
    print("| start after | ready, ms | a question by the index answered, ms |\n|---|---|---|")
    for name, found in samples.items():
        print(f"| {name} | {shown([one[0] for one in found], 0)} | {shown([one[1] for one in found], 0)} |")
    print()


def is_ready(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=600):
            return True
    except urllib.error.HTTPError:
        return False


def fill(port, rows):
    call(port, "/v1/databases", {"name": "bench"})
    call(port, "/v1/databases/bench/index", {"coll": "rows", "field": "total", "kind": "ordered"})
    put_numbered(port, "rows", rows)


def put_numbered(port, coll, rows):
    for first in range(0, rows, 500):
        numbers = range(first, min(first + 500, rows))
        ops = [{"op": "put", "coll": coll, "id": f"r{n}", "doc": {"total": n, "state": "paid"}} for n in numbers]
        call(port, "/v1/databases/bench/batch", {"ops": ops})


def resident(pid):
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


GROUPS = {
    "redis": (beside_redis, ["redis-server", "redis-benchmark"]),
    "http": (over_http, ["wrk"]),
    "latency": (under_load, ["wrk"]),
    "idle": (idle_connections, []),
    "start": (starting, []),
}


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].removeprefix("usage: "), description=__doc__.split("\n")[0])
    parser.add_argument("nedbd")
    parser.add_argument("groups", nargs="*")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dir", default=tempfile.gettempdir())
    options = parser.parse_intermixed_args()
    unknown = set(options.groups) - set(GROUPS)
    if unknown:
        parser.error(f"there is no group {', '.join(sorted(unknown))}; there are: {', '.join(GROUPS)}")
    is_complete = True
    for name, (measure, tools) in GROUPS.items():
        if options.groups and name not in options.groups:
            continue
        missing = [tool for tool in tools if shutil.which(tool) is None]
        if missing:
            print(f"{name} is NOT measured: {', '.join(missing)} is not installed", file=sys.stderr)
            is_complete = False
        else:
            measure(options)
    return 0 if is_complete else 1


if __name__ == "__main__":
    sys.exit(main())
