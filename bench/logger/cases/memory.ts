import { join } from "node:path";
import { type Bench, type Case, type Claim, type Figures, figure } from "../case.ts";
import { growthOf } from "../growth.ts";
import { measureAgainstStandIn } from "../measure.ts";
import { prefill } from "../prefill.ts";
import { rssBytes } from "../process/usage.ts";
import type { Subject } from "../subjects/subject.ts";
import { DATA_FILE } from "../subjects/weir.ts";
import type { Subjects } from "./contenders.ts";

const PER_SECOND = 20_000;
const SECONDS = { soak: 600, whole: 60, quick: 10 } as const;
/** Only its PUBACKs are compared. */
const UNPRUNED_SECONDS_MAX = 20;
/** The shortest that the stream `data` allows: the longest window of the statistics and the skew. */
const RETENTION_MINUTES = 31;
const environment = {
  LOGGER_RETENTION_MINUTES: String(RETENTION_MINUTES),
  LOGGER_CLOCK_STEADY_SECONDS: "0",
};

/** Memory while as much is removed as comes in, and what removing does to the time of a PUBACK. */
export function memory({ weirWith }: Subjects, { isSoak }: { isSoak: boolean }): Case {
  const pruned = weirWith({ name: "a file, pruned", environment });
  const unpruned = weirWith({ name: "a file, nothing to prune", environment });
  const folder = weirWith({
    name: "a folder, rotated",
    environment,
    configuration: { streams: ["all"], content: configurationOf(isSoak ? "2m" : "20s") },
  });
  const secondsOf = ({ isQuick }: Bench): number =>
    SECONDS[isQuick ? "quick" : isSoak ? "soak" : "whole"];

  const both = (claim: (name: string) => Claim): Claim[] => [pruned.name, folder.name].map(claim);
  return {
    name: "memory",
    title: "QoS 1 at 20,000/s, with retention",
    isOnce: true,
    secondsEach: SECONDS[isSoak ? "soak" : "whole"] + 2,
    contenders: [
      {
        ...pruned,
        measure: async (bench) => {
          const seconds = secondsOf(bench);
          return follow(bench, {
            subject: pruned,
            seconds,
            folder: await withOldRows(bench, seconds),
          });
        },
      },
      {
        ...unpruned,
        measure: (bench) =>
          follow(bench, {
            subject: unpruned,
            seconds: Math.min(secondsOf(bench), UNPRUNED_SECONDS_MAX),
            folder: bench.folder(),
          }),
      },
      {
        ...folder,
        measure: (bench) =>
          follow(bench, { subject: folder, seconds: secondsOf(bench), folder: bench.folder() }),
      },
    ],
    claims: [
      ...both((name) => ({
        text: `memory at 20,000/s, ${name}: most, MB`,
        target: { atMost: 150 },
        of: figure("rssMegabytes", name),
      })),
      ...both((name) => ({
        text: `memory at 20,000/s, ${name}: last quarter over second quarter`,
        target: { atMost: 1.1 },
        of: figure("growth", name),
      })),
      {
        text: "pruning: the longest PUBACK with it, less the longest without, ms",
        target: { atMost: 50 },
        of: (contender) => {
          const [withIt, without] = [contender(pruned.name).maxMs, contender(unpruned.name).maxMs];
          return withIt === undefined || without === undefined ? undefined : withIt - without;
        },
      },
    ],
  };
}

/** A folder whose file has as much to remove in each second as will come in. */
async function withOldRows({ folder, say, signal }: Bench, seconds: number): Promise<string> {
  const path = folder();
  const fromUs = (Date.now() - RETENTION_MINUTES * 60_000) * 1_000;
  const rows = seconds * PER_SECOND;
  say(`memory: ${rows} rows that retention will remove`);
  await prefill({
    file: join(path, DATA_FILE),
    rows,
    fromUs,
    toUs: fromUs + seconds * 1e6,
    signal,
  });
  return path;
}

async function follow(
  bench: Bench,
  { subject, seconds, folder }: { subject: Subject; seconds: number; folder: string },
): Promise<Figures> {
  const samples: number[] = [];
  const figures = await measureAgainstStandIn(bench, {
    subject,
    folder,
    filter: "DATA",
    load: {
      count: PER_SECOND * seconds,
      qos: 1,
      topics: ["DATA"],
      pace: { kind: "even", perSecond: PER_SECOND },
    },
    onPoll: (pid) => samples.push(rssBytes(pid) / 1e6),
  });
  return { ...figures, growth: growthOf(samples) };
}

function configurationOf(age: string): string {
  return JSON.stringify({
    streams: {
      data: { enabled: false },
      devices: { enabled: false },
      all: { filters: ["DATA"], decoder: "reading", rotation: "5s", retention: { age } },
    },
  });
}
