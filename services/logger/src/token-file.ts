import { randomBytes } from "node:crypto";
import { existsSync, renameSync, writeFileSync } from "node:fs";
import { errorMessage, Fault, fsyncFolderOf, readTokenFile } from "@weir/runtime";

const TOKEN_BYTES = 32;
const READ_BY_OWNER = 0o600;

/**
 * The secret of those who may delete data: what stands in the file, which is made where it is missing.
 *
 * @throws Fault when it can neither be read nor made, or has nothing in it.
 */
export function tokenIn(file: string): string {
  try {
    if (!existsSync(file)) make(file);
    const token = readTokenFile(file);
    if (token !== "") return token;
    throw new Error("it is empty");
  } catch (cause) {
    throw new Fault(`${file} has no token: ${errorMessage(cause)}`, {
      remedy: "Remove it: the logger makes another one. Its folder must be writable for this user.",
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
