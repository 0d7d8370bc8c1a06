/** A flow that stores each message of a filter in SQLite, as the documentation of the node shows it. */
export function nodeRedFlow(order: {
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
