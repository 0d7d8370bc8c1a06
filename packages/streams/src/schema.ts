import { isName } from "@weir/messages";
import { filterProblem } from "@weir/topics";
import { z } from "zod";
import { DURATION, millisecondsOf, SIZE } from "./units.ts";

const STREAMS_MAX = 200;
const FILTERS_MAX = 100;
const PERFORMANCE_INTERVAL_MS_MIN = 1_000;
const ROTATION_MS_MIN = 1_000;

const duration = z
  .string("a duration has a unit: 90s, 35m, 12h, 7d")
  .regex(DURATION, "a duration is a whole number with a unit: 90s, 35m, 12h, 7d");
const size = z
  .string("a size has a unit: 500MB, 10GB, 1GiB")
  .regex(SIZE, "a size is a number with a unit: 500MB, 10GB, 1GiB");
/** What a name of a stream or a broker may be. */
export const NAME_RULE = "a name is 1 to 64 letters, digits, dots, underscores or hyphens";
const name = z.string().refine(isName, NAME_RULE);
const path = z.string().min(1, "a path has at least one character");

const filter = z.string().superRefine((text, context) => {
  const problem = filterProblem(text);
  if (problem !== null) context.addIssue({ code: "custom", message: problem });
});

const atLeast = (text: z.ZodString, ms: number) =>
  text.refine(
    (value) => !DURATION.test(value) || millisecondsOf(value) >= ms,
    `it is at least ${ms / 1_000}s`,
  );

const decoder = z
  .union(
    [
      z.enum(["reading", "json", "number", "text", "raw"]),
      z.strictObject({
        avro: z.strictObject({
          schemas: path.describe("Folder of *.avsc, relative to this file."),
          framing: z.enum(["single-object", "confluent"]),
        }),
      }),
    ],
    "it is one of reading, json, number, text, raw, or avro with schemas and framing",
  )
  .describe(
    "How payloads are read: reading is {number, epochtime}; json any JSON; number and text plain text; raw leaves bytes alone; avro needs a folder of schemas.",
  );

const stream = z.strictObject({
  enabled: z.boolean().optional().describe("false takes the stream out."),
  filters: z
    .array(filter)
    .min(1, "a stream needs at least one filter")
    .max(FILTERS_MAX, `a stream has at most ${FILTERS_MAX} filters`)
    .optional()
    .describe("Topic filters of what the stream takes; + and # are wildcards."),
  exclude: z
    .array(filter)
    .max(FILTERS_MAX, `a stream has at most ${FILTERS_MAX} of them`)
    .optional()
    .describe("Topic filters of what it leaves out again."),
  qos: z.literal([0, 1], "it is 0 or 1").optional().describe("1 unless it says 0."),
  retained: z
    .enum(["store", "mark", "skip"])
    .optional()
    .describe(
      "What happens to messages that the broker had kept: stored like any other, stored without a value, or not stored.",
    ),
  decoder: decoder.optional(),
  filter: path
    .optional()
    .describe("A TypeScript file that keeps, drops or changes messages, relative to this file."),
  folder: path
    .optional()
    .describe(
      "Where the segments are, relative to the folder of DB_FILE; the stream's name unless it is given.",
    ),
  rotation: atLeast(duration, ROTATION_MS_MIN)
    .optional()
    .describe("How long a segment is written before the next begins: 1h, 1d (from midnight UTC)."),
  retention: z
    .strictObject({
      age: duration.optional().describe("What is older is removed."),
      size: size.optional().describe("The oldest is removed while there is more than this."),
      freeDisk: size
        .optional()
        .describe("The oldest is removed while less than this is free on the disk."),
    })
    .optional()
    .describe("What is kept; without a limit everything."),
  batch: z
    .strictObject({
      rows: z
        .int()
        .min(1)
        .max(50_000)
        .optional()
        .describe("Messages that are committed together at most."),
      delay: duration.optional().describe("How long a message may wait for others: 20ms."),
    })
    .optional()
    .describe("The smallest values of the streams that share a connection hold for all of them."),
  broker: name
    .optional()
    .describe("A name under brokers; without one the broker of the environment."),
  connection: z
    .enum(["shared", "own"])
    .optional()
    .describe("own gives the stream a connection for itself."),
});

const broker = z.strictObject({
  url: z
    .string()
    .regex(/^(mqtts?|wss?):\/\/[^\s/]+/, "it begins with mqtt://, mqtts://, ws:// or wss://"),
  username: z.string().optional(),
  passwordFile: path.optional().describe("A file with the password, relative to this file."),
  passwordVariable: z.string().optional().describe("An environment variable with the password."),
});

/** The contents of weir.yaml, as they are written. */
export const weirFile = z.strictObject({
  performance: z
    .strictObject({
      interval: atLeast(duration, PERFORMANCE_INTERVAL_MS_MIN)
        .optional()
        .describe("How often the logger says how it does, on weir/service/logger/performance."),
    })
    .optional(),
  brokers: z.record(name, broker).optional().describe("Brokers beside that of the environment."),
  streams: z
    .record(name, stream)
    .refine(
      (streams) => Object.keys(streams).length <= STREAMS_MAX,
      `there are at most ${STREAMS_MAX} streams`,
    )
    .optional()
    .describe("What is logged, by name. data and devices are there unless they are disabled."),
});

export type WeirFile = z.infer<typeof weirFile>;
export type StreamEntry = z.infer<typeof stream>;
export type BrokerEntry = z.infer<typeof broker>;

/** JSON Schema of weir.yaml, for editors. */
export function weirFileJsonSchema(): object {
  return { title: "weir.yaml", ...z.toJSONSchema(weirFile, { io: "input" }) };
}
