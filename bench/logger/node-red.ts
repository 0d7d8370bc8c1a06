import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
// biome-ignore lint/style/noRestrictedImports: no other library opens this file in this process
import { DatabaseSync } from "node:sqlite";
import { print } from "@weir/runtime";
import { startChild } from "./process.ts";
import type { Subject } from "./subjects.ts";

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
      const child = await startChild({
        command: process.execPath,
        args: [join(modules, "node-red", "red.js"), "--settings", settings, flowFile],
        cwd: folder,
      });
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
