import { z } from "zod";
import { topicFilter } from "./series.ts";
import { givenTimeMs, timeMs } from "./times.ts";

/** Which rows: those of a stream whose topic matches one of the filters, received in the span. */
export const deletionRequest = z.strictObject({
  stream: z.string().min(1).max(256),
  filters: z.array(topicFilter).min(1).max(100),
  fromMs: givenTimeMs,
  toMs: givenTimeMs,
});
export type DeletionRequest = z.infer<typeof deletionRequest>;

export const deletionPreview = z.object({
  rows: z.int(),
  bytes: z.number(),
  firstMs: timeMs.nullable(),
  lastMs: timeMs.nullable(),
  topicCount: z.int(),
  topics: z
    .array(z.object({ topic: z.string(), rows: z.int() }))
    .describe("those with the most rows"),
  otherTopicsRows: z.int(),
  skipped: z.array(z.string()).describe("what could not be read, and why"),
});
export type DeletionPreview = z.infer<typeof deletionPreview>;

export const deletion = z
  .object({
    id: z.string(),
    stream: z.string(),
    filters: z.array(z.string()),
    fromMs: timeMs,
    toMs: timeMs,
    askedMs: timeMs,
    state: z.enum(["hiding", "hidden", "undoing", "undone", "removing", "removed"]),
    sinceMs: timeMs,
    undoUntilMs: timeMs.nullable(),
    hiddenRows: z.int(),
    restoredRows: z.int(),
    skipped: z.array(z.string()),
    problem: z.string().nullable().describe("why it does not get on"),
  })
  .meta({ id: "Deletion" });
export type Deletion = z.infer<typeof deletion>;
export const deletions = z.object({ deletions: z.array(deletion).describe("the newest first") });
export const deletionParameters = z.strictObject({ id: z.string().regex(/^[\w-]{1,64}$/) });
