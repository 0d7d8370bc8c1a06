import { filterProblem, isName, NAME_RESERVED, NAME_RULE } from "@weir/protocol";
import { duration, size } from "@weir/runtime";
import { KINDS } from "@weir/series";
import { z } from "zod";
import { timeZoneProblem } from "./time-zone.ts";

const STREAMS_MAX = 200;
const BROKERS_MAX = 50;
const FILTERS_MAX = 100;
const BATCH_ROWS_MAX = 50_000;

/** The rule for names of streams and brokers. */
const RULE = `a name is ${NAME_RULE}, and begins with a letter or digit`;
/** A reference to a name that is defined elsewhere. */
const reference = z
  .string(RULE)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, { error: RULE, abort: true });
const name = reference.refine(isName, NAME_RESERVED);
const path = z.string("it must be a path").min(1, "a path has at least one character");

const filter = z.string("a filter is text").superRefine((text, context) => {
  const problem = filterProblem(text);
  if (problem !== null) context.addIssue({ code: "custom", message: problem });
});
const filters = z
  .array(filter, "it must be a list of filters: [a/+, b/#]")
  .max(FILTERS_MAX, `there are at most ${FILTERS_MAX} in one list`);

const decoder = z
  .union(
    [
      z.enum(["auto", "reading", "device", "json", "number", "text", "raw"]),
      z.strictObject({
        avro: z.strictObject({
          schemas: path.describe("Folder of *.avsc, relative to this file."),
          framing: z
            .enum(["single-object", "confluent"])
            .describe(
              "How a payload names its schema: Avro's single-object encoding, or Confluent's.",
            ),
        }),
      }),
    ],
    "it must be one of auto, reading, device, json, number, text, raw, or avro with schemas and framing",
  )
  .describe(
    "How payloads are read. auto: JSON, numbers, text and bytes, each as what it is; reading: {number, epochtime}; device: states, acks and the rest of what devices say; json: any JSON, and nothing else; number and text: plain text; raw: bytes, not decoded; avro: needs a folder of schemas. Default auto.",
  );

const timeZone = z
  .string("it must be the name of a time zone: Europe/Berlin, UTC")
  .superRefine((name, context) => {
    const problem = timeZoneProblem(name);
    if (problem !== null) context.addIssue({ code: "custom", message: problem });
  })
  .describe(
    "The zone that times without a zone are read in, by its IANA name: Europe/Berlin. UTC unless it is given.",
  );

const SERIES_MAX = 1_000;
const listedSeries = z.strictObject({
  path: z
    .string("a path is text: ENERGY.Power")
    .max(256, "a path has at most 256 characters")
    .describe("Where the number stands in the payload: ENERGY.Power, pumps[0], ['a.b']."),
  name: z.string("a name is text").max(128).optional().describe("A name for people."),
  unit: z.string("a unit is text").max(32).optional().describe("The unit: W, °C."),
  kind: z
    .enum(KINDS, `it must be one of ${KINDS.join(", ")}`)
    .optional()
    .describe(
      "gauge: goes up and down; counter: grows, and begins again at 0; state: 0 or 1. gauge unless it is given.",
    ),
});

const series = z
  .union(
    [
      z.enum(["auto", "off"]),
      z
        .array(listedSeries)
        .min(1, "a list of series has at least one; off is none")
        .max(SERIES_MAX, `there are at most ${SERIES_MAX} in one list`),
    ],
    "it must be auto, off, or a list of paths: [{ path: temperature, unit: °C }]",
  )
  .describe(
    "Which numbers of the payloads are series. auto: each of them; off: none; or a list of paths. Default auto.",
  );

const retention = z
  .strictObject({
    age: duration({ min: "1s", max: "36500d" })
      .optional()
      .describe("The age at which messages are removed."),
    size: size({ min: "1MB", max: "1000TB" })
      .optional()
      .describe("The oldest is removed while there is more than this."),
    freeDisk: size({ min: "1MB", max: "1000TB" })
      .optional()
      .describe("The oldest is removed while less than this is free on the disk."),
  })
  .describe("How much is kept. Without a limit: everything.");

const history = z
  .union(
    [z.enum(["forever", "off"]), duration({ min: "1h", max: "36500d" })],
    "it must be forever, off, or a duration from 1h to 36500d: 400d",
  )
  .describe(
    "How long the points of its series are kept, also after retention has removed the messages that they came from: a duration, forever, or off. Default 400d; off for the stream data.",
  );

const archive = z
  .strictObject({
    after: duration({ min: "1h", max: "36500d" }).describe(
      "How long after its end a segment becomes a Parquet file: 2d.",
    ),
  })
  .describe(
    "Closed segments become Parquet files, a tenth of their size. Without it they stay SQLite files.",
  );

