import { z } from "zod";
import { dataThatWaits } from "../node/grouping.ts";
import { type Data, defineNode, type Step } from "../node/node.ts";
import { filler, template } from "../node/templated.ts";
import { DailyHours, dailyHours, timeZone } from "../times/daily-hours.ts";

const TITLE_MAX = 300;
const KEY_MAX = 500;

const config = z
  .strictObject({
    severity: z.enum(["info", "warning", "critical"]).default("warning").describe("how bad it is"),
    title: template(1_000).describe("a template for one line that says what is wrong"),
    about: template(1_000)
      .default("{{key}}")
      .describe(
        "a template for what it is about; there is one alert for each. The default is the device or series of the data",
      ),
    quiet: dailyHours
      .optional()
      .describe(
        "hours in which the output raised waits until they end, if the alert is still open then: 22:00-07:00",
      ),
    timeZone: timeZone.default("UTC").describe("the time zone of quiet"),
    ignoreQuiet: z
      .boolean()
      .default(false)
      .describe("with severity critical: true lets raised go on in quiet hours, too"),
  })
  .superRefine(({ severity, ignoreQuiet }, context) => {
    if (!ignoreQuiet || severity === "critical") return;
    const message = "only a critical alert may ignore quiet hours";
    context.addIssue({ code: "custom", path: ["ignoreQuiet"], message });
  });

/** An alert that is open. */
const state = z.object({
  title: z.string(),
  sinceMs: z.number(),
  /** What `raised` goes on with after the quiet hours; `null` once it has. */
  held: z.record(z.string(), z.unknown()).nullable(),
});
type State = z.infer<typeof state>;

/** Raises an alert and clears it: one for each workflow, node and thing that it is about. */
export const alert = defineNode<z.infer<typeof config>, State>({
  type: "alert",
  group: "action",
  summary: "raises an alert and clears it",
  config,
  state,
  // An alert that is open stays open, and can be cleared.
  statesHangOn: () => "",
  inputs: () => ["raise", "clear"],
  outputs: () => ["raised", "cleared"],
  create: ({ severity, title, about, quiet, timeZone, ignoreQuiet }, { flow, name }) => {
    const hours = quiet === undefined || ignoreQuiet ? null : new DailyHours(quiet, timeZone);
    const titleOf = filler(title, { isOneLine: true, lengthMax: TITLE_MAX });
    const keyOf = filler(about, { isOneLine: true, lengthMax: KEY_MAX });
    const raised = (key: string, open: State, data: Data, step: Step<State>): void => {
      if (hours?.holds(step.nowMs) === true) {
        step.keep(key, { ...open, held: dataThatWaits(data) }, hours.endAfter(step.nowMs));
        step.note({ title: open.title, waitsFor: "the end of the quiet hours" });
        return;
      }
      step.keep(key, { ...open, held: null });
      step.emit("raised", data, { key, severity, title: open.title, sinceMs: open.sinceMs });
    };
    return {
      sources: [{ kind: "alerts" }],
      hear: (heard, step) => {
        if (heard.kind !== "alerts") return;
        const { flow: ofFlow, node, key, state: is } = heard.alert;
        // A user may have cleared it.
        if (is === "cleared" && ofFlow === flow && node === name) step.forget(key);
      },
      take: (input, data, step) => {
        const key = keyOf(data, step);
        const open = step.state(key);
        if (input === "raise") {
          if (open !== undefined) {
            step.note({ title: open.title, isOpenSince: open.sinceMs });
            return;
          }
          const shown = titleOf(data, step);
          // Without room for it no alert is raised, since nothing could clear it.
          step.keep(key, { title: shown, sinceMs: step.nowMs, held: null });
          step.alert({ key, severity, title: shown, state: "new" });
          raised(key, { title: shown, sinceMs: step.nowMs, held: null }, data, step);
        } else if (open !== undefined) {
          step.forget(key);
          step.alert({ key, severity, title: open.title, state: "cleared" });
          // Who has not heard of it need not hear that it is over.
          if (open.held !== null) return;
          const { title: shown, sinceMs } = open;
          step.emit("cleared", data, { key, severity, title: shown, sinceMs });
        }
      },
      wake: (key, step) => {
        const open = step.state(key);
        if (open?.held !== undefined && open.held !== null) raised(key, open, open.held, step);
      },
    };
  },
});
