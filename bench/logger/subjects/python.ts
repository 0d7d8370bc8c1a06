import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startChild } from "../process/child.ts";
import type { Subject } from "./subject.ts";

const PROGRAM = fileURLToPath(new URL("paho_sqlite.py", import.meta.url));
const NEEDED = "import paho.mqtt.client, sqlite3";
// The system's own comes first: that is the one that apt installs modules for.
const INTERPRETERS = ["/usr/bin/python3", "python3"];

/** A logger in Python with paho and sqlite3, in one transaction that it commits at the end. */
export const python: Subject = {
  name: "Python, paho",
  obstacle: () => (interpreter() === null ? "apt-get install python3-paho-mqtt" : null),
  start: async ({ port, filter, qos, folder }) => {
    const counter = join(folder, "count");
    const child = await startChild({
      command: interpreter() ?? "python3",
      args: [PROGRAM, String(port), filter, String(qos), join(folder, "data.db"), counter],
      stdio: ["pipe", "pipe", "pipe"],
    });
    const { stdin, stdout } = child.process;
    if (stdin === null || stdout === null) throw new Error("Python has no standard input");
    const committed = Promise.withResolvers<void>();
    createInterface(stdout).once("line", () => committed.resolve());
    return {
      ...child,
      counted: () => Number(readFileSync(counter).readBigUInt64LE()),
      finish: async () => {
        child.process.kill("SIGTERM");
        await Promise.race([committed.promise, child.failed]);
      },
      [Symbol.asyncDispose]: async () => {
        stdin.end();
        await child[Symbol.asyncDispose]();
      },
    };
  },
};

function interpreter(): string | null {
  const works = (command: string): boolean =>
    spawnSync(command, ["-c", NEEDED], { stdio: "ignore" }).status === 0;
  return INTERPRETERS.find(works) ?? null;
}
