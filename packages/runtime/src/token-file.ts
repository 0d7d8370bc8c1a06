import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { errorMessage, Fault } from "./fault.ts";
import { fsyncFolderOf } from "./writable-file.ts";

const FILE_BYTES_MAX = 4_096;
const TOKEN_BYTES = 32;
const READ_BY_OWNER = 0o600;

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
  if (stats.size > FILE_BYTES_MAX) throw new Error(`it is larger than ${FILE_BYTES_MAX} bytes`);
  const token = readFileSync(file, "utf8").trim();
  // It is sent in a header.
  if (/[^!-~]/.test(token)) throw new Error("it has more than one word, or not ASCII only");
  return token;
}

/**
 * The secret of those who may use a service's routes: what stands in the file, which is made where it is missing.
 *
 * @param service its name, for messages.
 * @throws Fault when it can neither be read nor made, or has nothing in it.
 */
export function tokenIn(file: string, service: string): string {
  try {
    if (!existsSync(file)) make(file);
    const token = readTokenFile(file);
    if (token !== "") return token;
    throw new Error("it is empty");
  } catch (cause) {
    throw new Fault(`${file} has no token: ${errorMessage(cause)}`, {
      remedy: `Remove it: the ${service} makes another one. Its folder must be writable for this user.`,
      cause,
    });
  }
}

function make(file: string): void {
  const temporary = `${file}.making`;
  const token = randomBytes(TOKEN_BYTES).toString("base64url");
  writeFileSync(temporary, `${token}\n`, { mode: READ_BY_OWNER });
  renameSync(temporary, file);
  fsyncFolderOf(file);
}
