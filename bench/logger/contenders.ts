import type { Bench, Contender, Figures } from "./comparison.ts";
import { growthOf } from "./comparison.ts";
import type { Load } from "./load.ts";
import { measureAgainstStandIn, measureThroughMosquitto } from "./measure.ts";
import { OPEN } from "./mosquitto.ts";
import { rssBytes } from "./process.ts";
import type { Subject } from "./subjects.ts";

/** As fast as acknowledgements come, with up to `window` of them outstanding. */
export function atOnce(count: number, { window }: { window: number }): Load {
  return { count, qos: 1, topics: ["DATA"], pace: { kind: "saturation", window } };
}

export function evenly(perSecond: number, seconds: number): Load {
  return {
    count: perSecond * seconds,
    qos: 1,
    topics: ["DATA"],
    pace: { kind: "even", perSecond },
  };
}

export function throughMosquitto(
  subjects: readonly Subject[],
  run: { load: Load; broker?: readonly string[]; version?: 4 | 5 },
): Contender[] {
  return subjects.map((subject) => ({
    ...subject,
    measure: (bench) =>
      measureThroughMosquitto(bench, { broker: OPEN, version: 5, ...run, subject }),
  }));
}

export function fromStandIn(
  subjects: readonly Subject[],
  run: { load: Load; filter?: string },
): Contender[] {
  return subjects.map((subject) => ({
    ...subject,
    measure: (bench) => measureAgainstStandIn(bench, { ...run, subject }),
  }));
}

/** Latency, processor time and memory at an even rate, and the rate at saturation. */
export function latencyAndRate(
  subject: Subject,
  run: { isQuick: boolean; folder?: () => string },
): Contender {
  const measure = async (bench: Bench): Promise<Figures> => {
    const measureLoad = async (load: Load) =>
      await measureAgainstStandIn(bench, {
        subject,
        load,
        folder: run.folder?.() ?? bench.folder(),
      });
    const atRate = await measureLoad(evenly(5_000, run.isQuick ? 1 : 5));
    const most = await measureLoad(atOnce(run.isQuick ? 100_000 : 1_000_000, { window: 65_535 }));
    const lost = atRate.lost + most.lost;
    return { ...atRate, lost, perSecond: most.perSecond };
  };
  return { ...subject, measure };
}

/** Memory while 20,000 messages come a second. */
export function memoryOverTime(
  subject: Subject,
  seconds: number,
  folder: (bench: Bench) => string | Promise<string> = (bench) => bench.folder(),
): Contender {
  const measure = async (bench: Bench): Promise<Figures> => {
    const samples: number[] = [];
    const figures = await measureAgainstStandIn(bench, {
      subject,
      folder: await folder(bench),
      load: evenly(20_000, seconds),
      onPoll: (pid) => samples.push(rssBytes(pid) / 1e6),
    });
    return { ...figures, growth: growthOf(samples) };
  };
  return { ...subject, measure };
}
