import { statSync } from "node:fs";
import { join } from "node:path";
import { type Bench, type Case, type Claim, type Figures, figure, ratio } from "../case.ts";
import { measureAgainstStandIn } from "../measure.ts";
import { prefill } from "../prefill.ts";
import type { Subject } from "../subjects/subject.ts";
import { DATA_FILE } from "../subjects/weir.ts";
import type { Subjects } from "./contenders.ts";

const ROWS = { whole: 10_000_000, quick: 200_000 } as const;
const PER_SECOND = 5_000;
const EVEN_SECONDS = 5;
const SATURATION_COUNT = 1_000_000;
const AGE_US = 1_800_000_000;
/** Nothing is pruned: retention is a case of its own. */
const environment = { LOGGER_RETENTION_MINUTES: "5256000" };

/** Commit latency, and what a file that is full already does to it. */
export function file({ weirWith }: Subjects): Case {
  const empty = weirWith({ name: "Weir, empty file", environment });
  const full = weirWith({ name: "Weir, 10,000,000 rows", environment });
  let fullFolder = "";

  const claim = (text: string, figureName: "p99Ms" | "cpuUs" | "rssMegabytes"): Claim => ({
    text: `10,000,000 rows in the file: ${text}, over an empty file`,
    target: { atMost: 1.1 },
    of: ratio(figureName, full.name, empty.name),
  });
  return {
    name: "file",
    title: "CPU and PUBACK at 5,000/s, messages/s at saturation",
    secondsEach: EVEN_SECONDS + 9,
    prepareSeconds: 30,
    prepare: async (bench) => {
      fullFolder = bench.folder();
      const toUs = Date.now() * 1_000;
      const target = join(fullFolder, DATA_FILE);
      const rows = ROWS[bench.isQuick ? "quick" : "whole"];
      const startMs = performance.now();
      await prefill({ file: target, rows, fromUs: toUs - AGE_US, toUs, signal: bench.signal });
      const seconds = (performance.now() - startMs) / 1_000;
      const megabytes = statSync(target).size / 1e6;
      bench.say(`file: ${rows} rows, ${megabytes.toFixed(0)} MB, in ${seconds.toFixed(0)} s`);
    },
    contenders: [
      { ...empty, measure: (bench) => measureBoth(bench, empty, () => bench.folder()) },
      { ...full, measure: (bench) => measureBoth(bench, full, () => fullFolder) },
    ],
    claims: [
      {
        text: "commit latency at 5,000/s: p99 from reception to PUBACK, ms",
        target: { atMost: 100 },
        of: figure("p99Ms", empty.name),
      },
      {
        text: "10,000,000 rows in the file: messages/s, over an empty file",
        target: { atLeast: 0.9 },
        of: ratio("perSecond", full.name, empty.name),
      },
      claim("p99 of PUBACK", "p99Ms"),
      claim("CPU per message", "cpuUs"),
      claim("memory", "rssMegabytes"),
    ],
  };
}

/** Latency, processor time and memory at an even rate, and the rate at saturation. */
async function measureBoth(bench: Bench, subject: Subject, folder: () => string): Promise<Figures> {
  const common = { qos: 1, topics: ["DATA"] } as const;
  const atRate = await measureAgainstStandIn(bench, {
    subject,
    folder: folder(),
    load: {
      ...common,
      count: PER_SECOND * (bench.isQuick ? 1 : EVEN_SECONDS),
      pace: { kind: "even", perSecond: PER_SECOND },
    },
  });
  const atSaturation = await measureAgainstStandIn(bench, {
    subject,
    folder: folder(),
    load: {
      ...common,
      count: bench.isQuick ? 100_000 : SATURATION_COUNT,
      pace: { kind: "saturation", window: 65_535 },
    },
  });
  const { perSecond, lost = 0 } = atSaturation;
  return {
    ...atRate,
    lost: lost + (atRate.lost ?? 0),
    ...(perSecond === undefined ? {} : { perSecond }),
  };
}
