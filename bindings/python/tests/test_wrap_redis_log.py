"""The log of wrap_redis in Redis: one chain, whoever writes, and what was written is found again."""

import collections
import json
import os
import signal
import subprocess
import sys
import threading

import nedb
import pytest
from nedb import wrap_redis
from nedb.wrap_redis.entry import GENESIS, Entry, Tip

STREAM = "nedb:default:oplog"
SNAPSHOT = "nedb:default:snapshot"


def filled(client, count=20):
    db = wrap_redis(client).nedb
    for n in range(count):
        db.put("c", str(n % 7), {"n": n})
    return db


def test_a_new_process_finds_everything_that_was_written(client):
    db = filled(client)
    other = wrap_redis(client).nedb
    assert (other.head, other.seq) == (db.head, db.seq)
    assert other.query("FROM c ORDER BY _id") == db.query("FROM c ORDER BY _id")
    assert other.get_as_of("c", "0", 0)["n"] == 0


@pytest.mark.parametrize(
    "options", [{"encoding": "latin-1"}, {"encoding": "ascii", "encoding_errors": "replace"}, {"encoding": "utf-16"}]
)
def test_the_log_is_utf_8_whatever_a_client_encodes_with(redis_client, redis_url, options):
    with type(redis_client).from_url(redis_url, **options) as client:
        db = wrap_redis(client, "größe").nedb
        db.put("straße", "ü", {"größe": "10 €"})
        db.checkpoint()
        assert db.put("straße", "ü", {"größe": "11 €"})["größe"] == "11 €" and db.verify()
        other = wrap_redis(redis_client, "größe").nedb
        assert other.get("straße", "ü") == db.get("straße", "ü") and other.head == db.head
        assert redis_client.exists("nedb:größe:oplog", "nedb:größe:snapshot") == 2
    with type(redis_client).from_url(redis_url, **options) as client:
        assert wrap_redis(client, "größe").nedb.get_as_of("straße", "ü", 0)["größe"] == "10 €"


def test_two_clients_follow_each_other(client):
    one, two = wrap_redis(client).nedb, wrap_redis(client).nedb
    for n in range(10):
        (one if n % 2 else two).put("c", "a", {"n": n})
        assert one.get("c", "a")["n"] == two.get("c", "a")["n"] == n
    assert one.head == two.head and one.verify()
    assert [len(version["document"]) for version in two.history("c", "a")] == [1] * 10


def test_threads_share_a_wrapped_client(client):
    r = wrap_redis(client)
    r.nedb.register("c:*", "c")
    r.nedb.shadow_writes = True

    def work(number):
        for n in range(20):
            r.set(f"c:{number}", n)
            r.incr("c:shared")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert r.nedb.get("c", "shared")["value"] == "80"
    assert {row["value"] for row in r.nedb.query("FROM c WHERE _id != 'shared'")} == {"19"}
    assert r.nedb.verify()


WRITER = """
import sys, redis
from nedb import wrap_redis
r = wrap_redis(redis.from_url(sys.argv[1]))
r.nedb.register("c:*", "c")
r.nedb.shadow_writes = True
for n in range(int(sys.argv[3])):
    r.incr("c:shared")
    r.set(f"c:{sys.argv[2]}", n)
    r.nedb.put("d", f"{sys.argv[2]}-{n}", {"n": n})
    print(n, flush=True)
"""


