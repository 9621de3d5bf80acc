"""The tasks of test_celery.py, for its worker and for its calls; the address of the daemon stands in NEDB_CELERY_URL."""

import os

from celery import Celery

app = Celery("nedb", broker=os.environ["NEDB_CELERY_URL"], backend=os.environ["NEDB_CELERY_URL"])
app.conf.update(
    broker_connection_retry_on_startup=False,
    result_expires=600,
    result_extended=True,
    task_acks_late=True,
    worker_hijack_root_logger=False,
    worker_prefetch_multiplier=1,
)


@app.task
def add(left, right):
    return left + right


@app.task
def total(numbers):
    return sum(numbers)


@app.task(bind=True, max_retries=3)
def succeed_at_last(self):
    """Fails twice, and then says how often it was tried."""
    if self.request.retries < 2:
        raise self.retry(countdown=0.1)
    return self.request.retries


@app.task
def fail():
    raise ValueError("as it was asked to")
