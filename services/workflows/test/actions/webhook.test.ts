import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { describe, expect, test } from "@jest/globals";
import { createFakeClock, temporaryFolder } from "@weir/testkit";
import { secretsIn } from "../../src/actions/secret-files.ts";
import { requestWeb } from "../../src/actions/web-request.ts";
import { webhookPerformer } from "../../src/actions/webhook.ts";
import { Receiver } from "./receiver.ts";

const HOOK = {
  kind: "webhook",
  method: "POST",
  headers: { "content-type": "application/json", "X-Room": "hall" },
  body: '{"value":5}',
  secretFile: null,
  allowPrivate: true,
} as const;
const { signal } = new AbortController();
const ATTEMPT = { key: "7f-1", attempt: 1, signal, handOver: () => {} };

function call(url: string, changed: object = {}, secrets = "/nowhere") {
  const perform = webhookPerformer({ readSecret: secretsIn(secrets), clock: createFakeClock() });
  return perform({ ...HOOK, ...changed, url }, ATTEMPT);
}

describe("webhook", () => {
  test("arrives with its headers, its key and its body", async () => {
    await using receiver = await Receiver.start((response) => response.end('{"id":3}'));
    const outcome = await call(`${receiver.url}/in?a=b`);
    expect(outcome).toEqual({ isDone: true, result: { status: 200, body: { id: 3 } } });
    expect(receiver.received).toMatchObject([
      {
        method: "POST",
        path: "/in?a=b",
        headers: {
          "idempotency-key": "7f-1",
          "x-room": "hall",
          "content-type": "application/json",
        },
        body: '{"value":5}',
      },
    ]);
  });

  test.each([
    [
      "is nested too deeply",
      (response: ServerResponse) => response.end("[".repeat(30_000) + "]".repeat(30_000)),
    ],
  ])("goes on with an answer as text that %s", async (_, answer) => {
    await using receiver = await Receiver.start(answer);
    const outcome = await call(receiver.url);
    expect(outcome).toMatchObject({
      isDone: true,
      result: { body: expect.stringMatching(/^\[+\]+$/) },
    });
  });

  test("is tried again where the answer is another protocol", async () => {
    await using receiver = await Receiver.start((response) => {
      response.socket?.write(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
      );
    });
    expect(await call(receiver.url)).toMatchObject({
      problem: expect.stringContaining("does not answer"),
    });
  });

  test("is signed with time and body by the secret of a file", async () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file("hook"), "key of the test\n");
    await using receiver = await Receiver.start();
    await call(receiver.url, { secretFile: "hook" }, folder.path);
    const { "weir-timestamp": time, "weir-signature": signature } =
      receiver.received[0]?.headers ?? {};
    const expected = createHmac("sha256", "key of the test").update(`${time}.{"value":5}`);
    expect(signature).toBe(`sha256=${expected.digest("hex")}`);
    expect(Number(time)).toBe(Date.UTC(2026, 0, 1) / 1_000);
  });

  test("is not sent without the secret that it names", async () => {
    await using receiver = await Receiver.start();
    const outcome = await call(receiver.url, { secretFile: "hook" });
    expect(outcome).toMatchObject({ isDone: false, isUncertain: false });
    expect(JSON.stringify(outcome)).toMatch(/the secret hook in \/nowhere/);
    expect(receiver.received).toEqual([]);
  });

  test.each([
    [503, { "retry-after": "7" }, { problem: expect.any(String), retryInMs: 7_000 }],
    [500, {}, { problem: expect.stringMatching(/500: "why"/), retryInMs: null }],
    [429, { "retry-after": "999999999" }, { problem: expect.any(String), retryInMs: 3_600_000 }],
    [408, {}, { problem: expect.any(String), retryInMs: null }],
    [404, {}, { isDone: false, isUncertain: false }],
    [204, {}, { isDone: true }],
  ])("when the receiver answers %i", async (status, headers, expected) => {
    await using receiver = await Receiver.start((response) => {
      response.writeHead(status, headers);
      response.end(status === 204 ? undefined : "why");
    });
    expect(await call(receiver.url)).toMatchObject(expected);
  });

  test("is tried again when nobody listens", async () => {
    let url: string;
    {
      await using gone = await Receiver.start();
      url = gone.url;
    }
    expect(await call(url)).toMatchObject({ problem: expect.stringMatching(/does not answer/) });
  });

  test("follows no redirect, and names where it leads", async () => {
    await using inner = await Receiver.start();
    await using receiver = await Receiver.start((response) => {
      response.writeHead(307, { location: `${inner.url}/admin` });
      response.end();
    });
    const outcome = await call(receiver.url);
    expect(outcome).toMatchObject({ isDone: false, isUncertain: false });
    expect(JSON.stringify(outcome)).toContain(`${inner.url}/admin`);
    expect(inner.received).toEqual([]);
  });

  test.each([
    "127.0.0.1",
    "localhost",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "0x7f.1",
    "0.0.0.0",
    "2130706433",
  ])("does not go to this machine as %s, unless that is allowed", async (host) => {
    await using receiver = await Receiver.start();
    const { port } = new URL(receiver.url);
    const outcome = await call(`http://${host}:${port}/`, { allowPrivate: false });
    expect(outcome).toMatchObject({ isDone: false, isUncertain: false });
    expect(JSON.stringify(outcome)).toMatch(/set allowPrivate: true/);
    expect(receiver.received).toEqual([]);
  });

  test.each(["10.0.0.1", "169.254.169.254", "[fd00::1]", "[fe80::1]", "192.168.1.1", "224.0.0.1"])(
    "does not go to the private address %s",
    async (host) => {
      const outcome = await call(`http://${host}/`, { allowPrivate: false });
      expect(JSON.stringify(outcome)).toMatch(/set allowPrivate: true/);
    },
  );

  test("reads only the beginning of an answer of ten megabytes", async () => {
    await using receiver = await Receiver.start((response) => response.end("a".repeat(10_000_000)));
    const outcome = await call(receiver.url);
    expect(outcome).toMatchObject({ isDone: true, result: { body: "a".repeat(65_536) } });
  });

  test("an answer that never ends is the one that has begun", async () => {
    await using receiver = await Receiver.start((response) => {
      response.writeHead(200);
      response.write("begun");
    });
    const request = { ...HOOK, url: receiver.url };
    const answer = await requestWeb(request, { signal, timeoutMs: 200 });
    expect(answer).toMatchObject({ status: 200, text: "begun" });
  });

  test("no answer at all ends in time", async () => {
    await using receiver = await Receiver.start(() => {});
    const request = { ...HOOK, url: receiver.url };
    const asked = requestWeb(request, { signal, timeoutMs: 100 });
    await expect(asked).rejects.toThrow("there was no answer within 100 ms");
  });

  test("a stop ends the wait", async () => {
    const stopping = new AbortController();
    await using receiver = await Receiver.start(() => stopping.abort(new Error("stop")));
    const request = { ...HOOK, url: receiver.url };
    await expect(requestWeb(request, { signal: stopping.signal })).rejects.toThrow("stop");
  });
});
