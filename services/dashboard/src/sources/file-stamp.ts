import { statSync } from "node:fs";

/** What differs as soon as a file was written to, or another one is in its place. An empty file is as good as none. */
export function fileStamp(file: string): string {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found === undefined || found.size === 0n
    ? "-"
    : `${found.ino}.${found.size}.${found.mtimeNs}`;
}
