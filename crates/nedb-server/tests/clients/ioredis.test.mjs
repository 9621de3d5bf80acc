// ioredis: pipelines, transactions, scripts of its own (EVALSHA, then EVAL), streams, channels, waiting pops.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import Redis from "ioredis";

const port = Number(process.env.NEDBD_RESP_PORT);
let redis;

before(async () => {
  redis = new Redis({ port });
  await redis.flushdb();
});
after(() => redis.quit());

test("values of every type", async () => {
  assert.equal(await redis.set("s", "hello", "EX", 100), "OK");
  assert.equal(await redis.get("s"), "hello");
  assert.deepEqual(await redis.getBuffer("s"), Buffer.from("hello"));
  await redis.hset("user:1", { name: "Ada", visits: 1 });
  assert.deepEqual(await redis.hgetall("user:1"), { name: "Ada", visits: "1" });
  await redis.rpush("l", 1, 2, 3);
  assert.deepEqual(await redis.lrange("l", 0, -1), ["1", "2", "3"]);
  await redis.zadd("z", 1, "a", 2, "b");
  assert.deepEqual(await redis.zrange("z", 0, -1, "WITHSCORES"), ["a", "1", "b", "2"]);
  assert.equal(await redis.sadd("t", "x", "y"), 2);
});

test("pipelines and transactions", async () => {
  const piped = await redis.pipeline().incr("n").incr("n").lpush("n", 1).get("n").exec();
  assert.equal(piped[1][1], 2);
  assert.match(piped[2][0].message, /^WRONGTYPE/);
  assert.equal(piped[3][1], "2");
  assert.deepEqual(await redis.multi().set("m", 1).incr("m").exec(), [[null, "OK"], [null, 2]]);
  await redis.watch("m");
  const other = redis.duplicate();
  await other.set("m", 9);
  assert.equal(await redis.multi().incr("m").exec(), null);
  await other.quit();
});

test("scripts that are defined as commands", async () => {
  redis.defineCommand("addIfBelow", {
    numberOfKeys: 1,
    lua: "local n = tonumber(redis.call('get', KEYS[1]) or '0') if n < tonumber(ARGV[1]) then return redis.call('incr', KEYS[1]) end return {err = 'FULL no more'}",
  });
  assert.equal(await redis.addIfBelow("below", 2), 1);
  assert.equal(await redis.addIfBelow("below", 2), 2);
  await assert.rejects(redis.addIfBelow("below", 2), /^ReplyError: FULL no more/);
  await redis.script("FLUSH");
  await assert.rejects(redis.addIfBelow("below", 2), /FULL/, "sent again after NOSCRIPT");
});

test("streams and their groups", async () => {
  const id = await redis.xadd("stream", "*", "k", "v");
  await redis.xgroup("CREATE", "stream", "g", "0");
  const [[, entries]] = await redis.xreadgroup("GROUP", "g", "c", "COUNT", 1, "STREAMS", "stream", ">");
  assert.deepEqual(entries, [[id, ["k", "v"]]]);
  assert.equal(await redis.xack("stream", "g", id), 1);
});

test("channels and patterns", async () => {
  const listener = redis.duplicate();
  const heard = [];
  const two = new Promise((resolve) => {
    const take = (...words) => heard.push(words) === 2 && resolve();
    listener.on("message", take);
    listener.on("pmessage", take);
  });
  assert.equal(await listener.subscribe("news"), 1);
  assert.equal(await listener.psubscribe("n*"), 2);
  assert.equal(await redis.publish("news", "hello"), 2);
  await two;
  assert.deepEqual(heard, [["news", "hello"], ["n*", "news", "hello"]]);
  assert.deepEqual(await redis.pubsub("NUMSUB", "news"), ["news", 1]);
  await listener.unsubscribe("news");
  await listener.punsubscribe("n*");
  assert.equal(await listener.get("s"), "hello", "a command again");
  await listener.quit();
});

test("a pop that waits", async () => {
  const waiting = redis.duplicate();
  const popped = waiting.blpop("jobs", 10);
  await redis.rpush("jobs", "first");
  assert.deepEqual(await popped, ["jobs", "first"]);
  await waiting.quit();
});
