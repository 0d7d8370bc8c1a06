import type { KindSettings } from "@weir/delivery";
import { topicProblem } from "@weir/protocol";
import {
  type Bounds,
  duration,
  type FileFormat,
  type JsonSchema,
  jsonSchemaOf,
  size,
} from "@weir/runtime";
import { z } from "zod";
import { type Deadband, writtenShare } from "../report/deadband.ts";
import { SOURCE_KINDS } from "../sources/index.ts";
import { nameSchema, type SourceKind } from "../sources/source.ts";

export const MAX_SILENCE_BOUNDS: Bounds = { min: "1s", max: "366d" };
export const MAX_SILENCE_MS = 300_000;

const delivery = z
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
  .describe("How states are sent. Default telemetry.")
  .transform(
    ({ class: is, ttl }): KindSettings =>
      is === "event" && ttl !== undefined ? { class: is, ttlMs: ttl } : { class: is },
  );

const WIDTH_RULE = "it must be a number in the unit of the source, 0 or more";

const deadband = z
  .strictObject({
    absolute: z
      .number(WIDTH_RULE)
      .min(0, WIDTH_RULE)
      .optional()
      .describe("In the unit of the source; a change as large as this is not reported."),
    relative: writtenShare.optional().describe("Of the value that was reported last: 5% or 0.05."),
  })
  .refine(
    ({ absolute, relative }) => (absolute === undefined) !== (relative === undefined),
    "it has either absolute or relative",
  )
  .describe("Smaller changes since the last report are not reported. Default none.")
  .transform(
    ({ absolute, relative = 0 }): Deadband =>
      absolute === undefined
        ? { kind: "relative", share: relative }
        : { kind: "absolute", width: absolute },
  );

const path: z.ZodString = z.string("it must be a path").min(1, "a path has at least one character");

/** The first level of topics, or the first few. */
const topicStart: z.ZodString = z.string("it must be text").superRefine((text, context) => {
  const problem = topicStartProblem(text);
  if (problem !== null) context.addIssue({ code: "custom", message: problem });
});

/** Why topics cannot begin with this text; `null` if they can. */
export function topicStartProblem(text: string): string | null {
  return text.split("/").includes("") ? "it has an empty level" : topicProblem(text);
}

const SOURCES_MAX = 100;
const COMMANDS_MAX = 200;

/** The keys of every source. Its other keys are options of its kind. */
export const sourceEntry = z.looseObject({
  source: nameSchema.describe("The kind of source: what it measures."),
  active: z
    .boolean()
    .optional()
    .describe("false: it reports nothing until the command set_source names it."),
  every: duration({ min: "100ms", max: "1d" })
    .optional()
    .describe("How often it measures and reports; the device's interval unless it is given."),
  delivery: delivery.optional(),
  deadband: deadband.optional(),
  maxSilence: duration(MAX_SILENCE_BOUNDS)
    .optional()
    .describe("A value is reported at least this often, even within its deadband. Default 5m."),
});

const commands = z
  .strictObject({
    allow: z
      .array(nameSchema, "it must be a list of commands: [report_now, describe]")
      .max(COMMANDS_MAX, `there are at most ${COMMANDS_MAX}`)
      .optional()
      .describe(
        "The commands that the device executes; all of Weir's commands and of the folder unless given.",
      ),
    folder: path
      .optional()
      .describe("Folder of commands of your own, a file for each, relative to this file."),
  })
  .describe("The commands that the device executes.");

const sandbox = z
  .strictObject({
    folder: path
      .optional()
      .describe("Where files are made, relative to DEVICE_FOLDER. Default sandbox."),
    quota: size({ min: "1MB", max: "1000TB" })
      .optional()
      .describe("The largest total size of its files. Default 5GB."),
    reserve: size({ min: "0MB", max: "1000TB" })
      .optional()
      .describe("The free space that is kept on its disk. Default 1GB."),
  })
  .describe("The only folder in which commands create and remove files.");

