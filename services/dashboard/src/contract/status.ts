import { z } from "zod";
import { timeMs } from "./times.ts";

/** The answer to "is anything lost, and how fresh is this". The worst that holds is the state. */
export const status = z
  .object({
    state: z.enum(["stored", "behind", "broker away", "logger away", "missing", "unknown"]),
    nowMs: timeMs,
    newestMs: timeMs.nullable().describe("when the newest message was stored, on any stream"),
    behindRows: z.int().describe("messages that are stored and not in the statistics yet"),
    broker: z.object({
      isConnected: z.boolean(),
      sinceMs: timeMs.nullable().describe("since when it is so"),
      reason: z.string().nullable(),
    }),
    missing: z
      .int()
      .nullable()
      .describe("messages of publishers with an outbox; null: not judged yet"),
    auditedMs: timeMs.nullable(),
  })
  .meta({ id: "Status" });
export type Status = z.infer<typeof status>;

const detail = z.object({
  count: z.int(),
  min: z.number().nullable(),
  max: z.number().nullable(),
});

/** The newest statistics of the readings. */
export const averages = z
  .object({
    topic: z.string(),
    atMs: timeMs.nullable().describe("null: none have come yet"),
    isStale: z.boolean(),
    avg_1min: z.number().nullable(),
    avg_5min: z.number().nullable(),
    avg_30min: z.number().nullable(),
    windows: z.object({ "1min": detail, "5min": detail, "30min": detail }).nullable(),
  })
  .meta({ id: "Averages" });
export type Averages = z.infer<typeof averages>;
