import type { FlowState, RunAction, RunStep, RunSummary } from "@weir/flows/contract";
import type { Format } from "../format.ts";
import type { Tone } from "../parts/tone.ts";

/** What is less is a span of time. */
const TIME_MS_MIN = 1e12;
/** A longer value is a tree. */
const LINE_LENGTH_MAX = 80;

interface Words {
  tone: Tone;
  words: string;
}

const RUN_STATES: Record<RunSummary["state"], Words> = {
  done: { tone: "ok", words: "done" },
  waiting: { tone: "quiet", words: "waiting for an action" },
  failed: { tone: "problem", words: "failed" },
};

export function runWords({ state }: Pick<RunSummary, "state">): Words {
  return RUN_STATES[state];
}

const FLOW_STATES: Record<FlowState["state"], Tone> = {
  running: "ok",
  off: "quiet",
  stopped: "problem",
  invalid: "problem",
};

export function flowTone({ state }: Pick<FlowState, "state">): Tone {
  return FLOW_STATES[state];
}

/** What became of an action; its reason where there is one. */
export function actionWords(action: RunAction, format: Pick<Format, "duration">): Words {
  const { state, problem, attempts, atMs, endedMs } = action;
  const because = problem === null ? "" : `: ${problem}`;
  const tries = attempts > 1 ? `, attempt ${attempts}` : "";
  switch (state) {
    case "waiting":
      // After a failed attempt the next one waits for its turn.
      return { tone: problem === null ? "quiet" : "attention", words: `waiting${tries}${because}` };
    case "doing":
      return { tone: "quiet", words: `under way${tries}` };
    case "done": {
      const took = endedMs === null ? "" : ` in ${format.duration(Math.max(0, endedMs - atMs))}`;
      return { tone: "ok", words: `done${took}${attempts > 1 ? `, at attempt ${attempts}` : ""}` };
    }
    case "failed": {
      const after = attempts > 1 ? ` after ${attempts} attempts` : "";
      return { tone: "problem", words: `failed${after}${because}` };
    }
    case "uncertain":
      return { tone: "attention", words: `uncertain, it may have been sent${because}` };
    case "expired":
      return { tone: "attention", words: `expired, it was too late to do it${because}` };
  }
}

/** Where a step came in, and by which outputs it went on. @param isActing whether the node has an action in this run */
export function stepWords(
  { input, outputs, problem }: RunStep,
  isActing: boolean,
): { from: string; to: string } {
  const from = input === null ? "" : `at ${input}`;
  if (outputs.length > 0) return { from, to: `went on by ${outputs.join(", ")}` };
  if (problem !== null) return { from, to: "" };
  return { from, to: isActing ? "began an action" : "went no further" };
}

/** A value of a step, in one line: exactly, for it may be near a limit. */
export function valueText(value: unknown): string {
  if (typeof value === "number") return String(value).replace("-", "\u2212");
  if (typeof value === "string") return value;
  return JSON.stringify(value) ?? "";
}

/** Whether a value is a time, in milliseconds since the epoch: nodes call times so. */
export function isTime(name: string, value: unknown): value is number {
  return typeof value === "number" && value >= TIME_MS_MIN && /(?:since|Ms)$/i.test(name);
}

/** Whether a value is read more easily as a tree, as the data that reaches a node debug. */
export function isTree(value: unknown): boolean {
  return typeof value === "object" && value !== null && valueText(value).length > LINE_LENGTH_MAX;
}

/** Millisecond distances between the steps of a run: `+1.2 s` since it began. */
export function sinceStart(
  atMs: number,
  startedMs: number,
  format: Pick<Format, "duration">,
): string {
  const past = atMs - startedMs;
  return past <= 0 ? "" : `+${format.duration(past)}`;
}
