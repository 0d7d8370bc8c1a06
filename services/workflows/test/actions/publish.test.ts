import { expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { connectTestClient, eventually } from "@weir/testkit";
import { publishPerformer } from "../../src/actions/publish.ts";

const MESSAGE = {
  kind: "publish",
  topic: "alarm/hall",
  payload: "on",
  qos: 1,
  retain: true,
} as const;
const { signal } = new AbortController();
const ATTEMPT = { key: "7f-1", attempt: 1, signal, handOver: () => {} };

test("a message arrives at the broker, which keeps it", async () => {
  await using broker = await startBroker();
  await using client = await connectTestClient(broker.port);
  const perform = publishPerformer(client.publish);
  expect(await perform(MESSAGE, ATTEMPT)).toEqual({ isDone: true, result: null });
  await using later = await connectTestClient(broker.port, "alarm/#");
  await eventually(() => later.received.length === 1);
  expect(later.received[0]).toMatchObject({ topic: "alarm/hall", retained: true });
});

test("while the broker is away it is tried again, and a stop ends the wait", async () => {
  const away = publishPerformer(async () => {
    throw new Error("not connected");
  });
  expect(await away(MESSAGE, ATTEMPT)).toEqual({
    problem: "the broker has not taken it: not connected",
    retryInMs: null,
  });
  const stopping = new AbortController();
  const hanging = publishPerformer(() => new Promise(() => {}));
  const publishing = hanging(MESSAGE, { ...ATTEMPT, signal: stopping.signal });
  stopping.abort(new Error("stop"));
  await expect(publishing).rejects.toThrow("stop");
});
