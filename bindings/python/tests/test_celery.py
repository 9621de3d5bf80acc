"""Celery with the daemon as its broker and as the keeper of its results: a worker process of its own, as programs run it."""

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from daemon import Daemon

HERE = Path(__file__).parent
PATIENCE_S = 60


def worker(url, log):
    """Starts a worker with two processes; what it says goes to a file, so that it never waits for a reader."""
    words = [sys.executable, "-m", "celery", "-A", "celery_tasks", "worker", "--concurrency", "2", "--loglevel", "INFO"]
    environment = {**os.environ, "NEDB_CELERY_URL": url, "C_FORCE_ROOT": "1"}
    return subprocess.Popen(words, cwd=HERE, env=environment, stdout=log, stderr=subprocess.STDOUT)


@pytest.fixture(scope="module")
def celery(tmp_path_factory):
    """The tasks, while a worker is there that carries them out."""
    if importlib.util.find_spec("celery") is None:
        pytest.skip("celery is not installed: the daemon was not asked to be its broker")
    folder = tmp_path_factory.mktemp("celery")
    with Daemon(folder / "data") as daemon, open(folder / "log", "wb") as log:
        os.environ["NEDB_CELERY_URL"] = url = f"redis://127.0.0.1:{daemon.resp}/0"
        import celery_tasks

        process = worker(url, log)
        try:
            # It answers only when it is ready, and waiting for the answer is how one waits for it.
            assert celery_tasks.add.delay(0, 0).get(timeout=PATIENCE_S) == 0
            yield celery_tasks
            process.send_signal(signal.SIGTERM)
            code = process.wait(timeout=PATIENCE_S)
            assert code == 0, (folder / "log").read_text()
        finally:
            process.kill()
            process.wait()
            celery_tasks.app.close()


def test_a_worker_carries_out_tasks_and_its_results_are_kept(celery):
    results = [celery.add.delay(number, number) for number in range(20)]
    assert [result.get(timeout=PATIENCE_S) for result in results] == [number * 2 for number in range(20)]
    again = celery.app.AsyncResult(results[3].id)
    assert (again.state, again.result, again.args) == ("SUCCESS", 6, [3, 3])
    again.forget()
    assert celery.app.AsyncResult(again.id).state == "PENDING"


def test_a_task_that_asks_for_it_is_tried_again_and_one_that_fails_says_why(celery):
    assert celery.succeed_at_last.delay().get(timeout=PATIENCE_S) == 2
    failed = celery.fail.delay()
    with pytest.raises(ValueError, match="as it was asked to"):
        failed.get(timeout=PATIENCE_S)
    assert failed.state == "FAILURE"


def test_a_task_may_wait_for_its_time(celery):
    assert celery.add.apply_async((1, 2), countdown=0.5).get(timeout=PATIENCE_S) == 3


def test_groups_chains_and_chords_come_together(celery):
    from celery import chain, chord, group

    assert group(celery.add.s(number, 1) for number in range(10))().get(timeout=PATIENCE_S) == list(range(1, 11))
    assert chain(celery.add.s(1, 2), celery.add.s(3))().get(timeout=PATIENCE_S) == 6
    # The last of its parts calls the body: all count in one place.
    assert chord((celery.add.s(number, number) for number in range(10)), celery.total.s())().get(timeout=PATIENCE_S) == 90


def test_workers_hear_what_is_said_to_all_of_them(celery):
    answers = celery.app.control.ping(timeout=5)
    assert [list(answer.values()) for answer in answers] == [[{"ok": "pong"}]]
    assert list(celery.app.control.inspect(timeout=5).registered().values()) == [
        ["celery_tasks.add", "celery_tasks.fail", "celery_tasks.succeed_at_last", "celery_tasks.total"]
    ]


def test_nothing_is_left_to_do_and_nothing_unacknowledged(celery):
    import redis

    with redis.Redis.from_url(os.environ["NEDB_CELERY_URL"], protocol=3) as daemon:
        assert (daemon.llen("celery"), daemon.hlen("unacked"), daemon.zcard("unacked_index")) == (0, 0, 0)
