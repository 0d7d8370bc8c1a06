import { duration } from "@weir/runtime";
import { z } from "zod";
import { dataThatWaits } from "../node/grouping.ts";
import { dataOfPoint, keyOf, POINT_NAMES } from "../node/heard.ts";
import { type Data, defineNode, type Step } from "../node/node.ts";

const config = z
  .strictObject({
    series: z
      .string()
      .min(1)
      .max(2_048)
      .optional()
      .describe(
        "topic#path of the series; without it, the value that comes in by a wire is looked at",
      ),
    above: z.number().optional().describe("yes above this"),
    below: z.number().optional().describe("yes below this"),
    clearBelow: z.number().optional().describe("with above: no again only below this"),
    clearAbove: z.number().optional().describe("with below: no again only above this"),
    for: duration({ min: "0s", max: "30d" })
      .prefault("0s")
      .describe("yes only when it has lasted so long"),
  })
  .superRefine(({ above, below, clearBelow, clearAbove }, context) => {
    const refuse = (key: string, message: string) =>
      context.addIssue({ code: "custom", path: [key], message });
    if ((above === undefined) === (below === undefined)) {
      refuse("above", "give above or below, and only one of them");
    }
    if (clearBelow !== undefined && !(above !== undefined && clearBelow <= above)) {
      refuse("clearBelow", "it goes with above, and is not more than that");
    }
    if (clearAbove !== undefined && !(below !== undefined && clearAbove >= below)) {
      refuse("clearAbove", "it goes with below, and is not less than that");
    }
  });
type Config = z.infer<typeof config>;

const state = z.object({
  /** `pending`: it holds, and has not lasted long enough. */
  is: z.enum(["no", "pending", "yes"]),
  /** Since when it holds. */
  sinceMs: z.number(),
  lastMs: z.number(),
  data: z.record(z.string(), z.unknown()).nullable(),
});
type State = z.infer<typeof state>;

/** Yes when a value passes a limit and stays there, no when it has come back; only changes go on. */
export const threshold = defineNode<Config, State>({
  type: "threshold",
  group: "condition",
  summary: "a value passes a limit, and stays there for a time",
  config,
  state,
  // Otherwise an alert would stay open when its limit is moved beyond the value.
  statesHangOn: ({ series = "" }) => series,
  begins: ({ series }) => (series === undefined ? [] : POINT_NAMES),
  inputs: ({ series }) => (series === undefined ? ["in"] : []),
  outputs: () => ["yes", "no"],
  create: (given) => {
    const judge = (
      value: number,
      timeMs: number,
      key: string,
      dataNow: () => Data,
      step: Step<State>,
    ): void => {
      const before = step.state(key) ?? { is: "no", sinceMs: 0, lastMs: 0, data: null };
      // A clock that is ahead must not make what comes later look old.
      const observedMs = Math.min(timeMs, step.nowMs);
      // What was observed before the newest reading says nothing of now.
      if (observedMs < before.lastMs) return;
      if (!holds(given, value, before.is !== "no")) {
        step.keep(key, { is: "no", sinceMs: 0, lastMs: observedMs, data: null });
        if (before.is === "yes") {
          step.note({ value, since: before.sinceMs });
          step.emit("no", dataNow(), { since: before.sinceMs });
        }
        return;
      }
      const sinceMs = before.is === "no" ? observedMs : before.sinceMs;
      const dueMs = sinceMs + given.for;
      if (before.is === "yes") {
        step.keep(key, { ...before, lastMs: observedMs });
      } else if (dueMs <= observedMs) {
        step.keep(key, { is: "yes", sinceMs, lastMs: observedMs, data: null });
        step.note({ value, since: sinceMs });
        step.emit("yes", dataNow(), { since: sinceMs });
      } else {
        // A reading may come long after it was observed.
        const wakeMs = Math.max(dueMs, step.nowMs);
        step.keep(
          key,
          { is: "pending", sinceMs, lastMs: observedMs, data: dataThatWaits(dataNow()) },
          wakeMs,
        );
      }
    };
    return {
      sources: given.series === undefined ? [] : [{ kind: "series", series: given.series }],
      hear: (heard, step) => {
        if (heard.kind !== "series") return;
        judge(heard.value, heard.observedMs, heard.series, () => dataOfPoint(heard), step);
      },
      take: (_input, data, step) => {
        const { value, timeMs } = data;
        if (typeof value !== "number") {
          step.fail("the data has no number as value", data);
          return;
        }
        step.note({ value });
        const observedMs = typeof timeMs === "number" ? timeMs : step.nowMs;
        judge(value, observedMs, keyOf(data), () => data, step);
      },
      wake: (key, step) => {
        const before = step.state(key);
        if (before?.is !== "pending") return;
        // Its limit or time may have been changed while it waited.
        const dueMs = before.sinceMs + given.for;
        if (dueMs > step.nowMs) return step.keep(key, before, dueMs);
        const value = before.data?.value;
        if (typeof value !== "number" || !holds(given, value, true)) {
          return step.keep(key, { ...before, is: "no", data: null });
        }
        step.keep(key, { ...before, is: "yes", data: null });
        step.note({ value, since: before.sinceMs });
        step.emit("yes", before.data ?? {}, { since: before.sinceMs });
      },
    };
  },
});

/** @param isOn whether it held before: then it has to come back further. */
function holds(given: Config, value: number, isOn: boolean): boolean {
  const { above, below, clearBelow, clearAbove } = given;
  if (above !== undefined) {
    return isOn && clearBelow !== undefined ? value >= clearBelow : value > above;
  }
  if (below === undefined) return false;
  return isOn && clearAbove !== undefined ? value <= clearAbove : value < below;
}
