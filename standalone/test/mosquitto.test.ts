import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, jest, test } from "@jest/globals";
import { createReconnectingClient, type InboundMessage } from "@weir/mqtt";
import { systemClock } from "@weir/runtime";
import {
  connectTestClient,
  createTestContext,
  eventually,
  freePort,
  hasDocker,
  startMosquitto,
  type TemporaryFolder,
  temporaryFolder,
} from "@weir/testkit";
import { chooseBroker } from "../src/broker-choice.ts";
import { findMosquitto } from "../src/mosquitto.ts";
import { mosquittoConf } from "../src/mosquitto-conf.ts";
import { areGone, hasSaid, hasTable, PATIENT, startSuite } from "./fixture.ts";

jest.setTimeout(300_000);

const COMPOSE = readFileSync("mosquitto/mosquitto.conf", "utf8");
const PATH = process.env.PATH ?? "";

/** A PATH that finds this program of that name first. */
function pathTo(folder: TemporaryFolder, make: (program: string) => void): string {
  const bin = folder.file("bin");
  mkdirSync(bin, { recursive: true });
  make(join(bin, "mosquitto"));
  return `${bin}:${PATH}`;
}

function script(...lines: readonly string[]) {
  return (program: string): void => {
    writeFileSync(program, `#!/bin/sh\n${lines.join("\n")}\n`);
    chmodSync(program, 0o755);
  };
}

/** Which broker is chosen with such a program on the PATH. */
async function choiceWith(
  make: (program: string) => void,
  wanted: "auto" | "mosquitto" | "aedes" = "auto",
) {
  using folder = temporaryFolder();
  const path = pathTo(folder, make);
  const { part, sentence } = await chooseBroker(
    { kind: "own", port: 1, wanted, folder: folder.file("data/mosquitto") },
    path,
  );
  return { part, sentence: sentence.replaceAll(folder.path, "") };
}

describe("a program named mosquitto on the PATH", () => {
  const AEDES =
    ", so the broker is aedes, in memory: it has no MQTT 5, and when it restarts, sessions and what waits in them are lost.";

  test.each([
    ["another program", ["echo hello"], "does not say that it is Mosquitto"],
    [
      "one that writes without end",
      ["while :; do echo mosquitto; done"],
      "does not say that it is Mosquitto",
    ],
    [
      "an old Mosquitto",
      ["echo mosquitto version 1.6.9", "exit 3"],
      "is Mosquitto 1.6.9, older than 2.0",
    ],
    [
      "one that may not read its configuration",
      [
        '[ "$1" = -h ] && echo "mosquitto version 2.0.18" && exit 3',
        'echo "Error: Unable to open config file" >&2',
        "exit 3",
      ],
      "ended with code 3: Error: Unable to open config file",
    ],
  ])("is passed over: %s", async (_what, lines, reason) => {
    const { part, sentence } = await choiceWith(script(...lines));
    expect(part.main).toMatch(/broker-main\.ts$/);
    expect(sentence).toBe(`/bin/mosquitto ${reason}${AEDES}`);
  });

  test("is not asked where aedes is wanted", async () => {
    const { sentence } = await choiceWith(script("exit 1"), "aedes");
    expect(sentence).toBe(`BROKER_KIND is aedes${AEDES}`);
  });

  test("ends the suite with 69 where Mosquitto is wanted and it is something else", async () => {
    using folder = temporaryFolder();
    const environment = { PATH: pathTo(folder, script("echo hello")), BROKER_KIND: "mosquitto" };
    await using suite = await startSuite({ folder: folder.path, environment });
    expect(await suite.ended).toBe(69);
    expect(suite.said()).toContain("does not say that it is Mosquitto");
    expect(suite.said()).toContain("set BROKER_KIND to auto or aedes");
  });

  test("that is something else leaves the suite with aedes, and it says what that lacks", async () => {
    using folder = temporaryFolder();
    const environment = { PATH: pathTo(folder, script("echo hello")), BROKER_KIND: "auto" };
    await using suite = await startSuite({ folder: folder.path, environment, program: PATIENT });
    await hasTable(suite);
    expect(suite.said()).toContain("so the broker is aedes, in memory: it has no MQTT 5");
  });

  test.each([
    ["2.0.11", null],
    ["2.1.2", "lib/mosquitto_persist_sqlite.so"],
    ["3.0", "lib/mosquitto_persist_sqlite.so"],
  ])("keeps its sessions in SQLite from 2.1 on: %s", (version, plugin) => {
    using folder = temporaryFolder();
    mkdirSync(folder.file("lib"));
    writeFileSync(folder.file("lib/mosquitto_persist_sqlite.so"), "");
    const path = pathTo(folder, script(`echo mosquitto version ${version}`));
    expect(findMosquitto(path)).toEqual({
      program: folder.file("bin/mosquitto"),
      version,
      plugin: plugin === null ? null : folder.file(plugin),
    });
  });
});

