import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
// biome-ignore lint/style/noRestrictedImports: no other library opens this file in this process
import { DatabaseSync } from "node:sqlite";
import { print } from "@weir/runtime";
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

const PACKAGES = ["node-red@5.0.7", "node-red-node-sqlite@1.1.1"];
const INSTALL_MS_MAX = 900_000;

/** Node-RED with its SQLite node. Installed into `cacheFolder` when it is first wanted. */
export function nodeRed(cacheFolder: string): Subject {
  const home = join(cacheFolder, "node-red");
  const modules = join(home, "node_modules");
  return {
    name: "Node-RED, SQLite",
    obstacle: () => (isThere(home) ? null : install(home)),
    start: async ({ port, filter, qos, folder }) => {
      const databaseFile = join(folder, "data.db");
      const database = new DatabaseSync(databaseFile);
      // Without it, counting the rows would block it; it is also faster with it.
      database.exec("PRAGMA journal_mode = WAL");
      database.exec("CREATE TABLE data (reception_timestamp INTEGER, topic TEXT, payload BLOB)");
      const flowFile = join(folder, "flows.json");
      writeFileSync(flowFile, JSON.stringify(nodeRedFlow({ port, filter, qos, databaseFile })));
      const settings = join(folder, "settings.cjs");
      writeFileSync(settings, settingsOf({ folder, modules }));
      const program = join(modules, "node-red", "red.js");
      const child = await startChild(
        process.execPath,
        [program, "--settings", settings, flowFile],
        {
          cwd: folder,
        },
      );
      const select = database.prepare("SELECT coalesce(max(rowid), 0) AS rows FROM data");
      return {
        ...child,
        counted: () => Number(select.get()?.rows),
        [Symbol.asyncDispose]: async () => {
          database.close();
          await child[Symbol.asyncDispose]();
        },
      };
    },
  };
}

/** Settings without an editor, telemetry and update checks. */
function settingsOf({ folder, modules }: { folder: string; modules: string }): string {
  const settings = {
    userDir: folder,
    nodesDir: [join(modules, "node-red-node-sqlite")],
    httpAdminRoot: false,
    httpNodeRoot: false,
    uiPort: 0,
    uiHost: "127.0.0.1",
    telemetry: { enabled: false, updateNotification: false },
    logging: { console: { level: "error", metrics: false, audit: false } },
  };
  return `module.exports = ${JSON.stringify(settings)};\n`;
}

function isThere(home: string): boolean {
  if (!existsSync(join(home, "node_modules", "node-red", "red.js"))) return false;
  // Its SQLite is compiled or fetched when it is installed, and that may have failed.
  const loads = ["-e", "require('sqlite3')"];
  return spawnSync(process.execPath, loads, { cwd: home, stdio: "ignore" }).status === 0;
}

/** @returns why it cannot be used; `null` when it can. */
function install(home: string): string | null {
  print(`installing ${PACKAGES.join(" and ")} in ${home}; this takes minutes\n`, {
    to: process.stderr,
  });
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, "package.json"), '{ "private": true }\n');
  const npm = (...args: string[]): boolean =>
    spawnSync("npm", args, { cwd: home, stdio: "ignore", timeout: INSTALL_MS_MAX }).status === 0;
  npm("install", "--ignore-scripts", "--no-audit", "--no-fund", ...PACKAGES);
  npm("rebuild", "sqlite3");
  if (isThere(home)) return null;
  return `it could not be installed: in ${home} run npm install ${PACKAGES.join(" ")}, which needs a C++ compiler`;
}

/** A flow that stores each message of a filter in SQLite, as the documentation of the node shows it. */
function nodeRedFlow(order: {
  port: number;
  filter: string;
  qos: 0 | 1;
  databaseFile: string;
}): object[] {
  const { port, filter, qos, databaseFile } = order;
  return [
    { id: "tab", type: "tab", label: "logger" },
    {
      id: "broker",
      type: "mqtt-broker",
      broker: "127.0.0.1",
      port: String(port),
      protocolVersion: "4",
      keepalive: "60",
      cleansession: true,
      autoConnect: true,
      usetls: false,
    },
    { id: "database", type: "sqlitedb", db: databaseFile, mode: "RWC" },
    {
      id: "in",
      type: "mqtt in",
      z: "tab",
      broker: "broker",
      topic: filter,
      qos: String(qos),
      datatype: "utf8",
      wires: [["parameters"]],
    },
    {
      id: "parameters",
      type: "function",
      z: "tab",
      func: "msg.params = { $time: Date.now() * 1000, $topic: msg.topic, $payload: msg.payload };\nreturn msg;",
      outputs: 1,
      wires: [["insert"]],
    },
    {
      id: "insert",
      type: "sqlite",
      z: "tab",
      mydb: "database",
      sqlquery: "prepared",
      sql: "INSERT INTO data VALUES ($time, $topic, $payload)",
      wires: [[]],
    },
  ];
}