def writer(redis_url, name, count):
    words = [sys.executable, "-c", WRITER, redis_url, name, str(count)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def test_processes_that_write_at_once_make_one_chain(redis_client, redis_url):
    writers = [writer(redis_url, name, 40) for name in "abc"]
    for process in writers:
        process.communicate(timeout=120)
        assert process.returncode == 0
    db = wrap_redis(redis_client).nedb
    report = db.verify_report()
    assert report["verdict"] == "consistent" and report["seq"] == db.seq
    assert db.get("c", "shared")["value"] == "120"
    assert [db.get("c", name)["value"] for name in "abc"] == ["39"] * 3
    assert db.collections()["d"] == 120


def test_a_killed_process_leaves_a_sound_log(redis_client, redis_url):
    process = writer(redis_url, "a", 1_000_000)
    for line in process.stdout:
        if int(line) >= 50:
            break
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().split()
    process.wait()
    last = max([50, *map(int, rest)])
    r = wrap_redis(redis_client)
    r.nedb.register("c:*", "c")
    assert r.nedb.verify()
    assert r.nedb.get("d", f"a-{last}") == {"n": last, "_id": f"a-{last}"}
    # What the kill came between is brought in by a backfill.
    assert r.nedb.backfill() <= 2
    for key in ("shared", "a"):
        assert r.nedb.get("c", key)["value"] == redis_client.get(f"c:{key}").decode()
    assert r.nedb.verify()


def entries(client):
    return client.xrange(STREAM)


def replace(client, number, **fields):
    """Forges a log in which one entry has other fields."""
    kept = entries(client)
    client.delete(STREAM)
    for id, have in kept:
        have = {(name.decode() if isinstance(name, bytes) else name): value for name, value in have.items()}
        id = id.decode() if isinstance(id, bytes) else id
        client.xadd(STREAM, {**have, **fields} if id == f"{number}-0" else have, id=id)


def test_a_changed_entry_is_found(client):
    db = filled(client)
    ops = entries(client)[4][1]
    ops = ops.get("ops") or ops.get(b"ops").decode()
    replace(client, 5, ops=ops.replace('"n":4', '"n":5'))
    report = db.verify_report()
    assert not db.verify() and (report["verdict"], report["place"], report["entries"]) == ("corrupt", "5-0", 4)
    with pytest.raises(nedb.IntegrityError, match="5-0"):
        wrap_redis(client).nedb.get("c", "0")


def test_a_chain_that_was_written_anew_is_found_by_who_knows_the_head(client):
    db = filled(client, 5)
    kept = f"{db.seq}:{db.head}"
    db.put("c", "later", {})
    assert db.verify_report(kept)["verdict"] == "anchored"
    client.delete(STREAM)
    forger = filled(client, 8)
    assert forger.verify() and forger.verify_report(kept)["code"] == "head_mismatch"
    assert db.verify_report()["code"] == "head_mismatch"
    with pytest.raises(nedb.IntegrityError):
        db.get("c", "0")


def test_a_log_that_was_restored_is_found_before_anything_is_added(client):
    one, two = filled(client, 6), wrap_redis(client).nedb
    assert two.seq == one.seq == 5
    kept = entries(client)
    one.put("c", "lost", {})
    # As after a failover: the entry that only one of them saw is gone, and the other adds its own.
    client.delete(STREAM)
    for id, fields in kept:
        client.xadd(STREAM, fields, id=id)
    two.put("c", "other", {})
    with pytest.raises(nedb.IntegrityError) as caught:
        one.put("c", "more", {})
    assert caught.value.code == "head_mismatch" and two.verify() and len(entries(client)) == 7


def test_an_entry_that_was_deleted_at_the_end_is_told_at_once(redis_client):
    filled(redis_client, 5)
    redis_client.xdel(STREAM, "5-0")
    with pytest.raises(nedb.IntegrityError) as caught:
        wrap_redis(redis_client).nedb.put("c", "x", {})
    assert caught.value.code == "rollback"


@pytest.mark.parametrize("left", [4, 1, 0])
def test_entries_that_were_deleted_at_the_end_are_told_by_reading_and_by_verify(client, left):
    filled(client, 5)
    client.xdel(STREAM, *(f"{number}-0" for number in range(left + 1, 6)))
    assert refused(lambda: wrap_redis(client).nedb.get("c", "0")) == "rollback"
    other = wrap_redis(client).nedb
    assert refused(lambda: other.seq) == refused(lambda: other.head) == refused(other.checkpoint) == "rollback"
    report = other.verify_report()
    assert (report["verdict"], report["code"], report["entries"]) == ("corrupt", "rollback", left)


@pytest.mark.parametrize("forge", [lambda flat: [*flat, b"ops", b"x"], lambda flat: [*flat[2:], *flat[:2]]])
def test_an_entry_has_each_field_once_and_in_order(redis_client, forge):
    filled(redis_client, 2)
    [_first, (id, fields)] = entries(redis_client)
    redis_client.delete(STREAM)
    filled(redis_client, 1)
    flat = forge([part for pair in fields.items() for part in pair])
    redis_client.execute_command("XADD", STREAM, id, *flat)
    with pytest.raises(nedb.IntegrityError):
        wrap_redis(redis_client).nedb.seq


def test_the_empty_log_is_the_beginning_of_every_log(client):
    db = wrap_redis(client).nedb
    kept = f"{db.seq}:{db.head}"
    db.put("c", "a", {})
    assert db.verify_report(kept)["verdict"] == "anchored"


def test_what_the_engine_would_refuse_is_refused_before_it_is_in_the_log(client):
    db = filled(client, 1)
    with pytest.raises(ValueError, match="causes"):
        db.put("c", "b", {}, caused_by=[0] * 1025)
    assert db.verify() and len(entries(client)) == 1


def test_a_missing_entry_is_found(client):
    db = filled(client)
    client.xdel(STREAM, "7-0")
    assert db.verify_report()["place"] == "8-0"
    with pytest.raises(nedb.IntegrityError):
        wrap_redis(client).nedb.seq


@pytest.mark.parametrize(
    ("fields", "code"), [({"op": '{"seq": 0}'}, "old_format"), ({"v": "2"}, "newer_format"), ({"v": "1"}, "corrupt")]
)
def test_a_stream_of_another_form_is_refused_by_name(client, fields, code):
    client.xadd(STREAM, fields, id="1-0")
    for call in (lambda db: db.put("c", "a", {}), lambda db: db.head):
        with pytest.raises(nedb.NedbError) as caught:
            call(wrap_redis(client).nedb)
        assert caught.value.code == code
    assert len(entries(client)) == 1


class Counted:
    """What is read through a client of each stream: how many entries."""

    def __init__(self, client):
        self.read = collections.Counter()
        staged, single = client.pipeline, client.execute_command

        def pipeline(*args, **options):
            pipe = staged(*args, **options)
            execute = pipe.execute

            def counted(*words, **options):
                asked = [args for args, _ in pipe.command_stack]
                replies = execute(*words, **options)
                for (name, *given), reply in zip(asked, replies):
                    self.note((name, *(word.decode() if isinstance(word, bytes) else word for word in given[:1])), reply)
                return replies

            pipe.execute = counted
            return pipe

        def execute_command(*args, **options):
            reply = single(*args, **options)
            self.note(args, reply)
            return reply

        client.pipeline, client.execute_command = pipeline, execute_command

    def note(self, args, reply):
        if args[0] in ("XRANGE", "XREVRANGE"):
            self.read[args[1]] += len(reply)
        assert not args[0].startswith("XREAD")


@pytest.mark.parametrize(("before", "after"), [(300, 0), (300, 1), (600, 1), (300, 40)])
def test_a_new_process_starts_from_the_snapshot_and_reads_of_the_log_what_follows(client, before, after):
    db = filled(client, before)
    head = db.checkpoint()
    assert head == db.head == db.checkpoint()
    for n in range(after):
        db.put("c", "after", {"n": n})
    head, counted = db.head, Counted(client)
    other = wrap_redis(client).nedb
    assert other.head == head and other.seq == before + after - 1
    # The last entry of the snapshot is compared, and each of the two readings begins with the last known one.
    assert counted.read == {STREAM: 1 + (1 + after) + 1, SNAPSHOT: 1}
    assert other.get_as_of("c", "0", 0)["n"] == 0
    other.checkpoint()
    assert other.verify() and client.xlen(SNAPSHOT) == 1 + (after > 0)


def test_without_a_snapshot_a_new_process_reads_the_whole_log(client):
    head, counted = filled(client, 300).head, Counted(client)
    assert wrap_redis(client).nedb.head == head
    assert counted.read[STREAM] >= 300


def test_a_snapshot_that_does_not_agree_is_told_and_not_used(client):
    db = filled(client, 30)
    db.checkpoint()
    [(id, fields)] = client.execute_command("XRANGE", SNAPSHOT, "-", "+", NEVER_DECODE=True)
    client.delete(SNAPSHOT)
    fields = {name: (value[:-9] + bytes(9) if name == b"data" else value) for name, value in fields.items()}
    client.xadd(SNAPSHOT, fields, id=id)
    other = wrap_redis(client).nedb
    assert other.head == db.head and other.seq == 29
    assert other.verify_report()["verdict"] == "corrupt"
    # It is derived: the next checkpoint makes it anew, and leaves one alone that checks.
    assert other.checkpoint() == db.head and other.verify()
    kept = client.execute_command("XRANGE", SNAPSHOT, "-", "+", NEVER_DECODE=True)
    assert other.checkpoint() == db.head and client.execute_command("XRANGE", SNAPSHOT, "-", "+", NEVER_DECODE=True) == kept


def test_a_snapshot_of_which_no_piece_can_be_read_is_made_anew(client):
    db = filled(client, 30)
    db.checkpoint()
    client.delete(SNAPSHOT)
    client.xadd(SNAPSHOT, {"no": "piece"}, id="1-0")
    other = wrap_redis(client).nedb
    assert other.checkpoint() == other.head == db.head and other.verify() and client.xlen(SNAPSHOT) == 1
    # In a process that is at work already, verify finds it.
    client.delete(SNAPSHOT)
    client.xadd(SNAPSHOT, {"no": "piece"}, id="1-0")
    assert db.verify_report()["code"] == "corrupt"
    assert db.checkpoint() == db.head and db.verify()


def refused(call):
    with pytest.raises(nedb.IntegrityError) as caught:
        call()
    return caught.value.code


def test_a_log_that_went_beside_its_snapshot_is_not_begun_again(client):
    filled(client, 30).checkpoint()
    client.delete(STREAM)
    db = wrap_redis(client).nedb
    assert refused(lambda: db.put("c", "x", {})) == refused(lambda: db.get("c", "0")) == refused(lambda: db.seq) == "rollback"
    assert client.exists(STREAM) == 0 and db.verify_report()["code"] == "rollback"
    # What the error says: a history may be given up, but not by accident.
    client.delete(SNAPSHOT)
    assert db.put("c", "x", {}) == {"_id": "x"} and db.verify()


def test_a_log_that_is_shorter_than_its_snapshot_is_refused(client):
    filled(client, 30).checkpoint()
    client.xdel(STREAM, *(f"{number}-0" for number in range(26, 31)))
    assert refused(lambda: wrap_redis(client).nedb.seq) == "rollback"
    assert wrap_redis(client).nedb.verify_report()["code"] == "rollback"


def test_another_log_than_that_of_the_snapshot_is_refused(client):
    filled(client, 5).checkpoint()
    kept = client.execute_command("XRANGE", SNAPSHOT, "-", "+", NEVER_DECODE=True)
    client.delete(STREAM, SNAPSHOT)
    assert filled(client, 8).seq == 7
    for id, fields in kept:
        client.xadd(SNAPSHOT, fields, id=id)
    assert refused(lambda: wrap_redis(client).nedb.seq) == "head_mismatch"
    assert wrap_redis(client).nedb.verify_report()["code"] == "head_mismatch"


def test_an_append_whose_answer_was_lost_is_recognised(client):
    db = wrap_redis(client).nedb
    db.put("c", "a", {})
    append = client.execute_command
    sent = []
    staged = client.pipeline

    def pipeline(*args, **options):
        pipe = staged(*args, **options)
        execute = pipe.execute

        def repeated(*words, **options):
            for args, _ in pipe.command_stack:
                if args[0] == "XADD" and not sent:
                    # The server did it, the answer did not arrive, and the client sends it again.
                    sent.append(append(*args))
            return execute(*words, **options)

        pipe.execute = repeated
        return pipe

    client.pipeline = pipeline
    assert db.put("c", "b", {"n": 1}) == {"n": 1, "_id": "b"}
    assert sent and len(entries(client)) == 2 and db.verify()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_opens_the_log_for_itself(redis_url, redis_client):
    program = """
import os, sys, redis
from nedb import wrap_redis
r = wrap_redis(redis.from_url(sys.argv[1]))
r.nedb.put("c", "parent", {"n": 1})
r.nedb.create_index("c", "n", "ordered")
child = os.fork()
if child == 0:
    r.nedb.put("c", "child", {"n": r.nedb.get("c", "parent")["n"] + 1})
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print(r.nedb.get("c", "child")["n"], r.nedb.verify())
"""
    done = subprocess.run([sys.executable, "-c", program, redis_url], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["2", "True"], done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_that_is_forked_while_a_thread_notes_keys_goes_on(redis_url, redis_client):
    program = """
import os, sys, redis
from nedb import wrap_redis
r = wrap_redis(redis.from_url(sys.argv[1]))
r.nedb.register("c:*", "c")
r.nedb.shadow_writes = True
r.set("c:parent", "1")
# As a thread of the parent has it that does not exist in the child.
with r.nedb._shadow._due_lock:
    child = os.fork()
    if child == 0:
        r.set("c:child", "2")
        os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print(r.nedb.get("c", "child")["value"], r.nedb.verify())
"""
    done = subprocess.run([sys.executable, "-c", program, redis_url], capture_output=True, text=True, timeout=30)
    assert done.stdout.split() == ["2", "True"], done.stderr


def test_the_command_verifies_the_log(redis_url, redis_client):
    db = filled(redis_client, 5)
    words = [sys.executable, "-m", "nedb", "verify", f"{redis_url}?db=0"]
    done = subprocess.run([*words, "--expect-head", f"{db.seq}:{db.head}"], capture_output=True, text=True, timeout=60)
    report = json.loads(done.stdout)
    assert (done.returncode, report["verdict"], report["head"]) == (0, "anchored", db.head)
    redis_client.xdel(STREAM, "2-0")
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert (done.returncode, json.loads(done.stdout)["verdict"]) == (76, "corrupt")


@pytest.mark.parametrize("options", [[], ["--json"], ["--expect-head", f"4:{'0' * 64}"]])
def test_a_history_that_never_was_is_not_found(redis_url, redis_client, options):
    filled(redis_client, 5)
    words = [sys.executable, "-m", "nedb", "verify", f"{redis_url}?db=0", "--name", "tpyo", *options]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (66, "") and "no history 'tpyo'" in done.stderr
    if "--json" in options:
        assert json.loads(done.stderr)["code"] == "not_found"


def test_a_history_whose_log_is_gone_is_corrupt_and_not_missing(redis_url, redis_client):
    filled(redis_client, 5).checkpoint()
    redis_client.delete(STREAM)
    done = subprocess.run([sys.executable, "-m", "nedb", "verify", f"{redis_url}?db=0"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, json.loads(done.stdout)["code"]) == (76, "rollback")


def test_the_hash_of_an_entry_is_the_documented_one():
    entry = Entry.sealed("shop", Tip(), 1_000_000, "00112233445566ff", '{"op":"delete","coll":"c","id":"a"}')
    assert (entry.id, entry.seq, entry.prev) == ("1-0", 0, GENESIS)
    assert entry.hash == "e4352b8715fe0d70f47ba4c9c6d206a29056f1e889e868d70f586ad1045d385d"
    assert entry.fields()[:2] == ["v", "1"]


def test_what_a_process_asks_makes_no_index_that_others_lack():
    # As many documents, and questions, as let a database make itself an index.
    replica = nedb.NEDB._replica()
    replica.tx([{"op": "put", "coll": "c", "id": str(n), "doc": {"n": n}} for n in range(10_000)])
    for n in range(4):
        replica.query("FROM c WHERE n = $n", n=n)
    assert replica.indexes() == []
