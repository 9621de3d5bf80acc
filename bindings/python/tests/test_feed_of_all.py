"""The feed of all databases against a real daemon: nothing is lost or comes twice, whatever is made, dropped or killed meanwhile."""

import asyncio
import hashlib
import signal
import threading

import pytest
from daemon import Daemon
from nedb import NedbAuthError, NedbClient, NedbNotFound
from nedb.aio import AsyncNedbClient
from nedb.client import FeedOfAll
from nedb.client._feed import Feed, _Following


@pytest.fixture
def served(tmp_path):
    """A daemon that no other test has."""
    with Daemon(tmp_path / "data") as daemon:
        yield daemon


def made(daemon, *names, **options):
    """Clients of new databases."""
    clients = [NedbClient(daemon.url, name, **options) for name in names]
    for client in clients:
        client.create_database()
    return clients


def take(feed, count):
    """So many events, each with its database and its seq; None for a database that was dropped."""
    found = [feed.next(60) for _ in range(count)]
    return [(event["database"], event.get("seq")) for event in found]


def of(told, name):
    return [seq for database, seq in told if database == name]


def test_what_a_feed_leaves_out_is_refused_when_it_is_made():
    class Half(_Following):
        def _asked(self):
            return "/", {}

    for unfinished in (_Following, Half):
        with pytest.raises(TypeError, match="abstract"):
            unfinished(None)
    for feed in (Feed, FeedOfAll):
        assert not feed.__abstractmethods__


def test_operations_come_in_the_order_of_each_database(served):
    a, b = made(served, "a", "b")
    a.put("c", "before", {})
    with a.subscribe_all() as feed:
        for n in range(20):
            a.put("c", n, {"n": n})
            b.put("c", n, {"n": n})
        first = feed.next(60)
        assert (first["event"], first["coll"]) == ("put", "c") and "document" in first
        told = [(first["database"], first["seq"]), *take(feed, 39)]
        assert of(told, "a") == list(range(1, 21)) and of(told, "b") == list(range(20))
        assert feed.next(0.05) is None and not feed.closed
    with b.subscribe_all(from_seq=-1) as feed:
        told = take(feed, 41)
        assert of(told, "a") == list(range(21)) and of(told, "b") == list(range(20))
    with a.subscribe_all(["b", "later"], from_seq=18) as feed:
        assert take(feed, 2) == [("b", 18), ("b", 19)]
        a.put("c", "none of those", {})
        made(served, "later")[0].put("c", "a", {})
        assert take(feed, 1) == [("later", 0)]
        operation = b.since(18)[0]
        assert {name: value for name, value in first.items() if name not in ("event", "database")}.keys() == operation.keys()


def test_nothing_is_lost_or_comes_twice_where_a_daemon_is_killed(tmp_path):
    port, told = 0, []
    for round in range(3):
        with Daemon(tmp_path / "data", port=port) as daemon:
            if round == 0:
                port = daemon.http
                a, b = made(daemon, "a", "b", retries=20)
                feed = a.subscribe_all()
            for n in range(10):
                a.put("c", f"{round}-{n}", {})
                b.put("c", f"{round}-{n}", {})
            told += take(feed, 13)
            daemon.end(signal.SIGKILL)
    with Daemon(tmp_path / "data", port=port):
        told += take(feed, 21)
        assert of(told, "a") == list(range(30)) and of(told, "b") == list(range(30))
        assert feed.next(0.05) is None
        feed.close()


def test_a_database_that_is_dropped_is_told_also_to_who_comes_back(served):
    [a] = made(served, "a")
    with a.subscribe_all() as feed:
        assert feed.position is None
        a.put("c", "a", {})
        assert take(feed, 1) == [("a", 0)]
        position = feed.position
        a.drop_database()
        assert feed.next(60) == {"event": "dropped", "database": "a"}
        a.create_database()
        a.put("c", "a", {})
        assert take(feed, 1) == [("a", 0)], "the one that is made anew is another one"
    with a.subscribe_all(position=position) as feed:
        assert take(feed, 2) == [("a", None), ("a", 0)]
    with a.subscribe(from_seq=0) as feed:
        assert feed.next(60)["seq"] == 0
        a.drop_database()
        with pytest.raises(NedbNotFound):
            feed.next(60)


def test_what_the_server_refuses_has_its_code(tmp_path):
    def token(name, rights):
        return f'[[token]]\nname = "{name}"\nsha256 = "{hashlib.sha256(name.encode()).hexdigest()}"\ndatabases = {{ {rights} }}\n'

    tokens = tmp_path / "tokens.toml"
    tokens.write_text(token("admin", '"*" = "admin"') + token("reader", 'shop = "read"') + token("nobody", ""))
    with Daemon(tmp_path / "data", "--tokens", str(tokens)) as daemon:
        shop, other = made(daemon, "shop", "other", token="admin")
        reader = NedbClient(daemon.url, "shop", "reader")
        with reader.subscribe_all() as feed:
            other.put("c", "a", {})
            shop.put("c", "a", {})
            assert take(feed, 1) == [("shop", 0)], "others are not told of"
        for name, databases, code in (("nobody", None, "denied"), ("reader", ["other"], "denied"), ("a wrong one", None, "unauthenticated")):
            with pytest.raises(NedbAuthError) as raised:
                NedbClient(daemon.url, "shop", name).subscribe_all(databases)
            assert raised.value.code == code
        for position, code in (("17", "invalid_argument"), ("shop:1", "invalid_argument"), ("", "invalid_argument"), ("../a:1:0", "invalid_name")):
            with pytest.raises(ValueError) as raised:
                reader.subscribe_all(position=position)
            assert raised.value.code == code, position


def test_what_can_be_no_request_is_refused_before_anything_is_sent():
    client = NedbClient("http://127.0.0.1:1", "shop", retries=0)
    for said in ({"from_seq": -2}, {"position": "-\r\nx: y"}, {"position": "ä"}, {"position": "-", "from_seq": 0}):
        with pytest.raises(ValueError) as raised:
            client.subscribe_all(**said)
        assert raised.value.code == "invalid_argument", said
    for said in ({"databases": "shop"}, {"from_seq": "0"}):
        with pytest.raises(TypeError):
            client.subscribe_all(**said)
    with pytest.raises(OSError) as raised:
        client.subscribe_all()
    assert raised.value.code == "io"


def test_another_thread_ends_a_feed_that_waits(served):
    [shop] = made(served, "shop")
    feed = shop.subscribe_all()
    assert isinstance(feed, FeedOfAll)
    told, first = [], threading.Event()

    def follow():
        for event in feed:
            told.append(event["seq"])
            first.set()

    reader = threading.Thread(target=follow)
    reader.start()
    shop.put("c", "a", {})
    assert first.wait(60)
    feed.close()
    reader.join(60)
    assert not reader.is_alive() and told == [0] and feed.closed


def test_the_awaited_client_follows_all_databases_as_well(served):
    made(served, "a", "b")

    async def conversation():
        async with AsyncNedbClient(served.url, "a") as a, AsyncNedbClient(served.url, "b") as b:
            async with await a.subscribe_all(["a", "b"], from_seq=-1) as feed:
                await a.put("c", "a", {})
                await b.put("c", "a", {})
                return sorted([(await feed.__anext__())["database"] for _ in range(2)])

    assert asyncio.run(conversation()) == ["a", "b"]
