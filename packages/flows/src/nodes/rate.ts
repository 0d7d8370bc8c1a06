import { duration } from "@weir/runtime";
import { z } from "zod";
import { expressionOf, numberOf, observedMsOf } from "../node/expressions.ts";
import { by, grouping } from "../node/grouping.ts";
import { defineNode } from "../node/node.ts";

/** Values that are kept of one window at most, evenly over its time. */
const SAMPLES_MAX = 60;

const config = z
  .strictObject({
    of: expressionOf("the number that changes").default("value"),
    over: duration({ min: "1s", max: "7d" }).describe("between values that lie so far apart"),
    per: duration({ min: "1s", max: "7d" })
      .prefault("1h")
      .describe("the time that the change is given for: 1h for a change per hour"),
    above: z.number().optional().describe("yes above this change"),
    below: z.number().optional().describe("yes below this change; falling is negative"),
    by: by.default("{{key}}"),
  })
  .refine(({ above, below }) => (above === undefined) !== (below === undefined), {
    path: ["above"],
    message: "give above or below, and only one of them",
  });

const state = z.object({
  isYes: z.boolean(),
  /** Time and value, the oldest first. The first one is the last before the window, where there is one. */
  samples: z.array(z.tuple([z.number(), z.number()])),
});
type Sample = z.infer<typeof state>["samples"][number];

/** Yes when a value changes faster than a limit, no when it does not any more; only changes of that go on. */
export const rate = defineNode<z.infer<typeof config>, z.infer<typeof state>>({
  type: "rate",
  group: "condition",
  summary: "a value rises or falls fast",
  config,
  state,
  expressions: ({ of }) => [of],
  inputs: () => ["in"],
  outputs: () => ["yes", "no"],
  create: ({ of, over, per, above, below, by: template }) => {
    const readValue = numberOf(of);
    const groupOf = grouping(template);
    return {
      take: (_input, data, step) => {
        const value = readValue(data);
        if (typeof value !== "number") return step.fail(value.problem, data);
        const key = groupOf(data);
        const observedMs = observedMsOf(data, step.nowMs);
        const before = step.state(key) ?? { isYes: false, samples: [] };
        const newest = before.samples.at(-1);
        // What was observed before the newest value says nothing of now.
        if (newest !== undefined && observedMs <= newest[0]) return;
        const samples = withSample(before.samples, [observedMs, value], over);
        const [first] = samples as [Sample, ...Sample[]];
        const spanMs = observedMs - first[0];
        // After a gap it is not known how fast it is, until the window is full once more.
        const change = spanMs < over ? null : ((value - first[1]) / spanMs) * per;
        const isYes =
          change === null
            ? before.isYes
            : above !== undefined
              ? change > above
              : below !== undefined && change < below;
        step.keep(key, { isYes, samples });
        if (change !== null) step.note({ rate: change });
        if (isYes !== before.isYes) step.emit(isYes ? "yes" : "no", data, { rate: change });
      },
    };
  },
});

function withSample(kept: readonly Sample[], added: Sample, overMs: number): Sample[] {
  const fromMs = added[0] - overMs;
  // The last value before the window is where the change begins, unless that was long ago.
  const firstAt = kept.findLastIndex(([ms]) => ms <= fromMs);
  const samples = kept.slice(Math.max(0, firstAt)).filter(([ms]) => ms >= fromMs - overMs);
  const [last, previous] = [samples.at(-1), samples.at(-2)];
  const isClose =
    last !== undefined &&
    previous !== undefined &&
    added[0] - previous[0] < (2 * overMs) / SAMPLES_MAX;
  return [...(isClose ? samples.slice(0, -1) : samples), added];
}
