import type { KindSettings } from "@weir/delivery";
import { type Bounds, duration } from "@weir/runtime";
import { z } from "zod";
import type { Deadband, DeadbandRule } from "../report/deadband.ts";

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
      .describe("After so long an event is of no use; 15s."),
  })
  .refine(({ class: is, ttl }) => is === "event" || ttl === undefined, {
    path: ["ttl"],
    error: "events have one, and no other class; take it out, or write class: event",
  })
  .describe("How it is sent; telemetry.");

export type DeliveryEntry = z.infer<typeof delivery>;

/** @param entry `undefined` is telemetry. */
export function kindSettings(entry: DeliveryEntry | undefined): KindSettings {
  if (entry === undefined) return { class: "telemetry" };
  if (entry.class !== "event") return { class: entry.class };
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
  .describe("What has changed less since it was reported is not reported; none.");

export type DeadbandEntry = z.infer<typeof deadband>;

/** When the values of a source are reported; without a deadband each of them is. */
export function deadbandRule(entry: {
  deadband?: DeadbandEntry | undefined;
  maxSilence?: number | undefined;
}): DeadbandRule {
  return {
    deadband: entry.deadband === undefined ? null : normaliseDeadband(entry.deadband),
    maxSilenceMs: entry.maxSilence ?? MAX_SILENCE_MS,
  };
}

function normaliseDeadband({ absolute, relative }: DeadbandEntry): Deadband {
  if (absolute !== undefined) return { kind: "absolute", width: absolute };
  return { kind: "relative", share: shareOf(relative ?? 0) };
}

function shareOf(relative: number | string): number {
  return typeof relative === "number" ? relative : Number.parseFloat(relative) / 100;
}
