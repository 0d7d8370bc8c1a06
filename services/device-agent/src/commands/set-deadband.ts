import { NAME_PATTERN } from "@weir/protocol";
import { parseDuration } from "@weir/runtime";
import { z } from "zod";
import { type Deadband, writtenShare } from "../report/deadband.ts";
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
const WHOLE_SECONDS = /^\d{1,9}$/;

const silenceWords = 'it must be seconds or a duration from 1s to 7d: 300, "5m"';
const silence = z
  .union([z.number(), z.string().max(32)], silenceWords)
  .describe('Seconds or a duration after which the value is reported in any case: 300, "5m".')
  .transform((given) =>
    typeof given === "number" || WHOLE_SECONDS.test(given)
      ? Math.round(Number(given) * 1_000)
      : parseDuration(given),
  )
  .refine((ms) => ms >= SILENCE_MS.min && ms <= SILENCE_MS.max, silenceWords);

const keys = z
  .strictObject({
    attribute: z.string().regex(NAME_PATTERN, "it must be the name of an attribute"),
    absolute: z.number().min(0).max(WIDTH_MAX).optional().describe("In the attribute's unit."),
    relative: writtenShare.optional().describe('Of the value: 0.05 or "5%".'),
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
    const [, attribute, width = "", maxSilence] = COMPACT.exec(text) ?? [];
    const parsed = keys.safeParse({ attribute, ...inKeys(width), maxSilence });
    if (parsed.success) return parsed.data;
    context.addIssue({ code: "custom", message: words });
    return z.NEVER;
  });

function inKeys(width: string): object {
  if (width === "none") return { none: true };
  return width.endsWith("%") ? { relative: width } : { absolute: Number(width) };
}

export const command: DeviceCommand<DeadbandPayload> = {
  name: "set_deadband",
  summary:
    "Sets how much a value must change to be reported, and after how long it is reported in any case.",
  payload: z.union([keys, compact], words),
  run: async ({ attribute, deadband, maxSilenceMs }, { device }) => {
    device.setDeadband(attribute, deadband, maxSilenceMs);
    const absolute = deadband?.kind === "absolute" ? deadband.width : undefined;
    const relative = deadband?.kind === "relative" ? deadband.share : undefined;
    const none = deadband === null ? true : undefined;
    const maxSilenceSeconds = maxSilenceMs === undefined ? undefined : maxSilenceMs / 1_000;
    return { attribute, absolute, relative, none, maxSilenceSeconds };
  },
};
