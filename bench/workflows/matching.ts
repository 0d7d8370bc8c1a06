import { Engine, parseWorkflowFile } from "@weir/flows";
import type { Results } from "../dashboard/figures.ts";
import { median } from "../output.ts";
import { weirFiles } from "./flows.ts";

const MESSAGES = 1_000_000;
const ROUNDS = 7;

/** What workflows that do not match add to the cost of one that does, in this process. */
export function measureMatching(count: number): Results {
  const flows = [...weirFiles(count + 1).values()].flatMap(
    (text) => parseWorkflowFile(text, "bench").flows,
  );
  const one = engineOf(flows.slice(0, 1));
  const all = engineOf(flows);
  const [oneUs, allUs, ratios]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const [alone, beside] = [cost(one), cost(all)];
    // The first round compiles.
    if (round === 0) continue;
    oneUs.push(alone);
    allUs.push(beside);
    ratios.push(beside / alone - 1);
  }
  return {
    title: `one workflow that matches, beside ${count} that do not, ${ROUNDS} rounds`,
    figures: [
      { text: "a message, alone", value: median(oneUs), unit: "us" },
      { text: "a message, beside them", value: median(allUs), unit: "us" },
      { text: "what they add", value: Math.max(0, median(ratios)) * 100, unit: "%", atMost: 5 },
    ],
  };
}

type Flows = ReturnType<typeof parseWorkflowFile>["flows"];

function engineOf(flows: Flows): Engine {
  const engine = new Engine({ streams: ["bench"] });
  engine.setFlows(flows);
  return engine;
}

/** Processor time of a message of the first workflow's first device, in microseconds. */
function cost(engine: Engine): number {
  const before = process.threadCpuUsage().user;
  for (let at = 0; at < MESSAGES; at += 1) {
    const targets = engine.dispatch.targetsOf("bench", "bench/d-0")?.series.get("value") ?? [];
    const nowMs = engine.nowMs + 1_000;
    const point = {
      kind: "series",
      series: "bench:bench/d-0#value",
      topic: "bench/d-0",
      device: "bench:bench/d-0",
      deviceName: "d-0",
      value: at % 50,
      unit: null,
      observedMs: nowMs,
    } as const;
    engine.takePoint(targets, point, nowMs);
    if (at % 1_000 === 0) engine.takeChanges();
  }
  return (process.threadCpuUsage().user - before) / MESSAGES;
}
