import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "@jest/globals";
import { createSendWindow, type Outgoing } from "../src/replay-connection.ts";

const NEVER = new AbortController().signal;

function outgoing(number: number, bytes = 1): Outgoing {
  const payload = Buffer.alloc(bytes);
  return { topic: `t/${number}`, payload, options: { qos: 1 }, cursor: `weir.db:${number}` };
}

/** A window onto a broker that answers when the test says so. */
function openWindow() {
  const published: { topic: string; answer: (error?: Error) => void }[] = [];
  const refused: string[] = [];
  const window = createSendWindow({
    publish: (topic) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      published.push({ topic, answer: (error) => (error ? reject(error) : resolve()) });
      return promise;
    },
    onRefused: ({ topic }, reason) => refused.push(`${topic} ${reason}`),
  });
  return { window, published, refused, sent: () => window.counts().sent };
}

const LOST = new Error("no answer from the broker");
const NOT_ALLOWED = Object.assign(new Error("Not authorized"), { code: 0x87 });

describe("the window of a replay", () => {
  test("sends over the next connection what the last one left open, in its order", async () => {
    const { window, published, sent } = openWindow();
    window.connected();
    for (const number of [1, 2, 3, 4]) await window.send(outgoing(number), NEVER);
    published[0]?.answer();
    published[2]?.answer();
    for (const index of [1, 3]) published[index]?.answer(LOST);
    window.disconnected();
    await turn();
    await window.send(outgoing(5), NEVER);
    expect(window.answeredThrough()).toBe("weir.db:1");

    window.connected();
    expect(published.slice(4).map(({ topic }) => topic)).toEqual(["t/2", "t/4", "t/5"]);
    for (const { answer } of published.slice(4)) answer();
    await window.settled(NEVER);
    expect([sent(), window.answeredThrough()]).toEqual([5, "weir.db:5"]);
  });

  test("does not try again what the broker refuses", async () => {
    const { window, published, refused, sent } = openWindow();
    window.connected();
    await window.send(outgoing(1), NEVER);
    await window.send(outgoing(2), NEVER);
    published[0]?.answer(NOT_ALLOWED);
    published[1]?.answer();
    await window.settled(NEVER);
    expect([refused, sent(), published.length]).toEqual([["t/1 Not authorized"], 1, 2]);
  });

  test("counts as refused what fails while the connection holds: it would fail again", async () => {
    const { window, published, refused } = openWindow();
    window.connected();
    await window.send(outgoing(1), NEVER);
    published[0]?.answer(new Error("Invalid topic"));
    await window.settled(NEVER);
    expect(refused).toEqual(["t/1 Invalid topic"]);
  });

  test.each([
    ["a thousand messages", 1, 1_000],
    ["eight mebibytes", 1024 * 1024, 8],
  ])("holds no more than %s, until there are answers", async (_what, bytes, count) => {
    const { window, published } = openWindow();
    window.connected();
    for (let number = 1; number <= count; number += 1) {
      await window.send(outgoing(number, bytes), NEVER);
    }
    let isSent = false;
    const sending = window.send(outgoing(count + 1), NEVER).then(() => {
      isSent = true;
    });
    await turn();
    expect(isSent).toBe(false);
    published[0]?.answer();
    await sending;
    expect(published).toHaveLength(count + 1);
  });

  test("stops waiting once it is stopped", async () => {
    const { window } = openWindow();
    const stopping = new AbortController();
    await window.send(outgoing(1), stopping.signal);
    const settled = window.settled(stopping.signal);
    stopping.abort();
    await settled;
    expect(window.answeredThrough()).toBeNull();
  });
});
