import { readFileSync, statSync } from "node:fs";

const TOKEN_BYTES_MAX = 4_096;

/**
 * Reads the secret that stands in a file.
 *
 * @returns an empty text for a file without one.
 * @throws Error, whose message never contains the secret.
 */
export function readTokenFile(file: string): string {
  const stats = statSync(file);
  // Reading a pipe blocks until a process writes to it, and a device may have no end.
  if (!stats.isFile()) throw new Error("it is not a file");
  if (stats.size > TOKEN_BYTES_MAX) throw new Error(`it is larger than ${TOKEN_BYTES_MAX} bytes`);
  const token = readFileSync(file, "utf8").trim();
  // It is sent in a header.
  if (/[^!-~]/.test(token)) throw new Error("it has more than one word, or not ASCII only");
  return token;
}
