import { z } from "zod";
import { timeMs } from "./times.ts";

/** A configured log of topic filters. */
export const stream = z
  .object({
    name: z.string(),
    filters: z.array(z.string()),
    messagesPerSecond: z.number().nullable().describe("null: the logger has not reported yet"),
    lagSeconds: z.number().nullable().describe("between an observation and its commit"),
    newestMs: timeMs.nullable(),
    series: z.int(),
    bytes: z
      .int()
      .nullable()
      .describe("what its rows and archives take on the disk; null: not measured yet"),
    historyBytes: z.int().nullable(),
    bytesPerDay: z.number().nullable().describe("how it grows; null: not known yet"),
    retention: z.object({
      ageMs: z.number().nullable(),
      bytesMax: z.number().nullable(),
      freeDiskBytesMin: z.number().nullable(),
    }),
    historyMs: z
      .number()
      .nullable()
      .describe("how long points are kept; null: none are, or for ever"),
    keepsHistory: z.enum(["off", "for a time", "forever"]),
    archiveAfterMs: z.number().nullable(),
  })
  .meta({ id: "Stream" });
export const streams = z.object({
  streams: z.array(stream),
  disk: z
    .object({
      freeBytes: z.number(),
      totalBytes: z.number(),
      fullMs: timeMs.nullable().describe("when it is full at this rate; null: not at this rate"),
    })
    .nullable(),
  measuredMs: timeMs.nullable(),
  backup: z
    .object({
      endedMs: timeMs
        .nullable()
        .describe("when the newest snapshot was complete; null: there is none"),
      problem: z
        .string()
        .nullable()
        .describe("why the last one has failed, or that one is overdue; null: all is well"),
    })
    .nullable()
    .describe("null: there never was a backup"),
});
export type Streams = z.infer<typeof streams>;

const seqRange = z.tuple([z.int(), z.int()]);

/** What one publisher with an outbox has accepted, and what became of it. */
export const publisherAudit = z
  .object({
    publisher: z.string(),
    accepted: z.int().nullable(),
    stored: z.int(),
    waiting: z.int().nullable(),
    abandoned: z.int(),
    filtered: z.int(),
    duplicates: z.int().describe("copies that were recognized and not stored"),
    missing: z.int(),
    missingRanges: z.array(
      z.object({ stream: z.string(), topic: z.string(), ranges: z.array(seqRange) }),
    ),
    doubts: z.array(z.string()).describe("why some of it is not judged"),
    lastReceivedMs: timeMs.nullable(),
  })
  .meta({ id: "PublisherAudit" });
export type PublisherAudit = z.infer<typeof publisherAudit>;
export const audit = z.object({
  atMs: timeMs.nullable().describe("null: the first audit has not ended yet"),
  judged: z.int(),
  missing: z.int(),
  unsequenced: z.int().describe("messages of publishers without an outbox"),
  publishers: z.array(publisherAudit).describe("the worst first; 500 at most"),
  hints: z.array(z.string()),
  problem: z.string().nullable().describe("why the last audit could not be made"),
});
export type Audit = z.infer<typeof audit>;

export const rejectionsQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export const rejections = z.object({
  rows: z.array(
    z.object({
      atMs: timeMs,
      stream: z.string(),
      topic: z.string(),
      kind: z.enum(["flagged", "rejected", "dropped"]),
      reason: z.string(),
      payload: z.string().nullable().describe("as text, cut at 1 KiB; null where it is not UTF-8"),
      bytes: z.int(),
    }),
  ),
  lookedAt: z.int().describe("so many of the newest rows of each stream are looked at"),
  isComplete: z.boolean().describe("false where it took too long to look at all of these"),
  dropped: z.int().nullable().describe("packets that the logger did not take, since its start"),
  unmatched: z.int().nullable().describe("messages on topics of no stream, since its start"),
});
export type Rejections = z.infer<typeof rejections>;

export const service = z
  .object({
    name: z.string(),
    state: z.enum(["ready", "not ready", "away"]),
    reasons: z.array(z.string()).describe("what is missing, in words"),
    warnings: z.array(z.string()),
    memoryBytes: z.number().nullable(),
    startedMs: timeMs.nullable(),
    lookedMs: timeMs,
  })
  .meta({ id: "Service" });
export type ServiceHealth = z.infer<typeof service>;
export const services = z.object({ services: z.array(service) });

export const networkState = z
  .object({
    condition: z
      .string()
      .describe(
        "as it was imposed last: release is a network without faults; none: no network can be cut",
      ),
    sinceMs: timeMs.nullable(),
    commands: z.array(z.string()),
  })
  .meta({ id: "Network" });
export type NetworkState = z.infer<typeof networkState>;
export const networkRequest = z.strictObject({
  command: z.enum(["capture", "release", "reset"]),
});
export type NetworkCommand = z.infer<typeof networkRequest>["command"];
