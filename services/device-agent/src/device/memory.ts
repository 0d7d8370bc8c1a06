import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { EXIT_CODES, errorCode, errorMessage, Fault, fsyncFolderOf } from "@weir/runtime";
import { z } from "zod";
import { type DeadbandRule, deadbandRule } from "../report/deadband.ts";

/** What commands have set, and what therefore holds over the configuration. */
export interface Remembered {
  intervalMs: number | null;
  activeSources: readonly string[] | null;
  rules: Readonly<Record<string, DeadbandRule>>;
}

/** Where a device keeps what commands have set. */
export interface DeviceMemory {
  recall(): Remembered;
  /** @throws when it cannot be kept: then nothing has changed on disk. */
  keep(remembered: Remembered): void;
}

const NOTHING: Remembered = { intervalMs: null, activeSources: null, rules: {} };

const remembered = z.object({
  intervalMs: z.int().positive().nullable(),
  activeSources: z.array(z.string()).nullable(),
  rules: z.record(z.string(), deadbandRule),
});

/** A memory that ends with the process. */
export function memoryInProcess(): DeviceMemory {
  let kept = NOTHING;
  return {
    recall: () => kept,
    keep: (next) => {
      kept = next;
    },
  };
}

/** A memory in a JSON file, which is there whole or as it was before. */
export function memoryInFile(file: string): DeviceMemory {
  return {
    recall: () => {
      const text = readIfThere(file);
      return text === null ? NOTHING : parse(text, file);
    },
    keep: (next) => {
      const descriptor = openSync(`${file}.new`, "w", 0o600);
      try {
        // All of it or an error; a single write may stop where the disk is full.
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

function parse(text: string, file: string): Remembered {
  try {
    return remembered.parse(JSON.parse(text));
  } catch (cause) {
    throw new Fault(`${file} is not what a device keeps: ${errorMessage(cause)}`, {
      remedy: "Remove it; the device then begins with its configuration.",
      exitCode: EXIT_CODES.configuration,
      cause,
    });
  }
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return null;
    throw new Fault(`${file} cannot be read: ${errorMessage(cause)}`, {
      remedy: "Make it readable for this user, or remove it.",
      exitCode: EXIT_CODES.configuration,
      cause,
    });
  }
}
