import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { decodeState } from "@weir/protocol";
import { BARE_ENVIRONMENT, eventually, temporaryFolder } from "@weir/testkit";
import { startLoggerAt, storedMessages } from "../chain.ts";
import { connectLosantClient } from "./losant-client.ts";

const DEVICE = { id: "575ecf887ae143cd83dc4aa2", key: "access-key", secret: "secret" };
const OBSERVED_MS = Date.UTC(2026, 10, 20, 12, 30, 15, 250);
const TIMEOUT_MS = 60_000;

/** Each way in which Losant's documentation lets a client say when. */
const TIMES: readonly [form: string, time: unknown][] = [
  ["epoch milliseconds", OBSERVED_MS],
  ["ISO 8601", new Date(OBSERVED_MS).toISOString()],
  ["a $date", { $date: new Date(OBSERVED_MS).toISOString() }],
];

/** `weir command …`, against this broker; it waits for an answer until it is disposed of. */
function sendCommand(port: number, ...args: string[]): AsyncDisposable {
  const main = resolve("weir/src/main.ts");
  const child = spawn(process.execPath, [main, "command", ...args], {
    // Without the .env of a developer.
    cwd: tmpdir(),
    stdio: "ignore",
    env: { ...BARE_ENVIRONMENT, BROKER: `127.0.0.1:${port}` },
  });
  const ended = once(child, "exit");
  return {
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

describe("a program made for Losant's platform", () => {
  test.each(TIMES)(
    "reports its state with the time as %s",
    async (_, time) => {
      using folder = temporaryFolder();
      await using broker = await startBroker();
      await using _logger = await startLoggerAt(broker.port, folder);
      await using client = await connectLosantClient(broker.port, DEVICE);
      await client.sendState({ temperature: 21.5, "drive-space-used": 19.1, label: "oven" }, time);

      const [state] = await eventually(async () => {
        const stored = await storedMessages(folder, `losant/${DEVICE.id}/state`);
        return stored.length > 0 ? stored : null;
      });
      const times = { receivedUs: state?.receivedUs ?? 0, skewUs: 0 };
      expect(decodeState(state?.payload ?? Buffer.alloc(0), times)).toEqual({
        observedUs: OBSERVED_MS * 1_000,
        readings: [
          { attribute: "temperature", value: 21.5 },
          { attribute: "drive-space-used", value: 19.1 },
        ],
      });
    },
    TIMEOUT_MS,
  );

  test(
    "gets its commands in the form that it knows",
    async () => {
      await using broker = await startBroker();
      await using client = await connectLosantClient(broker.port, DEVICE);
      const options = ["--prefix", "losant"];
      await using _sending = sendCommand(
        broker.port,
        DEVICE.id,
        "set_led",
        '{"on":true}',
        ...options,
      );
      const command = await eventually(() => client.commands[0], TIMEOUT_MS);
      expect(command).toMatchObject({ name: "set_led", payload: { on: true } });
      expect(Math.abs(command.time.getTime() - Date.now())).toBeLessThan(TIMEOUT_MS);
    },
    TIMEOUT_MS,
  );
});
