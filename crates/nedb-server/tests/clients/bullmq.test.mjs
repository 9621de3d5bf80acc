// BullMQ: jobs that are worked on, delayed, repeated, retried, and that wait for their children. It lives in scripts, streams and sorted sets.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { FlowProducer, Queue, QueueEvents, Worker } from "bullmq";

const connection = { port: Number(process.env.NEDBD_RESP_PORT), maxRetriesPerRequest: null };
const open = [];
const kept = (thing) => {
  open.push(thing);
  return thing;
};
after(async () => {
  for (const thing of open.reverse()) await thing.close();
});

test("a job is worked on, and its events are told", async () => {
  const queue = kept(new Queue("plain", { connection }));
  const events = kept(new QueueEvents("plain", { connection }));
  await events.waitUntilReady();
  kept(new Worker("plain", async (job) => job.data.n * 2, { connection }));
  const job = await queue.add("double", { n: 21 });
  assert.equal(await job.waitUntilFinished(events, 20_000), 42);
  assert.equal(await job.getState(), "completed");
  assert.equal(await queue.getCompletedCount(), 1);
});

test("a job that fails is tried again", async () => {
  const queue = kept(new Queue("retried", { connection }));
  const events = kept(new QueueEvents("retried", { connection }));
  await events.waitUntilReady();
  kept(
    new Worker(
      "retried",
      async (job) => {
        if (job.attemptsMade === 0) throw new Error("not yet");
        return "done";
      },
      { connection },
    ),
  );
  const job = await queue.add("work", {}, { attempts: 2, backoff: { type: "fixed", delay: 50 } });
  assert.equal(await job.waitUntilFinished(events, 20_000), "done");
});

test("delayed and prioritized jobs come in their order", async () => {
  const queue = kept(new Queue("ordered", { connection }));
  const order = [];
  await queue.add("late", {}, { delay: 300 });
  await queue.add("low", {}, { priority: 10 });
  await queue.add("high", {}, { priority: 1 });
  assert.deepEqual(await queue.getJobCounts("delayed", "prioritized"), { delayed: 1, prioritized: 2 });
  await new Promise((resolve, reject) => {
    const worker = kept(
      new Worker(
        "ordered",
        async (job) => {
          order.push(job.name);
        },
        { connection },
      ),
    );
    worker.on("completed", () => order.length === 3 && resolve());
    worker.on("failed", (_job, error) => reject(error));
  });
  assert.deepEqual(order, ["high", "low", "late"]);
});

test("a job repeats", async () => {
  const queue = kept(new Queue("repeated", { connection }));
  let runs = 0;
  await new Promise((resolve) => {
    kept(
      new Worker(
        "repeated",
        async () => {
          runs += 1;
          if (runs === 3) resolve();
        },
        { connection },
      ),
    );
    queue.upsertJobScheduler("tick", { every: 100 }, { name: "tick" });
  });
  assert.equal(await queue.getJobSchedulersCount(), 1);
  assert.equal(await queue.removeJobScheduler("tick"), true);
});

test("a flow waits for its children", async () => {
  const flow = kept(new FlowProducer({ connection }));
  const events = kept(new QueueEvents("parents", { connection }));
  await events.waitUntilReady();
  kept(new Worker("children", async (job) => job.data.n, { connection }));
  kept(
    new Worker(
      "parents",
      async (job) => Object.values(await job.getChildrenValues()).reduce((sum, n) => sum + n, 0),
      { connection },
    ),
  );
  const { job } = await flow.add({
    name: "sum",
    queueName: "parents",
    children: [1, 2, 3].map((n) => ({ name: "part", queueName: "children", data: { n } })),
  });
  assert.equal(await job.waitUntilFinished(events, 20_000), 6);
});

test("queues are paused, emptied and obliterated", async () => {
  const queue = kept(new Queue("kept", { connection }));
  await queue.pause();
  assert.equal(await queue.isPaused(), true);
  await queue.addBulk([1, 2, 3].map((n) => ({ name: `job ${n}`, data: {} })));
  assert.equal(await queue.count(), 3);
  await queue.drain();
  assert.equal(await queue.count(), 0);
  await queue.resume();
  await queue.obliterate({ force: true });
});
