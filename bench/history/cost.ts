import { join } from "node:path";
import type { Bench, Case, Contender, Figures } from "../comparison.ts";
import { fromStandIn } from "../logger/measure.ts";
import { loggerOfStates, statesEvenly } from "./live.ts";
import type { DataSet } from "./sets.ts";
import { makePoints, readStream, type Store } from "./store.ts";

const LOGGER_SECONDS = 10;

/** What it costs to write points and index, merging included, beside what the logger costs for the same messages. */
export function costCase(set: DataSet, { streams, indexFile }: Store, isQuick: boolean): Case {
  const [stream] = streams;
  if (stream === undefined) throw new RangeError("a store without a stream");
  const contender = (name: string, work: (bench: Bench) => Promise<void>): Contender => ({
    name,
    obstacle: () => null,
    measure: async (bench) => await cpuOf(() => work(bench), set.messages),
  });
  const reading = contender("reading rows as points", async () => {
    for await (const _ of readStream(stream, indexFile));
  });
  const writing = contender("the same, into points and index", (bench) =>
    makePoints(stream, join(bench.folder(), "index.db")),
  );
  const logger = loggerOfStates("the logger, storing them", "off");
  const seconds = isQuick ? 1 : LOGGER_SECONDS;
  const title = "messages of four attributes";
  return {
    name: "cost",
    title: `${title}: processor time`,
    contenders: [reading, writing, ...fromStandIn([logger], statesEvenly(seconds))],
    claims: [
      {
        text: `${title}: CPU of points and index, over the logger's`,
        target: { atMost: 0.5 },
        of: (figures) => {
          const [read, written, stored] = [reading, writing, logger].map(
            ({ name }) => figures(name).cpuUs,
          );
          if (read === undefined || written === undefined || stored === undefined) return undefined;
          return (written - read) / stored;
        },
      },
    ],
    secondsEach: 15,
  };
}

async function cpuOf(work: () => Promise<void>, messages: number): Promise<Figures> {
  const before = process.cpuUsage();
  const startMs = performance.now();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { cpuUs: (user + system) / messages, tookMs: performance.now() - startMs };
}
