import { parseWorkflowFile, tryFlow } from "@weir/flows";
import type { Trial } from "@weir/flows/contract";
import { systemClock } from "@weir/runtime";
import { Catalogue, indexFileOf, PointsStore } from "@weir/series";
import { openSeriesReader, type StoredStream } from "@weir/streams";
import { rowOf, type TemporaryFolder, temporaryFolder } from "@weir/testkit";
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
      ...figuresOf("a million readings that each begin a run", whole.each, 3),
      ...figuresOf("a million readings at a threshold", whole.threshold, 3),
      ...figuresOf(`one device's day out of ${millions} million messages`, day, 5),
    ],
  };
}

/** In seconds, by the clock and of the processor in its thread. */
interface Took {
  clock: number;
  thread: number;
}

function figuresOf(text: string, { clock, thread }: Took, atMost: number): Figure[] {
  return [
    { text, value: clock, unit: "s", atMost },
    { text: "processor time of its thread", value: thread, unit: "s" },
  ];
}

async function ofOneSeries(): Promise<{ each: Took; threshold: Took }> {
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

async function ofOneDevice(millions: number): Promise<Took> {
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

/** The first one compiles, and is not counted. */
async function medianOf(run: () => Promise<Trial>): Promise<Took> {
  const [clockMs, threadUs]: [number[], number[]] = [[], []];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const before = process.threadCpuUsage();
    const { tookMs, source, events } = await run();
    if (source !== "points" || events === 0) throw new Error(`it was tried on ${events} ${source}`);
    if (round === 0) continue;
    const { user, system } = process.threadCpuUsage(before);
    clockMs.push(tookMs);
    threadUs.push(user + system);
  }
  return { clock: median(clockMs) / 1_000, thread: median(threadUs) / 1e6 };
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
  const source = {
    ...{ streams: [stream], indexFile, skewUs: 60_000_000, devicePrefixes: [] },
    signal: new AbortController().signal,
    tookMsMax: 600_000,
    historyOf: async () => ({ isDone: true, result: null }) as const,
  };
  return {
    try: async (nodes: string, { wires, spanMs: triedMs }: { wires: string; spanMs: number }) => {
      const text = `flows: { tried: { nodes: ${nodes}, wires: ["${wires}"] } }`;
      const { flows, problems } = parseWorkflowFile(text, "bench");
      const [asked] = flows;
      if (asked === undefined) throw new Error(problems.join("\n"));
      const span = { fromMs: START_MS, toMs: START_MS + triedMs };
      return await tryFlow({ asked, saved: null, ...span }, source);
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
