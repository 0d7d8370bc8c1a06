import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { parseCommandAck } from "@weir/protocol";
import { systemClock } from "@weir/runtime";
import {
  connectTestClient,
  createFakeClock,
  eventually,
  startFaultProxy,
  type TestClient,
  temporaryFolder,
} from "@weir/testkit";
import { COMMAND_TOPIC, connectHandler, ECHO, startTrial } from "./fixture.ts";

function acksOf(client: TestClient): string[] {
  return client.received.map(({ payload }) => {
    const ack = parseCommandAck(payload);
    return `${ack?.id} ${ack?.status}`;
  });
}

const command = (id: string) => JSON.stringify({ id, name: "echo", issuedAt: Date.now() });

describe("a handler at a broker", () => {
  test("sends each status in order, and removes it from the journal when the broker has it", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    await using client = await connectTestClient(broker.port, `${COMMAND_TOPIC}/ack`);
    await using trial = startTrial({ folder, clock: systemClock });
    await using _link = await connectHandler(trial.handler, broker.port);
    for (const id of ["a", "b"]) await client.publish(COMMAND_TOPIC, command(id), { qos: 1 });
    await eventually(() => acksOf(client).includes("b done"));
    for (const id of ["a", "b"]) {
      expect(acksOf(client).filter((ack) => ack.startsWith(id))).toEqual([
        `${id} received`,
        `${id} running`,
        `${id} done`,
      ]);
    }
    await eventually(() => trial.acks().length === 0);
    expect(trial.faults).toEqual([]);
  });

  test("sends after an outage what it could not send before", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    await using client = await connectTestClient(broker.port, `${COMMAND_TOPIC}/ack`);
    await using trial = startTrial({ folder, clock: systemClock });
    trial.hand(JSON.parse(command("a")));
    await trial.ended("a");
    await using _link = await connectHandler(trial.handler, broker.port);
    await eventually(() => acksOf(client).includes("a done"));
    expect(acksOf(client)).toEqual(["a received", "a running", "a done"]);
  });

  test("sends again what a lost connection has left without an answer", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    await using proxy = await startFaultProxy({ target: { host: "127.0.0.1", port: broker.port } });
    await using client = await connectTestClient(broker.port, `${COMMAND_TOPIC}/ack`);
    await using trial = startTrial({ folder, clock: systemClock });
    await using _link = await connectHandler(trial.handler, proxy.port);
    // The acks go out, and no PUBACK comes back.
    proxy.impose({ kind: "half-open", dead: "down" });
    trial.hand(JSON.parse(command("a")));
    await eventually(() => acksOf(client).includes("a received"));
    expect(trial.statuses("a")).toContain("received");
    proxy.reset();
    proxy.release();
    await eventually(() => trial.acks().length === 0);
    await eventually(() => acksOf(client).includes("a done"));
    expect(acksOf(client).filter((ack) => ack === "a received").length).toBeGreaterThan(1);
  });

  test("sends the result of a command that its own end has caused", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    await using client = await connectTestClient(broker.port, `${COMMAND_TOPIC}/ack`);
    const trial = startTrial({
      folder,
      clock: systemClock,
      commands: [
        {
          ...ECHO,
          run: (_, { signal }) =>
            new Promise((_resolve, reject) => {
              signal.addEventListener("abort", () => reject(signal.reason));
            }),
        },
      ],
    });
    const link = await connectHandler(trial.handler, broker.port);
    await client.publish(COMMAND_TOPIC, command("a"), { qos: 1 });
    await eventually(() => acksOf(client).includes("a running"));
    await trial[Symbol.asyncDispose]();
    await link[Symbol.asyncDispose]();
    await eventually(() => acksOf(client).includes("a failed"));
  });
});

describe("an ack that the broker refuses", () => {
  const refusal = Object.assign(new Error("Not authorized"), { code: 0x87 });

  test("blocks no other one, and is dropped after three times", async () => {
    using folder = temporaryFolder();
    const clock = createFakeClock();
    await using trial = startTrial({ folder, clock });
    trial.hand({ id: "a", name: "echo" });
    await trial.ended("a");
    const statuses: string[] = [];
    let refused = 0;
    trial.handler.connected({
      publish: async (_, payload) => {
        const { status } = JSON.parse(String(payload));
        if (status === "running") {
          refused += 1;
          throw refusal;
        }
        statuses.push(status);
      },
    });
    await eventually(() => trial.acks().length === 1);
    expect(statuses).toEqual(["received", "done"]);
    clock.advance(10_000);
    // The broker's answer comes a turn later.
    await nextTurn();
    expect(refused).toBe(2);
    clock.advance(10_000);
    await eventually(() => trial.acks().length === 0);
    expect(refused).toBe(3);
    expect(trial.log.at(-1)).toEqual({
      level: "warn",
      message: "the broker refused an ack on devices/kitchen/command/ack 3 times; it is dropped",
      details: { id: "a", command: "echo", status: "running" },
    });
  });

  test("on a response topic alone is still sent on the ack topic", async () => {
    using folder = temporaryFolder();
    await using trial = startTrial({ folder });
    trial.hand({ id: "a", name: "echo" }, { responseTopic: "answers/me" });
    await trial.ended("a");
    const topics: string[] = [];
    trial.handler.connected({
      publish: async (topic) => {
        topics.push(topic);
        if (topic === "answers/me") throw refusal;
      },
    });
    await eventually(() => trial.acks().length === 0);
    expect(topics.filter((topic) => topic === `${COMMAND_TOPIC}/ack`)).toHaveLength(3);
  });
});
