import { z } from "zod";
import { FILE_LENGTH_MAX } from "./files.ts";

const timeMs = z.number().describe("milliseconds since the epoch, in UTC");
/** The latest time that JavaScript knows. */
const askedMs = timeMs.min(0).max(8_640_000_000_000_000);

/** Tries one workflow of a text on what is stored. */
export const trialRequest = z.strictObject({
  file: z.string().regex(/^[\w-]{1,64}$/),
  text: z.string().max(FILE_LENGTH_MAX),
  flow: z.string().max(64),
  fromMs: askedMs,
  toMs: askedMs,
});
export type TrialRequest = z.infer<typeof trialRequest>;

/** What a workflow would have done. */
export const trialVersion = z.object({
  /** Actions, and alerts that were raised, in order; at most 10,000. */
  fired: z.array(
    z.object({
      atMs: timeMs,
      node: z.string(),
      kind: z.string().describe("email, alert, …"),
      what: z.string().describe("in words: to whom, where, which title"),
      about: z.string().describe("the device or series"),
    }),
  ),
  /** How many in all, by kind. */
  counts: z.record(z.string(), z.int()),
  runs: z.int(),
  stopped: z.string().nullable().describe("why it was stopped"),
});
export type TrialVersion = z.infer<typeof trialVersion>;

export const trial = z.object({
  fromMs: timeMs,
  toMs: timeMs,
  /** Readings and messages that reached the workflow. */
  events: z.int(),
  tookMs: z.number(),
  source: z.enum(["points", "rows", "both"]).describe("where they came from"),
  asked: trialVersion,
  /** The version that is saved, where it differs; `null` where there is none. */
  saved: trialVersion.nullable(),
  notes: z.array(z.string()).describe("what was left out, and why"),
});
export type Trial = z.infer<typeof trial>;
