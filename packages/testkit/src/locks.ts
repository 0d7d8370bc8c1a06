import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, statSync } from "node:fs";

const LOCKS = "/proc/locks";

/** Whether this machine lists which process holds which locks. */
export const tellsLocks: boolean = existsSync(LOCKS);

/** How many POSIX locks this process has on a file. */
export function locksOn(file: string): number {
  const isOurs = new RegExp(` ${process.pid} [0-9a-f]+:[0-9a-f]+:${statSync(file).ino} `);
  return readFileSync(LOCKS, "utf8")
    .split("\n")
    .filter((line) => isOurs.test(line)).length;
}

// Node's own SQLite, in a process of its own: locks belong to processes.
const HOLD = `
  const { DatabaseSync } = require("node:sqlite");
  const database = new DatabaseSync(process.argv[1]);
  database.exec(process.argv[2]);
  database.exec("BEGIN IMMEDIATE");
  process.stdout.write("locked");
  process.stdin.on("end", () => database.exec("ROLLBACK")).resume();
`;

/**
 * Another program that holds a write transaction on an SQLite file until it is disposed of.
 *
 * @param before SQL that it runs before that.
 */
export async function lockByAnother(file: string, before = ""): Promise<AsyncDisposable> {
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "-e", HOLD, file, before],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  const ended = once(child, "exit");
  const isLocked = await Promise.race([once(child.stdout, "data"), ended.then(() => null)]);
  if (isLocked === null) throw new Error(`${file} could not be locked`);
  return {
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
