import { readdirSync } from "node:fs";
import { errorCode } from "./fault.ts";

/** The names in a folder; none where it is missing, or something else is in its place: it may be removed at any time. */
export function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return [];
    throw error;
  }
}
