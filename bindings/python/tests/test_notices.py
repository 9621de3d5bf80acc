"""The golden file of keyspace notifications is what a real Redis server tells; that the daemon tells the same is tested beside it."""

import shlex

import pytest
from conftest import ROOT

GOLDEN = ROOT / "crates/nedb-server/tests/daemon/notices.txt"
VERSION = "7.0."
"""Whose events they are: later versions tell some more and others in another order."""


def told(pubsub, client):
    """What was told before a mark that is set now."""
    client.publish("done", "now")
    while True:
        message = pubsub.get_message(timeout=30)
        assert message is not None, "a mark is heard in time"
        if message["type"] == "message":
            return
        if message["type"] == "pmessage":
            event = message["channel"].decode().partition(":")[2]
            yield f"  {event} {message['data'].decode()}"


def test_the_golden_events_are_those_of_a_real_server(redis_url):
    redis = pytest.importorskip("redis", reason="the package redis is not installed: no events were compared")
    with redis.from_url(redis_url) as client, redis.from_url(redis_url, single_connection_client=True) as speaker:
        version = client.info("server")["redis_version"]
        if not version.startswith(VERSION):
            pytest.skip(f"redis-server is {version} and not {VERSION}*: no events were compared")
        client.config_set("notify-keyspace-events", "KEAnm")
        client.flushall()
        pubsub = client.pubsub()
        pubsub.psubscribe("__keyevent@0__:*")
        pubsub.subscribe("done")
        page = []
        for line in GOLDEN.read_text().splitlines():
            if line.startswith("  "):
                continue
            page.append(line)
            if line and not line.startswith("#"):
                try:
                    speaker.execute_command(*shlex.split(line))
                except redis.ResponseError:
                    pass  # Some commands fail, and must tell nothing.
                page.extend(told(pubsub, client))
        client.config_set("notify-keyspace-events", "")
        client.flushall()
    assert page == GOLDEN.read_text().splitlines()
