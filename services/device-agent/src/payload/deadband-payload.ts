import { parseDuration } from "@weir/runtime";
import { z } from "zod";
import type { Deadband } from "../report/deadband.ts";

/** What `set_deadband` is told. */
export interface DeadbandPayload {
  attribute: string;
  deadband: Deadband | null;
  /** Left out: as it was. */
  maxSilenceMs?: number;
}

const SILENCE_MS = { min: 1_000, max: 7 * 86_400_000 };
const WIDTH_MAX = 1e15;
const PERCENT = /^\d{1,3}(\.\d{1,15})?%$/;

const name = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, "it must be the name of an attribute");

const silenceWords = 'it must be seconds or a duration from 1s to 7d: 300, "5m"';
const silence = z
  .union([z.number(), z.string().max(32)], silenceWords)
  .describe('Seconds or a duration after which it is reported all the same: 300, "5m".')
  .transform((given, context) => {
    const ms = silenceMsOf(given);
    if (!Number.isNaN(ms)) return ms;
    context.addIssue({ code: "custom", message: silenceWords });
    return z.NEVER;
  });

const shareWords = 'it must be a share from 0 to 1, or percent: 0.05, "5%"';
const share = z
  .union([z.number().min(0, shareWords).max(1, shareWords), z.string().max(32)], shareWords)
  .describe('Of the value: 0.05 or "5%".')
  .transform((given, context) => {
    if (typeof given === "number") return given;
    const written = PERCENT.test(given) ? writtenDeadband(given) : undefined;
    if (written?.kind === "relative") return written.share;
    context.addIssue({ code: "custom", message: shareWords });
    return z.NEVER;
  });

const keys = z
  .strictObject({
    attribute: name,
    absolute: z.number().min(0).max(WIDTH_MAX).optional().describe("In the attribute's unit."),
    relative: share.optional(),
    none: z.literal(true).optional().describe("Each value is reported."),
    maxSilence: silence.optional(),
  })
  .describe('Keys: {"attribute":"walk","absolute":0.5,"maxSilence":"5m"}, or relative, or none.')
  .transform(({ attribute, absolute, relative, none, maxSilence }, context): DeadbandPayload => {
    const given = [absolute, relative, none].filter((one) => one !== undefined);
    if (given.length !== 1) {
      const message = "it must have exactly one of the keys absolute, relative and none";
      context.addIssue({ code: "custom", message });
    }
    return { attribute, deadband: deadbandOf({ absolute, relative }), ...silenceOf(maxSilence) };
  });

const COMPACT =
  /^\s*([A-Za-z0-9._-]{1,64})\s+(none|\d{1,15}(?:\.\d{1,15})?%?)(?:\s+(\w{1,32}))?\s*$/;
const words =
  'it must be like {"attribute":"walk","absolute":0.5,"maxSilence":"5m"}, "walk 0.5", "walk 5% 10m" or "walk none"';

/** The same in one line, for a text field of a dashboard. */
const compact = z
  .string()
  .max(128, words)
  .describe('In one line: "walk 0.5", "walk 5% 10m", "walk none".')
  .transform((text, context): DeadbandPayload => {
    const [, attribute, width = "", silence] = COMPACT.exec(text) ?? [];
    const deadband = writtenDeadband(width);
    const maxSilenceMs = silence === undefined ? undefined : silenceMsOf(silence);
    if (attribute !== undefined && deadband !== undefined && !Number.isNaN(maxSilenceMs)) {
      return { attribute, deadband, ...silenceOf(maxSilenceMs) };
    }
    context.addIssue({ code: "custom", message: words });
    return z.NEVER;
  });

export const deadbandPayload: z.ZodType<DeadbandPayload> = z.union([keys, compact], words);

function deadbandOf(given: {
  absolute: number | undefined;
  relative: number | undefined;
}): Deadband | null {
  if (given.absolute !== undefined) return { kind: "absolute", width: given.absolute };
  if (given.relative !== undefined) return { kind: "relative", share: given.relative };
  return null;
}

/** Undefined for what is none: more than all of the value. */
function writtenDeadband(text: string): Deadband | null | undefined {
  if (text === "none") return null;
  const number = Number.parseFloat(text);
  if (!text.endsWith("%")) return { kind: "absolute", width: number };
  return number <= 100 ? { kind: "relative", share: number / 100 } : undefined;
}

function silenceOf(maxSilenceMs: number | undefined): { maxSilenceMs?: number } {
  return maxSilenceMs === undefined ? {} : { maxSilenceMs };
}

/** NaN for what is none, or out of bounds. */
function silenceMsOf(given: number | string): number {
  const ms = typeof given === "number" ? Math.round(given * 1_000) : writtenMs(given);
  return ms >= SILENCE_MS.min && ms <= SILENCE_MS.max ? ms : Number.NaN;
}

function writtenMs(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  return parseDuration(text);
}
