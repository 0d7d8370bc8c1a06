import { join } from "node:path";
// biome-ignore lint/style/noRestrictedImports: no other library opens this file in this process
import { DatabaseSync } from "node:sqlite";
import { installNodeRed, startNodeRed } from "../node-red-program.ts";
import type { Subject } from "./subjects.ts";

/**
 * Node-RED, with a function that stores each message by `node:sqlite`. Its SQLite node needs a module that is
 * compiled or downloaded from elsewhere, and takes more time for a message.
 */
export const nodeRed: Subject = {
  name: "Node-RED, node:sqlite",
  obstacle: installNodeRed,
  start: async ({ port, filter, qos, folder }) => {
    const databaseFile = join(folder, "data.db");
    const database = new DatabaseSync(databaseFile);
    // Without it, counting the rows would block it; it is also faster with it.
    database.exec("PRAGMA journal_mode = WAL");
    database.exec("CREATE TABLE data (reception_timestamp INTEGER, topic TEXT, payload BLOB)");
    const flow = flowOf({ port, filter, qos, databaseFile });
    const child = await startNodeRed(folder, flow, { sqlite: "node:sqlite" });
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

/** A flow that stores each message of a filter in a transaction of its own, `synchronous=FULL` as SQLite has it. */
function flowOf(order: {
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
    {
      id: "in",
      type: "mqtt in",
      z: "tab",
      broker: "broker",
      topic: filter,
      qos: String(qos),
      datatype: "utf8",
      wires: [["store"]],
    },
    {
      id: "store",
      type: "function",
      z: "tab",
      initialize: `const { DatabaseSync } = global.get("sqlite");
const database = new DatabaseSync(${JSON.stringify(databaseFile)});
context.set("insert", database.prepare("INSERT INTO data VALUES (?, ?, ?)"));`,
      func: 'context.get("insert").run(Date.now() * 1000, msg.topic, msg.payload);',
      outputs: 0,
      wires: [],
    },
  ];
}