const rowsRule = `it must be a whole number from 1 to ${BATCH_ROWS_MAX}`;
const batch = z
  .strictObject({
    rows: z
      .int(rowsRule)
      .min(1, rowsRule)
      .max(BATCH_ROWS_MAX, rowsRule)
      .optional()
      .describe("The largest number of messages in one commit."),
    delay: duration({ min: "0ms", max: "10s" })
      .optional()
      .describe("How long a message may wait for others: 20ms."),
  })
  .describe("The smallest values of the streams that share a connection hold for all of them.");

const stream = z.strictObject({
  enabled: z.boolean().optional().describe("false disables the stream."),
  filters: filters
    .min(1, "a stream needs at least one filter")
    .optional()
    .describe("Filters of the topics that the stream takes; + and # are wildcards."),
  exclude: filters.optional().describe("Filters of the topics that the stream leaves out."),
  qos: z
    .literal([0, 1], "it must be 0 or 1")
    .optional()
    .describe("0: at most once. 1, the default: at least once, acknowledged after it is stored."),
  retained: z
    .enum(["store", "mark", "skip"])
    .optional()
    .describe(
      "What happens to messages that the broker had kept: stored like any other, stored without a value, or not stored.",
    ),
  decoder: decoder.optional(),
  timeZone: timeZone.optional(),
  series: series.optional(),
  statistics: z
    .boolean("it must be true or false")
    .optional()
    .describe(
      "true: averages of each series are published on STATS_TOPIC/<stream>:<topic>/<path>. Default false.",
    ),
  filter: path
    .optional()
    .describe("A TypeScript file that keeps, drops or changes messages, relative to this file."),
  folder: path
    .optional()
    .describe(
      "Where the segments are, relative to the folder of DB_FILE; the stream's name unless it is given.",
    ),
  rotation: duration({ min: "1s", max: "366d" })
    .optional()
    .describe("How long a segment is written before the next begins: 1h, 1d (from midnight UTC)."),
  retention: retention.optional(),
  history: history.optional(),
  archive: archive.optional(),
  batch: batch.optional(),
  broker: reference
    .optional()
    .describe("A name under brokers; without one the broker of the environment."),
  connection: z
    .enum(["shared", "own"])
    .optional()
    .describe("own: the stream has a separate connection."),
});

const broker = z.strictObject({
  url: z.string("a URL is text").superRefine((text, context) => {
    const problem = urlProblem(text);
    if (problem !== null) context.addIssue({ code: "custom", message: problem });
  }),
  username: z.string("it must be text").optional().describe("User name at the broker."),
  passwordFile: path.optional().describe("A file with the password, relative to this file."),
  passwordVariable: z
    .string("it must be the name of a variable")
    .optional()
    .describe("An environment variable with the password."),
  ca: path
    .optional()
    .describe(
      "For TLS: a PEM file with the certificate authorities that are trusted to sign the broker's certificate, instead of the default ones, relative to this file.",
    ),
  certificate: path
    .optional()
    .describe(
      "For TLS: a PEM file with the client certificate that is sent to the broker, relative to this file.",
    ),
  key: path
    .optional()
    .describe("A PEM file with the certificate's private key, relative to this file."),
});

function urlProblem(text: string): string | null {
  const url = URL.parse(text);
  if (url === null || url.hostname === "" || !/^(mqtts?|wss?):$/.test(url.protocol)) {
    return "it must be a URL that begins with mqtt://, mqtts://, ws:// or wss://";
  }
  return url.username === "" && url.password === ""
    ? null
    : "no user or password stands in it; use username, and passwordFile or passwordVariable";
}

const entriesMax = (most: number) => (entries: object) => Object.keys(entries).length <= most;

/** The contents of weir.yaml. Durations are read as milliseconds, sizes as bytes. */
export const weirFile = z.strictObject({
  performance: z
    .strictObject({
      interval: duration({ min: "1s", max: "1h" })
        .optional()
        .describe(
          "How often the logger publishes its performance message, on weir/service/logger/performance.",
        ),
    })
    .optional()
    .describe("The logger's report about itself."),
  brokers: z
    .record(name, broker)
    .refine(entriesMax(BROKERS_MAX), `there are at most ${BROKERS_MAX} brokers`)
    .optional()
    .describe("Brokers beside that of the environment."),
  streams: z
    .record(name, stream)
    .refine(entriesMax(STREAMS_MAX), `there are at most ${STREAMS_MAX} streams`)
    .optional()
    .describe("What is logged, by name. data and devices are there unless they are disabled."),
});

export type WeirFile = z.infer<typeof weirFile>;
export type StreamEntry = z.infer<typeof stream>;
export type BrokerEntry = z.infer<typeof broker>;
