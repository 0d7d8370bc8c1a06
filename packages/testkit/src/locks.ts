import { existsSync, readFileSync, statSync } from "node:fs";

const LOCKS = "/proc/locks";

/** Whether this machine tells which process has which locks. */
export const tellsLocks: boolean = existsSync(LOCKS);

/** How many POSIX locks this process has on a file. */
export function locksOn(file: string): number {
  const isOurs = new RegExp(` ${process.pid} [0-9a-f]+:[0-9a-f]+:${statSync(file).ino} `);
  return readFileSync(LOCKS, "utf8")
    .split("\n")
    .filter((line) => isOurs.test(line)).length;
}