const homeAssistant = z
  .union(
    [
      z.boolean(),
      z.strictObject({
        prefix: topicStart.describe(
          "First level of Home Assistant's topics. Default homeassistant.",
        ),
      }),
    ],
    "it must be true, false, or a prefix: { prefix: homeassistant }",
  )
  .describe("Whether the device announces itself to Home Assistant, which then shows it.");

const SEED_MAX = 2 ** 32 - 1;
const SEED_RULE = `it must be a whole number from 0 to ${SEED_MAX}`;

/** The contents of agent.yaml. Durations are read as milliseconds, sizes as bytes. */
const agentFile = z.strictObject({
  interval: duration({ min: "100ms", max: "1d" })
    .optional()
    .describe("How often the device reports. Default 10s."),
  intervalMin: duration({ min: "100ms", max: "1d" })
    .optional()
    .describe(
      "The shortest interval that the command change_send_interval may set. Default 10s, or the interval if that is shorter.",
    ),
  delivery: delivery.optional(),
  sources: z
    .record(
      nameSchema,
      sourceEntry,
      "it must be names with what belongs to each, one below the other",
    )
    .refine(
      (entries) => Object.keys(entries).length <= SOURCES_MAX,
      `there are at most ${SOURCES_MAX} sources`,
    )
    .optional()
    .describe("What is measured, by name. They replace the default sources."),
  sourceFolder: path
    .optional()
    .describe("Folder of kinds of sources of your own, a file for each, relative to this file."),
  commands: commands.optional(),
  sandbox: sandbox.optional(),
  homeAssistant: homeAssistant.optional(),
  power: z
    .enum(["mains", "battery"])
    .optional()
    .describe(
      "How often it tries to connect to a broker that is away. mains: at least every ten seconds. battery: less and less often, down to once every half hour.",
    ),
  seed: z
    .int(SEED_RULE)
    .min(0, SEED_RULE)
    .max(SEED_MAX, SEED_RULE)
    .optional()
    .describe("Makes random sources produce the same values each time."),
});

export type AgentFile = z.infer<typeof agentFile>;
export type SourceEntry = z.infer<typeof sourceEntry>;

export const agentFileFormat = {
  schema: agentFile,
  example: "config/agent.example.yaml",
} satisfies FileFormat<AgentFile>;

/** JSON Schema of agent.yaml, for editors: with the options of Weir's kinds of sources; other kinds may have any. */
export function agentJsonSchema(): JsonSchema {
  const whole = jsonSchemaOf(agentFile);
  const { sources, ...others } = whole.properties ?? {};
  // `$schema` stands only at the top of the whole schema.
  const { $schema: _, ...common } = jsonSchemaOf(sourceEntry);
  const entries = [...SOURCE_KINDS.map((kind) => entryOf(kind, common)), entryOfOthers(common)];
  return {
    title: "agent.yaml",
    ...whole,
    properties: { ...others, sources: { ...sources, additionalProperties: { anyOf: entries } } },
  };
}

function entryOf({ name, summary, options }: SourceKind, common: JsonSchema): JsonSchema {
  const { properties, additionalProperties, required } = jsonSchemaOf(options);
  return {
    type: "object",
    description: summary,
    properties: {
      ...common.properties,
      source: { ...common.properties?.source, const: name },
      ...properties,
    },
    required: ["source", ...(Array.isArray(required) ? required : [])],
    additionalProperties: additionalProperties ?? false,
  };
}

function entryOfOthers(common: JsonSchema): JsonSchema {
  const names = SOURCE_KINDS.map(({ name }) => name.replaceAll(".", "\\.")).join("|");
  return {
    ...common,
    description: "A kind of your own, from sourceFolder.",
    properties: {
      ...common.properties,
      source: { ...common.properties?.source, pattern: `^(?!(${names})$)[A-Za-z0-9._-]+$` },
    },
  };
}
