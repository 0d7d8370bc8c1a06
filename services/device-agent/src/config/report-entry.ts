import type { KindSettings } from "@weir/delivery";
import { type Bounds, duration } from "@weir/runtime";
import { z } from "zod";
import type { DeadbandRule } from "../report/deadband.ts";

export const MAX_SILENCE_BOUNDS: Bounds = { min: "1s", max: "366d" };
export const MAX_SILENCE_MS = 300_000;

export const delivery = z
  .strictObject({
    class: z
      .enum(["telemetry", "event", "alarm"])
      .describe(
        "telemetry: the next one replaces it. event: dropped when it is too late. alarm: kept on disk until it has arrived.",
      ),
    ttl: duration({ min: "1ms", max: "1d" })
      .optional()
      .describe("How long an event is useful; after that it is dropped. Default 15s."),
  })
  .refine(({ class: is, ttl }) => is === "event" || ttl === undefined, {
    path: ["ttl"],
    error: "events have one, and no other class; take it out, or write class: event",
  })
  .describe("How states are sent. Default telemetry.");

/** @param entry `undefined` is telemetry. */
export function kindSettings(entry: z.infer<typeof delivery> | undefined): KindSettings {
  if (entry?.class !== "event") return { class: entry?.class ?? "telemetry" };
  return { class: "event", ...(entry.ttl !== undefined && { ttlMs: entry.ttl }) };
}

const WIDTH_RULE = "it must be a number in the unit of the source, 0 or more";
const SHARE_RULE = 'it must be a percentage, "5%", or a share from 0 to 1, 0.05';
const PERCENTAGE = /^(100|\d{1,2}(\.\d{1,6})?)\s?%$/;

export const deadband = z
  .strictObject({
    absolute: z
      .number(WIDTH_RULE)
      .min(0, WIDTH_RULE)
      .optional()
      .describe("In the unit of the source; a change as large as this is not reported."),
    relative: z
      .union(
        [
          z.number(SHARE_RULE).min(0, SHARE_RULE).max(1, SHARE_RULE),
          z.string(SHARE_RULE).regex(PERCENTAGE, SHARE_RULE),
        ],
        SHARE_RULE,
      )
      .optional()
      .describe("Of the value that was reported last: 5% or 0.05."),
  })
  .refine(
    ({ absolute, relative }) => (absolute === undefined) !== (relative === undefined),
    "it has either absolute or relative",
  )
  .describe("Smaller changes since the last report are not reported. Default none.");

/** When the values of a source are reported: without a deadband, each of them. */
export function deadbandRule(entry: {
  deadband?: z.infer<typeof deadband> | undefined;
  maxSilence?: number | undefined;
}): DeadbandRule {
  const maxSilenceMs = entry.maxSilence ?? MAX_SILENCE_MS;
  if (entry.deadband === undefined) return { deadband: null, maxSilenceMs };
  const { absolute, relative = 0 } = entry.deadband;
  if (absolute !== undefined) {
    return { deadband: { kind: "absolute", width: absolute }, maxSilenceMs };
  }
  const share = typeof relative === "number" ? relative : Number.parseFloat(relative) / 100;
  return { deadband: { kind: "relative", share }, maxSilenceMs };
}
