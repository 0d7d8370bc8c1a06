import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { PAYLOAD_BYTES_MAX } from "@weir/protocol";
import { connectTestClient, eventually, hasDocker } from "@weir/testkit";
import { type Compose, createCompose } from "./compose.ts";

const START_TIMEOUT_MS = 300_000;
const TEST_TIMEOUT_MS = 180_000;
const DEPTH = 10_000;

/** A valid reading of 6, filled up with spaces to so many bytes. */
function padded(bytes: number): Buffer {
  const payload = Buffer.alloc(bytes, " ");
  payload.write(`{"number":6,"epochtime":${Date.now() / 1_000}}`);
  return payload;
}

const RUBBISH: readonly [payload: string | Buffer, reason: string][] = [
  ["", "empty message"],
  ['{"number":4', "not JSON"],
  [`${"[".repeat(DEPTH)}${"]".repeat(DEPTH)}`, "not a JSON object"],
  [`{"number":${'{"a":'.repeat(DEPTH)}1${"}".repeat(DEPTH)}}`, "number unreadable"],
  ['{"number":NaN}', "number unreadable"],
  ['{"number":"NaN"}', "number unreadable"],
  ['{"number":1e999}', "number out of range"],
  [Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), "not UTF-8"],
  ['{"__proto__":{"number":7}}', "number missing"],
  [padded(PAYLOAD_BYTES_MAX + 1), "payload too large"],
  [Buffer.alloc(PAYLOAD_BYTES_MAX, "x"), "not JSON"],
];

const inDocker = hasDocker() ? describe : describe.skip;

inDocker("rubbish on DATA between valid readings", () => {
  let compose: Compose;

  beforeAll(async () => {
    compose = await createCompose("rubbish");
    // Without the publisher, so that the test knows every row.
    await compose.run("up", "--build", "--detach", "--wait", "stats");
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await compose[Symbol.asyncDispose]();
  }, TEST_TIMEOUT_MS);

  test(
    "is stored and marked, leaves the averages right and every process running",
    async () => {
      const reading = (number: number): string =>
        JSON.stringify({ number, epochtime: String(Math.floor(Date.now() / 1_000)) });
      await using publisher = await connectTestClient(compose.brokerPort);
      const expected: string[] = [];
      for (const [payload, reason] of RUBBISH) {
        await publisher.publish("DATA", payload, { qos: 1 });
        await publisher.publish("DATA", reading(3), { qos: 1 });
        expected.push(reason, "");
      }
      await publisher.publish("DATA", padded(PAYLOAD_BYTES_MAX), { qos: 1 });
      expected.push("");

      const reasons = await eventually(async () => {
        const rows = await compose.query<{ reason: string }>(
          "SELECT reason FROM explained ORDER BY id",
        );
        return rows.length >= expected.length && rows.map(({ reason }) => reason);
      }, TEST_TIMEOUT_MS);
      expect(reasons).toEqual(expected);
      const [stored] = await compose.query<{ bytes: number; average: number }>(
        "SELECT max(length(payload)) AS bytes, avg(value) AS average FROM rows",
      );
      const valid = RUBBISH.length + 1;
      expect(stored).toEqual({
        bytes: PAYLOAD_BYTES_MAX + 1,
        average: (3 * (valid - 1) + 6) / valid,
      });

      await eventually(async () => (await compose.verify()) >= expected.length, TEST_TIMEOUT_MS);
      const restarts = [...(await compose.containers())].map(([service, state]) => [
        service,
        state.restarts,
      ]);
      expect(Object.fromEntries(restarts)).toEqual({ weir: 0, mosquitto: 0, logger: 0, stats: 0 });
    },
    TEST_TIMEOUT_MS,
  );
});
