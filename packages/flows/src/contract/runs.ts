import { z } from "zod";

const timeMs = z.number().describe("milliseconds since the epoch, in UTC");

export const runSummary = z.object({
  id: z.int(),
  flow: z.string(),
  trigger: z.string().describe("the node that it began with"),
  startedMs: timeMs,
  about: z.string().describe("the device or series that it is about; may be empty"),
  state: z
    .enum(["done", "waiting", "failed"])
    .describe("waiting: an action is under way; failed: a node had a problem"),
  actions: z.int(),
});
export type RunSummary = z.infer<typeof runSummary>;

export const runStep = z.object({
  atMs: timeMs,
  node: z.string(),
  input: z.string().nullable(),
  outputs: z.array(z.string()),
  values: z.record(z.string(), z.unknown()).nullable(),
  problem: z.string().nullable(),
});
export type RunStep = z.infer<typeof runStep>;

/** An action of a run, and what became of it. */
export const runAction = z.object({
  id: z.int(),
  node: z.string(),
  kind: z.string(),
  what: z.string().describe("in words: to whom, where"),
  state: z.enum(["waiting", "doing", "done", "failed", "uncertain", "expired"]),
  problem: z.string().nullable(),
  attempts: z.int(),
  atMs: timeMs,
  endedMs: timeMs.nullable(),
});
export type RunAction = z.infer<typeof runAction>;

export const run = runSummary.extend({
  data: z.record(z.string(), z.unknown()).describe("what it began with"),
  steps: z.array(runStep),
  performed: z.array(runAction),
});
export type Run = z.infer<typeof run>;

/** The newest runs first. */
export const runQuery = z.strictObject({
  flow: z.string().max(64).optional(),
  about: z
    .string()
    .max(200)
    .optional()
    .describe("part of the device or series, in any case of letters"),
  state: z.enum(["done", "waiting", "failed"]).optional(),
  beforeId: z.int().min(1).optional(),
  limit: z.int().min(1).max(200).default(50),
});
export type RunQuery = z.infer<typeof runQuery>;
export const runs = z.object({ runs: z.array(runSummary) });
export type Runs = z.infer<typeof runs>;
