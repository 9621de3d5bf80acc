// node-redis: both versions of the protocol, scripts, channels, transactions.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient, defineScript } from "redis";

const port = Number(process.env.NEDBD_RESP_PORT);

const scripts = {
  swap: defineScript({
    NUMBER_OF_KEYS: 2,
    SCRIPT: "local a = redis.call('get', KEYS[1]) redis.call('rename', KEYS[2], KEYS[1]) redis.call('set', KEYS[2], a) return redis.call('mget', KEYS[1], KEYS[2])",
    parseCommand(parser, left, right) {
      parser.pushKeys([left, right]);
    },
    transformReply: (reply) => reply,
  }),
};

for (const version of [2, 3]) {
  test(`version ${version} of the protocol`, async () => {
    const client = await createClient({ socket: { port }, RESP: version, scripts }).connect();
    await client.flushDb();
    await client.set("a", "1", { expiration: { type: "EX", value: 100 } });
    await client.set("b", "2");
    assert.deepEqual(await client.swap("a", "b"), ["2", "1"]);
    await client.hSet("h", { f: "1", g: "2" });
    assert.deepEqual({ ...(await client.hGetAll("h")) }, { f: "1", g: "2" });
    await client.zAdd("z", [{ score: 1.5, value: "m" }]);
    assert.deepEqual(await client.zRangeWithScores("z", 0, -1), [{ value: "m", score: 1.5 }]);
    assert.deepEqual(await client.multi().incr("n").incr("n").exec(), [1, 2]);
    assert.equal(await client.eval("return #ARGV", { arguments: ["x", "y"] }), 2);
    const keys = [];
    for await (const found of client.scanIterator()) keys.push(...[found].flat());
    assert.deepEqual(keys.sort(), ["a", "b", "h", "n", "z"]);

    const listener = await client.duplicate().connect();
    const heard = new Promise((resolve) => {
      listener.subscribe("news", (text, channel) => resolve([channel, text]));
    });
    while ((await client.publish("news", "hello")) === 0);
    assert.deepEqual(await heard, ["news", "hello"]);
    await listener.unsubscribe("news");
    await listener.close();
    await client.close();
  });
}
