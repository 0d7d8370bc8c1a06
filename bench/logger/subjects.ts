import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Child, startChild, writtenBytes } from "../process.ts";
import type { Encrypted } from "./mosquitto.ts";

/** A program that receives messages: Weir's logger or one of its peers. */
export interface Subject {
  name: string;
  /**
   * What is missing on this machine, and how to get it, in words for a user; `null` when it can run.
   * It may install what belongs to the benchmark alone.
   */
  obstacle(): string | null;
  /** Starts it; it connects and subscribes by itself. */
  start(order: Start): Promise<Running>;
}

/** How a subject is started. */
interface Start {
  port: number;
  /** The same broker by TLS; `null` where there is none. */
  encrypted: Encrypted | null;
  /** What it subscribes to. */
  filter: string;
  qos: 0 | 1;
  /** The size of each payload: some peers are counted by the bytes that they write. */
  payloadBytes: number;
  /** An empty folder for this run, or one that an earlier run has prepared. */
  folder: string;
}

/** A subject that runs. Disposing ends it. */
export interface Running extends Omit<Child, "process"> {
  /** How many messages it has received so far; stored, where it stores. */
  counted(): number | Promise<number>;
  /** Finishes its work: some store only at their end. */
  finish?(): Promise<void>;
}

const LINE_END_BYTES = 1;
// At QoS 1 it writes a PUBACK, and one byte to wake itself up with.
const ACKNOWLEDGEMENT_BYTES = 5;

/** `mosquitto_sub > /dev/null`: receives and throws away, in C. */
export const mosquittoSub: Subject = {
  name: "mosquitto_sub",
  obstacle: () =>
    spawnSync("mosquitto_sub", ["--help"], { stdio: "ignore" }).error === undefined
      ? null
      : "apt-get install mosquitto-clients",
  start: async ({ port, filter, qos, payloadBytes }) => {
    const child = await startChild("mosquitto_sub", [
      "-h",
      "127.0.0.1",
      "-p",
      String(port),
      "-q",
      String(qos),
      "-t",
      filter,
    ]);
    const bytesEach = payloadBytes + LINE_END_BYTES + (qos === 1 ? ACKNOWLEDGEMENT_BYTES : 0);
    let before: number | null = null;
    return {
      ...child,
      // Counting starts with the first call: what it wrote to subscribe is no message.
      counted: () => {
        before ??= writtenBytes(child.pid);
        return Math.floor((writtenBytes(child.pid) - before) / bytesEach);
      },
    };
  },
};

const PROGRAM = join(import.meta.dirname, "mqttjs-receiver.ts");

/** MQTT.js, which receives and throws away. */
export const mqttJs: Subject = {
  name: "MQTT.js, not storing",
  obstacle: () => null,
  start: async ({ port, filter, qos }) => {
    const child = await startChild(process.execPath, [PROGRAM, String(port), filter, String(qos)], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    return {
      ...child,
      counted: async () => {
        const answered = once(child.process, "message");
        child.process.send("count");
        const [count] = await Promise.race([answered, child.failed]);
        return Number(count);
      },
    };
  },
};

const PYTHON_PROGRAM = join(import.meta.dirname, "paho_sqlite.py");
const NEEDED = "import paho.mqtt.client, sqlite3";
// The system's own comes first, as apt installs modules for it.
const INTERPRETERS = ["/usr/bin/python3", "python3"];

/** A logger in Python with paho and sqlite3, in one transaction that it commits at the end. */
export const python: Subject = {
  name: "Python, paho",
  obstacle: () => (interpreter() === null ? "apt-get install python3-paho-mqtt" : null),
  start: async ({ port, filter, qos, folder }) => {
    const counter = join(folder, "count");
    const child = await startChild(
      interpreter() ?? "python3",
      [PYTHON_PROGRAM, String(port), filter, String(qos), join(folder, "data.db"), counter],
      { stdio: ["pipe", "pipe", "pipe"] },
    );
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
