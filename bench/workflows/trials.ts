import type { Trial } from "@weir/flows/contract";
import { createLogger, systemClock } from "@weir/runtime";
import { Catalogue, indexFileOf, PointsStore } from "@weir/series";
import { openSeriesReader, type StoredStream } from "@weir/streams";
import { rowOf, type TemporaryFolder, temporaryFolder } from "@weir/testkit";
import { Trials } from "@weir/workflows/trials";
import type { Figure, Results } from "../dashboard/figures.ts";
import { createRandom } from "../history/sets.ts";
import { median } from "../output.ts";

const START_MS = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;
const ROUNDS = 3;
const MILLION = 1_000_000;
const DEVICES = 2_000;
const topicOf = (device: number): string => `bench/d-${device}`;

/** How fast workflows are tried on what is stored. @param millions of messages in the day of all devices. */
export async function measureTrials(millions: number): Promise<Results> {
  const whole = await ofOneSeries();
  const day = await ofOneDevice(millions);
  return {
    title: `trials, median of ${ROUNDS}`,
    figures: [
      figureOf("a million readings that each begin a run", whole.each, 3),
      figureOf("a million readings at a threshold", whole.threshold, 3),
      figureOf(`one device's day out of ${millions} million messages`, day, 5),
    ],
  };
}

async function ofOneSeries(): Promise<{ each: number; threshold: number }> {
  using folder = temporaryFolder();
  const past = await storePoints(folder, { devices: 1, each: MILLION, spanMs: MILLION * 1_000 });
  const spanMs = MILLION * 1_000;
  const each = await medianOf(() =>
    past.try(`{ each: { type: series, series: "${topicOf(0)}#value" }, show: { type: debug } }`, {
      wires: "each -> show",
      spanMs,
    }),
  );
  const threshold = await medianOf(() =>
    past.try(
      `{ warm: { type: threshold, series: "${topicOf(0)}#value", above: 60, clearBelow: 40 }, show: { type: debug } }`,
      { wires: "warm.yes -> show", spanMs },
    ),
  );
  return { each, threshold };
}

async function ofOneDevice(millions: number): Promise<number> {
  using folder = temporaryFolder();
  const each = Math.round((millions * MILLION) / DEVICES);
  const past = await storePoints(folder, { devices: DEVICES, each, spanMs: DAY_MS });
  return await medianOf(() =>
    past.try(
      `{ warm: { type: threshold, series: "${topicOf(1_234)}#value", above: 60, for: 1m }, show: { type: debug } }`,
      { wires: "warm.yes -> show", spanMs: DAY_MS },
    ),
  );
}

function figureOf(text: string, seconds: number, atMost: number): Figure {
  return { text, value: seconds, unit: "s", atMost };
}

/** In seconds. Each is tried in a process of its own; the first one is not counted. */
async function medianOf(run: () => Promise<Trial>): Promise<number> {
  const tookMs: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const { tookMs: one, source, events } = await run();
    if (source !== "points" || events === 0) throw new Error(`it was tried on ${events} ${source}`);
    if (round > 0) tookMs.push(one);
  }
  return median(tookMs) / 1_000;
}

/** The points of devices, whose messages were removed long ago. */
async function storePoints(
  folder: TemporaryFolder,
  { devices, each, spanMs }: { devices: number; each: number; spanMs: number },
) {
  const indexFile = indexFileOf(folder.file("weir.db"));
  const stream: StoredStream = {
    name: "bench",
    place: { kind: "folder", folder: folder.file("bench") },
    decoder: { kind: "auto" },
    timeZone: null,
    series: "auto",
    statistics: false,
    historyMs: Number.POSITIVE_INFINITY,
  };
  const topics = Array.from({ length: devices }, (_, device) => topicOf(device));
  catalogue(stream, topics, indexFile);
  const options = {
    indexFile,
    clock: systemClock,
    onLost: ({ file }: { file: string }) => {
      throw new Error(`${file} is lost`);
    },
  };
  {
    using points = new PointsStore(options);
    const writer = await points.stream("bench", { historyMs: Number.POSITIVE_INFINITY });
    const random = createRandom(7);
    const tenths = new Float64Array(devices).fill(500);
    let id = 0;
    for (let round = 0; round < each; round += 1) {
      const us = Math.floor((START_MS + (round * spanMs) / each) * 1_000);
      for (const [device, topic] of topics.entries()) {
        const next = (tenths[device] ?? 0) + Math.floor(random() * 21) - 10;
        tenths[device] = next < 0 || next > 1_000 ? 500 : next;
        writer.add(topic, "value", us, (tenths[device] ?? 0) / 10);
      }
      id += 1;
      writer.pass({ segment: "gone", id, receivedUs: us });
      if (writer.isDue) await writer.flush();
    }
    await writer.flush();
    while (await writer.merge());
  }
  const past = { streams: [stream], indexFile, skewUs: 60_000_000, devicePrefixes: [] };
  const trials = new Trials(
    () => past,
    createLogger("bench", { logLevel: "error", logFormat: "auto" }),
  );
  return {
    try: async (nodes: string, { wires, spanMs: triedMs }: { wires: string; spanMs: number }) => {
      const text = `flows: { tried: { nodes: ${nodes}, wires: ["${wires}"] } }`;
      const span = { fromMs: START_MS, toMs: START_MS + triedMs };
      const request = { file: "bench", text, flow: "tried", ...span };
      return await trials.try(request, null, new AbortController().signal);
    },
  };
}

/** Lists the series of topics, as stats does when it reads a message of each. */
function catalogue(stream: StoredStream, topics: readonly string[], indexFile: string): void {
  using listed = new Catalogue(indexFile);
  const of = listed.stream(stream.name);
  const reader = openSeriesReader(stream, 60_000_000);
  for (const [index, topic] of topics.entries()) {
    const row = { segment: "gone", id: index + 1, receivedUs: START_MS * 1_000 };
    const message = { ...rowOf("{}", row.receivedUs), topic, payload: Buffer.from('{"value":1}') };
    const reading = reader.read({ ...message, observedUs: null }, of.memory.at(row));
    of.note(reading, row);
  }
  listed.save();
}
