import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "@jest/globals";
import { createFakeClock, eventually } from "@weir/testkit";
import { untilReady } from "../src/keeper.ts";

test("a start that hangs says why, and says so again when there is another reason", async () => {
  const checks: Record<string, string> = { stores: "ok", broker: "starting" };
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.writeHead(checks.broker === "ok" ? 200 : 503).end(JSON.stringify({ checks }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const clock = createFakeClock();
  const said: string[] = [];
  const ready = untilReady({
    host: "127.0.0.1",
    port: (server.address() as AddressInfo).port,
    signal: new AbortController().signal,
    onLate: (missing) => said.push(missing),
    clock,
  });
  const isAskedAgain = async (): Promise<void> => {
    const before = asked;
    // One answer may be under way.
    await eventually(() => asked >= before + 2);
  };

  await isAskedAgain();
  expect(said).toEqual([]);
  clock.advance(10_000);
  await isAskedAgain();
  expect(said).toEqual(["broker: starting"]);
  clock.advance(10_000);
  await isAskedAgain();
  expect(said).toEqual(["broker: starting"]);
  checks.broker = "the broker broke the protocol: a PUBLISH of QoS 3";
  await isAskedAgain();
  expect(said.at(-1)).toBe("broker: the broker broke the protocol: a PUBLISH of QoS 3");

  // Not more often than every ten seconds, however often it changes.
  checks.broker = "connect ECONNREFUSED";
  await isAskedAgain();
  expect(said).toHaveLength(2);
  clock.advance(10_000);
  await isAskedAgain();
  expect(said.at(-1)).toBe("broker: connect ECONNREFUSED");
  checks.broker = "ok";
  await ready;
  server.close();
});
