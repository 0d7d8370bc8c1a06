import { closeSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { errorCode, errorMessage } from "@weir/fault";

/** A log that takes at most twice `bytesMax` on disk: `<name>.log`, and the one before as `.old`. */
export interface LogFile extends Disposable {
  path: string;
  append(line: string): void;
}

export interface LogFileOptions {
  folder: string;
  name: string;
  bytesMax?: number;
  /** Called once when it cannot be written; lines are dropped from then on. */
  onFault: (message: string) => void;
}

const BYTES_MAX = 10 * 1024 * 1024;

/**
 * Opens a new log and keeps the previous one.
 *
 * @throws when the folder cannot be written.
 */
export function openLogFile(options: LogFileOptions): LogFile {
  const { folder, name, bytesMax = BYTES_MAX, onFault } = options;
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.log`);
  let descriptor: number | null = rotate(path);
  let bytes = 0;

  function close(): void {
    if (descriptor !== null) closeSync(descriptor);
    descriptor = null;
  }

  return {
    path,
    append: (line) => {
      if (descriptor === null) return;
      const text = `${line}\n`;
      try {
        if (bytes > 0 && bytes + Buffer.byteLength(text) > bytesMax) {
          closeSync(descriptor);
          descriptor = null;
          descriptor = rotate(path);
          bytes = 0;
        }
        bytes += writeSync(descriptor, text);
      } catch (error) {
        // A full disk must not end the suite: the logger, whose rows need it more, has its own answer.
        close();
        onFault(`${path} cannot be written (${errorMessage(error)}); its lines are dropped`);
      }
    },
    [Symbol.dispose]: close,
  };
}

function rotate(path: string): number {
  try {
    renameSync(path, `${path}.old`);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
  return openSync(path, "w");
}
