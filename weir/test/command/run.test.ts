import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { createServer } from "node:tls";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { type Broker, startBroker } from "@weir/broker";
import { Refusal } from "@weir/device-agent";
import {
  COMMAND_TOPIC,
  commandOf,
  connectHandler,
  ECHO,
  startTrial,
} from "@weir/device-agent/testing";
import { type Clock, systemClock } from "@weir/runtime";
import {
  connectTestClient,
  createFakeClock,
  createTestCertificate,
  eventually,
  freePort,
  hasDocker,
  startMosquitto,
  temporaryFolder,
} from "@weir/testkit";
import { startHere, startProcess } from "../fixture.ts";

// Processes are started, some of them one after the other.
jest.setTimeout(180_000);

const COMMANDS = [
  ECHO,
  commandOf("break", async () => {
    throw new Error("no such pin");
  }),
  commandOf("refuse", async () => {
    throw new Refusal("too hot");
  }),
  commandOf("forever", () => new Promise(() => {})),
  commandOf("describe", async () => ({
    commands: [
      { name: "echo", summary: "Says it again.", payload: { $schema: "x", type: "number" } },
      "short",
    ],
  })),
];

let broker: Broker;
beforeAll(async () => {
  broker = await startBroker();
});
afterAll(async () => await broker[Symbol.asyncDispose]());

interface Place {
  port?: number;
  clock?: Clock;
}

function start(argv: readonly string[], { port = broker.port, clock = systemClock }: Place = {}) {
  const environment = { BROKER: `127.0.0.1:${port}` };
  const { out, err, ended } = startHere(["command", ...argv], { environment, clock });
  return {
    lines: () => linesOf(out()),
    err,
    ended: ended.then(({ code, out, err }) => ({ code, out: linesOf(out), err })),
  };
}

const run = (argv: readonly string[], place?: Place) => start(argv, place).ended;

const linesOf = (text: string): string[] => text.split("\n").slice(0, -1);

/** On a clock that stands still until all has come that will come; then the minute is over. */
async function runOutOfTime(argv: readonly string[], hasCome: (out: readonly string[]) => boolean) {
  // The device has the hour of this machine.
  const clock = createFakeClock(Date.now());
  const { lines, ended } = start(argv, { clock });
  await eventually(() => hasCome(lines()));
  clock.advance(60_000);
  return await ended;
}

async function startKitchen(port = broker.port) {
  const opened = new AsyncDisposableStack();
  const folder = opened.use(temporaryFolder());
  const trial = startTrial({ folder, commands: COMMANDS, clock: systemClock });
  const link = await connectHandler(trial.handler, port);
  opened.use(trial);
  opened.use(link);
  return opened;
}