describe("the configuration of a Mosquitto without a container", () => {
  const place = { port: 1_999, folder: "/home/me/data/mosquitto" };
  const limits = COMPOSE.split("\n").filter((line) => /^(max|persistent)_/.test(line));

  test("has the limits of Compose's, this machine's listener, and its own folder", () => {
    const lines = mosquittoConf(COMPOSE, { ...place, plugin: "/usr/lib/p.so" }).split("\n");
    expect(limits).toHaveLength(5);
    expect(lines).toEqual(
      expect.arrayContaining([
        ...limits,
        "listener 1999 127.0.0.1",
        "plugin /usr/lib/p.so",
        "plugin_opt_flush_period 0",
        "persistence_location /home/me/data/mosquitto/",
        "log_dest topic",
      ]),
    );
    expect(lines.filter((line) => /^(listener|plugin|persistence)\b/.test(line))).toHaveLength(2);
  });

  test("writes at each change where there is no plugin", () => {
    const lines = mosquittoConf(COMPOSE, { ...place, plugin: null }).split("\n");
    expect(lines).toEqual(
      expect.arrayContaining([
        ...limits,
        "persistence true",
        "autosave_on_changes true",
        "autosave_interval 1",
      ]),
    );
    expect(lines.filter((line) => line.startsWith("plugin"))).toEqual([]);
  });

  (hasDocker() ? test : test.skip)("is one that Mosquitto 2.1 takes", async () => {
    const plugin = "/usr/lib/mosquitto_persist_sqlite.so";
    const configuration = mosquittoConf(COMPOSE, {
      port: 1_883,
      folder: "/mosquitto/data",
      plugin,
    });
    // It is ready when a client inside has connected.
    await using mosquitto = await startMosquitto({ configuration });
    await mosquitto.restart();
  });
});

/** Mosquitto on this machine. In CI its absence is an error. */
function installed(): string | null {
  const found = findMosquitto(PATH);
  if ("program" in found) return found.program;
  if (process.env.CI === "true") throw new Error(`${found.problem}, and CI needs one`);
  process.stderr.write(`\n*** SKIPPED: npm start with Mosquitto; ${found.problem} ***\n\n`);
  return null;
}

const program = installed();
(program === null ? describe.skip : describe)("the suite with a Mosquitto of this machine", () => {
  async function start(folder: TemporaryFolder) {
    const port = await freePort();
    const environment = {
      PATH: pathTo(folder, (link) => symlinkSync(program ?? "", link)),
      BROKER_KIND: "mosquitto",
      BROKER_PORT: String(port),
    };
    const suite = await startSuite({ folder: folder.path, environment, program: PATIENT });
    return { suite, port };
  }
  const pidOf = (folder: TemporaryFolder): number =>
    Number(readFileSync(folder.file("data/mosquitto/mosquitto.pid"), "utf8"));

  /** A client by MQTT 5 with a session of an hour; what it receives. */
  function connect(port: number) {
    const received: InboundMessage[] = [];
    const versions: number[] = [];
    const client = createReconnectingClient({
      broker: { url: `mqtt://127.0.0.1:${port}`, username: null, password: null },
      clientId: "home",
      session: { kind: "persistent", expirySeconds: 3_600 },
      subscriptions: [{ filter: "home/#", qos: 1 }],
      onMessage: (message) => received.push(message),
      onConnected: ({ protocolVersion }) => versions.push(protocolVersion),
      clock: systemClock,
      logger: createTestContext().logger,
    });
    client.start();
    return { received, versions, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
  }

  test("has MQTT 5, and keeps a session and its messages through a kill of the broker", async () => {
    using folder = temporaryFolder();
    const { suite, port } = await start(folder);
    await using _suite = suite;
    await hasTable(suite);
    expect(suite.said()).toMatch(/the broker is Mosquitto 2\.\d/);
    {
      await using client = connect(port);
      await eventually(() => client.versions.length > 0);
      expect(client.versions).toEqual([5]);
    }
    await using sender = await connectTestClient(port);
    await sender.publish("home/door", "open", { qos: 1 });
    // Mosquitto 2.0 writes a message after its PUBACK, and before it takes the next one.
    await sender.publish("home/window", "open", { qos: 1 });
    const killed = pidOf(folder);
    process.kill(killed, "SIGKILL");
    await hasSaid(suite, "broker ended with code 69; starting it again in 1 s.");
    await using client = connect(port);
    await eventually(() => client.received.length > 0, 60_000);
    expect(client.received[0]?.topic).toBe("home/door");

    const pid = pidOf(folder);
    expect(pid).not.toBe(killed);
    suite.child.kill("SIGTERM");
    expect(await suite.ended).toBe(0);
    expect(areGone([pid])).toBe(true);
  });

  test("leaves no Mosquitto when it is killed, nor when only the process beside it is", async () => {
    using folder = temporaryFolder();
    const { suite } = await start(folder);
    await using _suite = suite;
    await hasTable(suite);
    const first = pidOf(folder);
    process.kill(suite.part("mosquitto"), "SIGKILL");
    await hasSaid(suite, "broker was ended by SIGKILL; starting it again in 1 s.");
    await eventually(() => areGone([first]) && pidOf(folder) !== first, 60_000);

    const pids = [pidOf(folder), ...Object.values(suite.parts())];
    suite.child.kill("SIGKILL");
    await suite.ended;
    await eventually(() => areGone(pids), 60_000);
  });
});
