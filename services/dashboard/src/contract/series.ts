import { filterProblem } from "@weir/protocol";
import { z } from "zod";
import { queryTimeMs, timeMs } from "./times.ts";

/** Series in one question at most. */
export const SERIES_MAX = 100;
export const BUCKETS_MAX = 5_000;

export const kind = z.enum(["gauge", "counter", "state"]);
const seriesName = z.string().min(1).max(2_048).describe("stream:topic#path");

/** Query parameters that may be repeated come as a text or as a list. */
export const seriesNames = z.preprocess(
  (given) => (given === undefined || Array.isArray(given) ? given : [given]),
  z.array(seriesName).min(1).max(SERIES_MAX),
);

/** One number over time. */
export const series = z
  .object({
    series: z.string().describe("its name: stream:topic#path"),
    stream: z.string(),
    topic: z.string(),
    path: z.string(),
    device: z.object({ id: z.string(), name: z.string() }),
    name: z.string().nullable().describe("for people, as discovery says"),
    unit: z.string().nullable(),
    class: z.string().nullable().describe("a device class of Home Assistant"),
    kind,
    family: z.string(),
    points: z.int(),
    firstMs: timeMs,
    newestMs: timeMs.describe("when the newest value was observed"),
    receivedMs: timeMs.describe("when it arrived"),
    newestValue: z.number(),
    intervalMs: z.number().describe("the usual time between two values; 0: not known yet"),
  })
  .meta({ id: "Series" });
export type Series = z.infer<typeof series>;

/** A topic filter. */
export const topicFilter = z
  .string()
  .max(2_048)
  .superRefine((text, context) => {
    const problem = filterProblem(text);
    if (problem !== null) context.addIssue({ code: "custom", message: problem });
  })
  .describe("a topic filter, with + and #");

export const seriesParameters = z.strictObject({ series: seriesName });

export const seriesQuery = z.strictObject({
  text: z
    .string()
    .max(256)
    .optional()
    .describe("words that occur in name, topic, path, device or unit"),
  stream: z.string().max(256).optional(),
  kind: kind.optional(),
  device: z.string().max(2_048).optional().describe("the id of a device"),
  filter: topicFilter.optional(),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
export const seriesPage = z.object({ total: z.int(), series: z.array(series) });

export const historyQuery = z.strictObject({
  series: seriesNames,
  fromMs: queryTimeMs,
  toMs: queryTimeMs.optional().describe("default: now"),
  buckets: z.coerce.number().int().min(1).max(BUCKETS_MAX).default(300),
  timeZone: z.string().max(64).default("UTC").describe("an IANA name; its clocks divide the time"),
});

export type HistoryQuery = z.infer<typeof historyQuery>;

const column = z.array(z.number().nullable());

/** What series were like over time, in columns: an item for each bucket; null without points. */
export const history = z
  .object({
    step: z
      .string()
      .nullable()
      .describe("how long a bucket is, such as 1m; null: one bucket, as long as asked for"),
    edgesMs: z.array(timeMs).describe("where buckets begin, and where the last one ends"),
    series: z.array(
      z.object({
        series,
        count: z.array(z.int()),
        min: column,
        max: column,
        average: column,
        last: column,
        lastMs: column.describe("when the last point of each bucket was observed"),
        increase: column.describe("of a counter: by how much it grew"),
        share: column.describe(
          "each value weighted by how long it held; of a state the share of 1",
        ),
        transitions: column.describe("of a state: how often it changed"),
      }),
    ),
    through: z
      .string()
      .describe("up to which rows this answer reaches; live values go on behind it (after)"),
    skipped: z.array(z.string()).describe("what could not be read, and why"),
  })
  .meta({ id: "History" });
export type History = z.infer<typeof history>;

export const explainQuery = z.strictObject({
  topic: topicFilter,
  count: z.coerce.number().int().min(1).max(100).default(1),
});

/** A stored payload, and how it was read. */
export const explained = z
  .object({
    stream: z.string(),
    topic: z.string(),
    receivedMs: timeMs,
    observedMs: timeMs,
    timeSource: z.string().describe("the field that the time is from, or reception"),
    isRetained: z.boolean(),
    family: z.string(),
    outcome: z.object({ kind: z.string(), reason: z.string() }),
    bytes: z.int(),
    payload: z.string().nullable().describe("as text, cut at 64 KiB; null where it is not UTF-8"),
    points: z.array(
      z.object({
        series: z.string(),
        path: z.string(),
        value: z.number(),
        unit: z.string().nullable(),
        kind,
        observedMs: timeMs,
      }),
    ),
    ignored: z.array(z.object({ path: z.string(), reason: z.string() })),
  })
  .meta({ id: "Explained" });
export type Explained = z.infer<typeof explained>;
export const explanations = z.object({ payloads: z.array(explained).describe("the newest first") });
