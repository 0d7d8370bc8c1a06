import { existsSync, readdirSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import type { FleetRequest } from "@weir/device-agent/fleet";
import { forgetFleet, startFleet } from "@weir/device-agent/fleet";
import { EXIT_CODES, systemClock } from "@weir/runtime";
import {
  connectTestClient,
  createFakeClock,
  eventually,
  freePort,
  temporaryFolder,
} from "@weir/testkit";
import Sqlite from "better-sqlite3";
import { startProcess } from "./fixture.ts";

function requestFor(port: number, more: Partial<FleetRequest>): FleetRequest {
  return {
    broker: { url: `mqtt://127.0.0.1:${port}`, username: null, password: null },
    devices: 3,
    rate: 10,
    forMs: null,
    prefix: "devices",
    name: "fleet",
    seed: 1,
    ...more,
  };
}

/** A proxy to a broker that can refuse new connections, and keeps those that it has. */
async function startGate(target: number) {
  const gate = { refuses: false, refused: 0 };
  const server = createServer((socket) => {
    if (gate.refuses) {
      gate.refused += 1;
      socket.destroy();
      return;
    }
    const inside = connect(target, "127.0.0.1");
    socket.pipe(inside).pipe(socket);
    for (const one of [socket, inside]) one.on("error", () => inside.destroy());
  });
  const listening = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", () => listening.resolve());
  await listening.promise;
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it has no port");
  return Object.assign(gate, {
    port: address.port,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  });
}

describe("a fleet", () => {
  test("leaves nothing at the broker", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    await using client = await connectTestClient(broker.port, "devices/+/availability");
    const request = requestFor(broker.port, {});
    const onFault = (fault: unknown): never => {
      throw fault;
    };
    {
      const options = { request, folder: folder.path, onFault, clock: systemClock };
      await using fleet = startFleet(options);
      await eventually(() => fleet.counts().connected === 3);
    }
    await forgetFleet(request, systemClock);
    const cleared = () => client.received.filter(({ payload }) => payload.length === 0);
    await eventually(() => cleared().length === 3);
    await using latecomer = await connectTestClient(broker.port, "devices/+/availability");
    await client.publish("devices/other/availability", "online", { qos: 1 });
    await eventually(() => latecomer.received.length > 0);
    expect(latecomer.received.map(({ topic }) => topic)).toEqual(["devices/other/availability"]);
  });

  test("is so many devices, each with its own states", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    await using client = await connectTestClient(broker.port, "devices/+/state");
    await using fleet = startFleet({
      request: requestFor(broker.port, {}),
      folder: folder.path,
      onFault: (fault) => {
        throw fault;
      },
      clock: systemClock,
    });
    const speakers = () => new Set(client.received.map(({ topic }) => topic));
    await eventually(() => speakers().size === 3);
    expect([...speakers()].sort()).toEqual([
      "devices/fleet-1/state",
      "devices/fleet-2/state",
      "devices/fleet-3/state",
    ]);
    expect(fleet.counts()).toMatchObject({ connected: 3, commands: 0 });
  });

  test("counts connected devices as connected while others are refused", async () => {
    using folder = temporaryFolder();
    const clock = createFakeClock();
    await using broker = await startBroker();
    await using gate = await startGate(broker.port);
    await using fleet = startFleet({
      // Twenty begin at once; the last one comes a moment later.
      request: requestFor(gate.port, { devices: 21, rate: 0.1 }),
      folder: folder.path,
      onFault: (fault) => {
        throw fault;
      },
      clock,
    });
    clock.advance(50);
    await eventually(() => fleet.counts().connected === 20);
    gate.refuses = true;
    // In two versions of MQTT at each attempt: after the third report of the first attempt.
    await eventually(() => {
      clock.advance(50);
      return gate.refused >= 3;
    });
    expect(fleet.counts().connected).toBe(20);
  });
});

describe("weir fleet", () => {
  test("ends when the journal of its devices fails", async () => {
    using folder = temporaryFolder();
    const port = await freePort();
    const argv = ["fleet", "--devices", "1", "--broker", `mqtt://127.0.0.1:${port}`];
    const { child, ended } = startProcess(argv, {
      cwd: folder.path,
      env: { TMPDIR: folder.path },
    });
    using _child = { [Symbol.dispose]: () => child.kill("SIGKILL") };
    await eventually(() => damageJournal(folder.path));
    // What is connected reads its acks.
    await using _broker = await startBroker({ port });
    await eventually(() => child.exitCode !== null, 10_000);
    expect(await ended).toMatchObject({
      code: EXIT_CODES.cannotCreate,
      err: expect.stringContaining("journal.db"),
    });
    expect(readdirSync(folder.path)).toEqual([]);
  });
});

/** Takes its acks from the journal of a fleet that has its temporary folder in `parent`. */
function damageJournal(parent: string): boolean {
  const [name] = readdirSync(parent).filter((entry) => entry.startsWith("weir-fleet-"));
  if (name === undefined) return false;
  const file = join(parent, name, "journal.db");
  if (!existsSync(file)) return false;
  const journal = new Sqlite(file, { fileMustExist: true });
  try {
    journal.exec("DROP TABLE acks");
  } finally {
    journal.close();
  }
  return true;
}
