import { NAME_PATTERN } from "@weir/protocol";
import { parseDuration } from "@weir/runtime";
import { z } from "zod";
import type { Deadband } from "../report/deadband.ts";
import type { DeviceCommand } from "./command.ts";

interface DeadbandPayload {
  attribute: string;
  /** `null` reports each value. */
  deadband: Deadband | null;
  /** `undefined` leaves it as it is. */
  maxSilenceMs: number | undefined;
}

const SILENCE_MS = { min: 1_000, max: 7 * 86_400_000 };
const WIDTH_MAX = 1e15;
const PERCENT = /^\d{1,3}(\.\d{1,15})?%$/;

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
    attribute: z.string().regex(NAME_PATTERN, "it must be the name of an attribute"),
    absolute: z.number().min(0).max(WIDTH_MAX).optional().describe("In the attribute's unit."),
    relative: share.optional(),
    none: z.literal(true).optional().describe("Each value is reported."),
    maxSilence: silence.optional(),
  })
  .describe('Keys: {"attribute":"walk","absolute":0.5,"maxSilence":"5m"}, or relative, or none.')
  .transform(({ attribute, absolute, relative, none, maxSilence }, context): DeadbandPayload => {
    if ([absolute, relative, none].filter((one) => one !== undefined).length !== 1) {
      const message = "it must have exactly one of the keys absolute, relative and none";
      context.addIssue({ code: "custom", message });
    }
    let deadband: Deadband | null = null;
    if (absolute !== undefined) deadband = { kind: "absolute", width: absolute };
    else if (relative !== undefined) deadband = { kind: "relative", share: relative };
    return { attribute, deadband, maxSilenceMs: maxSilence };
  });

const COMPACT =
  /^\s*([A-Za-z0-9._-]{1,64})\s+(none|\d{1,15}(?:\.\d{1,15})?%?)(?:\s+(\w{1,32}))?\s*$/;
const words =
  'it must be like {"attribute":"walk","absolute":0.5,"maxSilence":"5m"}, "walk 0.5", "walk 5% 10m" or "walk none"';

/** The same in one line, for the text field of a dashboard. */
const compact = z
  .string()
  .max(128, words)
  .describe('In one line: "walk 0.5", "walk 5% 10m", "walk none".')
  .transform((text, context): DeadbandPayload => {
    const [, attribute, width = "", silence] = COMPACT.exec(text) ?? [];
    const deadband = writtenDeadband(width);
    const maxSilenceMs = silence === undefined ? undefined : silenceMsOf(silence);
    if (attribute !== undefined && deadband !== undefined && !Number.isNaN(maxSilenceMs)) {
      return { attribute, deadband, maxSilenceMs };
    }
    context.addIssue({ code: "custom", message: words });
    return z.NEVER;
  });

export const command: DeviceCommand<DeadbandPayload> = {
  name: "set_deadband",
  summary: "Sets how much a value must change to be reported, and how long it may be silent.",
  payload: z.union([keys, compact], words),
  run: async ({ attribute, deadband, maxSilenceMs }, { device }) => {
    device.setDeadband(attribute, deadband, maxSilenceMs);
    return {
      attribute,
      ...inKeys(deadband),
      ...(maxSilenceMs === undefined ? {} : { maxSilenceSeconds: maxSilenceMs / 1_000 }),
    };
  },
};

/** A deadband with the keys of the payload. */
function inKeys(deadband: Deadband | null): object {
  if (deadband === null) return { none: true };
  return deadband.kind === "absolute" ? { absolute: deadband.width } : { relative: deadband.share };
}

/** `undefined` for more than 100 %. */
function writtenDeadband(text: string): Deadband | null | undefined {
  if (text === "none") return null;
  const number = Number.parseFloat(text);
  if (!text.endsWith("%")) return { kind: "absolute", width: number };
  return number <= 100 ? { kind: "relative", share: number / 100 } : undefined;
}

/** `NaN` for text that is no duration, and for a duration out of bounds. */
function silenceMsOf(given: number | string): number {
  const ms = typeof given === "number" ? Math.round(given * 1_000) : writtenMs(given);
  return ms >= SILENCE_MS.min && ms <= SILENCE_MS.max ? ms : Number.NaN;
}

function writtenMs(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  return parseDuration(text);
}
