import { duration } from "@weir/runtime";
import { z } from "zod";
import { type Data, defineNode, type HeardSystem, type Step } from "../node/node.ts";

const DISK_PERCENT = 90;
/** The disk is fine again so far below its limit. */
const DISK_BACK_PERCENT = 1;

/** What is said of each. */
const MEASURED = {
  disk: ["usedPercent", "freeBytes"],
  audit: ["missing"],
  broker: ["isAway", "reason"],
} as const satisfies Record<HeardSystem["about"], readonly string[]>;

const config = z
  .strictObject({
    about: z
      .enum(["disk", "audit", "broker"])
      .describe(
        "disk: it fills up; audit: messages that publishers have sent are missing; broker: it is away",
      ),
    above: z
      .number()
      .min(0)
      .optional()
      .describe("disk: percent in use, 90 without it; audit: missing messages, 0 without it"),
    for: duration({ min: "0s", max: "30d" })
      .prefault("0s")
      .describe("a problem only when it has lasted so long"),
  })
  .superRefine(({ about, above }, context) => {
    const refuse = (message: string) =>
      context.addIssue({ code: "custom", path: ["above"], message });
    if (above === undefined) return;
    if (about === "broker") refuse("a broker is away or not: leave it out");
    if (about === "disk" && above >= 100) refuse("a disk is full at 100: give less");
  });
type Config = z.infer<typeof config>;

const state = z.object({
  /** `pending`: there is one, and it has not lasted long enough. */
  is: z.enum(["pending", "problem"]),
  sinceMs: z.number(),
  values: z.record(z.string(), z.unknown()),
});
type State = z.infer<typeof state>;

/** Weir has a problem, or it is over. */
export const system = defineNode<Config, State>({
  type: "system",
  group: "trigger",
  summary: "Weir itself: its disk, missing messages, the broker",
  config,
  state,
  begins: ({ about }) => ["key", "about", ...MEASURED[about], "timeMs"],
  inputs: () => [],
  outputs: () => ["problem", "over"],
  create: ({ about, above, for: forMs }) => {
    const isWrong = (heard: HeardSystem, isProblem: boolean): boolean => {
      if (heard.about === "broker") return heard.isAway;
      if (heard.about === "audit") return heard.missing > (above ?? 0);
      return heard.usedPercent > (above ?? DISK_PERCENT) - (isProblem ? DISK_BACK_PERCENT : 0);
    };
    const dataOf = (values: Data, { nowMs }: Step<State>): Data => ({
      ...{ key: about, ...values, timeMs: nowMs },
    });
    const report = (known: State, step: Step<State>): void => {
      step.keep(about, { ...known, is: "problem" });
      step.emit("problem", dataOf(known.values, step), { sinceMs: known.sinceMs });
    };
    return {
      sources: [{ kind: "system", about }],
      hear: (heard, step) => {
        if (heard.kind !== "system" || heard.about !== about) return;
        const { kind: _, ...values } = heard;
        const known = step.state(about);
        if (isWrong(heard, known?.is === "problem")) {
          const { is, sinceMs } = known ?? { is: "pending", sinceMs: step.nowMs };
          if (is === "problem") return;
          const pending: State = { is, sinceMs, values };
          if (step.nowMs >= sinceMs + forMs) report(pending, step);
          else step.keep(about, pending, sinceMs + forMs);
        } else if (known !== undefined) {
          step.forget(about);
          if (known.is === "pending") return;
          step.emit("over", dataOf(values, step), { sinceMs: known.sinceMs });
        }
      },
      wake: (_key, step) => {
        const known = step.state(about);
        if (known?.is === "pending") report(known, step);
      },
    };
  },
});
