import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { EXIT_CODES, errorCode, errorMessage, Fault, fsyncFolderOf } from "@weir/runtime";
import { z } from "zod";
import { deadbandRule } from "../report/deadband.ts";

const remembered = z.object({
  intervalMs: z.int().positive().nullable(),
  activeSources: z.array(z.string()).readonly().nullable(),
  rules: z.record(z.string(), deadbandRule).readonly(),
});

/** What commands have set. It overrides the configuration. */
export type Remembered = z.infer<typeof remembered>;

/** Keeps what commands have set: in a file, or for as long as the process runs. */
export interface DeviceMemory {
  recall(): Remembered;
  /** @throws Error when it cannot be kept: then the file is unchanged. */
  keep(remembered: Remembered): void;
}

const NOTHING: Remembered = { intervalMs: null, activeSources: null, rules: {} };

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
