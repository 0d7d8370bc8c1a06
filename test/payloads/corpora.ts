import { globSync, readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { parse } from "yaml";
import { z } from "zod";

/** What is expected of one series: its value alone, or more about it. */
export const expectedPoint = z.union([
  z.number(),
  z.strictObject({
    value: z.number(),
    /** Only where it differs from that of the message. */
    time: z.string().optional(),
    unit: z.string().optional(),
    name: z.string().optional(),
    class: z.string().optional(),
    device: z.string().optional(),
    kind: z.enum(["gauge", "counter", "state"]).optional(),
  }),
]);

const payload = z.union([
  z.strictObject({ text: z.string() }),
  z.strictObject({ json: z.unknown() }),
  z.strictObject({ hex: z.string() }),
]);

const message = z.strictObject({
  topic: z.string(),
  payload,
  retained: z.boolean().default(false),
  /** When it arrived; ISO 8601. */
  received: z.string().default("2026-11-27T08:31:00Z"),
});

/** One message, and the right reading of it. Cases of a file share one memory, in their order. */
const corpusCase = message.extend({
  about: z.string(),
  timeZone: z.string().nullable().default(null),
  /** The family that reads it; that of the folder unless it is given. */
  family: z.string().optional(),
  /** The topic of the series, where it is not that of the message. */
  seriesTopic: z.string().optional(),
  /** When it was observed; the time of reception unless it is given. */
  time: z.string().optional(),
  /** A list where several points have one path, as in a message of several times. */
  points: z.record(z.string(), z.union([expectedPoint, z.array(expectedPoint).min(2)])),
  /** Reasons by path. Each of them must be there; there may be others. */
  ignored: z.record(z.string(), z.string()).optional(),
  /** What a message says of series elsewhere: `topic#path`. Each of them must be there. */
  describes: z.record(z.string(), z.record(z.string(), z.string())).optional(),
});

const corpus = z.strictObject({
  /** What the payloads follow: program or specification, version, date of reading. */
  source: z.string(),
  cases: z.array(corpusCase).min(1),
});

export type Case = z.infer<typeof corpusCase>;

const FILES = globSync("test/payloads/*/*.yaml").toSorted();
/** Every file of the corpus: messages of real devices, and their right readings. */
export const CORPORA = FILES.map((file) => ({
  file,
  family: basename(dirname(file)),
  content: corpus.parse(parse(readFileSync(file, "utf8"))),
}));

export function bytesOf(given: Case["payload"]): Buffer {
  if ("text" in given) return Buffer.from(given.text);
  return "hex" in given
    ? Buffer.from(given.hex.replaceAll(/\s/g, ""), "hex")
    : Buffer.from(JSON.stringify(given.json));
}
