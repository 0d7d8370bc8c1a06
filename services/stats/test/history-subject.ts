import { writeFileSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { indexFileOf, type Progress, StoredPoints } from "@weir/series";
import { openSegmentedStore } from "@weir/store";
import {
  createFakeClock,
  createTestContext,
  eventually,
  rowOf,
  START_US,
  type temporaryFolder,
} from "@weir/testkit";
import { readStatsConfig } from "../src/config.ts";
import { startStats } from "../src/stats.ts";
import { SECOND_US } from "./states.ts";

/** Of the event loop: more than any look in these tests takes. */
const TURNS_OF_A_LOOK = 50;
export const FLUSH_MS = 600_000;
export const START_MS = START_US / 1_000;

type Folder = ReturnType<typeof temporaryFolder>;

/** The stream `home` in a folder, as the logger writes it. */
export function openHome(folder: Folder) {
  return openSegmentedStore({
    folder: folder.file("home"),
    stream: "home",
    synchronous: "NORMAL",
    nowUs: START_US,
  });
}

/** A message with the values of a meter, received so many seconds after the start. */
export function meterRow(second: number, values: object, topic = "home/meter") {
  return {
    ...rowOf("{}", START_US + second * SECOND_US),
    topic,
    payload: Buffer.from(JSON.stringify(values)),
    value: null,
    observedUs: null,
  };
}

function writeStreams(folder: Folder, streams: string): void {
  writeFileSync(folder.file("weir.yaml"), `streams:\n  ${streams}\n`);
}

/** stats without a broker, which the history does not need, beside the stores in a folder. */
export function startSubject(
  folder: Folder,
  streams: string,
  startMs: number = START_MS,
  settings: Readonly<Record<string, string>> = {},
) {
  const clock = createFakeClock(startMs);
  const context = createTestContext(clock);
  const readConfig = (text: string) => {
    writeStreams(folder, text);
    // Nobody listens on this port.
    return readStatsConfig({
      BROKER: "127.0.0.1:1",
      DB_FILE: folder.file("weir.db"),
      WEIR_FILE: folder.file("weir.yaml"),
      ...settings,
    });
  };
  const stats = startStats(readConfig(streams), context);
  const turn = async (): Promise<void> => {
    for (let turns = 0; turns < TURNS_OF_A_LOOK; turns += 1) await nextTurn();
  };
  const advanceUntil = <T>(check: () => T | Promise<T>) =>
    eventually(async () => {
      clock.advance(250);
      await turn();
      return await check();
    });
  return {
    clock,
    context,
    /** As SIGHUP does. */
    reload: async (text: string): Promise<void> => stats.reload?.(readConfig(text)),
    check: (name: string): string | undefined => context.health.report().checks[name],
    /** Of the stream `home`; `undefined` where there is none. */
    metric: async (name: string): Promise<number | undefined> => {
      const text = await context.metrics.metrics();
      const line = text.split("\n").find((one) => one.startsWith(`${name}{stream="home"}`));
      return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ") + 1));
    },
    advanceUntil,
    /** Lets time pass, and everything that is due then. */
    run: async (ms: number): Promise<void> => {
      clock.advance(ms);
      await turn();
    },
    /** Lets everything be written that was taken, and waits until the history has come to a row. */
    flushThrough: (stream: string, row: { id: number }) =>
      eventually(async () => {
        clock.advance(FLUSH_MS);
        await turn();
        return throughOf(folder, stream)?.id === row.id;
      }),
    [Symbol.asyncDispose]: () => stats[Symbol.asyncDispose](),
  };
}

/** Up to which row the history of a stream is kept. */
export function throughOf(folder: Folder, stream: string): Progress | null {
  using stored = StoredPoints.open(indexFileOf(folder.file("weir.db")));
  return stored?.through(stream) ?? null;
}

/** All points that are kept of a series, in the order of time: `[second, value]`. */
export function keptPoints(
  folder: Folder,
  [stream, topic, path]: readonly [stream: string, topic: string, path: string],
): [second: number, value: number][] {
  using stored = StoredPoints.open(indexFileOf(folder.file("weir.db")));
  const series = stored?.find(stream, topic, path) ?? null;
  if (stored === null || series === null) return [];
  const found: [number, number][] = [];
  for (const run of stored.runs(series, -Infinity, Infinity)) {
    const { us, values } = stored.read(run);
    for (const [at, one] of us.entries()) {
      found.push([(one - START_US) / SECOND_US, values[at] ?? Number.NaN]);
    }
  }
  return found.sort(([one], [other]) => one - other);
}
