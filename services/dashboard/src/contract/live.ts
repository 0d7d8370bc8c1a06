import { openAlerts } from "@weir/flows/contract";
import { z } from "zod";
import { commandLife, connectionEvent, device, logEntry } from "./devices.ts";
import { POSITIONS_LENGTH_MAX } from "./positions.ts";
import { seriesNames } from "./series.ts";
import { averages, status } from "./status.ts";
import { timeMs } from "./times.ts";

/** What one page wants to hear of. Status, averages, alerts and workflows come to every page. */
export const liveQuery = z.strictObject({
  series: seriesNames.optional().describe("their points, as they are stored"),
  device: z.string().max(2_048).optional().describe("its log, connections and commands"),
  devices: z.enum(["changes"]).optional().describe("summaries of devices that have changed"),
  after: z
    .string()
    .max(POSITIONS_LENGTH_MAX)
    .optional()
    .describe("through of a history: points go on behind it"),
});

/**
 * The events of the live stream, by their names. The id of an event is a place in the streams; a reconnecting
 * EventSource sends it as Last-Event-ID, and points go on behind it.
 */
export const liveEvents = {
  /** First of all. */
  hello: z.object({ nowMs: timeMs, version: z.string() }),
  /** One item for each reading: the index of its series in the query, time, value. */
  points: z.object({ points: z.array(z.tuple([z.int(), timeMs, z.number()])) }),
  /** Points were skipped, or data was deleted: ask for the history once more. */
  reset: z.object({ reason: z.string() }),
  status,
  averages,
  devices: z.object({ devices: z.array(device) }),
  command: commandLife,
  log: logEntry,
  connection: connectionEvent,
  /** An alert has changed. `null`: the service workflows is away. */
  alerts: z.object({ open: openAlerts.nullable() }),
  /** Workflows that have new runs, were changed, or are in another state. */
  workflows: z.object({ flows: z.array(z.string()) }),
  /** The server ends the stream; come back after so many milliseconds. */
  bye: z.object({ reason: z.string(), retryMs: z.int() }),
} as const;

export type LiveEvents = { [K in keyof typeof liveEvents]: z.infer<(typeof liveEvents)[K]> };
