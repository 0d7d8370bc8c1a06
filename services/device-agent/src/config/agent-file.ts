import { isName, NAME_PATTERN, NAME_RESERVED, NAME_RULE, topicProblem } from "@weir/protocol";
import { didYouMean, duration, type FileFormat, type Problem, size } from "@weir/runtime";
import { z } from "zod";
import type { DeviceCommand } from "../commands/command.ts";
import type { SourceKind } from "../sources/source.ts";
import { deadband, delivery, MAX_SILENCE_BOUNDS } from "./report-entry.ts";

const RULE = `a name is ${NAME_RULE}`;
/** What sources, attributes, commands and devices may be called. The pattern is for editors. */
export const name: z.ZodString = z
  .string(RULE)
  .regex(NAME_PATTERN, { error: RULE, abort: true })
  .refine(isName, NAME_RESERVED);

const path: z.ZodString = z.string("it must be a path").min(1, "a path has at least one character");

/** The first level of topics, or the first few. */
const topicStart: z.ZodString = z.string("it must be text").superRefine((text, context) => {
  const problem = topicStartProblem(text);
  if (problem !== null) context.addIssue({ code: "custom", message: problem });
});

/** `null`, or what keeps a text from being what topics begin with. */
export function topicStartProblem(text: string): string | null {
  return text.split("/").includes("") ? "it has an empty level" : topicProblem(text);
}

/** What `--help` tells of the kinds of sources and of the commands that there are. */
export function detailsOf(
  kinds: readonly SourceKind[],
  commands: readonly DeviceCommand[],
): string {
  return [
    `Kinds of sources (--source names one, or a source of agent.yaml; several with commas):\n${listOf(kinds)}`,
    `Commands that the device obeys:\n${listOf(commands)}`,
    "config/agent.example.yaml shows all that agent.yaml can say.",
  ].join("\n\n");
}

function listOf(described: readonly { name: string; summary: string }[]): string {
  const width = Math.max(...described.map(({ name }) => name.length));
  return described.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join("\n");
}

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

/** The contents of agent.yaml. Durations are read as milliseconds, sizes as bytes. */
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
export const agentFileFormat = {
  schema: agentFile,
  example: "config/agent.example.yaml",
} satisfies FileFormat<AgentFile>;

/**
 * What a device obeys.
 *
 * @param allow names of commands; `undefined` allows all.
 */
export function allowedCommands(
  commands: readonly DeviceCommand[],
  allow: readonly string[] | undefined,
): { commands: ReadonlyMap<string, DeviceCommand>; problems: Problem[] } {
  const known = new Map(commands.map((command) => [command.name, command]));
  if (allow === undefined) return { commands: known, problems: [] };
  const problems = [...allow.entries()]
    .filter(([, name]) => !known.has(name))
    .map(([index, name]) => ({
      path: ["commands", "allow", String(index)],
      words: wordsForUnknown(name, [...known.keys()]),
      of: [
        ["commands", "allow", String(index)],
        ["commands", "folder"],
      ],
    }));
  const allowed = [...known].filter(([name]) => allow.includes(name));
  return { commands: new Map(allowed), problems };
}

function wordsForUnknown(name: string, names: readonly string[]): string {
  return `there is no such command${didYouMean(name, names)} (there are ${names.join(", ")})`;
}
