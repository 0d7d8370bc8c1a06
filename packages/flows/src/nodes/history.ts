import { duration } from "@weir/runtime";
import { z } from "zod";
import {
  type Aggregate,
  type Behaviour,
  type Data,
  defineNode,
  type Outcome,
  type Step,
} from "../node/node.ts";
import { filler } from "../node/templated.ts";

const MINUTE_MS = 60_000;

const series = z
  .string()
  .min(1)
  .max(2_048)
  .default("{{series}}")
  .describe(
    "topic#path of the series, as a template; without it, the series that the run began with",
  );

/** What the action `history` answers with. */
const result = z.object({
  value: z.number().nullable(),
  count: z.number(),
  fromMs: z.number(),
  toMs: z.number(),
});

/** One number out of the history of a series, up to now. */
export const history = defineNode({
  type: "history",
  group: "data",
  summary: "one number out of the last hours or days of a series",
  config: z.strictObject({
    series,
    over: duration({ min: "1s", max: "400d" }).describe("how far back"),
    aggregate: z
      .enum(["mean", "min", "max", "sum", "count", "first", "last", "increase"])
      .default("mean")
      .describe("which number; increase is for counters"),
  }),
  inputs: () => ["in"],
  outputs: () => ["value", "none"],
  create: ({ series: template, over, aggregate }) => asks(template, over, aggregate),
});

/** The average that stats publishes for a window: of the last 1, 5 or 30 minutes. */
export const statistics = defineNode({
  type: "statistics",
  group: "data",
  summary: "the average of the last 1, 5 or 30 minutes of a series",
  config: z.strictObject({
    series,
    minutes: z.union([z.literal(1), z.literal(5), z.literal(30)]).describe("the window"),
  }),
  inputs: () => ["in"],
  outputs: () => ["value", "none"],
  create: ({ series: template, minutes }) => asks(template, minutes * MINUTE_MS, "mean"),
});

function asks(text: string, overMs: number, aggregate: Aggregate): Behaviour<never> {
  const seriesOf = filler(text, { isOneLine: true, lengthMax: 2_048 });
  return {
    take: (_input: string, data: Data, step: Step<never>) => {
      const asked = seriesOf(data, step);
      if (asked === "") return step.fail("no series is named: give series", data);
      const toMs = step.nowMs;
      const span = { fromMs: toMs - overMs, toMs };
      step.perform({ kind: "history", series: asked, ...span, aggregate }, data);
    },
    settle: (outcome: Outcome, data: Data, step: Step<never>) => {
      if (!outcome.isDone) return step.fail(outcome.problem, data);
      const parsed = result.safeParse(outcome.result);
      if (!parsed.success) return step.fail("the history has answered something else", data);
      step.note({ value: parsed.data.value, count: parsed.data.count });
      step.emit(parsed.data.value === null ? "none" : "value", data, parsed.data);
    },
  };
}
