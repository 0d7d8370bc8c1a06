import { setTimeout as pause } from "node:timers/promises";
import { type Direction, startFaultProxy } from "@weir/testkit";
import { startLocalChain } from "./local-chain.ts";
import { createBrokerProcess } from "./processes.ts";
import type { Scenario } from "./scenario.ts";

const PARTS = ["publisher", "logger"] as const;
const DIRECTIONS: readonly Direction[] = ["up", "down"];
/** From CONNECT or CONNACK on, well into the messages that follow. */
const OFFSETS = 450;
const REACHED_WITHIN_MS = 5_000;

/** Cuts at byte 0, 1, 2, … of a connection, so that no place in any packet is left out. */
export const proxyCut: Scenario = {
  name: "proxy-cut",
  summary: `a connection is cut at each of its first ${OFFSETS} bytes, both ways, on both sides of the broker`,
  cycles: PARTS.length * DIRECTIONS.length * OFFSETS,
  shortCycles: 80,
  run: async (run) => {
    const { cycles, random, signal, folder } = run;
    await using broker = await createBrokerProcess({ kind: run.brokerKind, folder });
    await broker.start();
    const target = { host: "127.0.0.1", port: broker.port };
    await using publisher = await startFaultProxy({ target });
    await using logger = await startFaultProxy({ target });
    const proxies = { publisher, logger };
    await using chain = await startLocalChain(run, {
      ports: { publisher: publisher.port, logger: logger.port },
    });

    const places = new Map<string, Set<number>>();
    let unreached = 0;
    let stalls = (await chain.flows()) ? 0 : 1;
    for (const { part, direction, afterBytes } of plan(cycles)) {
      const cut = proxies[part].cutNext({ direction, afterBytes });
      proxies[part].reset();
      const reached = await Promise.race([
        cut,
        pause(REACHED_WITHIN_MS, null, { signal, ref: false }),
      ]);
      if (reached === null) unreached += 1;
      else note(places, part, direction, reached);
      // Most cuts hit a client that is still starting from the one before.
      if (random.oneIn(8)) stalls += (await chain.flows()) ? 0 : 1;
    }
    const settled = await chain.settle();
    const notes = [...places].map(
      ([packet, offsets]) => `${packet} cut at ${offsets.size} different bytes`,
    );
    if (unreached > 0) notes.push(`${unreached} of the places were not reached in time`);
    if (stalls > 0) settled.problems.push(`nothing flowed for 30 s, ${stalls} times`);
    return { cycles, ...settled, notes };
  },
};

/** Spreads the cuts evenly over all places when there are fewer cuts than places. */
function plan(cycles: number) {
  const all = PARTS.flatMap((part) =>
    DIRECTIONS.flatMap((direction) =>
      Array.from({ length: OFFSETS }, (_, afterBytes) => ({ part, direction, afterBytes })),
    ),
  );
  return Array.from({ length: cycles }, (_, index) => {
    const place = all[Math.floor((index * all.length) / cycles) % all.length];
    if (place === undefined) throw new RangeError("no place to cut");
    return place;
  });
}

function note(
  places: Map<string, Set<number>>,
  part: string,
  direction: Direction,
  passed: Buffer,
): void {
  const place = placeOfCut(passed);
  if (place === null) return;
  const name = `${part} ${direction} ${place.packet}`;
  const offsets = places.get(name) ?? new Set();
  places.set(name, offsets.add(place.offset));
}

/** Where in a stream of MQTT packets a cut lies. */
interface Place {
  /** The name of the packet that was cut, or that was next. */
  packet: string;
  /** How many of its bytes came through. */
  offset: number;
}

const NAMES = [
  "?",
  "CONNECT",
  "CONNACK",
  "PUBLISH",
  "PUBACK",
  "PUBREC",
  "PUBREL",
  "PUBCOMP",
  "SUBSCRIBE",
  "SUBACK",
  "UNSUBSCRIBE",
  "UNSUBACK",
  "PINGREQ",
  "PINGRESP",
  "DISCONNECT",
  "AUTH",
];

/** Finds the packet that the end of these bytes lies in; `null` between two packets. */
function placeOfCut(bytes: Buffer): Place | null {
  let start = 0;
  while (start < bytes.length) {
    const length = packetLength(bytes.subarray(start));
    if (length === null || start + length > bytes.length) {
      const type = (bytes[start] ?? 0) >> 4;
      return { packet: NAMES[type] ?? "?", offset: bytes.length - start };
    }
    start += length;
  }
  return null;
}

/** The length of the packet at the start, header included [MQTT-1.5.5]; `null` when it is cut before. */
function packetLength(bytes: Buffer): number | null {
  let remaining = 0;
  for (let index = 1; index <= 4; index += 1) {
    const byte = bytes[index];
    if (byte === undefined) return null;
    remaining += (byte & 0x7f) * 128 ** (index - 1);
    if (byte < 0x80) return 1 + index + remaining;
  }
  return null;
}