describe("weir command", () => {
  test("shows the life of a command, and ends with it", async () => {
    await using _kitchen = await startKitchen();
    const { code, out } = await run(["kitchen", "echo", '{"pins":[1]}', "--id", "show-1"]);
    expect(out).toEqual(["id        show-1", "received", "running", 'done      {"pins":[1]}']);
    expect(code).toBe(0);
  });

  test.each([
    [["break"], 1, "failed    no such pin"],
    [["refuse"], 4, "rejected  too hot"],
    [["dance"], 4, "rejected  there is no command dance; describe lists them"],
  ] as const)("distinguishes the other outcomes: %j", async (argv, expected, last) => {
    await using _kitchen = await startKitchen();
    const { code, out } = await run(["kitchen", ...argv]);
    expect(out.at(-1)).toBe(last);
    expect(code).toBe(expected);
  });

  test("says that the id was there before", async () => {
    await using _kitchen = await startKitchen();
    await run(["kitchen", "echo", "--id", "twice"]);
    const { code, out } = await run(["kitchen", "echo", "--id", "twice"]);
    expect(out.at(-1)).toBe('duplicate {"first":"done"}');
    expect(code).toBe(6);
  });

  test("prints acks as JSON lines", async () => {
    await using _kitchen = await startKitchen();
    const { out } = await run(["kitchen", "echo", "5", "--json"]);
    expect(out.map((line) => JSON.parse(line).status)).toEqual(["received", "running", "done"]);
  });

  test("lists the commands of the device", async () => {
    await using _kitchen = await startKitchen();
    const { code, out } = await run(["kitchen"]);
    expect(out).toEqual(["echo", "    Says it again.", '    payload: {"type":"number"}', "short"]);
    expect(code).toBe(0);
  });

  test("says how far a command has come that does not end in time", async () => {
    await using _kitchen = await startKitchen();
    const { code, err } = await runOutOfTime(["kitchen", "forever"], (out) =>
      out.some((line) => line.startsWith("running")),
    );
    expect(err).toContain("it is running, and the device has not reported its end");
    expect(err).toContain("devices/kitchen is online");
    expect(code).toBe(7);
  });

  test("says that the device is offline", async () => {
    await using client = await connectTestClient(broker.port);
    await client.publish("devices/cellar/availability", "offline", { qos: 1, retain: true });
    await using sent = await connectTestClient(broker.port, "devices/cellar/command");
    const { code, err } = await runOutOfTime(["cellar", "echo"], () => sent.received.length > 0);
    expect(err).toMatch(/no answer within 1m: devices\/cellar is offline/);
    expect(code).toBe(7);
  });

  test("says at once that the device is offline, and goes on waiting", async () => {
    await using device = await connectTestClient(broker.port, "devices/barn/command");
    await device.publish("devices/barn/availability", "offline", { qos: 1, retain: true });
    // The clock stands still, so it is not the time-out that says it.
    const { err, ended } = start(["barn", "echo"], { clock: createFakeClock(Date.now()) });
    await eventually(() => err() !== "");
    expect(err()).toBe(
      "weir command: devices/barn is offline, and since when is not known; waiting 1m for its answer\n",
    );
    await eventually(() => device.received.length > 0);
    const { id, name } = JSON.parse(String(device.received[0]?.payload));
    const ack = JSON.stringify({ id, name, status: "done", at: 1 });
    await device.publish("devices/barn/command/ack", ack, { qos: 1 });
    expect(await ended).toMatchObject({ code: 0, err: err() });
  });

  test("says that the device has never reported that it is there", async () => {
    await using sent = await connectTestClient(broker.port, "devices/attic/command");
    const { code, err } = await runOutOfTime(["attic", "echo"], () => sent.received.length > 0);
    expect(err).toContain("devices/attic has never reported that it is there");
    expect(code).toBe(7);
  });

  test("says that there is no broker", async () => {
    const { code, err } = await run(["kitchen", "echo"], { port: await freePort() });
    expect(err).toMatch(/no connection to mqtt:.*Is it running/s);
    expect(code).toBe(69);
  });

  test("says what to do about a broker whose certificate is not trusted", async () => {
    const { certificate, key } = createTestCertificate({ name: "stranger", hosts: ["127.0.0.1"] });
    const server = createServer({ cert: certificate, key });
    // A client that does not trust it closes the connection in the middle.
    server.on("tlsClientError", () => {});
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const { code, err } = await run(["kitchen", "echo", "--broker", `mqtts://127.0.0.1:${port}`]);
    server.close();
    expect(err).toMatch(/no connection to mqtts:.*BROKER_CA_FILE/s);
    expect(code).toBe(69);
  });

  test("sends what devices of another platform understand, too", async () => {
    await using device = await connectTestClient(broker.port, "losant/kitchen/command");
    const { code } = await runOutOfTime(
      ["kitchen", "echo", "5", "--prefix", "losant"],
      () => device.received.length > 0,
    );
    const sent = JSON.parse(String(device.received[0]?.payload));
    expect(sent).toMatchObject({ name: "echo", payload: 5 });
    expect(sent.time.$date).toBe(new Date(sent.issuedAt).toISOString());
    expect(sent.expiresAt - sent.issuedAt).toBe(60_000);
    expect(code).toBe(7);
  });
});

describe("weir command, as a process", () => {
  const start = (...args: string[]) =>
    startProcess(["command", ...args], {
      // Without the .env of a developer.
      cwd: tmpdir(),
      env: { BROKER: `127.0.0.1:${broker.port}` },
    });

  test("ends with the code of the outcome", async () => {
    await using _kitchen = await startKitchen();
    expect(await start("kitchen", "break").ended).toMatchObject({
      code: 1,
      out: expect.stringContaining("failed    no such pin"),
      err: "",
    });
  });

  test("ends with Ctrl-C", async () => {
    await using device = await connectTestClient(broker.port, COMMAND_TOPIC);
    const { child, ended } = start("kitchen", "echo");
    await eventually(() => device.received.length > 0);
    child.kill("SIGINT");
    expect(await ended).toMatchObject({
      code: 130,
      err: expect.stringContaining("not taken back"),
    });
  });

  test("explains itself, and what is wrong", async () => {
    const help = await start("--help").ended;
    expect(help.code).toBe(0);
    expect(help.out).toContain("Exit codes: 0 done, 1 failed, 3 expired, 4 rejected");
    const wrong = await start("kitchen", "echo", "--broker", "mqtt://me:sesame@x").ended;
    expect(wrong).toMatchObject({ code: 78, err: expect.stringContaining("BROKER_PASSWORD") });
  });
});

(hasDocker() ? describe : describe.skip)("weir command at a broker with rights", () => {
  test("says what the broker refuses", async () => {
    await using mosquitto = await startMosquitto({
      configuration: "listener 1883\nallow_anonymous true\nacl_file /mosquitto/config/rights\n",
      files: { rights: "topic read #\n" },
    });
    const { code, err } = await run(["kitchen", "echo"], { port: mosquitto.port });
    expect(err).toMatch(/refused it: .*not authorized/i);
    expect(err).toContain("In the secured suite only an operator sends commands");
    expect(code).toBe(77);
  }, 60_000);
});
