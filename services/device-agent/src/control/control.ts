import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { EXIT_CODES, errorCode, errorMessage, Fault, fsyncFolderOf } from "@weir/runtime";
import { z } from "zod";
import { type Deadband, deadbandRule } from "../report/deadband.ts";
import type { Reporter } from "../report/reporter.ts";
import type { Attribute, Source } from "../sources/source.ts";
import { Refusal, type Sandbox } from "./sandbox.ts";

/** A command, as `describe` shows it. */
export interface CommandDescription {
  name: string;
  summary: string;
  /** JSON Schema of its payload. */
  payload: object;
}

/** A source, as `describe` shows it. */
export interface SourceDescription {
  name: string;
  kind: string;
  isActive: boolean;
  attributes: readonly Attribute[];
}

/** A day, which is also the longest interval of agent.yaml. */
export const INTERVAL_MS_MAX = 86_400_000;

/** What commands may do with their device. */
export type DeviceControl = ReturnType<typeof createControl>;

/**
 * Connects commands to the parts of a device. Everything that they set survives a restart. It checks each
 * argument, because the compiler has not checked a user's own command.
 */
export function createControl({
  id,
  intervalMinMs,
  commands,
  sources,
  reporter,
  memory,
  sandbox,
  onChange,
  restart,
}: {
  id: string;
  /** The least interval that a command may set. */
  intervalMinMs: number;
  commands: ReadonlyMap<string, { name: string; summary: string; payload: z.ZodType }>;
  sources: readonly { name: string; kind: string; source: Pick<Source, "attributes"> }[];
  reporter: Reporter;
  memory: DeviceMemory;
  sandbox: Sandbox;
  /** Called after a command has changed the interval, the active sources or a deadband. */
  onChange: () => void;
  restart: () => void;
}) {
  /** The change applies until the end of the process even if it cannot be kept. */
  function keep(change: Partial<Remembered>): void {
    memory.keep({ ...memory.recall(), ...change });
    onChange();
  }

  return {
    id,
    /** Between two reports, in milliseconds. */
    intervalMs: (): number => reporter.intervalMs,
    intervalMinMs,
    /** Applies at once: running timers start again. @throws Refusal out of bounds. @throws Error when it cannot be kept. */
    setIntervalMs: (intervalMs: number): void => {
      if (
        !Number.isInteger(intervalMs) ||
        intervalMs < intervalMinMs ||
        intervalMs > INTERVAL_MS_MAX
      ) {
        throw new Refusal(
          `an interval of ${intervalMs / 1_000} s is not allowed; it must be whole milliseconds, from ${intervalMinMs / 1_000} s (intervalMin) to ${INTERVAL_MS_MAX / 1_000} s`,
        );
      }
      reporter.setIntervalMs(intervalMs);
      keep({ intervalMs });
    },
    sources: (): SourceDescription[] =>
      sources.map(({ name, kind, source: { attributes } }) => ({
        name,
        kind,
        isActive: reporter.isActive(name),
        attributes,
      })),
    /** Reports these from now on, and no others. @throws Refusal for an empty list, and for a name that is not configured. */
    setActiveSources: (names: readonly string[]): void => {
      const known = sources.map(({ name }) => name);
      const unknown = names.filter((name) => !known.includes(name));
      if (names.length === 0 || unknown.length > 0) {
        const problem =
          names.length === 0
            ? "at least one source must be active"
            : `there is no source ${unknown.map((name) => JSON.stringify(name)).join(", ")}`;
        throw new Refusal(`${problem}; the sources are: ${known.join(", ")}`);
      }
      reporter.setActiveSources(names);
      keep({ activeSources: names });
    },
    /**
     * @param deadband `null` reports each value.
     * @param maxSilenceMs unchanged if left out.
     * @throws Refusal for an unknown attribute, or an invalid rule.
     */
    setDeadband: (attribute: string, deadband: Deadband | null, maxSilenceMs?: number): void => {
      const known = sources.flatMap(({ source }) => source.attributes.map(({ name }) => name));
      if (!known.includes(attribute)) {
        throw new Refusal(
          `there is no attribute ${JSON.stringify(attribute)}; the attributes are: ${known.join(", ")}`,
        );
      }
      const before = reporter.ruleOf(attribute);
      const rule = deadbandRule.safeParse({
        deadband,
        maxSilenceMs: maxSilenceMs === undefined ? before.maxSilenceMs : maxSilenceMs,
      });
      if (!rule.success) {
        throw new Refusal(
          `the deadband of ${attribute} must be a width or a share of 0 or more, and its silence whole milliseconds`,
        );
      }
      reporter.setRule(attribute, rule.data);
      keep({ rules: reporter.rules() });
    },
    /** Measures and reports everything now, whatever the deadbands say. */
    reportNow: () => reporter.reportNow(),
    commands: (): CommandDescription[] =>
      [...commands.values()].map(({ name, summary, payload }) => ({
        name,
        summary,
        payload: z.toJSONSchema(payload, { io: "input", unrepresentable: "any" }),
      })),
    sandbox,
    /** Ends the process in an orderly way; its supervisor starts it again. */
    restart,
  };
}

const remembered = z.object({
  intervalMs: z.int().positive().nullable(),
  activeSources: z.array(z.string()).readonly().nullable(),
  rules: z.record(z.string(), deadbandRule).readonly(),
  /** The platform of each component that Home Assistant may know, by the topic of its announcement. */
  announced: z
    .record(z.string(), z.record(z.string(), z.string()).readonly())
    .readonly()
    .default({}),
});

/** What commands have set, which overrides the configuration, and what the device has announced. */
export type Remembered = z.infer<typeof remembered>;

/** Keeps what a device remembers: in a file, or for as long as the process runs. */
export interface DeviceMemory {
  recall(): Remembered;
  /** @throws Error when it cannot be kept: then the file is unchanged. */
  keep(remembered: Remembered): void;
}

const NOTHING: Remembered = { intervalMs: null, activeSources: null, rules: {}, announced: {} };

export function memoryInProcess(): DeviceMemory {
  let kept = NOTHING;
  return {
    recall: () => kept,
    keep: (next) => {
      kept = next;
    },
  };
}

/** A memory in a JSON file, which is replaced as a whole. */
export function memoryInFile(file: string): DeviceMemory {
  return {
    recall: () => recallFrom(file),
    keep: (next) => {
      const descriptor = openSync(`${file}.new`, "w", 0o600);
      try {
        // Unlike writeSync, it writes everything or throws, also on a full disk.
        writeFileSync(descriptor, JSON.stringify(next));
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      renameSync(`${file}.new`, file);
      fsyncFolderOf(file);
    },
  };
}

function recallFrom(file: string): Remembered {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return NOTHING;
    throw new Fault(`${file} cannot be read: ${errorMessage(cause)}`, {
      remedy: "Make it readable for this user, or remove it.",
      exitCode: EXIT_CODES.configuration,
      cause,
    });
  }
  try {
    return remembered.parse(JSON.parse(text));
  } catch (cause) {
    throw new Fault(`${file} is damaged: ${errorMessage(cause)}`, {
      remedy: "Remove it; the device then starts with its configuration.",
      exitCode: EXIT_CODES.configuration,
      cause,
    });
  }
}
