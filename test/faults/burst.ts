import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connectTestClient, holdsWithin } from "@weir/testkit";
import { createBrokerProcess, createPart, findBroker } from "./processes.ts";
import type { Scenario } from "./scenario.ts";
import { startVerifier } from "./verifier.ts";

/** Together more than both buffers of a socket and the 1,000 messages behind it that Mosquitto keeps by default. */
const BURST_MESSAGES = 15_000;
const PAD = "x".repeat(700);
const EPOCH = "0123456789abcdef0123456789abcdef";
const LOGGER_MAIN = fileURLToPath(new URL("../../services/logger/src/main.ts", import.meta.url));
const STARTS_WITHIN_MS = 120_000;
const STORED_WITHIN_MS = 60_000;
const AT_LEAST_ONCE = { qos: 1, retain: false } as const;
/** What the client says when it asks for messages that were left out. */
const REPAIR = /may have left out messages/g;

/** Without an outbox: only the broker can bring again what it dropped. */
export const burst: Scenario = {
  name: "burst",
  summary: `the logger stands still while ${BURST_MESSAGES} messages without an outbox come at once; Mosquitto has its default limits`,
  cycles: 20,
  shortCycles: 2,
  obstacle: () => (findBroker() === "aedes" ? "it needs Mosquitto" : null),
  run: async (run) => {
    const { cycles, folder, random, signal, brokerKind: kind } = run;
    const store = `${folder}/weir.db`;
    await using broker = await createBrokerProcess({ kind, folder });
    await broker.start();
    await using verifier = startVerifier();
    await using logger = createPart({
      name: "logger",
      main: LOGGER_MAIN,
      folder,
      environment: {
        BROKER: `127.0.0.1:${broker.port}`,
        DB_FILE: store,
        LOGGER_HTTP_PORT: "0",
        LOGGER_RETENTION_MINUTES: "1440",
      },
    });
    logger.start();
    await using client = await connectTestClient(broker.port);
    const publish = (number: number): Promise<void> =>
      client.publish("DATA", payloadOf(number), AT_LEAST_ONCE);
    const isSubscribed = async (): Promise<boolean> => {
      await publish(0);
      return (await verifier.newestId(store)) > 0;
    };
    if (!(await holdsWithin(STARTS_WITHIN_MS, isSubscribed, signal))) {
      throw new Error(`nothing is stored at all:\n${logger.log()}`);
    }

    let recoveryMs = 0;
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      const numbers = Array.from(
        { length: BURST_MESSAGES },
        (_, index) => cycle * BURST_MESSAGES + index + 1,
      );
      const publishing = Promise.all(numbers.map(publish));
      await pause(random.between(0, 100), undefined, { signal });
      logger.freeze();
      await publishing;
      await pause(random.between(0, 500), undefined, { signal });
      logger.thaw();
      const thawedAtMs = performance.now();
      const isStored = async (): Promise<boolean> =>
        (await verifier.numbers([store])).length >= (cycle + 1) * BURST_MESSAGES;
      await holdsWithin(STORED_WITHIN_MS, isStored, signal);
      recoveryMs = performance.now() - thawedAtMs;
    }
    const code = await logger.stop();
    const numbers = await verifier.numbers([store]);
    const created = cycles * BURST_MESSAGES;
    const stored = new Set(numbers).size;
    const lost = created - stored;
    const duplicate = numbers.length - stored;
    const problems = [
      ...(lost > 0 ? [`${lost} messages are not stored`] : []),
      ...(duplicate > 0 ? [`${duplicate} messages are stored again`] : []),
      ...(code !== 0 ? [`the logger stopped with ${code}`] : []),
      ...logger.ownEnds,
    ];
    const repairs = logger.log().match(REPAIR)?.length ?? 0;
    return {
      cycles,
      counts: { created, stored, lost, duplicate, invented: 0 },
      recoveryMs,
      problems,
      notes: [`the logger connected ${repairs} times to get what the broker had left out`],
    };
  },
};

function payloadOf(number: number): string {
  const epochtime = String(Math.floor(Date.now() / 1_000));
  // The ledger knows it when it comes again.
  const own = number === 0 ? {} : { publisher: "burst", epoch: EPOCH, seq: number };
  return JSON.stringify({ number, epochtime, ...own, pad: PAD });
}
