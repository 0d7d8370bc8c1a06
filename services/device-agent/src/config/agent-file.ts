import { duration, type FileFormat, size } from "@weir/settings-file";
import { z } from "zod";
import { deadband, delivery, MAX_SILENCE_BOUNDS } from "./report-entry.ts";
import { name, path, topicStart } from "./words.ts";

const SOURCES_MAX = 100;
const COMMANDS_MAX = 200;

/** What every source has, whatever its kind. Its other keys are options of that. */
export const sourceEntry = z.looseObject({
  source: name.describe("The kind of source: what it measures."),
  active: z
    .boolean()
    .optional()
    .describe("false: it is there, and reports nothing until the command set_source names it."),
  every: duration({ min: "100ms", max: "1d" })
    .optional()
    .describe("How often it measures and reports; the device's interval unless it is given."),
  delivery: delivery.optional(),
  deadband: deadband.optional(),
  maxSilence: duration(MAX_SILENCE_BOUNDS)
    .optional()
    .describe("After so long within its deadband a value is reported all the same; 5m."),
});

const commands = z
  .strictObject({
    allow: z
      .array(name, "it must be a list of commands: [report_now, describe]")
      .max(COMMANDS_MAX, `there are at most ${COMMANDS_MAX}`)
      .optional()
      .describe("What the device obeys; all of Weir's commands and of the folder unless given."),
    folder: path
      .optional()
      .describe("Folder of commands of your own, a file for each, relative to this file."),
  })
  .describe("What the device obeys.");

const sandbox = z
  .strictObject({
    folder: path.optional().describe("Where files are made, relative to DEVICE_FOLDER; sandbox."),
    quota: size({ min: "1MB", max: "1000TB" })
      .optional()
      .describe("What all of its files may have together; 5GB."),
    reserve: size({ min: "0MB", max: "1000TB" })
      .optional()
      .describe("What stays free on its disk; 1GB."),
  })
  .describe("The one folder in which commands make and remove files.");

const homeAssistant = z
  .union(
    [
      z.boolean(),
      z.strictObject({
        prefix: topicStart.describe("First level of Home Assistant's topics; homeassistant."),
      }),
    ],
    "it must be true, false, or a prefix: { prefix: homeassistant }",
  )
  .describe("Whether Home Assistant is told of the device, so that it shows it by itself.");

const SEED_MAX = 2 ** 32 - 1;
const SEED_RULE = `it must be a whole number from 0 to ${SEED_MAX}`;

/** The contents of agent.yaml, as they are written. */
export const agentFile = z.strictObject({
  interval: duration({ min: "100ms", max: "1d" })
    .optional()
    .describe("How often the device reports; 10s."),
  intervalMin: duration({ min: "100ms", max: "1d" })
    .optional()
    .describe(
      "What the command change_send_interval may set at least; 10s, or a shorter interval.",
    ),
  delivery: delivery.optional(),
  sources: z
    .record(name, sourceEntry, "it must be names with what belongs to each, one below the other")
    .refine(
      (entries) => Object.keys(entries).length <= SOURCES_MAX,
      `there are at most ${SOURCES_MAX} sources`,
    )
    .optional()
    .describe(
      "What is measured, by name. They take the place of those that are there without any.",
    ),
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
      "How it looks for a broker that is away. mains: at least every ten seconds. battery: ever less often, in the end once in half an hour.",
    ),
  seed: z
    .int(SEED_RULE)
    .min(0, SEED_RULE)
    .max(SEED_MAX, SEED_RULE)
    .optional()
    .describe("Makes random sources go the same way each time."),
});

export type AgentFile = z.infer<typeof agentFile>;
export type SourceEntry = z.infer<typeof sourceEntry>;

/** What is said of agent.yaml. */
export const agentFileFormat: FileFormat<AgentFile> = {
  schema: agentFile,
  example: "config/agent.example.yaml",
};
