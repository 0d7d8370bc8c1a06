import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { describe, expect, test } from "@jest/globals";
import {
  type Answers,
  connack,
  createFakeClock,
  eventually,
  message,
  type StandIn,
  startStandIn,
} from "@weir/testkit";
import type { Transport } from "../src/index.ts";
import { startTrial, TRANSPORTS } from "./fixture.ts";

/** A broker that does not answer at one step; a client's stop must not wait for it. */
const STEPS: [string, Answers][] = [
  ["while it connects", { connect: () => {} }],
  ["while it subscribes", { subscribe: () => {} }],
  ["while a publication is under way", { publish: () => {} }],
  ["when the broker has vanished without closing", { disconnect: () => {} }],
  ["while it is connected", {}],
];

/** For a process to start on a busy machine, and to end. */
const PROCESS_TIMEOUT_MS = 60_000;
/** So long a client waits for CONNACK: no stop may take as long. */
const CONNECT_MS = 10_000;

const SUBSCRIBED = { subscriptions: [{ filter: "b", qos: 1 as const }] };
const LAST_STEP: Record<string, string> = {
  "while it connects": "connect",
  "while it subscribes": "subscribe",
};

/** Waits until the client has taken the step before the one that gets no answer. */
async function untilStep({ peers }: StandIn, moment: string): Promise<void> {
  const step = LAST_STEP[moment] ?? "publish";
  await eventually(
    () => peers[0]?.received.some(({ cmd }) => cmd === step),
    PROCESS_TIMEOUT_MS / 2,
  );
}

describe.each(TRANSPORTS)("stopping a client by %s", (transport) => {
  test("before it was started does nothing", async () => {
    await using broker = await startStandIn();
    const process = startProcess(broker.url, transport, "unstarted");
    process.send("stop");
    expect(await once(process, "exit")).toEqual([0, null]);
    expect(broker.peers).toEqual([]);
  });

  test("ends its wait for the next attempt", async () => {
    await using broker = await startStandIn({ connect: (_, peer) => peer.send(connack(0x88)) });
    // This clock stands still: the wait has no other end.
    const trial = startTrial(broker.url, { transport, clock: createFakeClock() });
    await eventually(() => trial.states.includes("disconnected"));
    await trial[Symbol.asyncDispose]();
    expect(broker.peers).toHaveLength(1);
  });

  test.each(STEPS)(
    "%s leaves no socket, no timer and no rejection",
    async (moment, answers) => {
      await using broker = await startStandIn(answers);
      const process = startProcess(broker.url, transport, "started");
      await untilStep(broker, moment);
      const askedAtMs = performance.now();
      process.send("stop");
      // The process ends when nothing is left open, and with 1 after an unhandled rejection.
      expect(await once(process, "exit")).toEqual([0, null]);
      expect(performance.now() - askedAtMs).toBeLessThan(CONNECT_MS);
    },
    PROCESS_TIMEOUT_MS,
  );

  test("rejects what is still without an answer, and disconnects", async () => {
    await using broker = await startStandIn({ publish: () => {} });
    const trial = startTrial(broker.url, { transport });
    await eventually(() => trial.states.includes("connected"));
    const publication = trial.client.publish("a", "1", { qos: 1 });
    await Promise.all([
      expect(publication).rejects.toThrow("no answer from the broker"),
      trial[Symbol.asyncDispose](),
    ]);
  });

  test("waits for the answer to what is under way", async () => {
    await using broker = await startStandIn({ publish: () => {} });
    const trial = startTrial(broker.url, { transport });
    await eventually(() => trial.states.includes("connected"));
    const publication = trial.client.publish("a", "1", { qos: 1 });
    const stopped = trial[Symbol.asyncDispose]();
    const peer = await eventually(() => broker.peers[0]);
    const { messageId = 0 } = await eventually(() =>
      peer.received.find(({ cmd }) => cmd === "publish"),
    );
    peer.send({ cmd: "puback", messageId });
    await Promise.all([publication, stopped]);
    expect(peer.received.at(-1)?.cmd).toBe("disconnect");
  });

  test("calls back no more, even if a message asks for it before the client is connected", async () => {
    await using broker = await startStandIn({
      connect: (_, peer) => peer.send(connack(), message(1)),
    });
    const stopped = Promise.withResolvers<void>();
    const trial = startTrial(broker.url, {
      transport,
      onMessage: () => trial[Symbol.asyncDispose]().then(stopped.resolve, stopped.reject),
    });
    await stopped.promise;
    expect(trial.states).toEqual([]);
  });

  test("reports no outage, and is done at once a second time", async () => {
    await using broker = await startStandIn();
    const trial = startTrial(broker.url, { transport, ...SUBSCRIBED });
    await eventually(() => trial.states.includes("connected"));
    await trial[Symbol.asyncDispose]();
    await trial[Symbol.asyncDispose]();
    expect([trial.states, trial.warnings]).toEqual([["connected"], []]);
  });
});

function startProcess(
  url: string,
  transport: Transport,
  state: "started" | "unstarted",
): ChildProcess {
  return fork(new URL("./client-process.ts", import.meta.url), [url, transport, state], {
    execArgv: [],
  });
}
